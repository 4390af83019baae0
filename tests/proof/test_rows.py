"""The decision beside the rows that PostgreSQL really returns to the web's login.

A thousand openings, each with whatever rows come out of it; ``ROW_DECISIONS=20000`` for more.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from access import gate
from tests.proof.comparing import STEP
from tests.proof.making import Size, make_world
from tests.proof.reference import answer, visible
from tests.proof.worlds import NOW, Asked, World
from tests.proof.writing import acting, resident_id, write

#: So many openings at least, and (entry, reader) pairs: one more question each of what comes out.
DECISIONS = int(os.environ.get("ROW_DECISIONS", "1000"))
PAIRS = 20_000
SEEDS = (1, 2, 3)
SIZE = Size(bodies=8, members=24, residents=16, entries=3)


def rows() -> set[int]:
    """Whatever the wall lets out, asked without a word about whose or which."""
    with connection.cursor() as cursor:
        cursor.execute("select id from records_entry")
        return {number for (number,) in cursor.fetchall()}


def ask(world: World, asked: Asked) -> tuple[str, set[int]]:
    """The step that refused, and the rows, as the web's login really has them."""
    with transaction.atomic():
        opened = gate.open_record(
            acting(asked.membership, asked.staff),
            resident_id(asked.resident),
            look=uuid4(),
            request_id=str(uuid4()),
        )
        if isinstance(opened, gate.Opened):
            found = rows()
            assert gate.still_open()
            return "", found
        assert opened.reason is not None, "nothing changed in between"
        return STEP[opened.reason], rows()


def questions(world: World) -> list[Asked]:
    every = [asked for asked in world.questions((NOW,)) if asked.membership != 999_999]
    return [asked for asked in every if asked.staff in world.staff]


def test_rows_are_those_that_the_second_model_shows(
    database: object, as_login: Any, empty_database: Callable[[], None]
) -> None:
    pairs, shown, ended = 0, 0, Counter[str]()
    for seed in count(1):
        if seed > len(SEEDS) and ended.total() >= DECISIONS:
            break
        world = make_world(Random(seed), SIZE)
        write(world, as_login)
        asking = questions(world)
        for asked in asking:
            step, found = ask(world, asked)
            expected = {entry.id for entry in visible(world, asked)}
            assert (step, found) == (answer(world, asked).refused, expected), (seed, asked)
            ended[step or "open"] += 1
            shown += len(found)
            pairs += sum(entry.resident == asked.resident for entry in world.entries)
        empty_database()
    assert ended.total() >= DECISIONS
    assert pairs >= PAIRS
    # A proof out of empty records would be none.
    assert shown > PAIRS / 20
    assert ended["open"] > sum(ended.values()) / 5


@pytest.mark.parametrize("seed", SEEDS)
def test_without_an_opening_no_row_of_any_world_comes_out(
    database: object, as_login: Any, seed: int
) -> None:
    world = make_world(Random(seed), Size(bodies=5, members=4, residents=4, entries=2))
    write(world, as_login)
    with as_login("pipeline"):
        assert len(rows()) == len(world.entries) > 0
    assert rows() == set()
    with transaction.atomic():
        assert rows() == set()
