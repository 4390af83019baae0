"""The desk's queue of requests: what it shows, and what it makes of each."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import request_desk
from access.presenters_requests import age
from access.request_desk import Noted
from audit.models import Event
from consent.models import Choice, ChoiceRequest, RequestStep
from consent.requests import StepKind
from organisations.models import Membership
from tests import factories
from tests.conftest import AsLogin
from tests.consent.adviser import Caller, details_of
from tests.consent.asking_by_form import BORN, REQUEST, hand_in
from tests.consent.conftest import World, acting

QUEUE = "/requests"


def at_desk(who: Membership) -> Caller:
    client = Client()
    client.force_login(who.staff)
    return Caller(client).open(QUEUE)


def opened(world: World, as_login: AsLogin) -> Caller:
    """The desk, on the page of the only request."""
    desk = at_desk(world.trust_adviser)
    desk.details = details_of(world)
    (link,) = desk.page.select("main h2 a")
    return desk.open(link["href"])


def presses(desk: Caller, button: str) -> Caller:
    return desk.send(desk.address, **{button: "yes"})


def notes(desk: Caller, outcome: str, words: str = "") -> Caller:
    return desk.send(desk.address, **{"outcome-form": "yes", "outcome": outcome, "words": words})


def kinds(as_login: AsLogin) -> list[str]:
    with as_login("pipeline"):
        return [step.kind for step in RequestStep.objects.order_by("id")]


def opted_out(world: World, as_login: AsLogin) -> bool:
    with as_login("pipeline"), connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from consent.refusals(%s, statement_timestamp()))",
            [world.resident.pk],
        )
        return bool(cursor.fetchone()[0])


def test_the_oldest_comes_first_and_nobody_is_named(world: World, as_login: AsLogin) -> None:
    _, first = hand_in(world.number)
    _, second = hand_in(family="Unknown", wants="consents", for_whom="other")
    desk = at_desk(world.trust_adviser)
    headings = [each.get_text(" ", strip=True) for each in desk.page.select("main h2")]
    assert [each.split(" ", 1)[0] for each in headings] == [first, second]
    assert "Opt out, for themselves" in headings[0]
    assert "Opt back in, for somebody else" in headings[1]
    assert "Waiting for less than an hour" in desk.words
    assert desk.words.count("Opted out until verified") >= 1
    assert "Carter" not in desk.words
    with as_login("owner"):
        assert Event.objects.filter(action="requests-read", outcome="done").exists()


@pytest.mark.parametrize("who", ["adviser", "nurse"])
def test_it_is_the_trusts_desk_alone(world: World, as_login: AsLogin, who: str) -> None:
    hand_in(world.number)
    with as_login("pipeline"):
        asked = ChoiceRequest.objects.get().public_id
    other = at_desk(getattr(world, who))
    assert other.status == 403
    assert other.open(reverse("choice-request", args=[asked])).status in {403, 404}
    paper = other.open(reverse("enter-requests"))
    assert paper.status == 403


def test_verified_and_recorded_by_the_ordinary_journey(world: World, as_login: AsLogin) -> None:
    hand_in(world.number)
    desk = opened(world, as_login)
    assert desk.rows["Name"] == "Ruth Carter"
    assert "is opted out since this request" in desk.words
    presses(desk, "take")
    assert "Taken, by" in desk.words
    presses(desk, "find")
    (form,) = [
        each for each in desk.page.select("main form") if "/record" in each.get("action", "")
    ]
    desk.send(form["action"], resident=form.select_one("[name=resident]")["value"])
    assert desk.heading == "Who are they?"
    desk.identify().press(decided_by="resident").press(relayer="nobody")
    assert desk.heading == "Read back and confirm"
    desk.press()
    assert desk.heading == "Choice recorded"
    assert kinds(as_login) == ["held", "taken", "recorded"]
    with as_login("pipeline"):
        verified = Choice.objects.get(provisional=False)
        assert (verified.answer, verified.channel) == ("refuses", "online")
        assert RequestStep.objects.get(kind="recorded").choice_id == verified.pk
        # Where the provisional one is not needed any more, nothing hangs on it.
        assert verified.recorded_as_id == world.trust_adviser.pk
    assert "No request waits." in desk.open(QUEUE).words


def test_what_is_in_force_already_is_not_stacked(world: World, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        standing = factories.choice(world.resident, by=world.trust_adviser)
    hand_in(world.number)
    desk = opened(world, as_login)
    presses(desk, "find")
    (form,) = [
        each for each in desk.page.select("main form") if "/record" in each.get("action", "")
    ]
    desk.send(form["action"], resident=form.select_one("[name=resident]")["value"])
    desk.identify().press(decided_by="resident")
    assert desk.heading == "This is already in force"
    assert kinds(as_login) == ["already"]
    with as_login("pipeline"):
        assert Choice.objects.get().pk == standing.pk


def test_not_theirs_takes_the_opt_out_back(world: World, as_login: AsLogin) -> None:
    hand_in(world.number)
    assert opted_out(world, as_login)
    notes(opened(world, as_login), "not-verified", "Rang: it was not she.")
    assert not opted_out(world, as_login)
    assert kinds(as_login) == ["held", "not-verified"]
    with as_login("pipeline"):
        taken = Choice.objects.get(answer="withdrawn")
        assert taken.withdrawn_because == "not-verified"
        assert b"Rang" not in bytes(RequestStep.objects.get(kind="not-verified").note)


def test_nobody_found_waits_and_comes_back_when_somebody_new_may_fit(
    world: World, as_login: AsLogin
) -> None:
    hand_in(family="Newcomer")
    desk = opened(world, as_login)
    presses(desk, "find")
    assert "No resident found." in desk.words
    notes(desk, "not-matched")
    assert "No request waits." in desk.open(QUEUE).words
    with as_login("pipeline"):
        factories.resident("Newcomer", "Theodora", birth_date=BORN)
    assert "Somebody new may be them" in desk.open(QUEUE).words
    assert kinds(as_login) == ["not-matched", "may-fit"]


def test_an_opt_out_that_holds_is_not_left_as_nobodys(world: World, as_login: AsLogin) -> None:
    hand_in(world.number)
    desk = notes(opened(world, as_login), "not-matched")
    assert "An opt-out holds because of it" in desk.words
    assert kinds(as_login) == ["held"]


def test_requests_that_conflict_are_said(world: World, as_login: AsLogin) -> None:
    hand_in(world.number)
    hand_in(world.number, wants="consents")
    desk = at_desk(world.trust_adviser)
    for link in [each["href"] for each in desk.page.select("main h2 a")]:
        assert "Requests that conflict" in desk.open(link).words


def test_ring_back_stays_with_its_note_and_what_is_settled_stays_settled(
    world: World, as_login: AsLogin
) -> None:
    hand_in(family="Caller")
    desk = notes(opened(world, as_login), "ring-back", "No answer on Monday")
    assert "To be rung again" in desk.words
    (link,) = desk.page.select("main h2 a")
    assert "No answer on Monday" in desk.open(link["href"]).words
    notes(desk, "not-verified")
    with as_login("pipeline"):
        asked = ChoiceRequest.objects.get().public_id
    with transaction.atomic():
        again = request_desk.note(
            acting(world.trust_adviser), asked, StepKind.NOT_VERIFIED, request_id=REQUEST
        )
    assert again is Noted.SETTLED
    assert "This request is settled." in desk.open(link["href"]).words


class TestPaper:
    FIELDS = {
        "written-day": "1",
        "written-month": "11",
        "written-year": "2026",
        "wants": "refuses",
        "for_whom": "self",
        "given_name": "Ruth",
        "family_name": "Carter",
        "birth_date-day": "3",
        "birth_date-month": "3",
        "birth_date-year": "1941",
    }

    def test_forms_are_entered_one_after_another_and_hold_for_nobody_yet(
        self, world: World, as_login: AsLogin
    ) -> None:
        desk = at_desk(world.trust_adviser).open("/requests/paper")
        for number in (world.number, ""):
            desk.press(**self.FIELDS, nhs_number=number)
            assert "Entered as CC-" in desk.words
        assert not opted_out(world, as_login)
        with as_login("pipeline"):
            entered = ChoiceRequest.objects.order_by("id")
            assert [each.source for each in entered] == ["paper", "paper"]
            assert {each.entered_as_id for each in entered} == {world.trust_adviser.pk}
            assert not any(each.may_hold for each in entered)
        assert len(desk.open(QUEUE).page.select("main h2")) == 2

    def test_a_form_sent_twice_is_one_request(self, world: World, as_login: AsLogin) -> None:
        desk = at_desk(world.trust_adviser)
        submission = str(uuid4())
        for _ in range(2):
            desk.send("/requests/paper", **self.FIELDS, submission=submission)
        with as_login("pipeline"):
            assert ChoiceRequest.objects.count() == 1

    def test_the_same_checks(self, world: World) -> None:
        desk = at_desk(world.trust_adviser).open("/requests/paper")
        desk.press(**{**self.FIELDS, "for_whom": "other"}, nhs_number="12")
        assert "There is a problem" in desk.words
        assert desk.page.select("#asker_name-error")
        assert desk.page.select("#nhs_number-error")


def test_age_in_words() -> None:
    now = timezone.now()
    assert age(now - timedelta(minutes=5), now) == "less than an hour"
    assert age(now - timedelta(hours=1), now) == "1 hour"
    assert age(now - timedelta(days=3, hours=2), now) == "3 days"
