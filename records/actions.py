"""Writes of entries, set-based, and the evidence of care that entries carry.

With :mod:`records.selectors` the only module that touches the entry model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from access import actions as access
from access.relationships import Derived, Evidence, derive, longest_after
from identity.models import LinkState, Resident, SourcePerson
from organisations.categories import Category
from organisations.models import Organisation, OrganisationKind
from records.evidence import EvidenceRow, Registry, with_registration
from records.models import Entry
from records.rows import COLUMNS, EntryRow, array_of, uuids
from records.statuses import EntryStatus

#: The categories whose entries say who cares for somebody.
_TELLS_OF_CARE = frozenset(
    {
        Category.APPOINTMENTS,
        Category.CONTACTS,
        Category.SOCIAL_CARE_SERVICES,
        Category.PEOPLE_INVOLVED,
    }
)


#: Kinds of entry that tell nothing any more once they have been over for long: most of a record.
_CONTACTS = ("Encounter", "Appointment")


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """An entry sent, and whose it is. ``position`` is the item's in its delivery."""

    position: int
    row: EntryRow
    source_person_id: int
    resident_id: int


#: What an entry's row does not say of itself, in the order in which it is put before it.
_OURS = ("public_id", "resident_id", "source_person_id", "source_id", "feed_id", "batch_id")
_COPY = f"copy records_entry ({', '.join((*_OURS, *COLUMNS))}) from stdin"

_STAGED = ("position", "resident_id", "source_person_id", *COLUMNS)
_TYPES = {
    "position": "integer",
    "resident_id": "bigint",
    "source_person_id": "bigint",
    "fingerprint": "bytea",
    "category": "smallint",
    "version": "timestamptz",
    "effective": "timestamptz",
    "ends": "timestamptz",
    "recorded": "timestamptz",
    "value": "numeric",
    "range_low": "numeric",
    "range_high": "numeric",
    "negation": "boolean",
    "sensitive": "boolean",
    "notes": "text[]",
    "resource": "jsonb",
}
_STAGE = "create temporary table if not exists staged_entry ({}) on commit delete rows".format(
    ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _STAGED)
)
_COPY_STAGED = f"copy staged_entry ({', '.join(_STAGED)}) from stdin"
_CHANGED = [name for name in _STAGED if name not in {"position", "identifier"}]

# Each by itself: for a list PostgreSQL may go through all that the source has.
_HELD = """
    select sent.identifier, held.* from unnest(%s::text[]) as sent (identifier)
    cross join lateral (
        select fingerprint, version, resident_id, category, batch_id from records_entry
        where source_id = %s and identifier = sent.identifier
        offset 0
    ) as held
"""
# Compared once more with the row as it is now: a merge may have moved it meanwhile. Of two versions
# of one time, or of no time, the one that was given in later counts, whenever it is loaded; of what
# is made of everything told so far, the one that was made later.
_RENEW = f"""
    update records_entry as held
    set {", ".join(f"{name} = sent.{name}" for name in _CHANGED)},
        feed_id = %(feed)s, batch_id = %(batch)s, received = now()
    from staged_entry as sent
    where held.source_id = %(source)s and held.identifier = sent.identifier
      and held.fingerprint <> sent.fingerprint
      and (sent.version > held.version
           or (sent.version = held.version) is not false
           and (held.batch_id <= %(batch)s or %(made_of_all)s))
    returning sent.position
"""  # noqa: S608 - column names are constants of this module
_LINES_AT_ONCE = 50
# Each row's foreign key is looked up by a plan that the connection keeps. Made while there are few
# people and no statistics, it goes through all people of the source for every row; so it is made
# anew for each chunk.
_PLAN_ANEW = "discard plans"
# By the index of (source, identifier), however little PostgreSQL knows yet of a table that is
# being filled: its guess is to read all of it for each chunk.
_PLANS = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
_BY_INDEX, _AS_USUAL = (
    "select " + ", ".join(f"set_config('{plan}', '{state}', true)" for plan in _PLANS)
    for state in ("off", "on")
)


