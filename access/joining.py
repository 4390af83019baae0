"""Joining two residents by a records officer's decision, and taking a joined record apart again.

Everything goes through functions of the gate (``access/sql/0014_resolving.sql`` and ``0031``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from access.acting import Acting
from access.identity_calls import answer, ask, moment
from access.kept_facts import numbers
from access.sides import Side, an_officer, kept_back, side_of
from identity.merges import Cause
from identity.protected import Redaction, kind_of_organisation, kind_of_worker, of_protected
from organisations.categories import Category


@of_protected(
    keep=("kind", "role", "first", "last", "pages", "parts"),
    staff=lambda saw, _: kind_of_worker(saw.role),
    organisation=lambda saw, _: kind_of_organisation(saw.kind),
)
@dataclass(frozen=True, slots=True)
class Saw:
    """Somebody who opened the joined record while it was joined, and what that let them see."""

    staff: str
    organisation: str
    kind: str
    role: str
    first: datetime
    last: datetime
    pages: int
    parts: tuple[Category, ...]


@of_protected(
    keep=(
        "id",
        "cause",
        "at",
        "undone_at",
        "survivor",
        "merged",
        "later",
        "moved",
        "choices_since",
        "declared_since",
        "seen",
    ),
    words=lambda merge, _: kept_back(merge.words),
    by=lambda merge, _: an_officer(merge.by),
    undone_by=lambda merge, _: an_officer(merge.undone_by),
    undone_words=lambda merge, _: kept_back(merge.undone_words),
)
@dataclass(frozen=True, slots=True)
class MergeInFull:
    """A merge with what hangs on it. ``later`` is a merge that stands on this one's result."""

    id: UUID
    cause: Cause
    words: str
    at: datetime
    by: str
    undone_at: datetime | None
    undone_by: str
    undone_words: str
    survivor: Side
    merged: Side
    later: UUID | None
    moved: Mapping[str, int]
    choices_since: int
    declared_since: int
    seen: tuple[Saw, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of joining: ``identity.merging.MergeOutcome`` has the outcomes."""

    outcome: str
    merge: UUID | None


def join(
    acting: Acting, *, survivor: UUID, merged: UUID, cause: Cause, words: str, request_id: str
) -> Joined:
    """Join two residents by this officer's decision."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.join_residents(%s, %s, %s, %s, %s, %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                survivor,
                merged,
                cause,
                words,
                request_id,
            ],
        )
        outcome, made = cursor.fetchone()
    return Joined(outcome, made)


def merge_in_full(acting: Acting, merge: UUID, *, request_id: str) -> MergeInFull | None:
    """A merge with who saw the joined record; ``None`` where it is not to be known of."""
    raw = ask("select access.read_merge(%s, %s, %s, %s::uuid)::text", acting, merge, request_id)
    if raw is None:
        return None
    survivor, merged = side_of(raw["survivor"]), side_of(raw["merged"])
    shown = Redaction(protected=survivor.protected or merged.protected)
    found = MergeInFull(
        id=UUID(raw["id"]),
        cause=Cause(raw["cause"]),
        words=raw["words"],
        at=datetime.fromisoformat(raw["at"]),
        by=raw["by"],
        undone_at=moment(raw["undone_at"]),
        undone_by=raw["undone_by"],
        undone_words=raw["undone_words"],
        survivor=survivor,
        merged=merged,
        later=UUID(raw["later"]) if raw["later"] else None,
        moved=raw["moved"],
        choices_since=raw["choices_since"],
        declared_since=raw["declared_since"],
        seen=tuple(
            shown.of(
                Saw(
                    staff=one["staff"],
                    organisation=one["organisation"],
                    kind=one["kind"] or "",
                    role=one["role"],
                    first=datetime.fromisoformat(one["first"]),
                    last=datetime.fromisoformat(one["last"]),
                    pages=one["pages"],
                    parts=_parts(one["granted"]),
                )
            )
            for one in raw["seen"]
        ),
    )
    return shown.of(found)


def take_apart(acting: Acting, merge: UUID, *, words: str, request_id: str) -> str:
    """Undo a merge: ``identity.merging.UnmergeOutcome`` has the outcomes."""
    return answer(
        "select access.take_apart(%s, %s, %s, %s, %s::uuid)", acting, merge, words, request_id
    )


def now_known_as(acting: Acting, resident: UUID) -> UUID | None:
    """Whom a resident was joined with, for a reader who may know of that one; else ``None``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.now_known_as(%s, %s, %s)",
            [acting.staff_id, acting.membership_id, resident],
        )
        (now,) = cursor.fetchone()
    return None if now is None else UUID(str(now))


def _parts(granted: Iterable[Mapping[str, str] | None]) -> tuple[Category, ...]:
    """The categories that openings granted, of any source (``access.decision``: ``grants``)."""
    kept = {
        number
        for grants in granted
        for sets in grants or ()
        for each in sets.split()
        for number in numbers(int(each))
    }
    return tuple(each for each in Category if each in kept)
