"""The facts of a list are those of its residents, one by one, read in one statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access import facts, gate
from access.facts import Facts
from identity.models import Resident
from tests import factories
from tests.proof.making import Size, make_world
from tests.proof.writing import acting, resident_id, write

#: Seeds of worlds whose readers ask about everybody.
SEEDS = (11, 12, 13)


def same(one: Facts, other: Facts) -> bool:
    """Whether they are equal but for the moment, which another statement has later."""
    return replace(one, at=other.at) == other


def test_of_a_list_they_are_those_of_each_by_itself(
    database: object, as_login: Any, empty_database: Callable[[], None]
) -> None:
    seen = {"links": 0, "refusals": 0, "relationships": 0, "glasses": 0, "disclosures": 0}
    seen["watches"] = 0
    for seed in SEEDS:
        world = make_world(Random(seed), Size(bodies=7, members=8, residents=9))
        write(world, as_login)
        everyone = [resident_id(number) for number in (*world.residents, 999_999)]
        Random(seed).shuffle(everyone)
        asking = [(member.staff, member.id) for member in world.members]
        # One who is not that staff member, and a membership that there is not.
        for staff, membership in (*asking, (asking[0][0], asking[-1][1]), (asking[0][0], 999_999)):
            asked = {
                "staff_id": staff,
                "membership_id": membership,
                "sitting": acting(*asking[0][::-1]).sitting,
            }
            many = facts.read_many(residents=[*everyone, everyone[0]], **asked)
            alone = [facts.read(resident=one, **asked) for one in (*everyone, everyone[0])]
            assert all(map(same, many, alone)), (seed, membership)
            assert len(many) == len(alone)
            for part in seen:
                seen[part] += sum(bool(getattr(each, part)) for each in many)
            assert any(each.resident is None for each in many)
        empty_database()
    assert all(seen.values()), seen


def test_a_source_that_takes_no_part_is_theirs_alone_who_are_known_there(
    world: Any, as_login: Any
) -> None:
    with as_login("pipeline"):
        aside = factories.organisation("Test aside", kind="nhs_trust", participates=False)
        factories.source_person(world.other, aside)
    ruth, ada = facts.read_many(
        staff_id=world.nurse.staff_id,
        membership_id=world.nurse.pk,
        residents=[world.resident.public_id, world.other.public_id],
    )
    names = {source.name for source in ruth.sources}
    assert {source.name for source in ada.sources} == names | {"Test aside"}
    assert "Test aside" not in names


def test_only_the_protected_residents_sources_lose_their_names(world: Any, as_login: Any) -> None:
    with as_login("pipeline"):
        Resident.objects.filter(pk=world.other.pk).update(protection="R")
    ruth, ada = gate.consider_many(world.acting, [world.resident.public_id, world.other.public_id])
    assert {source.by_kind for source in ruth.facts.sources} == {False}
    assert {source.by_kind for source in ada.facts.sources} == {True}


@pytest.mark.parametrize("many", [0, 1, 40])
def test_a_list_of_any_length_is_decided_in_one_statement(
    world: Any, as_login: Any, many: int
) -> None:
    with as_login("pipeline"):
        others = [factories.resident("Number", f"Person {number}") for number in range(many)]
    asked = [world.resident.public_id, *(other.public_id for other in others), uuid4()]
    asked = asked[: many + 1] if many else []
    with CaptureQueriesContext(connection) as statements:
        decided = gate.consider_many(world.acting, asked)
    assert len(statements) == 1
    assert [decision.is_open for decision in decided] == [True, *[False] * many][: len(asked)]


def test_nothing_is_opened_by_considering(world: Any) -> None:
    gate.consider_many(world.acting, [world.resident.public_id])
    assert not gate.still_open()


def test_the_statement_is_not_planned_anew_for_each_list(database: object) -> None:
    """Planning takes longer than answering, and the length of the list is no reason for it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select proconfig from pg_proc"
            " where oid = 'access.read_facts(bigint, bigint, uuid[], uuid)'::regprocedure"
        )
        (configuration,) = cursor.fetchone()
    assert "plan_cache_mode=force_generic_plan" in configuration
