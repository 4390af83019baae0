"""What a source's record has no more: how much it is, and its retirement.

Retired entries stay as tombstones with the time of what has them no more, so that an older delivery
cannot bring them back; a newer one can. Everything here runs as the pipeline's login.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from access import actions as access
from identity.models import SourcePerson


@dataclass(frozen=True, slots=True)
class Retirement:
    """How many entries a feed has that are looked at, and how many of them would be retired."""

    held: int
    absent: int


@dataclass(frozen=True, slots=True)
class Whole:
    """What an extract of everybody covers.

    One kind of entry of a feed; of those whose persons are not ``but_of``; and of what had ended
    before ``since`` nothing. What is newer than ``taken`` stays; of one time, what was brought by a
    later batch than ``brought_by``.
    """

    source_id: int
    feed_id: int
    brought_by: int
    kind: str
    taken: datetime
    since: datetime | None
    but_of: tuple[int, ...] = ()


_SET = """
    update records_entry as held
    set status = 'retired', fingerprint = '', version = %(taken)s, feed_id = %(feed)s,
        batch_id = %(batch)s, received = now()
"""
_COUNT = "select count(*), count(*) filter (where {absent}) from records_entry as held"

# Of one time, what was given in later counts.
_NOT_NEWER = """
    (held.version is null or held.version < %(taken)s
     or (held.version = %(taken)s and held.batch_id <= %(batch)s))
"""
_OF_PERSON = """
    held.resident_id = %(resident)s and held.source_person_id = %(person)s
    and held.source_id = %(source)s and held.feed_id = %(feed)s and held.status <> 'retired'
"""
_NOT_IN_SNAPSHOT = """
    held.identifier <> all (%(present)s)
"""

# What goes on has no end yet and is still covered; all else without an end is as old as it is.
_OF_EXTRACT = """
    held.source_id = %(source)s and held.feed_id = %(feed)s and held.kind = %(kind)s
    and held.status <> 'retired' and held.source_person_id <> all (%(but_of)s)
    and (%(since)s::timestamptz is null or held.ends >= %(since)s
         or (held.ends is null and (held.status = 'current' or held.effective >= %(since)s)))
"""
_NOT_IN_EXTRACT = """
    not exists (select from staged_present as sent where sent.identifier = held.identifier)
"""


def is_covered(
    *, since: datetime | None, ends: datetime | None, effective: datetime | None, is_current: bool
) -> bool:
    """Whether an extract that goes back to ``since`` covers an entry, as the database asks it."""
    if since is None:
        return True
    if ends is not None:
        return ends >= since
    return is_current or (effective is not None and effective >= since)


# ── One person's snapshot ───────────────────────────────────────────────────────────────────


def would_retire(
    person: SourcePerson, *, present: Sequence[str], taken: datetime, feed_id: int, batch_id: int
) -> Retirement:
    """What a snapshot of all that a feed has of a source person would retire."""
    return _count(
        _COUNT.format(absent=f"{_NOT_IN_SNAPSHOT} and {_NOT_NEWER}") + " where " + _OF_PERSON,
        _of_person(person, present, taken, feed_id, batch_id),
    )


def retire_absent(
    person: SourcePerson,
    *,
    present: Sequence[str],
    taken: datetime,
    feed_id: int,
    batch_id: int,
) -> list[str]:
    """Retire what a feed no longer has of a source person, by a snapshot of all that it has.

    Runs inside the transaction that is open.

    :param present: the identifiers of everything in the snapshot, what was held included.
    :param taken: when the snapshot was taken; what is newer than it stays.
    :returns: the kind of each entry that was retired.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_SET} where {_OF_PERSON} and {_NOT_IN_SNAPSHOT} and {_NOT_NEWER} returning kind",
            _of_person(person, present, taken, feed_id, batch_id),
        )
        kinds = [kind for (kind,) in cursor.fetchall()]
    if kinds:
        access.relationships_are_due([person.resident_id])
    return kinds


def _of_person(
    person: SourcePerson, present: Sequence[str], taken: datetime, feed_id: int, batch_id: int
) -> dict[str, Any]:
    return {
        "resident": person.resident_id,
        "person": person.pk,
        "source": person.source_id,
        "present": list(present),
        "taken": taken,
        "feed": feed_id,
        "batch": batch_id,
    }


# ── An extract of everybody ─────────────────────────────────────────────────────────────────


def begin_present() -> None:
    """Begin to note what an extract has, on this connection alone."""
    with connection.cursor() as cursor:
        cursor.execute("create temporary table if not exists staged_present (identifier text)")
        cursor.execute("truncate staged_present")


def note_present(identifiers: Iterable[str]) -> None:
    """Note that an extract has entries. So many as it has: they lie outside this process."""
    with connection.cursor() as cursor, cursor.copy("copy staged_present from stdin") as copy:
        for identifier in identifiers:
            copy.write_row([identifier])


def would_retire_of(whole: Whole) -> Retirement:
    """What an extract would retire, by what was noted as present."""
    return _count(
        _COUNT.format(absent=f"{_NOT_IN_EXTRACT} and {_NOT_NEWER}") + " where " + _OF_EXTRACT,
        _of_extract(whole),
    )


def retire_absent_of(whole: Whole) -> int:
    """Retire what an extract no longer has, by what was noted as present; how many entries.

    Runs inside the transaction that is open.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_SET} where {_OF_EXTRACT} and {_NOT_IN_EXTRACT} and {_NOT_NEWER} "
            "returning resident_id",
            _of_extract(whole),
        )
        residents = [resident for (resident,) in cursor.fetchall()]
    if residents:
        access.relationships_are_due(residents)
    return len(residents)


def _of_extract(whole: Whole) -> dict[str, Any]:
    return {
        "source": whole.source_id,
        "feed": whole.feed_id,
        "batch": whole.brought_by,
        "kind": whole.kind,
        "taken": whole.taken,
        "since": whole.since,
        "but_of": list(whole.but_of),
    }


def _count(statement: str, values: dict[str, Any]) -> Retirement:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        held, absent = cursor.fetchone()
    return Retirement(held, absent)
