"""Joining residents, and taking a joined record apart again: the one path for everyone.

Staff come through the gate (``access.joining``), sources and the Personal Demographics Service
through ``identity.joining``; all end in ``identity.merge`` in PostgreSQL, which moves every row
that the merge map names, notes each, and writes the audit event. Run these as the pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction

from identity.models import Cause, SeparatedPair, WhySeparated


class MergeOutcome(StrEnum):
    """What came of a merge, or why there was none."""

    MERGED = "merged"
    SAME = "same"
    NOT_KNOWN = "not-known"
    MERGED_ALREADY = "merged-already"
    SEPARATED = "separated"
    KNOWN_ONE_STAYS = "known-one-stays"
    TWO_VERIFIED_NUMBERS = "two-verified-numbers"


class UnmergeOutcome(StrEnum):
    """What came of undoing a merge, or why it stands."""

    UNDONE = "undone"
    NOT_KNOWN = "not-known"
    UNDONE_ALREADY = "undone-already"
    LATER_FIRST = "later-first"


@dataclass(frozen=True, slots=True)
class Merged:
    """The answer to a merge; ``merge_id`` where there is one."""

    outcome: MergeOutcome
    merge_id: int | None = None


@transaction.atomic
def merge(
    *,
    survivor: int,
    merged: int,
    cause: Cause,
    words: str = "",
    by: int | None = None,
    request_id: str | UUID | None = None,
) -> Merged:
    """Join the resident ``merged`` with ``survivor``, at once and whole, or say why not.

    Everything that is the merged resident's becomes the survivor's; their choices stay where they
    were said and count for both. Whoever has either record open sees nothing of it after the
    commit.

    :param by: the membership of who decided; ``None`` for the system's own doing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from identity.merge(%s, %s, %s, %s, %s, %s::uuid)",
            [survivor, merged, cause, words, by, request_id],
        )
        outcome, merge_id = cursor.fetchone()
    return Merged(MergeOutcome(outcome), merge_id)


@transaction.atomic
def unmerge(
    merge_id: int, *, words: str, by: int | None = None, request_id: str | UUID | None = None
) -> UnmergeOutcome:
    """Undo a merge: every row that it changed is as it was, unless changed by something since."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select identity.unmerge(%s, %s, %s, %s::uuid)", [merge_id, words, by, request_id]
        )
        (outcome,) = cursor.fetchone()
    return UnmergeOutcome(outcome)


def survivor_of(resident_id: int) -> int:
    """Whose record holds what was this resident's: themselves, unless they were merged."""
    with connection.cursor() as cursor:
        cursor.execute("select identity.survivor_of(%s)", [resident_id])
        (survivor,) = cursor.fetchone()
    return int(survivor)


def same_person(resident_id: int) -> list[int]:
    """Every resident who is one person with this one, themselves among them.

    For whatever asks about a resident's past: audit events, openings and choices are not moved.
    """
    with connection.cursor() as cursor:
        cursor.execute("select identity.same_person(%s)", [resident_id])
        return sorted(row[0] for row in cursor.fetchall())


def are_separated(one: int, other: int) -> bool:
    """Whether two residents are never to be proposed, linked or shown together.

    Every proposer asks this; triggers refuse whoever forgets.
    """
    with connection.cursor() as cursor:
        cursor.execute("select identity.separated(%s, %s)", [one, other])
        (answer,) = cursor.fetchone()
    return bool(answer)


@transaction.atomic
def separate(
    *, former: int, current: int, why: WhySeparated, by: int | None = None
) -> SeparatedPair:
    """Keep two records apart for ever: after an adoption, a change of gender, or for protection.

    What proposed one for the other proposes nobody any more. Doing it again changes nothing.

    :raises django.db.IntegrityError: if the two are joined; undo the merge first.
    """
    held = SeparatedPair.objects.filter(
        former__in=[former, current], current__in=[former, current]
    ).first()
    if held is not None:
        return held
    pair = SeparatedPair.objects.create(former_id=former, current_id=current, why=why, by_id=by)
    with connection.cursor() as cursor:
        cursor.execute(
            "select identity.record_event('residents-separated', %s, %s, %s, %s, null, '{}')",
            [why, by, current, [former, current]],
        )
    return pair
