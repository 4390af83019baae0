"""The proof of effect: nothing is found while all walls stand, and each wall's fall is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone

from access import rules
from access.doors import needs
from access.gate import Opened
from access.showing import NAMES_PEOPLE_ALONE, SHOWING
from connectcare.environment import Environment, Login
from connectcare.urls import urlpatterns as all_urls
from consent.models import Choice, Kind
from notifications.models import Notice, NoticeKind
from organisations.activities import Activity
from organisations.categories import Category
from organisations.models import Feed
from records import selectors
from records.models import Entry
from records.probing import doors, walls
from records.probing.asking import DECISION, KEYS, ROWS, SELECTORS, Findings, ask, way_through
from records.probing.question import question_of
from tests import factories
from tests.records.conftest import Ward

Connect = Callable[[str], psycopg.Connection]
DOORS = [way_through(name) for name in sorted(SHOWING)]
#: Doors that show something where nothing is withheld; the others name people alone.
SHOWING_ENTRIES = [way_through(name) for name in sorted(set(SHOWING) - NAMES_PEOPLE_ALONE)]
KINDS = [Kind.CONNECT_CARE, Kind.SOCIAL_CARE_SHARING, Kind.NHS_NUMBER]


@pytest.fixture(autouse=True)
def _web_of_the_worker(settings: LazySettings, database: dict[str, str]) -> None:
    """A worker is given the web's address beside its own."""
    settings.WEB_DATABASE = Environment().database(Login.WEB)


@pytest.fixture
def held(ward: Ward) -> Ward:
    """The ward's resident, with three items from the council's social care, one measured."""
    with ward.as_login("pipeline"):
        Feed.objects.filter(organisation=ward.council).update(categories=list(Category))
    council = ward.person(ward.council)
    ward.entry(council, Category.MEASUREMENTS, "Weight")
    ward.entry(council, Category.SOCIAL_CARE_SERVICES, "Home care")
    ward.entry(council, Category.ALERTS, "Key safe")
    ward.entry(
        council,
        Category.APPOINTMENTS,
        "Review",
        status="planned",
        effective=timezone.now() + timedelta(days=2),
    )
    with ward.as_login("pipeline"):
        for told in (ward.trust, ward.practice, ward.out_of_hours):
            for source, identifier, key in Entry.objects.order_by("id").values_list(
                "source_id", "identifier", "grant_key"
            ):
                Notice.objects.create(
                    kind=NoticeKind.ASSESSMENT,
                    resident=ward.resident,
                    organisation=told,
                    source_id=source,
                    identifier=identifier,
                    grant_key=key,
                    happened=timezone.now(),
                )
        for recipient in (ward.practice, ward.out_of_hours):
            factories.agreement(ward.council, recipient, Category)
        factories.membership(at=ward.practice, as_role="doctor")
        factories.relationship(ward.resident, ward.practice, kind="registered-practice")
        factories.membership(at=ward.council, as_role="social-worker")
        factories.membership(at=ward.out_of_hours, as_role="doctor")
    return ward


def refuse(ward: Ward, kind: Kind) -> Choice:
    council = None if kind is Kind.CONNECT_CARE else ward.council
    with ward.as_login("pipeline"):
        return factories.choice(ward.resident, kind, council=council, by=ward.adviser)


def probe(ward: Ward, choice: Choice) -> Findings:
    with ward.as_login("pipeline"):
        question = question_of(choice)
        assert question is not None
        return ask(question)


@pytest.mark.parametrize("kind", KINDS)
def test_with_all_walls_standing_nothing_is_shown(held: Ward, kind: Kind) -> None:
    found = probe(held, refuse(held, kind))
    assert (found.shown, found.faults) == ({}, 0)
    assert found.readers >= 2
    assert set(found.asked) == {DECISION, KEYS, ROWS, SELECTORS, *DOORS}
    assert set(found.asked.values()) == {found.readers}


