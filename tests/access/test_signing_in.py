"""Signing in and out, choosing a role, and the header that says as what one acts."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from tests import factories

SIGN_IN = "/sign-in"


@pytest.fixture
def nurse(database, as_login):
    with as_login("pipeline"):
        trust = factories.organisation("Sample Trust")
        who = factories.staff("nia", "Nia Nurse", password=factories.PASSWORD)
        factories.membership(who, trust, "nurse", in_team=factories.team(trust, "Cedar ward"))
    return who


def events(run_sql: Any) -> list[tuple[Any, ...]]:
    rows = run_sql("backup").execute(
        "select action, outcome, reason, staff_id, detail::text from audit_event order by id"
    )
    return list(rows.fetchall())


def send(client: Client, username: str, password: str, **more: str):
    return client.post(SIGN_IN, {"username": username, "password": password, **more})


def page_of(response) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def test_the_start_leads_to_signing_in_and_back(nurse) -> None:
    client = Client()
    start = client.get("/")
    assert start.status_code == 302
    assert start["Location"] == "/sign-in?next=/"
    signed_in = send(client, "nia", factories.PASSWORD, next="/")
    assert signed_in["Location"] == "/"
    assert client.get("/")["Location"] == reverse("my-residents")


def test_signing_in_is_recorded_and_takes_a_new_session(nurse, run_sql) -> None:
    client = Client()
    client.get(SIGN_IN)
    session = client.session
    session["planted"] = "by whoever knew the key"
    session.save()
    before = session.session_key
    client.cookies["session"] = before
    send(client, "nia", factories.PASSWORD)
    assert client.session.session_key != before
    by = '{"by": "password"}'
    assert events(run_sql) == [("sign-in", "done", "", nurse.pk, by)]


@pytest.mark.parametrize(
    ("username", "password"), [("nia", "wrong password"), ("nobody-here", "wrong password")]
)
def test_unknown_and_wrong_are_answered_alike_and_nothing_typed_is_kept(
    nurse, run_sql, caplog, username, password
) -> None:
    answer = send(Client(), username, password)
    assert answer.status_code == 200
    page = page_of(answer)
    links = [a.get_text(strip=True) for a in page.select(".nhsuk-error-summary a")]
    assert links == ["Check your user name and password"]
    assert page.title.get_text(strip=True) == "Error: Sign in - Connect Care"
    assert password not in answer.content.decode()
    about = f'{{"account": {nurse.pk}}}' if username == "nia" else "{}"
    assert events(run_sql) == [("sign-in-failed", "refused", "not-recognised", None, about)]
    assert username not in caplog.text


def test_the_two_answers_differ_in_nothing_but_the_name(nurse) -> None:
    def body(username: str) -> str:
        page = page_of(send(Client(), username, "wrong password"))
        for varying in page.select("[name=csrfmiddlewaretoken], script, [name=username]"):
            varying.decompose()
        return page.get_text()

    assert body("nia") == body("nobody-here")


def test_a_suspended_member_of_staff_is_not_recognised(nurse, as_login) -> None:
    with as_login("pipeline"):
        nurse.is_active = False
        nurse.save()
    assert send(Client(), "nia", factories.PASSWORD).status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""]
)
def test_nobody_is_sent_elsewhere(nurse, elsewhere) -> None:
    assert send(Client(), "nia", factories.PASSWORD, next=elsewhere)["Location"] == "/"


def test_both_are_asked_for(nurse, run_sql) -> None:
    page = page_of(send(Client(), "", ""))
    links = [a.get_text(strip=True) for a in page.select(".nhsuk-error-summary a")]
    assert links == ["Enter your user name", "Enter your password"]
    assert events(run_sql) == []


def test_the_header_says_who_acts_as_what_and_signs_out_last(nurse) -> None:
    client = Client()
    client.force_login(nurse)
    header = page_of(client.get(reverse("choose-membership"))).select_one("header")
    words = header.get_text(" ", strip=True)
    for part in ("Nia Nurse", "Nurse", "Sample Trust", "Cedar ward"):
        assert part in words
    assert "Change role" not in words
    items = header.select(".nhsuk-header__account-item")
    assert items[-1].get_text(strip=True) == "Sign out"
    assert items[-1].form["method"] == "post"


def test_whoever_holds_several_roles_chooses_and_may_change(nurse, as_login, run_sql) -> None:
    with as_login("pipeline"):
        other = factories.membership(
            nurse, factories.organisation("Other Trust"), "registry-administrator"
        )
        factories.membership(nurse, factories.organisation("Former Trust"), state="ended")
        stranger = factories.membership(at=factories.organisation("Strange Trust"))
    client = Client()
    client.force_login(nurse)
    assert client.get("/")["Location"] == reverse("choose-membership")
    assert client.get(reverse("find-resident"))["Location"] == reverse("choose-membership")
    page = page_of(client.get(reverse("choose-membership")))
    offered = {each["value"] for each in page.select("input[name=membership]")}
    assert offered == {str(each.pk) for each in nurse.memberships.current()}
    refused = client.post(reverse("choose-membership"), {"membership": stranger.pk})
    assert refused.status_code == 200
    assert "membership" not in client.session
    before = client.session.session_key
    chosen = client.post(reverse("choose-membership"), {"membership": other.pk})
    assert chosen["Location"] == "/"
    assert client.session.session_key != before
    assert client.get("/")["Location"] == reverse("registry-organisations")
    header = page_of(client.get(reverse("registry-roles"))).select_one("header").get_text(" ")
    assert "Other Trust" in header
    assert "Change role" in header
    assert [event[0] for event in events(run_sql)] == ["membership-chosen", "registry-read"]


def test_a_role_that_ends_is_no_longer_acted_as(nurse, as_login) -> None:
    client = Client()
    client.force_login(nurse)
    assert client.get(reverse("find-resident")).status_code == 200
    with as_login("pipeline"):
        nurse.memberships.update(state="ended")
    assert client.get(reverse("find-resident"))["Location"] == reverse("choose-membership")
    page = page_of(client.get(reverse("choose-membership")))
    assert page.h1.get_text(strip=True) == "You do not have a role"


def test_a_role_without_tasks_is_told_so(database, as_login) -> None:
    with as_login("pipeline"):
        membership = factories.membership(as_role="receptionist")
    client = Client()
    client.force_login(membership.staff)
    assert "does not include any task" in page_of(client.get("/")).get_text()


def test_signing_out_ends_the_session(nurse, run_sql) -> None:
    client = Client()
    client.force_login(nurse)
    key = client.session.session_key
    assert client.get(reverse("sign-out")).status_code == 405
    assert client.post(reverse("sign-out"))["Location"] == SIGN_IN
    assert client.get(reverse("find-resident")).status_code == 302
    old = Client()
    old.cookies["session"] = key
    assert old.get(reverse("find-resident")).status_code == 302
    assert [event[0] for event in events(run_sql)] == ["sign-out"]


def test_forms_need_their_token(nurse) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = send(client, "nia", factories.PASSWORD)
    assert answer.status_code == 403
    assert "This form has expired" in page_of(answer).get_text()
