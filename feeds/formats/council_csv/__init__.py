"""A council's CSV: Client Level Data of both releases, and the person extract beside it.

``read`` is the whole interface. Client Level Data names nobody: its rows are held until the person
extract brings their people, in the same delivery or another. One file may be both. Each row is one
item; it stands or is held by itself. Where the mapping file says that files are full extracts, each
ends with what it has all of.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from feeds.formats.council_csv.cells import Cells
from feeds.formats.council_csv.columns import (
    CASE,
    EVENT_TYPE,
    FAMILY_NAME,
    named_twice,
)
from feeds.formats.council_csv.mapping import ColumnMapping, read_mapping
from feeds.formats.council_csv.resources import (
    NotAnEvent,
    Resource,
    detail_of,
    event_of,
    patient_of,
    person_id,
    worker_of,
)
from feeds.formats.council_csv.rows import NoTable, Row, read_table
from feeds.formats.council_csv.sharing import NoAnswer, sharing_answer
from feeds.formats.fhir_r4.dates import read_when
from feeds.formats.fhir_r4.delivery import Delivery
from feeds.formats.fhir_r4.resource import Part, items_of
from feeds.formats.fhir_r4.stream import Stream
from feeds.formats.fhir_r4.words import sentences
from feeds.formats.other_forms import form_of
from feeds.formats.reader import Reader
from feeds.mapped import (
    Held,
    Item,
    Mapped,
    MappedEntry,
    PassedOver,
    SharingAnswer,
    WholeExtract,
)

#: Blanks, and what old systems end a file with.
_NOTHING = " \t\r\n\x1a"
_KINDS = frozenset({"request", "assessment", "service", "review"})
_EVENT_KINDS = ("EpisodeOfCare", "ClinicalImpression")
_PERSON_KINDS = ("CareTeam",)


def read(
    content: BinaryIO,
    *,
    name: str,
    source_kind: str = "",
    sensitive_codes: frozenset[str] = frozenset(),
) -> Iterator[Item]:
    """Read one file of any length and give each of its rows.

    Columns are found by name, in any order; those that are not known are not read. Never raises
    for what a file contains.
    """
    del name
    yield from _read(content, ColumnMapping(), Delivery(source_kind, sensitive_codes))


def read_mapped(mapping: str) -> Reader:
    """A reader of a council's own extract, as its mapping file says.

    :raises MappingFault: if it is none.
    """
    said = read_mapping(mapping)

    def read_so(
        content: BinaryIO,
        *,
        name: str,
        source_kind: str = "",
        sensitive_codes: frozenset[str] = frozenset(),
    ) -> Iterator[Item]:
        del name
        yield from _read(content, said, Delivery(source_kind, sensitive_codes))

    return read_so


def lowest_match(mapping: str) -> float:
    """The share of rows that must be able to load, as the mapping file (or none) says."""
    return read_mapping(mapping).lowest_match


def highest_retired(mapping: str) -> float | None:
    """The share that a full extract may retire by itself, where the mapping file says one."""
    return read_mapping(mapping).highest_retired


def _read(content: BinaryIO, mapping: ColumnMapping, delivery: Delivery) -> Iterator[Item]:
    table = read_table(Stream(content))
    if isinstance(table, NoTable):
        yield Item("file", "", "", Held(table.reason), raw=table.raw)
        return
    columns = mapping.columns_of(table.header.cells)
    why_not = _why_no_extract(columns)
    if why_not and not any(columns):
        why_not = form_of(table.header.raw) or why_not
    if why_not:
        yield Item(table.header.pointer, "", "", Held(why_not), raw=table.header.raw)
        return
    reader = _Reader(table.header, columns, mapping, delivery)
    for row in table.rows:
        yield reader.item(row)
    if mapping.full:
        for whole in reader.whole():
            yield Item("file", "Extract", "", whole, is_wrapper=True)


def _why_no_extract(columns: list[str | None]) -> str:
    if twice := named_twice(columns):
        return f"two columns are {twice}: send one of them"
    if CASE not in columns:
        return f"no column is {CASE}, the council's own number of the person"
    if FAMILY_NAME not in columns and EVENT_TYPE not in columns:
        return (
            f"neither the person extract (a column {FAMILY_NAME}) nor Client Level Data "
            f"(a column {EVENT_TYPE})"
        )
    return ""


@dataclass(slots=True)
class _Reader:
    """Reads the rows of one file, and remembers when it was taken."""

    header: Row
    columns: list[str | None]
    mapping: ColumnMapping
    delivery: Delivery
    _dates: dict[str, datetime] = field(default_factory=dict)

    def whole(self) -> Iterator[WholeExtract]:
        """What a full extract has all of, now that it is read to its end."""
        if FAMILY_NAME in self.columns:
            yield WholeExtract(_PERSON_KINDS, self._dates.get("extracted"))
        if EVENT_TYPE in self.columns:
            taken, since = self._dates.get("reported"), self._dates.get("since")
            yield WholeExtract(_EVENT_KINDS, taken, since)

    def item(self, row: Row) -> Item:
        """What a row became."""
        kind = "Person" if FAMILY_NAME in self.columns else "Event"
        raw = self.header.raw + b"\n" + row.raw
        if row.fault:
            return Item(row.pointer, "", "", Held(row.fault), raw=raw)
        if not any(cell.strip(_NOTHING) for cell in row.cells):
            return Item(row.pointer, "", "", PassedOver("an empty row"))
        extra = row.cells[len(self.columns) :]
        if len(row.cells) < len(self.columns) or any(cell.strip() for cell in extra):
            has = "1 cell" if len(row.cells) == 1 else f"{len(row.cells)} cells"
            fault = f"{has}, and the file has {len(self.columns)} columns"
            return Item(row.pointer, kind, "", Held(fault), raw=raw)
        said = {
            column: self.mapping.value_of(column, cell)
            for column, cell in zip(self.columns, row.cells, strict=False)
            if column is not None
        }
        cells = Cells(said)
        if (event := cells.text(EVENT_TYPE)) and kind != "Person":
            kind = event.capitalize() if event.casefold() in _KINDS else kind
        case = cells.number(CASE)
        whose = person_id(case) if case else ""
        return Item(row.pointer, kind, whose, self._outcome(case, cells), raw=raw)

    def _outcome(self, case: str, cells: Cells) -> Mapped | Held:
        if not case:
            return Held(f"{CASE}: missing, or changed by Excel")
        resources: list[Resource] = []
        sharing: SharingAnswer | None = None
        if FAMILY_NAME in self.columns:
            if not cells.text(FAMILY_NAME):
                return Held(f"{FAMILY_NAME}: missing")
            try:
                sharing = sharing_answer(cells)
            except NoAnswer as error:
                return Held(str(error))
            resources.append(patient_of(case, cells))
            if worker := worker_of(case, cells):
                resources.append(worker)
        if cells.text(EVENT_TYPE) or FAMILY_NAME not in self.columns:
            try:
                resources.append(event_of(case, cells))
            except NotAnEvent as error:
                return Held(str(error))
        return self._mapped(resources, sharing, cells)

    def _mapped(
        self, resources: list[Resource], sharing: SharingAnswer | None, cells: Cells
    ) -> Mapped | Held:
        """The resources of one row, mapped as those of FHIR are."""
        details, extracted = detail_of(cells), _instant(cells.day("Extract_Date"))
        reported = _instant(cells.day("Reporting_Period_End_Date")) or extracted
        since = _instant(cells.day("Reporting_Period_Start_Date"))
        self._note_dates(extracted, reported, since)
        notes = tuple(dict.fromkeys(cells.notes))
        person, entries = None, list[MappedEntry]()
        parts = [Part("row", raw=msgspec.json.encode(one), notes=notes) for one in resources]
        for item in items_of(parts, self.delivery):
            if isinstance(item.outcome, Held):
                return item.outcome
            if not isinstance(item.outcome, Mapped):
                continue
            if item.outcome.person is not None:
                person = dataclasses.replace(
                    item.outcome.person,
                    version=extracted,
                    sharing=sharing,
                    notes=(*item.outcome.person.notes, *notes),
                )
            for entry in item.outcome.entries:
                if entry.kind in _EVENT_KINDS:
                    words = sentences(entry.detail, *details)
                    entries.append(replace(entry, detail=words, version=reported))
                else:
                    entries.append(replace(entry, version=extracted))
        return Mapped(person=person, entries=tuple(entries))

    def _note_dates(
        self, extracted: datetime | None, reported: datetime | None, since: datetime | None
    ) -> None:
        """A file was taken on the latest day that its rows say, and goes back to the first."""
        for name, day, first in (
            ("extracted", extracted, max),
            ("reported", reported, max),
            ("since", since, min),
        ):
            if day is not None:
                self._dates[name] = first(self._dates.get(name, day), day)


def _instant(day: date | None) -> datetime | None:
    """The version of what was true at the end of a day: its midnight in London."""
    when = read_when(day.isoformat()) if day else None
    return when.instant if when else None
