"""All that is held of one person, whatever they chose about sharing: read by the worker alone.

A choice keeps what is held from others and never from the person. The worker's login is not held by
row security; nothing here is asked by a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from consent.models import Choice
from identity.models import Resident, ResidentNhsNumber, ResidentPlace
from subject_access.parts import PartKey

_AT_ONCE = 200
_COLUMNS = (
    "public_id", "category", "sensitive", "certain", "status", "effective", "ends", "recorded",
    "display", "detail", "code_system", "code", "value", "value_text", "unit", "range_text",
    "interpretation", "author", "author_role", "place", "negation", "notes", "identifier",
    "resource",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeldEntry:
    """One entry as it is held, with the resource that it came as, if it came as one."""

    public_id: str
    category: int
    sensitive: bool
    certain: bool
    status: str
    effective: datetime | None
    ends: datetime | None
    recorded: datetime | None
    display: str
    detail: str
    code_system: str
    code: str
    value: str | None
    value_text: str
    unit: str
    range_text: str
    interpretation: str
    author: str
    author_role: str
    place: str
    negation: bool
    notes: list[str]
    identifier: str
    resource: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChoiceHeld:
    """One choice that the person, or somebody for them, has made."""

    reference: str
    kind: str
    council: str
    answer: str
    since: datetime
    decided_by: str
    channel: str


@dataclass(frozen=True, slots=True)
class PersonHeld:
    """Who the person is here; their own place is theirs, protected or not."""

    public_id: str
    family_name: str
    given_names: str
    birth_date: date | None
    sex: str
    numbers: tuple[str, ...]
    address: tuple[str, ...]
    postcode: str
    phone: str


def same_person(resident: int) -> list[int]:
    """Everyone who is the same person, the record that they are kept in first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id from identity.same_person(identity.survivor_of(%s)) as id"
            " order by id <> identity.survivor_of(%s), id",
            [resident, resident],
        )
        return [number for (number,) in cursor.fetchall()]


def counted(people: Sequence[int]) -> dict[PartKey, int]:
    """How many entries of each part there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select e.source_id, e.category, e.sensitive, p.link = 'linked', count(*)"
            " from records_entry e join identity_sourceperson p on p.id = e.source_person_id"
            " where e.resident_id = any (%s) group by 1, 2, 3, 4",
            [list(people)],
        )
        return {PartKey(*key): number for *key, number in cursor.fetchall()}


def entries(people: Sequence[int], source: int) -> Iterator[list[HeldEntry]]:
    """The entries of one source, by category and the latest first, some at a time."""
    names = ", ".join("p.link = 'linked'" if c == "certain" else f"e.{c}" for c in _COLUMNS)
    names = names.replace("e.public_id", "e.public_id::text").replace("e.value,", "e.value::text,")
    names = names.replace("e.resource", "e.resource::text")
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(
            f"select {names}"  # noqa: S608 - this module's own column names
            " from records_entry e join identity_sourceperson p on p.id = e.source_person_id"
            " where e.resident_id = any (%s) and e.source_id = %s"
            " order by e.category, e.effective desc nulls last, e.id",
            [list(people), source],
        )
        while rows := cursor.fetchmany(_AT_ONCE):
            yield [_entry(row) for row in rows]


def _entry(row: Sequence[Any]) -> HeldEntry:
    columns = list(row)
    columns[-1] = msgspec.json.decode(columns[-1] or "{}")
    return HeldEntry(*columns)


def person(people: Sequence[int]) -> PersonHeld:
    """Who they are, of the record that they are kept in, with every number they ever had.

    :raises Resident.DoesNotExist: if there is no such resident.
    """
    kept = Resident.objects.get(pk=people[0])
    place = ResidentPlace.objects.filter(pk=kept.pk).first()
    numbers = ResidentNhsNumber.objects.filter(resident__in=people).order_by("pk")
    return PersonHeld(
        public_id=str(kept.public_id),
        family_name=kept.family_name,
        given_names=kept.given_names,
        birth_date=kept.birth_date,
        sex=kept.sex,
        numbers=tuple(dict.fromkeys(numbers.values_list("number", flat=True))),
        address=tuple(place.address_lines) if place else (),
        postcode=place.postcode if place else "",
        phone=place.phone if place else "",
    )


def choices(people: Sequence[int]) -> list[ChoiceHeld]:
    """Every choice, the earliest first."""
    found = Choice.objects.filter(resident__in=people).select_related("council")
    return [
        ChoiceHeld(
            reference=each.reference,
            kind=each.get_kind_display(),
            council=each.council.name if each.council else "",
            answer=each.get_answer_display(),
            since=each.effective_from,
            decided_by=each.get_decided_by_display() if each.decided_by else "",
            channel=each.get_channel_display(),
        )
        for each in found.order_by("effective_from", "pk")
    ]