def test_without_a_choice_the_same_questions_find_what_is_shown(held: Ward) -> None:
    """Nothing is proven by a probe that never could find anything."""
    choice = refuse(held, Kind.SOCIAL_CARE_SHARING)
    with held.as_login("pipeline"):
        question = question_of(choice)
        assert question is not None
        factories.choice(
            held.resident, choice.kind, "consents", council=held.council, by=held.adviser
        )
        found = ask(question)
        assert set(found.shown) == {DECISION, KEYS, ROWS, SELECTORS, *SHOWING_ENTRIES}
        assert question_of(choice) is None


# ── Walls taken away one at a time ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "rule", "by"),
    [
        (Kind.CONNECT_CARE, rules.nobody_opted_out, {DECISION, SELECTORS}),
        (Kind.SOCIAL_CARE_SHARING, rules.council_may_share, {DECISION, SELECTORS}),
        (Kind.NHS_NUMBER, rules.council_may_be_joined, {DECISION, SELECTORS}),
        # Another rule still withholds what the council sent: what opens is the rest.
        (Kind.NHS_NUMBER, rules.council_may_use_number, {DECISION}),
    ],
)
def test_a_decision_that_forgets_the_choice_is_found(
    held: Ward, monkeypatch: pytest.MonkeyPatch, kind: Kind, rule: Any, by: set[str]
) -> None:
    """Though the database lets nothing out for it; the selectors ask for whatever was decided."""
    with held.as_login("pipeline"):
        factories.relationship(held.resident, held.council, kind="social-care-service")
    choice = refuse(held, kind)
    for asked in ("RECORD_RULES", "SECTION_RULES"):
        kept = tuple(each for each in getattr(rules, asked) if each is not rule)
        monkeypatch.setattr(rules, asked, kept)
    assert set(probe(held, choice).shown) == by


@contextmanager
def changed(run_sql: Connect, function: str, *changes: tuple[str, str]) -> Iterator[None]:
    """A function of the database with some of its text replaced, for as long as the block lasts."""
    admin = run_sql("admin")
    admin.autocommit = True
    row = admin.execute("select pg_get_functiondef(%s::regprocedure)", [function]).fetchone()
    assert row is not None
    text = row[0]
    for old, new in changes:
        assert old in text, f"{function} has no {old!r} any more"
        text = text.replace(old, new)
    admin.execute(text)
    try:
        yield
    finally:
        admin.execute(row[0])


@pytest.mark.parametrize("kind", KINDS)
def test_keys_that_stay_in_force_are_found(held: Ward, run_sql: Connect, kind: Kind) -> None:
    choice = refuse(held, kind)
    forgets = ("statement_timestamp()) r;", "statement_timestamp()) r where false;")
    with changed(run_sql, "access.keys_in_force()", forgets):
        assert set(probe(held, choice).shown) == {KEYS, ROWS}
    assert probe(held, choice).shown == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_that_forgets_what_was_refused_is_found(
    held: Ward, run_sql: Connect, kind: Kind
) -> None:
    """Everything asks there what is in force, so everything shows it; the probe does not ask."""
    choice = refuse(held, kind)
    forgets = ("c.answer = 'refuses'", "false")
    with changed(run_sql, "consent.refusals(bigint, timestamptz)", forgets):
        assert set(probe(held, choice).shown) == {
            DECISION,
            KEYS,
            ROWS,
            SELECTORS,
            *SHOWING_ENTRIES,
        }


def test_a_table_without_its_row_security_is_found(held: Ward, run_sql: Connect) -> None:
    choice = refuse(held, Kind.SOCIAL_CARE_SHARING)
    admin = run_sql("admin")
    admin.autocommit = True
    admin.execute("alter table records_entry disable row level security")
    try:
        assert set(probe(held, choice).shown) == {ROWS}
    finally:
        admin.execute("alter table records_entry enable row level security")


