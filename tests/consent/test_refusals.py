"""Which refusals are in force: a truth table, asked of the database and of the page."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from consent import selectors
from consent.models import Answer, Choice, Kind
from organisations.models import SharingDefault
from tests import factories
from tests.conftest import AsLogin
from tests.consent.conftest import World, acting, glimpse_choices

Connect = Callable[[str], psycopg.Connection]

R, C, N = Answer.REFUSES, Answer.CONSENTS, Answer.NOT_ASKED

#: Answers with their days from now, in the order of arrival; and whether it is refused now.
TABLE: list[tuple[str, list[tuple[Answer, int]], bool]] = [
    ("never asked", [], False),
    ("refused", [(R, -5)], True),
    ("agreed", [(C, -5)], False),
    ("could not be asked", [(N, -5)], False),
    ("refused, then agreed", [(R, -5), (C, -3)], False),
    ("agreed, then refused", [(C, -5), (R, -3)], True),
    ("refused, then could not be asked", [(R, -5), (N, -3)], True),
    ("agreed, then could not be asked", [(C, -5), (N, -3)], False),
    ("refused from tomorrow", [(R, 1)], False),
    ("refused, and agreed from tomorrow", [(R, -5), (C, 1)], True),
    ("agreed, and refused from tomorrow", [(C, -5), (R, 1)], False),
    ("refused and agreed for one moment", [(R, -5), (C, -5)], True),
    ("agreed and refused for one moment", [(C, -5), (R, -5)], True),
    ("an agreement from tomorrow, recorded after a refusal for later", [(R, 2), (C, 1)], False),
    ("refused twice, then agreed", [(R, -5), (R, -4), (C, -3)], False),
]


def say(
    world: World,
    as_login: AsLogin,
    kind: Kind,
    answers: Iterable[tuple[Answer, int]],
    now: datetime,
) -> None:
    with as_login("pipeline"):
        for answer, days in answers:
            factories.choice(
                world.resident,
                kind,
                answer,
                council=None if kind is Kind.CONNECT_CARE else world.bexley,
                by=world.adviser,
                effective_from=now + timedelta(days=days),
            )


def refused_in_database(run_sql: Connect, world: World) -> set[tuple[str, int | None]]:
    connection = run_sql("pipeline")
    rows = connection.execute(
        "select kind, council_id from consent.refusals(%s, now())", [world.resident.pk]
    ).fetchall()
    connection.rollback()
    return set(rows)


def refused_on_the_page(world: World) -> set[tuple[str, int | None]]:
    by = acting(world.adviser)
    with transaction.atomic():
        in_force = selectors.in_force(glimpse_choices(by, world.resident), by)
        asks_first = selectors.asks_first(world.bexley.pk)
    refused = {
        (choice.kind, choice.council_id)
        for choice in in_force.values()
        if choice.answer == Answer.REFUSES
    }
    if asks_first and Kind.SOCIAL_CARE_SHARING not in in_force:
        refused.add((Kind.SOCIAL_CARE_SHARING, world.bexley.pk))
    return refused


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    ("answers", "refused"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_refusals(
    world: World,
    as_login: AsLogin,
    run_sql: Connect,
    kind: Kind,
    answers: list[tuple[Answer, int]],
    refused: bool,
) -> None:
    say(world, as_login, kind, answers, timezone.now())
    council = None if kind is Kind.CONNECT_CARE else world.bexley.pk
    expected = {(str(kind), council)} if refused else set()
    assert refused_in_database(run_sql, world) == expected
    assert refused_on_the_page(world) == expected


def test_kinds_and_councils_do_not_mix(world: World, as_login: AsLogin, run_sql: Connect) -> None:
    with as_login("pipeline"):
        factories.choice(
            world.resident, Kind.SOCIAL_CARE_SHARING, R, council=world.bexley, by=world.adviser
        )
        factories.choice(
            world.resident, Kind.SOCIAL_CARE_SHARING, C, council=world.greenwich, by=world.adviser
        )
        factories.choice(
            world.resident, Kind.NHS_NUMBER, R, council=world.greenwich, by=world.adviser
        )
    assert refused_in_database(run_sql, world) == {
        ("social-care-sharing", world.bexley.pk),
        ("nhs-number", world.greenwich.pk),
    }


@pytest.mark.parametrize("seed", range(10))
def test_the_page_says_what_the_database_enforces(
    world: World, as_login: AsLogin, run_sql: Connect, seed: int
) -> None:
    """Random histories of every kind, with answers taken back, under either setting."""
    chance, now = random.Random(seed), timezone.now()
    with as_login("pipeline"):
        if chance.random() < 0.5:
            world.bexley.sharing_default = SharingDefault.ONLY_AFTER_YES
            world.bexley.save()
        for kind in Kind:
            say_by_chance(world, kind, chance, now)
    assert refused_on_the_page(world) == refused_in_database(run_sql, world)


def say_by_chance(world: World, kind: Kind, chance: random.Random, now: datetime) -> None:
    council = None if kind is Kind.CONNECT_CARE else world.bexley
    said: list[Choice] = []
    days = sorted(chance.randint(-3, 1) for _ in range(chance.randint(0, 6)))
    for day in days:
        starts = now + timedelta(days=day)
        deciding = [choice for choice in said if choice.answer in (R, C)]
        if deciding and chance.random() < 0.3:
            taken_back = chance.choice(deciding)
            said.remove(taken_back)
            factories.choice(
                world.resident,
                kind,
                Answer.WITHDRAWN,
                council=council,
                by=world.adviser,
                effective_from=starts,
                withdraws=taken_back,
                withdrawn_because="asked",
            )
            continue
        said.append(
            factories.choice(
                world.resident,
                kind,
                chance.choice((R, C, N)),
                council=council,
                by=world.adviser,
                effective_from=starts,
            )
        )


def test_a_council_that_shares_only_after_a_yes_is_refused_until_then(
    world: World, as_login: AsLogin, run_sql: Connect
) -> None:
    refused = {("social-care-sharing", world.bexley.pk)}
    with as_login("pipeline"):
        world.bexley.sharing_default = SharingDefault.ONLY_AFTER_YES
        world.bexley.save()
    assert refused_in_database(run_sql, world) == refused_on_the_page(world) == refused
    now = timezone.now()
    say(world, as_login, Kind.SOCIAL_CARE_SHARING, [(N, -3)], now)
    assert refused_in_database(run_sql, world) == refused
    say(world, as_login, Kind.SOCIAL_CARE_SHARING, [(C, -2)], now)
    assert refused_in_database(run_sql, world) == refused_on_the_page(world) == set()
    say(world, as_login, Kind.SOCIAL_CARE_SHARING, [(R, -1)], now)
    assert refused_in_database(run_sql, world) == refused_on_the_page(world) == refused


def test_only_a_councils_setting_is_one(world: World, as_login: AsLogin) -> None:
    world.trust.sharing_default = SharingDefault.ONLY_AFTER_YES
    with as_login("pipeline"), pytest.raises(IntegrityError):
        world.trust.save()
