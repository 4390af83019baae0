"""The administrators' pages of staff: one's own organisation's, and no other's."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from organisations import actions
from organisations.models import Membership, Proposal, StaffMember
from organisations.selectors import memberships_in_force
from tests import factories


@pytest.fixture
def desk(database, as_login) -> SimpleNamespace:
    """Two organisations with an administrator each, a nurse at each, and the roles."""
    with as_login("pipeline"):
        mine, other = factories.organisation("Mine"), factories.organisation("Other")
        found = SimpleNamespace(mine=mine, other=other, ward=factories.team(mine, "Cedar ward"))
        found.nurse = factories.membership(at=mine, as_role="nurse")
        found.elsewhere = factories.membership(at=other, as_role="nurse")
        factories.role("privacy-officer")
        factories.role("system-support")
        for name, at in (("admin", mine), ("second", mine), ("stranger", other)):
            held = factories.membership(at=at, as_role="organisation-administrator")
            actions.let_administer(by=None, staff=held.staff, organisation=at)
            setattr(found, f"{name}_staff", held.staff)
    for name in ("admin", "second", "stranger"):
        client = Client()
        client.force_login(getattr(found, f"{name}_staff"))
        setattr(found, name, client)
    return found


def page_of(response) -> BeautifulSoup:
    assert response.status_code == 200, response.status_code
    return BeautifulSoup(response.content, "html.parser")


def words_of(response) -> str:
    return " ".join(page_of(response).main.get_text(" ").split())


def joining(desk, **more: str) -> dict[str, str]:
    return {
        "organisation": str(desk.mine.public_id),
        "username": "ann.example",
        "name": "Ann Example",
        "email": "",
        "step": "check",
        "role": "nurse",
        "team": str(desk.ward.pk),
        "why": "Starts on the ward",
        **more,
    }


def test_the_journey_of_a_joiner(desk) -> None:
    address = reverse("registry-join")
    first = page_of(desk.admin.get(address))
    offered = [option["value"] for option in first.select("select[name=organisation] option")]
    assert offered == [str(desk.mine.public_id)]
    who = {key: joining(desk)[key] for key in ("organisation", "username", "name", "email")}
    second = page_of(desk.admin.post(address, who))
    assert second.h1.get_text(" ", strip=True) == "Ann Example, Mine Which role?"
    roles = [option["value"] for option in second.select("select[name=role] option")]
    assert "nurse" in roles
    assert "system-support" not in roles
    wrong = words_of(desk.admin.post(address, {**joining(desk), "step": "role", "why": ""}))
    assert "There is a problem" in wrong
    check = words_of(desk.admin.post(address, {**joining(desk), "step": "role"}))
    assert "Check before it counts" in check
    assert "Cedar ward" in check
    assert not StaffMember.objects.filter(username="ann.example").exists()
    done = desk.admin.post(address, joining(desk))
    ann = StaffMember.objects.get(username="ann.example")
    assert (done.status_code, done.url) == (303, reverse("registry-person", args=[ann.public_id]))
    (held,) = memberships_in_force(ann)
    assert held.team == desk.ward
    shown = words_of(desk.admin.get(done.url))
    assert "Why: Starts on the ward" in shown
    assert desk.admin_staff.name in shown


def test_who_has_an_account_is_named_before_the_role_is_given(desk) -> None:
    given = joining(desk, username=desk.elsewhere.staff.username.upper(), name="", step="")
    assert desk.elsewhere.staff.name in words_of(desk.admin.post(reverse("registry-join"), given))
    new = joining(desk, name="", step="")
    assert "Enter the full name" in words_of(desk.admin.post(reverse("registry-join"), new))
    own = joining(desk, username=desk.admin_staff.username, step="")
    assert "your own roles" in words_of(desk.admin.post(reverse("registry-join"), own))


def test_nothing_of_another_organisation_is_seen_or_changed(desk) -> None:
    elsewhere = desk.elsewhere.staff
    for name in ("registry-person", "registry-end-roles"):
        assert desk.admin.get(reverse(name, args=[elsewhere.public_id])).status_code == 404
    sent = {"memberships": [desk.elsewhere.pk], "why": "Has left"}
    end = reverse("registry-end-roles", args=[elsewhere.public_id])
    assert desk.admin.post(end, sent).status_code == 404
    # Nor under the address of somebody who is theirs.
    end = reverse("registry-end-roles", args=[desk.nurse.staff.public_id])
    assert "Select a valid choice" in words_of(desk.admin.post(end, sent))
    give = reverse("registry-give-role", args=[desk.nurse.staff.public_id])
    place = {"organisation": str(desk.other.public_id)}
    assert desk.admin.post(give, joining(desk, **place)).status_code == 404
    assert "problem" in words_of(desk.admin.post(reverse("registry-join"), joining(desk, **place)))
    assert memberships_in_force(elsewhere) == [desk.elsewhere]
    assert not Membership.objects.filter(organisation=desk.other, role__code="doctor").exists()


def test_a_mover_and_a_leaver(desk, as_login) -> None:
    nurse = desk.nurse.staff
    shown = page_of(desk.admin.get(reverse("registry-person", args=[nurse.public_id])))
    form = shown.select_one("form[action$='/role']")
    sent = {each["name"]: each["value"] for each in form.select("input")}
    assert sent["replaces"] == str(desk.nurse.pk)
    question = words_of(desk.admin.post(form["action"], sent))
    assert "It takes the place of: Nurse" in question
    moved = desk.admin.post(form["action"], {**joining(desk), **sent})
    assert moved.status_code == 303
    (held,) = memberships_in_force(nurse)
    assert held.team == desk.ward
    end = reverse("registry-end-roles", args=[nurse.public_id])
    ticked = page_of(desk.admin.get(end)).select("input[name=memberships][checked]")
    assert [each["value"] for each in ticked] == [str(held.pk)]
    left = desk.admin.post(end, {"memberships": [held.pk], "why": "Has left"})
    assert left.status_code == 303
    assert memberships_in_force(nurse) == []


def test_a_leaver_who_is_signed_in_acts_no_more(desk) -> None:
    client = Client()
    client.force_login(desk.nurse.staff)
    assert client.get(reverse("find-resident")).status_code == 200
    end = reverse("registry-end-roles", args=[desk.nurse.staff.public_id])
    desk.admin.post(end, {"memberships": [desk.nurse.pk], "why": "Has left"})
    assert client.get(reverse("find-resident")).status_code == 302


def test_a_privileged_role_waits_for_the_second_person(desk) -> None:
    given = joining(desk, role="privacy-officer", team="")
    check = words_of(desk.admin.post(reverse("registry-join"), {**given, "step": "role"}))
    assert "takes two people" in check
    desk.admin.post(reverse("registry-join"), given)
    proposal = Proposal.objects.get()
    address = reverse("registry-proposal", args=[proposal.public_id])
    assert desk.stranger.get(address).status_code == 404
    assert desk.stranger.post(address).status_code == 404
    mine = words_of(desk.admin.get(address))
    assert "another administrator must confirm it" in mine
    assert "Somebody else must confirm it" in words_of(desk.admin.post(address))
    assert "Privacy officer for Ann Example" in words_of(
        desk.second.get(reverse("registry-proposals"))
    )
    assert desk.second.post(address).status_code == 303
    ann = StaffMember.objects.get(username="ann.example")
    assert [held.role.code for held in memberships_in_force(ann)] == ["privacy-officer"]
    assert "Nothing has been proposed." in words_of(
        desk.stranger.get(reverse("registry-proposals"))
    )


def test_what_waits_comes_first_a_page_at_a_time(desk, as_login, run_sql) -> None:
    desk.admin.post(reverse("registry-join"), joining(desk, role="privacy-officer", team=""))
    waiting = Proposal.objects.get()
    admin = run_sql("admin")
    admin.execute(
        "insert into organisations_proposal (kind, wanted, organisation_id, about_id, why,"
        " proposed_by_id, proposed_at, withdrawn_at) select kind, wanted, organisation_id,"
        " about_id, why, proposed_by_id, proposed_at, now() from organisations_proposal,"
        " generate_series(1, 30)"
    )
    admin.commit()
    first = page_of(desk.admin.get(reverse("registry-proposals")))
    lines = first.main.select("li a[href*='/proposals/']")
    assert len(lines) == 25
    assert lines[0]["href"] == reverse("registry-proposal", args=[waiting.public_id])
    assert "31 proposals found, showing 1 to 25" in first.main.get_text(" ", strip=True)
    second = page_of(desk.admin.get(reverse("registry-proposals"), {"page": 2}))
    assert len(second.main.select("li a[href*='/proposals/']")) == 6


def test_a_proposal_is_withdrawn_by_whoever_made_it(desk) -> None:
    desk.admin.post(reverse("registry-join"), joining(desk, role="privacy-officer", team=""))
    proposal = Proposal.objects.get()
    address = reverse("registry-proposal", args=[proposal.public_id])
    assert desk.admin.post(address, {"do": "withdraw"}).status_code == 303
    assert "settled already" in words_of(desk.second.post(address))


def sending(desk, content: str, **more: str) -> dict[str, object]:
    file = BytesIO(content.encode())
    file.name = "staff.csv"
    place = str(desk.mine.public_id)
    return {"organisation": place, "why": "New rota", "contents": file, **more}


def test_a_file_is_shown_before_it_counts_and_counts_whole(desk) -> None:
    content = (
        "user_name,name,role,team,first_day,last_day\n"
        "ann.example,Ann Example,Nurse,Cedar ward,,2090-01-31\n"
        "ben.example,Ben Example,privacy-officer,,,\n"
    )
    address = reverse("registry-upload")
    preview = page_of(desk.admin.post(address, sending(desk, content)))
    rows = [row.get_text(" ", strip=True) for row in preview.select("tbody tr")]
    assert rows == [
        "2 ann.example Ann Example Gets the role",
        "3 ben.example Ben Example Is proposed: a second person must confirm it",
    ]
    assert not StaffMember.objects.filter(username="ann.example").exists()
    sent = {each["name"]: each["value"] for each in preview.select("main form input")}
    assert desk.admin.post(address, sent).status_code == 303
    ann = StaffMember.objects.get(username="ann.example")
    assert [held.team for held in memberships_in_force(ann)] == [desk.ward]
    assert Proposal.objects.get().about.username == "ben.example"


def test_of_a_file_with_a_wrong_line_nothing_counts(desk) -> None:
    content = (
        "user_name,name,role,team,last_day\n"
        "ann.example,Ann Example,nurse,,\n"
        "ben.example,Ben,no-such-role,,\n"
        "cy.example,Cy,nurse,Elm ward,\n"
        "di.example,Di,nurse,,soon\n"
        f"{desk.admin_staff.username},Me,nurse,,\n"
    )
    address = reverse("registry-upload")
    preview = page_of(desk.admin.post(address, sending(desk, content)))
    words = preview.main.get_text(" ", strip=True)
    for part in ("No such role", "ben.example", "No such team", "A date is not", "4 of 5"):
        assert part in words
    assert "your own roles" in words
    assert preview.select_one("main form") is None
    forced = {"organisation": str(desk.mine.public_id), "why": "New rota", "read": content}
    assert desk.admin.post(address, {**forced, "do": "yes"}).status_code == 200
    assert not StaffMember.objects.filter(username="ann.example").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name,role\nAnn,nurse\n", "no column user_name"),
        ("user_name,role\n", "names nobody"),
        ("user_name,role\n" + "a,nurse\n" * 501, "more than 500 people"),
    ],
)
def test_what_is_no_file_of_staff_says_why(desk, content: str, words: str) -> None:
    assert words in words_of(desk.admin.post(reverse("registry-upload"), sending(desk, content)))


def test_the_history_is_of_ones_own_organisations(desk, as_login) -> None:
    desk.admin.post(reverse("registry-join"), joining(desk))
    mine = words_of(desk.admin.get(reverse("registry-history")))
    assert "Starts on the ward" in mine
    assert "Staff member: Ann Example" in mine
    others = words_of(desk.stranger.get(reverse("registry-history")))
    assert "Starts on the ward" not in others
    with as_login("pipeline"):
        held = factories.membership(as_role="registry-administrator")
        actions.enter_organisation(
            by=None,
            code=desk.mine.ods_code,
            name="Mine renamed",
            kind=desk.mine.kind,
        )
    registry = Client()
    registry.force_login(held.staff)
    everything = words_of(registry.get(reverse("registry-history")))
    assert "Name: Mine → Mine renamed" in everything
    assert "Organisation, Mine renamed: changed" in everything
    assert "A command or background job" in everything
    only = reverse("registry-history") + f"?organisation={desk.other.public_id}"
    assert "Starts on the ward" not in words_of(registry.get(only))
