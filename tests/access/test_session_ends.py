"""A session ends by itself, says so, and the next person on a shared computer begins anew."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.conf import settings
from django.test import Client
from django.urls import reverse

from access.session_ends import NOTED_EVERY
from organisations.models import StaffMember
from tests import factories

AsLogin = Callable[[str], AbstractContextManager[None]]

BEGAN = datetime(2026, 3, 3, 9, tzinfo=UTC)
IDLE = timedelta(minutes=settings.SESSION_IDLE_MINUTES)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def nurse(database: object, as_login: AsLogin) -> StaffMember:
    with as_login("pipeline"):
        trust = factories.organisation("Sample Trust")
        who = factories.staff("nia", "Nia Nurse", password=factories.PASSWORD)
        factories.membership(who, trust, "nurse", in_team=factories.team(trust, "Cedar ward"))
    return who


@pytest.fixture
def clock(nurse: StaffMember) -> Any:
    with time_machine.travel(BEGAN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(nurse: StaffMember, clock: Any) -> Client:
    client = Client()
    client.post(reverse("sign-in"), {"username": "nia", "password": factories.PASSWORD})
    assert is_in(client)
    return client


def is_in(client: Client, **headers: str) -> bool:
    return client.get(reverse("choose-membership"), headers=headers).status_code == 200


def ended_because(run_sql: Any) -> list[str]:
    rows = run_sql("backup").execute(
        "select reason from audit_event where action = 'sign-out' order by id"
    )
    return [reason for (reason,) in rows.fetchall()]


def page_of(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def test_a_session_ends_when_nothing_is_done(client: Client, clock: Any, run_sql: Any) -> None:
    clock.shift(IDLE - MINUTE)
    assert is_in(client)
    clock.shift(IDLE - MINUTE)
    assert is_in(client), "what was done meanwhile counts"
    key = client.session.session_key
    clock.shift(IDLE)
    assert not is_in(client)
    assert ended_because(run_sql) == ["idle"]
    other = Client()
    other.cookies["session"] = key
    assert not is_in(other)


def test_a_session_ends_at_the_longest_whatever_is_done(
    client: Client, clock: Any, run_sql: Any
) -> None:
    for _ in range(settings.SESSION_HOURS * 6 - 1):
        clock.shift(10 * MINUTE)
        assert is_in(client)
    clock.shift(10 * MINUTE)
    assert not is_in(client)
    assert ended_because(run_sql) == ["longest"]


def test_signing_in_again_begins_a_session_of_its_own(client: Client, clock: Any) -> None:
    clock.shift(timedelta(hours=settings.SESSION_HOURS))
    assert not is_in(client)
    client.post(reverse("sign-in"), {"username": "nia", "password": factories.PASSWORD})
    clock.shift(IDLE - MINUTE)
    assert is_in(client)


def test_what_a_page_asks_by_itself_keeps_no_session(client: Client, clock: Any) -> None:
    for _ in range(settings.SESSION_IDLE_MINUTES - 1):
        clock.shift(MINUTE)
        assert is_in(client, **{"X-Unattended": "true"})
        client.get(reverse("signed-out"))
    clock.shift(MINUTE)
    assert not is_in(client)


def test_not_every_page_writes_the_session(client: Client, clock: Any, run_sql: Any) -> None:
    def session() -> Any:
        return run_sql("admin").execute("select session_data from django_session").fetchall()

    before = session()
    clock.shift(timedelta(seconds=NOTED_EVERY - 1))
    assert is_in(client)
    assert session() == before
    clock.shift(timedelta(seconds=1))
    assert is_in(client)
    assert session() != before


def test_each_page_says_when_its_session_ends_with_and_without_a_script(
    client: Client, clock: Any
) -> None:
    clock.shift(timedelta(seconds=30))
    page = page_of(client.get(reverse("find-resident")))
    dialog = page.find("dialog")
    idle = int(IDLE.total_seconds()) - 30
    assert int(dialog["data-idle"]) == idle
    assert int(dialog["data-longest"]) == settings.SESSION_HOURS * 3600 - 30
    assert int(dialog["data-warning"]) >= 120
    refresh = page.select_one("noscript meta[http-equiv=refresh]")
    assert refresh["content"] == f"{idle + 1}; url=/signed-out"
    assert page_of(Client().get(reverse("sign-in"))).find("dialog") is None


def test_who_stays_has_the_whole_time_again(client: Client, clock: Any) -> None:
    clock.shift(timedelta(seconds=30))
    answer = client.post(reverse("stay-signed-in"))
    assert answer.json() == {
        "idle": int(IDLE.total_seconds()),
        "longest": settings.SESSION_HOURS * 3600 - 30,
    }
    clock.shift(IDLE)
    assert client.post(reverse("stay-signed-in")).status_code == 302


@pytest.mark.parametrize(
    ("why", "said"),
    [("idle", "Nothing was done for 15 minutes"), ("longest", "You were signed in for 10 hours")],
)
def test_a_page_whose_time_is_over_signs_out_and_says_why(
    client: Client, run_sql: Any, why: str, said: str
) -> None:
    sent = {"why": why, "next": "/residents/find"}
    page = page_of(client.post(reverse("sign-out"), sent, follow=True))
    assert page.main.find("a")["href"] == "/sign-in?next=/residents/find"
    assert page.h1.get_text(strip=True) == "You are signed out"
    assert said in page.get_text(" ", strip=True)
    assert ended_because(run_sql) == [why]
    assert not is_in(client)


def test_why_is_one_of_a_few_words(client: Client, run_sql: Any) -> None:
    assert client.post(reverse("sign-out"), {"why": "Ruth Carter"})["Location"] == "/sign-in"
    assert ended_because(run_sql) == [""]


def test_a_page_that_goes_too_early_finds_that_one_is_still_there(client: Client) -> None:
    page = page_of(client.get(reverse("signed-out"), {"next": "/residents/find"}))
    assert page.h1.get_text(strip=True) == "You are still signed in"
    assert page.main.find("a")["href"] == "/residents/find"
    elsewhere = page_of(client.get(reverse("signed-out"), {"next": "//elsewhere.example"}))
    assert elsewhere.main.find("a")["href"] == "/"


def test_a_change_of_user_is_one_action_and_leaves_nothing_of_the_former(
    client: Client, run_sql: Any
) -> None:
    form = next(
        form
        for form in page_of(client.get(reverse("find-resident"))).header.find_all("form")
        if form.button.get_text(strip=True) == "Change user"
    )
    hidden = {each["name"]: each["value"] for each in form.select("input[name=why]")}
    key = client.session.session_key
    answer = client.post(form["action"], hidden, follow=True)
    page = page_of(answer)
    assert page.h1.get_text(strip=True) == "Sign in to Connect Care"
    assert not page.select_one("[name=username]").get("value")
    assert page.select_one("[name=next]")["value"] == "/"
    assert "Nia" not in page.get_text()
    assert ended_because(run_sql) == ["changed-user"]
    former = Client()
    former.cookies["session"] = key
    assert not is_in(former)
