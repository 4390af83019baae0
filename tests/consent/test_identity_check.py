"""Who the person is: typed, compared in one place, answered alike whatever differs, recorded."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from access.acting import Acting
from access.identity_check import Claimed, Compared, compare
from audit.models import Event
from consent.effects import VERSION
from consent.views_journey import DIFFERS, TOO_OFTEN
from identity.models import Resident, ResidentPlace
from identity.nhs_number import NhsNumber
from tests import factories
from tests.conftest import AsLogin
from tests.consent.adviser import at, choices, details_of
from tests.consent.conftest import REQUEST, World, acting


@pytest.fixture
def adviser(world: World, as_login: AsLogin) -> Acting:
    with as_login("pipeline"):
        ResidentPlace.objects.filter(resident=world.resident).update(phone="+44 20 7946 0999")
    return acting(world.adviser)


def claimed(world: World, **changed: Any) -> Claimed:
    return Claimed(
        **{
            "family_name": "Carter",
            "given_name": "Ruth",
            "birth_date": date(1941, 3, 3),
            "nhs_number": NhsNumber.parse(world.number, test_ranges=True),
            **changed,
        }
    )


def ask(world: World, by: Acting, what: Claimed, resident: Resident | None = None) -> Compared:
    whose = resident or world.resident
    return compare(what, whose.public_id, by=by, request_id=REQUEST)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"family_name": "CARTER", "given_name": "ruth"},
        {"given_name": "Ru"},
        {"nhs_number": None, "postcode": "da67at"},
        {"nhs_number": None, "postcode": "DA6 7AT", "phone": "020 7946 0999"},
        {"birth_date": None, "phone": "02079460999"},
        {"family_name": "", "given_name": "", "phone": "+44 (0)20 7946 0999"},
    ],
)
def test_what_is_the_residents_agrees(
    world: World, adviser: Acting, changed: dict[str, Any]
) -> None:
    assert ask(world, adviser, claimed(world, **changed)) is Compared.AGREES


@pytest.mark.parametrize(
    "changed",
    [
        {"family_name": "Cartier"},
        {"given_name": "Rita"},
        {"given_name": "R"},
        {"birth_date": date(1941, 3, 4)},
        {"nhs_number": NhsNumber.parse(factories.made_up_nhs_number(7), test_ranges=True)},
        {"postcode": "DA6 7AX"},
        {"phone": "020 7946 0998"},
        # Fewer than three, though each of them is right.
        {"nhs_number": None},
        {"family_name": "", "given_name": ""},
    ],
)
def test_what_differs_in_one_detail_differs(
    world: World, adviser: Acting, changed: dict[str, Any]
) -> None:
    assert ask(world, adviser, claimed(world, **changed)) is Compared.DIFFERS


def test_a_protected_place_counts_for_nothing(
    world: World, adviser: Acting, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        Resident.objects.filter(pk=world.resident.pk).update(protection="R")
    assert ask(world, adviser, claimed(world)) is Compared.AGREES
    for place in ({"postcode": "DA6 7AT"}, {"phone": "020 7946 0999"}):
        assert ask(world, adviser, claimed(world, **place)) is Compared.DIFFERS


def test_somebody_who_opted_out_can_still_say_who_they_are(
    world: World, adviser: Acting, as_login: AsLogin
) -> None:
    """Else nobody could opt back in."""
    with as_login("pipeline"):
        factories.choice(world.resident, by=world.adviser)
    assert ask(world, adviser, claimed(world, postcode="DA6 7AT")) is Compared.AGREES


def test_whom_one_may_not_know_of_differs_like_anybody(
    world: World, adviser: Acting, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        hidden = factories.resident("Carter", "Ruth", known_to_all=False, postcode="DA6 7AT")
    what = claimed(world, nhs_number=None, postcode="DA6 7AT")
    assert ask(world, adviser, what, hidden) is Compared.DIFFERS
    assert ask(world, acting(world.nurse), claimed(world)) is Compared.DIFFERS


def test_a_try_is_an_event_that_says_which_details_and_never_their_values(
    world: World, adviser: Acting, as_login: AsLogin
) -> None:
    ask(world, adviser, claimed(world, postcode="ZZ9 9ZZ"))
    ask(world, adviser, claimed(world))
    with as_login("owner"):
        failed, agreed = Event.objects.filter(action="identity-checked").order_by("id")
    assert (failed.outcome, failed.reason) == ("refused", "differs")
    assert (agreed.outcome, agreed.reason) == ("done", "agrees")
    assert failed.detail == {"identifiers": ["name", "birth-date", "nhs-number", "postcode"]}
    assert agreed.resident_id == world.resident.pk
    assert agreed.staff_id == world.adviser.staff_id


def test_nobody_guesses_on_and_on(world: World, adviser: Acting, as_login: AsLogin) -> None:
    wrong, right = claimed(world, postcode="ZZ9 9ZZ"), claimed(world)
    answers = [ask(world, adviser, wrong) for _ in range(6)]
    assert answers == [*[Compared.DIFFERS] * 5, Compared.TOO_OFTEN]
    assert ask(world, adviser, right) is Compared.TOO_OFTEN
    # It is this person's guessing of this resident, and nobody else's.
    assert ask(world, acting(world.other_adviser), right) is Compared.AGREES
    with as_login("pipeline"):
        other = factories.resident("Carter", "Ruth", nhs_number=factories.made_up_nhs_number())
    assert ask(world, adviser, wrong, other) is Compared.DIFFERS


def test_the_page_says_the_same_whatever_differs(world: World, as_login: AsLogin) -> None:
    pages = set()
    for changed in (
        {"family_name": "Cartier"},
        {"birth_date-year": "1942"},
        {"nhs_number": factories.made_up_nhs_number(9)},
    ):
        adviser = at(world, world.adviser).begin("connect-care").press(answer="refuses")
        adviser.press(**{**details_of(world), **changed})
        assert adviser.heading == "Who are they?"
        for given in adviser.page.select("main input"):
            given["value"] = ""
        summary = adviser.page.select_one(".nhsuk-error-summary")
        assert DIFFERS in summary.get_text()
        pages.add(adviser.words)
    assert len(pages) == 1
    assert choices(as_login) == []


def test_too_few_details_are_asked_for_before_anything_is_compared(
    world: World, as_login: AsLogin
) -> None:
    adviser = at(world, world.adviser).begin("connect-care").press(answer="refuses")
    for few in (
        {},
        {"family_name": "Carter", "given_name": "Ruth", "postcode": "DA6 7AT"},
        {"nhs_number": world.number, "phone": "123"},
    ):
        adviser.press(**few)
        assert "Enter at least 3 details" in adviser.words
    adviser.press(**{**details_of(world), "given_name": ""})
    assert "Enter the family name and the given name" in adviser.words
    with as_login("owner"):
        assert not Event.objects.filter(action="identity-checked").exists()


def test_after_too_many_tries_the_page_says_what_to_do(world: World) -> None:
    adviser = at(world, world.adviser).begin("connect-care").press(answer="refuses")
    for _ in range(6):
        adviser.press(**{**details_of(world), "family_name": "Cartier"})
    assert TOO_OFTEN in adviser.words
    adviser.press(**details_of(world))
    assert adviser.heading == "Who are they?"


def test_without_the_check_nothing_is_recorded(world: World, as_login: AsLogin) -> None:
    adviser = at(world, world.adviser).begin("connect-care").press(answer="refuses")
    draft = adviser.address.split("/")[2]
    for step in ("decided-by", "relayed-by", "channel", "check"):
        adviser.open(reverse("record-choice-step", args=[draft, step]))
        assert adviser.heading == "Who are they?"
    adviser.send(reverse("check-choice", args=[draft]), words=VERSION)
    assert choices(as_login) == []