class _Held(NamedTuple):
    """An entry as it is held, as far as another version of it is compared with it."""

    fingerprint: bytes
    version: datetime | None
    resident_id: int
    category: int
    batch_id: int

    def gives_way_to(self, row: EntryRow, batch_id: int, *, made_of_all: bool) -> bool:
        """Whether a row of a batch says something else, and counts before this one."""
        if self.fingerprint == row.fingerprint:
            return False
        if self.version is None or row.version is None or self.version == row.version:
            return made_of_all or self.batch_id <= batch_id
        return row.version > self.version


def merge_entries(
    arrivals: Sequence[Arrival],
    *,
    source: Organisation,
    feed_id: int,
    batch_id: int,
    made_of_all: bool = False,
) -> set[int]:
    """Compare entries with what is held, and write what is new or newer.

    What is held is asked for in one statement; what is new is copied into the table as it is, and
    what is newer is staged and written by one update (docs/adr/0027). An older version never
    overwrites a newer one, whatever arrives first; the same again changes nothing. Runs inside the
    transaction that is open, in the source's turn, as the pipeline's login.

    :param batch_id: the batch that brought them first.
    :param made_of_all: they are made of everything that was told so far, in whatever order.
    :returns: the positions of the items that changed something.
    :raises django.db.DataError: if PostgreSQL refuses a value; nothing was written then.
    """
    if not arrivals:
        return set()
    latest = _latest(arrivals)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HELD, [array_of(latest), source.pk])
        held = {found[0]: _Held(bytes(found[1]), *found[2:]) for found in cursor.fetchall()}
        new = [each for identifier, each in latest.items() if identifier not in held]
        newer = [
            latest[identifier]
            for identifier, before in held.items()
            if before.gives_way_to(latest[identifier].row, batch_id, made_of_all=made_of_all)
        ]
        written = {arrival.position for arrival in new}
        if new:
            cursor.execute(_PLAN_ANEW)
            _copy(cursor, _COPY, _new_lines(new, source.pk, feed_id, batch_id))
        if newer:
            cursor.execute(_STAGE)
            cursor.execute("delete from staged_entry")
            _copy(cursor, _COPY_STAGED, _staged_lines(newer))
            cursor.execute(_BY_INDEX)
            cursor.execute(
                _RENEW,
                {
                    "source": source.pk,
                    "feed": feed_id,
                    "batch": batch_id,
                    "made_of_all": made_of_all,
                },
            )
            written |= {position for (position,) in cursor.fetchall()}
            cursor.execute(_AS_USUAL)
    due = {each.resident_id for each in (*new, *newer) if each.row.category in _TELLS_OF_CARE}
    due |= {
        resident
        for each in newer
        for before in [held[each.row.identifier]]
        if before.category in _TELLS_OF_CARE
        for resident in (before.resident_id, each.resident_id)
    }
    access.relationships_are_due(sorted(due))
    return written


def _latest(arrivals: Iterable[Arrival]) -> dict[str, Arrival]:
    """Of several versions of one entry the latest; of two alike the last one sent."""
    latest: dict[str, Arrival] = {}
    for arrival in arrivals:
        before = latest.setdefault(arrival.row.identifier, arrival)
        if before is not arrival and _rank(arrival) >= _rank(before):
            latest[arrival.row.identifier] = arrival
    return latest


def _rank(arrival: Arrival) -> tuple[bool, float, int]:
    version = arrival.row.version
    return version is not None, version.timestamp() if version else 0.0, arrival.position


def _copy(cursor: Any, statement: str, lines: Iterable[bytes]) -> None:
    """Copy some lines at a time: PostgreSQL writes the ones while the next are being made."""
    left = iter(lines)
    with connection.wrap_database_errors, cursor.copy(statement) as copy:
        while piece := b"".join(islice(left, _LINES_AT_ONCE)):
            copy.write(piece)


