"""Writes of entries, set-based, and the evidence of care that entries carry.

With :mod:`records.selectors` the only module that touches the entry model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from access import actions as access
from access.relationships import Derived, Evidence, derive
from identity.models import LinkState, Resident, SourcePerson
from organisations.categories import Category
from organisations.models import Organisation, OrganisationKind
from records.evidence import EvidenceRow, Registry, with_registration
from records.models import Entry
from records.statuses import EntryStatus


class EntrySent(Protocol):
    """An entry as a format mapped it; ``feeds.mapped.MappedEntry`` is one."""

    @property
    def identifier(self) -> str: ...
    @property
    def category(self) -> Category: ...
    @property
    def kind(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def display(self) -> str: ...
    @property
    def resource(self) -> bytes: ...
    @property
    def version(self) -> datetime | None: ...
    @property
    def effective(self) -> datetime | None: ...
    @property
    def effective_precision(self) -> str | None: ...
    @property
    def ends(self) -> datetime | None: ...
    @property
    def recorded(self) -> datetime | None: ...
    @property
    def code_system(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def source_status(self) -> str: ...
    @property
    def value(self) -> Decimal | None: ...
    @property
    def value_text(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def range_low(self) -> Decimal | None: ...
    @property
    def range_high(self) -> Decimal | None: ...
    @property
    def range_text(self) -> str: ...
    @property
    def interpretation(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def author_role(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def contact_class(self) -> str | None: ...
    @property
    def team_code(self) -> str | None: ...
    @property
    def recipient_code(self) -> str: ...
    @property
    def recipient_team(self) -> str: ...
    @property
    def negation(self) -> bool: ...
    @property
    def sensitive(self) -> bool: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry sent, and whose it is. ``position`` is the item's in its delivery."""

    position: int
    entry: EntrySent
    source_person_id: int
    resident_id: int


#: The columns that a delivery brings, in the order in which they are copied.
_SENT = (
    "category", "kind", "status", "display", "version", "effective", "effective_precision",
    "ends", "recorded", "code_system", "code", "detail", "source_status", "value", "value_text",
    "unit", "range_low", "range_high", "range_text", "interpretation", "author", "author_role",
    "place", "phone", "contact_class", "team_code", "recipient_code", "recipient_team",
    "negation", "sensitive", "notes",
)  # fmt: skip
_COPIED = (
    "position", "resident_id", "source_person_id", "identifier", "fingerprint", *_SENT, "resource"
)  # fmt: skip
_UPDATED = ("resident_id", "source_person_id", "fingerprint", *_SENT, "resource")
#: Absent words are empty text, not NULL.
_TEXT_IF_ABSENT = frozenset({"effective_precision", "contact_class", "team_code"})
_TYPES = {
    "position": "integer",
    "resident_id": "bigint",
    "source_person_id": "bigint",
    "identifier": "text",
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
    ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _COPIED)
)
_COPY = f"copy staged_entry ({', '.join(_COPIED)}) from stdin"
# Of two versions of one time, or of no time, the one that was given in later counts, whenever it is
# loaded; of what is made of everything told so far, the one that was made later. A later version in
# the same delivery replaces an earlier one; of two alike the last one sent.
_MERGE = f"""
    merge into records_entry as held
    using (
        select distinct on (identifier) * from staged_entry
        order by identifier, version desc nulls last, position desc
    ) as sent
    on held.source_id = %(source)s and held.identifier = sent.identifier
    when matched and held.fingerprint <> sent.fingerprint
         and (sent.version > held.version
              or (sent.version = held.version) is not false
              and (held.batch_id <= %(batch)s or %(made_of_all)s))
    then update set {", ".join(f"{name} = sent.{name}" for name in _UPDATED)},
        feed_id = %(feed)s, batch_id = %(batch)s, received = now()
    when not matched then insert
        (source_id, feed_id, batch_id, identifier, {", ".join(_UPDATED)})
    values
        (%(source)s, %(feed)s, %(batch)s, sent.identifier,
         {", ".join(f"sent.{name}" for name in _UPDATED)})
    returning sent.position, held.resident_id
"""  # noqa: S608 - column names are constants of this module


def merge_entries(
    arrivals: Sequence[Arrival],
    *,
    source: Organisation,
    feed_id: int,
    batch_id: int,
    made_of_all: bool = False,
) -> set[int]:
    """Compare entries with what is held and write what is new or newer, in two statements.

    An older version never overwrites a newer one, whatever arrives first; the same again changes
    nothing. Runs inside the transaction that is open, as the pipeline's login.

    :param batch_id: the batch that brought them first.
    :param made_of_all: they are made of everything that was told so far, in whatever order.
    :returns: the positions of the items that changed something.
    :raises django.db.DataError: if PostgreSQL refuses a value; nothing was written then.
    """
    if not arrivals:
        return set()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.execute("delete from staged_entry")
        with connection.wrap_database_errors, cursor.copy(_COPY) as copy:
            for arrival in arrivals:
                copy.write_row(_row(arrival))
        cursor.execute(
            _MERGE,
            {
                "source": source.pk,
                "feed": feed_id,
                "batch": batch_id,
                "made_of_all": made_of_all,
            },
        )
        written = cursor.fetchall()
    access.relationships_are_due([resident for _, resident in written])
    return {position for position, _ in written}


def _row(arrival: Arrival) -> tuple[Any, ...]:
    entry = arrival.entry
    sent = tuple(
        "" if value is None and name in _TEXT_IF_ABSENT else value
        for name, value in ((name, _plain(getattr(entry, name))) for name in _SENT)
    )
    digest = hashlib.sha256(entry.resource)
    digest.update(repr((sent[:4], sent[5:])).encode())
    return (
        arrival.position,
        arrival.resident_id,
        arrival.source_person_id,
        entry.identifier,
        digest.digest(),
        *sent,
        entry.resource.decode(),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Category):
        return int(value)
    return str(value) if isinstance(value, str) else value


# ── Care relationships ──────────────────────────────────────────────────────────────────────


def renew_due_relationships(*, limit: int = 200) -> int:
    """Derive the relationships of up to ``limit`` residents that are due; how many were done.

    One short transaction; safe to run by several workers, and to be killed at any moment.
    """
    with transaction.atomic():
        residents = access.residents_due(limit)
        if residents:
            access.renew_relationships(_derive(residents))
    return len(residents)


_EVIDENCE_CATEGORIES = (
    Category.APPOINTMENTS,
    Category.CONTACTS,
    Category.SOCIAL_CARE_SERVICES,
    Category.PEOPLE_INVOLVED,
)


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
    entries = Entry.objects.filter(
        resident_id__in=residents,
        category__in=_EVIDENCE_CATEGORIES,
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