@pytest.mark.parametrize("name", sorted(walls.SELECTORS))
def test_a_selector_that_forgets_the_keys_is_found(
    held: Ward, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Row security hides it from every page: the doors show nothing."""
    choice = refuse(held, Kind.SOCIAL_CARE_SHARING)
    selector = getattr(selectors, name)

    def forgetful(opened: Opened, *asked: object) -> object:
        with monkeypatch.context() as patched:
            everything = range(64 * held.council.pk, 64 * (held.council.pk + 1))
            patched.setattr(type(opened.decision), "keys", property(lambda _: list(everything)))
            return selector(opened, *asked)

    monkeypatch.setattr(selectors, name, forgetful)
    assert set(probe(held, choice).shown) == {SELECTORS}


def test_a_door_that_goes_past_the_gate_is_found(
    held: Ward, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    choice = refuse(held, Kind.SOCIAL_CARE_SHARING)
    with held.as_login("pipeline"):
        kept = " ".join(str(each) for each in Entry.objects.values_list("public_id", flat=True))

    @needs(Activity.READ_RECORDS)
    def past(request: object, resident: object) -> HttpResponse:
        return HttpResponse(kept)

    class Urls:
        urlpatterns = [path("past/<uuid:resident>", past, name="past"), *all_urls]

    monkeypatch.setitem(SHOWING, "past", f"{past.__module__}.{past.__qualname__}")
    settings.ROOT_URLCONF = Urls
    assert set(probe(held, choice).shown) == {way_through("past")}


def test_a_door_that_it_does_not_know_how_to_ask_proves_nothing(
    held: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = refuse(held, Kind.SOCIAL_CARE_SHARING)
    monkeypatch.setitem(SHOWING, "chart", "records.views.chart")
    found = probe(held, choice)
    assert found.shown == {}
    assert found.faults == found.readers


def test_every_registered_door_can_be_asked(held: Ward) -> None:
    for door in SHOWING:
        assert doors.addresses(door, held.resident.public_id, [])


# ── What a probe leaves ─────────────────────────────────────────────────────────────────────────


def test_a_probe_leaves_no_look_no_glass_and_no_event(held: Ward, run_sql: Connect) -> None:
    choice = refuse(held, Kind.SOCIAL_CARE_SHARING)
    admin = run_sql("admin")

    def left() -> list[tuple[int, ...]]:
        tables = ("access_opening", "access_glimpse", "access_brokenglass", "access_alert")
        counts = ", ".join(f"(select count(*) from {each})" for each in (*tables, "audit_event"))
        return admin.execute(f"select {counts}").fetchall()

    before = left()
    assert probe(held, choice).readers >= 2
    assert left() == before


def test_what_is_asked_is_asked_with_the_webs_login(
    held: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = refuse(held, Kind.SOCIAL_CARE_SHARING)
    asked_as: set[str] = set()

    def seen(resident: int, withheld: set[int]) -> int:
        with connection.cursor() as cursor:
            cursor.execute("select session_user::text")
            asked_as.update(cursor.fetchone())
        return 0

    monkeypatch.setattr("records.probing.walls.rows", seen)
    probe(held, choice)
    assert asked_as == {"connectcare_web"}


def test_without_the_webs_address_it_is_said_what_to_set(
    held: Ward, settings: LazySettings
) -> None:
    choice = refuse(held, Kind.SOCIAL_CARE_SHARING)
    settings.WEB_DATABASE = None
    with pytest.raises(ImproperlyConfigured, match="DATABASE_WEB_URL"):
        probe(held, choice)


def test_only_counts_come_back(held: Ward, run_sql: Connect) -> None:
    choice = refuse(held, Kind.SOCIAL_CARE_SHARING)
    with changed(
        run_sql, "consent.refusals(bigint, timestamptz)", ("c.answer = 'refuses'", "false")
    ):
        found = probe(held, choice)
    assert found.shown
    kept = [*found.asked.items(), *found.shown.items()]
    assert all(isinstance(way, str) and isinstance(count, int) for way, count in kept)
    assert {way for way, _ in kept} <= {DECISION, KEYS, ROWS, SELECTORS, *DOORS}
