"""What the adviser sees of the proof of effect: amber while it is asked, then green; red if not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.conf import LazySettings
from django.urls import reverse
from django.utils import timezone

from access.showing import SHOWING
from connectcare.environment import Environment, Login
from consent.models import Choice, Kind, ProbeDue
from consent.proofs import Outcome
from organisations.categories import Category
from records.probing import jobs
from tests import factories
from tests.conftest import AsLogin
from tests.consent.adviser import Caller, at, choices
from tests.consent.conftest import World

Connect = Callable[[str], psycopg.Connection]


def ways() -> int:
    """The four walls and every door, once the views have registered theirs."""
    return 4 + len(SHOWING)


@pytest.fixture(autouse=True)
def _web_of_the_worker(settings: LazySettings, database: dict[str, str]) -> None:
    settings.WEB_DATABASE = Environment().database(Login.WEB)


@pytest.fixture
def rings(world: World, as_login: AsLogin) -> World:
    """The trust cares for the resident and has an item of theirs: there is something to stop."""
    with as_login("pipeline"):
        factories.relationship(world.resident, world.trust)
        factories.feed(world.trust)
        factories.entry(factories.source_person(world.resident, world.trust), Category.DIAGNOSES)
    return world


def opted_out(world: World, as_login: AsLogin) -> tuple[Caller, Choice]:
    adviser = at(world, world.adviser).begin("connect-care").decide("refuses").press()
    (choice,) = choices(as_login)
    return adviser, choice


def proof_of(adviser: Caller) -> str:
    shown = adviser.page.select_one("#proof [role=status]")
    return " ".join(shown.get_text(" ").split()) if shown else ""


def prove(as_login: AsLogin, choice: Choice) -> None:
    with as_login("pipeline"):
        assert jobs.prove(choice.pk) is not None


def recorded(adviser: Caller, world: World, choice: Choice) -> Caller:
    return adviser.open(
        reverse("choice-recorded", args=[world.resident.public_id, choice.public_id])
    )


def test_it_is_amber_until_it_is_green(rings: World, as_login: AsLogin) -> None:
    adviser, choice = opted_out(rings, as_login)
    assert proof_of(adviser).startswith("Checking Checking that nothing is shown any more.")
    section = adviser.page.select_one("#proof")
    assert section["hx-get"] == adviser.address
    assert section.select_one("a")["href"] == adviser.address, "without a script"
    prove(as_login, choice)
    recorded(adviser, rings, choice)
    assert "nhsuk-tag--green" in str(adviser.page.select_one("#proof"))
    assert f"nothing is shown, in any of {ways()} ways of looking. That was" in proof_of(adviser)
    assert not adviser.page.select_one("#proof").has_attr("hx-get")
    assert adviser.page.select("script[src*=htmx]") == []


def test_it_is_red_while_a_wall_is_down(rings: World, as_login: AsLogin, run_sql: Connect) -> None:
    adviser, choice = opted_out(rings, as_login)
    admin = run_sql("admin")
    admin.autocommit = True
    admin.execute("alter table records_entry disable row level security")
    try:
        prove(as_login, choice)
    finally:
        admin.execute("alter table records_entry enable row level security")
    recorded(adviser, rings, choice)
    assert "nhsuk-tag--red" in str(adviser.page.select_one("#proof"))
    assert "is still shown" in proof_of(adviser)


def test_after_a_minute_the_page_does_not_ask_by_itself(rings: World, as_login: AsLogin) -> None:
    adviser, choice = opted_out(rings, as_login)
    with as_login("pipeline"):
        ProbeDue.objects.update(due=timezone.now() - timedelta(minutes=2))
    recorded(adviser, rings, choice)
    assert "takes longer than usual" in proof_of(adviser)
    assert not adviser.page.select_one("#proof").has_attr("hx-get")


def test_the_story_tells_it_of_what_is_in_force(rings: World, as_login: AsLogin) -> None:
    adviser, choice = opted_out(rings, as_login)
    prove(as_login, choice)
    adviser.open(reverse("resident-choices", args=[rings.resident.public_id]))
    assert f"in any of {ways()} ways of looking" in adviser.words
    at(rings, rings.adviser).begin("connect-care").decide("consents").press()
    adviser.open(adviser.address)
    assert "ways of looking" not in adviser.words


def test_an_agreement_is_nothing_to_be_proven(rings: World, as_login: AsLogin) -> None:
    adviser = at(rings, rings.adviser).begin(Kind.SOCIAL_CARE_SHARING)
    adviser.decide("consents").press()
    assert adviser.heading == "Choice recorded"
    assert adviser.page.select("#proof") == []


def test_it_does_not_tell_how_many_care_for_somebody(rings: World, as_login: AsLogin) -> None:
    """The words are the same with one reader and with more."""
    adviser, choice = opted_out(rings, as_login)
    prove(as_login, choice)
    with as_login("pipeline"):
        one = choice.probes.get()
        assert (one.outcome, one.readers) == (Outcome.HOLDS, 1)
        for kind in ("gp_practice", "out_of_hours"):
            other = factories.organisation(kind=kind)
            factories.agreement(rings.trust, other)
            factories.membership(at=other, as_role="doctor")
            factories.relationship(rings.resident, other)
        ProbeDue.objects.create(choice=choice, why="nightly", due=choice.recorded_at)
    prove(as_login, choice)
    with as_login("pipeline"):
        assert choice.probes.order_by("pk").last().readers == 3
    recorded(adviser, rings, choice)
    assert f"nothing is shown, in any of {ways()} ways of looking." in proof_of(adviser)