def _new_lines(
    arrivals: Iterable[Arrival], source_id: int, feed_id: int, batch_id: int
) -> Iterator[bytes]:
    ours = b"\t%d\t%d\t%d\t" % (source_id, feed_id, batch_id)
    for arrival, public_id in zip(arrivals, uuids(), strict=False):
        yield b"%b\t%d\t%d%b%b\n" % (
            public_id,
            arrival.resident_id,
            arrival.source_person_id,
            ours,
            arrival.row.text,
        )


def _staged_lines(arrivals: Iterable[Arrival]) -> Iterator[bytes]:
    for arrival in arrivals:
        yield b"%d\t%d\t%d\t%b\n" % (
            arrival.position,
            arrival.resident_id,
            arrival.source_person_id,
            arrival.row.text,
        )


# ── Care relationships ──────────────────────────────────────────────────────────────────────


def renew_due_relationships(*, limit: int = 200, waiting: bool = False) -> int:
    """Derive the relationships of up to ``limit`` residents that are due; how many were done.

    One short transaction; safe to run by several workers, and to be killed at any moment.

    :param waiting: for those that another worker has in hand.
    """
    with transaction.atomic():
        residents = access.residents_due(limit, waiting=waiting)
        if residents:
            access.renew_relationships(_derive(residents))
    return len(residents)


def relationships_renewed() -> Iterator[int]:
    """Derive until no relationship is due that was so at the beginning, by whomever.

    Yields how many residents were done, after each transaction.
    """
    last = access.last_due()
    while access.is_due(last):
        yield renew_due_relationships() or renew_due_relationships(waiting=True)


def _derive(residents: Iterable[int]) -> dict[int, list[Derived]]:
    ids = list(residents)
    now = timezone.now()
    people = {row.pk: row for row in Resident.objects.filter(pk__in=ids)}
    evidence: dict[int, list[Evidence]] = {resident: [] for resident in ids}
    for resident, item in _evidence_of_entries(ids):
        evidence[resident].append(item)
    for resident, item in _registrations(ids):
        evidence[resident] = with_registration(evidence[resident], item)
    return {
        resident: derive(
            items,
            periods=settings.RELATIONSHIP_PERIODS,
            died_on=people[resident].deceased_on if resident in people else None,
            deceased=resident in people and people[resident].deceased,
            heard=people[resident].deceased_since if resident in people else None,
            now=now,
        )
        for resident, items in evidence.items()
    }


def _registrations(residents: list[int]) -> Iterable[tuple[int, Evidence]]:
    persons = SourcePerson.objects.filter(resident_id__in=residents, registered_practice=True)
    for person in persons.exclude(link=LinkState.IN_DOUBT).select_related(
        "source", "resident__place"
    ):
        place = getattr(person.resident, "place", None)
        named = place is not None and place.practice_code == person.source.ods_code
        yield (
            person.resident_id,
            Evidence(
                what="registration" if named else "assumed-registration",
                reference=f"registration {person.pk}",
                organisation=person.source_id,
                organisation_kind=OrganisationKind.GP_PRACTICE,
                begins=person.updated,
                ends=None,
                is_open=True,
            ),
        )


def _evidence_of_entries(residents: list[int]) -> Iterable[tuple[int, Evidence]]:
    registry = Registry.read()
    now = timezone.now()
    since = now - longest_after(settings.RELATIONSHIP_PERIODS)
    still_tells = (
        ~Q(kind__in=_CONTACTS)
        | Q(status=EntryStatus.CURRENT)
        | Q(ends__gt=since)
        | Q(ends=None, effective__gt=since)
    )
    entries = Entry.objects.filter(
        still_tells,
        resident_id__in=residents,
        category__in=_TELLS_OF_CARE,
        status__in=[
            EntryStatus.CURRENT,
            EntryStatus.PAST,
            EntryStatus.PLANNED,
            EntryStatus.UNKNOWN,
        ],
        effective__isnull=False,
        source_person__link__in=[LinkState.LINKED, LinkState.ALONE],
    ).values_list("resident_id", *(field.name for field in fields(EvidenceRow)), named=True)
    for found in entries:
        row = EvidenceRow(*found[1:])
        for item in registry.evidence_of(row, now):
            yield found.resident_id, item
