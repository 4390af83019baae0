"""What is in force at a moment, as the database counts it (``consent.counting``).

One rule, in PostgreSQL, enforces and answers; this only reads its answer. Where records of one
person were joined, each set of what was said is counted by itself, and what any of them refuses is
refused (docs/adr/0009).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from consent.vocabulary import Answer


@dataclass(frozen=True, slots=True)
class Counted:
    """One answer that counts: of which set, to which question, and its place (1 is in force)."""

    of: tuple[int, int]
    kind: str
    choice_id: int
    answer: str
    place: int


def counting(resident_id: int, at: datetime | None) -> list[Counted]:
    """The answers that count at a moment (now, by the database's clock, if none is given).

    For the transaction that glimpsed the resident with their choices, and for the pipeline's
    login; empty in any other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select person, merge, kind, choice_id, answer, place"
            " from access.choices_counting(%s, coalesce(%s, statement_timestamp()))"
            " order by person, merge, kind, place",
            [resident_id, at],
        )
        return [
            Counted((person, merge), kind, choice, answer, place)
            for person, merge, kind, choice, answer, place in cursor.fetchall()
        ]


def one_person(resident_id: int) -> list[int]:
    """Everyone who is one person with a resident: what was said of them counts too."""
    with connection.cursor() as cursor:
        cursor.execute("select access.one_person(%s)", [resident_id])
        return [row[0] for row in cursor.fetchall()]


def in_force(counted: Iterable[Counted]) -> int | None:
    """The choice that holds, out of what counts to one question: a refusal before an agreement.

    Of several the one that was recorded last.
    """
    first = [each for each in counted if each.place == 1]
    return max(
        ((each.answer == Answer.REFUSES, each.choice_id) for each in first), default=(False, None)
    )[1]


def unlifted(counted: Iterable[Counted]) -> list[int]:
    """The refusals that hold to one question: in each set those since its last agreement."""
    sets: dict[tuple[int, int], list[Counted]] = defaultdict(list)
    for each in counted:
        sets[each.of].append(each)
    holding: list[int] = []
    for said in sets.values():
        for each in sorted(said, key=lambda each: each.place):
            if each.answer != Answer.REFUSES:
                break
            holding.append(each.choice_id)
    return sorted(set(holding), reverse=True)
