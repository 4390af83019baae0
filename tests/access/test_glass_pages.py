"""Opening what is restricted, as staff walk it through the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.test import Client
from django.urls import reverse

from access.models import Alert, BrokenGlass, CareRelationship
from audit.models import Event
from organisations.models import Membership
from tests import factories
from tests.access.test_gate import opt_out

SECRET = "Diagnosis from Test practice"
WORDS = "Found unconscious at the entrance"


@dataclass
class Walk:
    world: Any
    client: Client
    as_login: Any
    member: Membership

    def open(self, resident: Any = None) -> Any:
        whom = str((resident or self.world.resident).public_id)
        return self.client.post(reverse("open-record"), {"resident": whom}, follow=True)

    def at(self, name: str) -> str:
        return reverse(name, args=[self.world.resident.public_id])

    def break_glass(self, **changed: str) -> Any:
        given = {"reason": "04", "words": WORDS, "password": factories.PASSWORD, **changed}
        return self.client.post(self.at("break-glass"), given, follow=True)

    def rows(self, model: Any) -> list[Any]:
        with self.as_login("pipeline"):
            return list(model.objects.order_by("pk"))


@pytest.fixture
def walk(world: Any, as_login: Any) -> Walk:
    """A nurse of another ward, signed in with a password; no relationship with the resident."""
    with as_login("pipeline"):
        who = factories.staff("ola", "Ola Oak", password=factories.PASSWORD)
        oak = factories.team(world.trust, "Oak ward")
        member = factories.membership(who, world.trust, "nurse", in_team=oak)
    client = Client()
    client.post("/sign-in", {"username": "ola", "password": factories.PASSWORD})
    return Walk(world, client, as_login, member)


def words_of(response: Any) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def links_of(response: Any) -> set[str]:
    return {a["href"] for a in BeautifulSoup(response.content, "html.parser").select("main a")}


def test_from_the_closed_record_to_the_open_one(walk: Walk) -> None:
    closed = walk.open()
    assert closed.status_code == 403
    assert walk.at("emergency") in links_of(closed)
    warning = walk.client.get(walk.at("emergency"))
    assert warning.status_code == 200
    assert "CARTER, Ruth" in words_of(warning)
    assert "hears of it within a minute" in words_of(warning)
    assert "closes after 3 hours" in words_of(warning)
    assert SECRET not in warning.content.decode()
    assert walk.rows(BrokenGlass) == [], "the warning breaks nothing"
    assert walk.at("break-glass") in links_of(warning)
    record = walk.break_glass()
    assert record.status_code == 200
    assert SECRET in words_of(record)
    assert "Opened in an emergency. It closes at" in words_of(record)
    (glass,) = walk.rows(BrokenGlass)
    assert (glass.reason, glass.words, glass.membership_id) == ("04", WORDS, walk.member.pk)


def test_a_record_that_is_open_by_care_is_not_marked_and_lets_a_colleague_in(
    walk: Walk, world: Any
) -> None:
    client = Client()
    client.force_login(world.nurse.staff)
    walk.client, nurse = client, walk.member
    record = walk.open()
    assert "Opened in an emergency" not in words_of(record)
    assert walk.at("let-in") in links_of(record)
    found = client.post(walk.at("let-in"), {"name": "oak"})
    assert "Ola Oak" in words_of(found)
    done = client.post(
        walk.at("let-in"),
        {"name": "oak", "colleague": str(nurse.pk), "words": "Covers for me tonight"},
    )
    assert "Ola Oak may open it until" in words_of(done)
    (row,) = [row for row in walk.rows(CareRelationship) if not row.derived]
    assert (row.kind, row.membership_id) == ("granted-by-colleague", nurse.pk)
    assert row.declared_by_id == world.nurse.pk
    assert walk.rows(Alert) == []


def test_letting_in_says_when_nobody_is_found(walk: Walk, world: Any) -> None:
    walk.client.force_login(world.nurse.staff)
    answer = walk.client.post(walk.at("let-in"), {"name": "nobody of that name"})
    assert "No colleague of that name" in words_of(answer)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"reason": ""}, "Select a reason"),
        ({"reason": "06"}, "Select a valid choice"),
        ({"words": ""}, "Say what has happened"),
        ({"words": "short"}, "Say what has happened in 10 characters or more"),
        ({"password": ""}, "Enter your password"),
        ({"password": "wrong"}, "Check your password"),
    ],
)
def test_what_is_missing_is_said_and_opens_nothing(
    walk: Walk, given: dict[str, str], says: str
) -> None:
    answer = walk.break_glass(**given)
    assert says in words_of(answer)
    assert answer.content.decode().count("<title>Error: ") == 1
    assert walk.rows(BrokenGlass) == []
    assert walk.rows(Alert) == []
    assert factories.PASSWORD not in answer.content.decode()


def test_a_password_is_tried_five_times(walk: Walk) -> None:
    for _ in range(settings.CONFIRMATION_TRIES):
        assert "Check your password" in words_of(walk.break_glass(password="wrong"))
    answer = walk.break_glass()
    assert "Try again in 15 minutes" in words_of(answer)
    assert walk.rows(BrokenGlass) == []
    with walk.as_login("owner"):
        wrong = Event.objects.filter(reason="not-confirmed")
        assert wrong.count() == settings.CONFIRMATION_TRIES


def test_signing_out_ends_it_and_signing_in_again_does_not_go_on(walk: Walk) -> None:
    assert walk.break_glass().status_code == 200
    walk.client.post("/sign-out")
    (glass,) = walk.rows(BrokenGlass)
    assert glass.ended_at is not None
    walk.client.post("/sign-in", {"username": "ola", "password": factories.PASSWORD})
    assert walk.open().status_code == 403


def test_a_session_that_is_lost_does_not_go_on(walk: Walk) -> None:
    assert walk.break_glass().status_code == 200
    walk.client.cookies.clear()
    walk.client.post("/sign-in", {"username": "ola", "password": factories.PASSWORD})
    assert walk.open().status_code == 403


def test_changing_the_role_ends_it(walk: Walk) -> None:
    with walk.as_login("pipeline"):
        other = factories.membership(walk.member.staff, walk.world.trust, "doctor")
    choose = reverse("choose-membership")
    walk.client.post(choose, {"membership": str(walk.member.pk)})
    assert walk.break_glass().status_code == 200
    walk.client.post(choose, {"membership": str(other.pk)})
    (glass,) = walk.rows(BrokenGlass)
    assert glass.ended_at is not None
    walk.client.post(choose, {"membership": str(walk.member.pk)})
    assert walk.open().status_code == 403


@pytest.mark.parametrize("name", ["emergency", "break-glass", "declare-care", "declare-consent"])
def test_what_is_withheld_leads_to_its_own_page(walk: Walk, name: str) -> None:
    with walk.as_login("pipeline"):
        opt_out(walk.world)
    answer = walk.client.get(walk.at(name))
    assert answer.status_code == 302
    assert answer["Location"] == walk.at("record")
    assert "Opted out" not in answer.content.decode()
    walk.break_glass()
    assert walk.rows(BrokenGlass) == []
    assert "not shared on Connect Care" in words_of(walk.open())


def test_a_role_without_the_activity_is_offered_nothing(walk: Walk, world: Any) -> None:
    with walk.as_login("pipeline"):
        away = factories.membership(
            at=world.trust, as_role="pharmacist", in_team=factories.team(world.trust)
        )
    walk.client = Client()
    walk.client.force_login(away.staff)
    closed = walk.open()
    assert walk.at("emergency") not in links_of(closed)
    assert walk.at("declare-care") in links_of(closed)
    assert walk.client.get(walk.at("emergency")).status_code == 403
    assert walk.break_glass().status_code == 403


@pytest.mark.parametrize(
    ("name", "reason", "kind", "alerts"),
    [
        ("declare-care", "16", "self-declared", 1),
        ("declare-consent", "13", "express-consent", 0),
    ],
)
def test_declaring_opens_the_record(
    walk: Walk, name: str, reason: str, kind: str, alerts: int
) -> None:
    assert walk.at(name) in links_of(walk.open())
    assert walk.client.get(walk.at(name)).status_code == 200
    short = walk.client.post(walk.at(name), {"reason": reason, "words": "no"})
    assert "in 10 characters or more" in words_of(short)
    record = walk.client.post(
        walk.at(name), {"reason": reason, "words": "Seen in the walk-in clinic"}, follow=True
    )
    assert SECRET in words_of(record)
    assert walk.at("let-in") not in links_of(record)
    (row,) = [row for row in walk.rows(CareRelationship) if not row.derived]
    assert (row.kind, row.reason) == (kind, reason)
    assert len(walk.rows(Alert)) == alerts


def test_nothing_typed_is_in_an_address_or_an_event(walk: Walk) -> None:
    record = walk.break_glass()
    assert all("?" not in address for address, _ in record.redirect_chain)
    with walk.as_login("owner"):
        assert WORDS not in str(list(Event.objects.values()))
