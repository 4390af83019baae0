"""What a delivery says once it is read: the values between a format and the pipeline.

A format (``feeds/formats/``) turns bytes into items; the pipeline (``feeds/actions.py``) turns
items into source persons and entries. Neither knows the other's business.

All but the person are msgspec structs, because many of them are made, and because they cross from
the process that maps a large delivery to the worker that loads it (:mod:`feeds.ahead`).
``msgspec.structs.replace`` gives a changed one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from organisations.categories import Category
from records.rows import EntryRow
from records.statuses import EntryStatus

__all__ = [
    "EntryStatus",
    "Held",
    "Item",
    "Mapped",
    "MappedEntry",
    "MappedPerson",
    "PassedOver",
    "Precision",
    "ReadyEntry",
    "SharingAnswer",
    "Snapshot",
    "Told",
    "WholeExtract",
]


#: Characters of a person's family name, or of all given names.
LONGEST_NAME = 500


class _Value(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Never changed once it is made."""


class Precision(StrEnum):
    """How much of a date the source gave."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class SharingAnswer:
    """What a resident answered when their council asked whether it may share, and when."""

    agrees: bool
    asked_on: date


@dataclass(frozen=True, slots=True)
class MappedPerson:
    """One source's idea of a person.

    ``identifier`` is the source's own and stable (``Patient/<id>`` in FHIR); ``local_identifiers``
    are the others it gives, as ``system|value``. ``nhs_number`` is as it was sent, not checked.
    ``…_part`` is ``YYYY`` or ``YYYY-MM``, where the source knows no day; ``living`` that it says
    in so many words that the person has not died.
    """

    identifier: str
    version: datetime | None = None
    local_identifiers: tuple[str, ...] = ()
    nhs_number: str | None = None
    nhs_number_status: str | None = None
    title: str = ""
    family_name: str = ""
    given_names: str = ""
    birth_date: date | None = None
    sex: str = "unknown"  # male | female | other | unknown (FHIR administrative gender)
    deceased: bool = False
    deceased_on: date | None = None
    living: bool = False
    birth_date_part: str = ""
    deceased_on_part: str = ""
    address_lines: tuple[str, ...] = ()
    postcode: str = ""
    phone: str = ""
    practice_code: str | None = None
    language: str = ""
    interpreter_needed: bool = False
    confidentiality: str | None = None  # meta.security v3-Confidentiality, as sent
    entered_in_error: bool = False
    sharing: SharingAnswer | None = None
    notes: tuple[str, ...] = ()
    in_passing: bool = False  # named by another system: introduces, and renews nobody

    @property
    def name_is_too_long(self) -> bool:
        """Whether a name is longer than can be found by: no index keeps keys of some kilobytes."""
        return max(len(self.family_name), len(self.given_names)) > LONGEST_NAME


class MappedEntry(_Value, frozen=True):
    """One item of a record, ready to be compared with what is held.

    ``identifier`` is stable at the source (``Observation/<id>``); ``version`` is the source's own
    time for this version of it (``meta.lastUpdated``), never the time of arrival. ``effective``
    is aware, in UTC; a date alone is midnight in London with ``Precision.DAY``.
    """

    identifier: str
    person: str | None
    category: Category
    kind: str
    status: EntryStatus
    display: str
    resource: bytes
    person_nhs_number: str | None = None
    version: datetime | None = None
    effective: datetime | None = None
    effective_precision: Precision | None = None
    ends: datetime | None = None
    recorded: datetime | None = None
    code_system: str = ""
    code: str = ""
    detail: str = ""  # dose, reaction, conclusion, reason: words shown under the display
    source_status: str = ""  # the source's own word for the status
    value: Decimal | None = None
    value_text: str = ""  # what is shown, with comparator and unit
    unit: str = ""
    range_low: Decimal | None = None
    range_high: Decimal | None = None
    range_text: str = ""
    interpretation: str = ""  # H, L, HH, LL, A, N … (HL7 v3 ObservationInterpretation)
    author: str = ""
    author_role: str = ""
    place: str = ""
    phone: str = ""
    contact_class: str | None = None
    team_code: str | None = None
    recipient_code: str = ""  # of a referral: the ODS code of the organisation it is sent to
    recipient_team: str = ""  # and that organisation's own code of the team
    negation: bool = False  # "no known allergies": a statement, not an absence of one
    sensitive: bool = False
    notes: tuple[str, ...] = ()


class ReadyEntry(_Value, frozen=True):
    """An entry as the loader takes it: whose it is by what the source says, and its row."""

    person: str | None
    person_nhs_number: str | None
    row: EntryRow


class PassedOver(_Value, frozen=True, tag=True):
    """Read and deliberately not made into anything; the reason is counted."""

    reason: str


class Held(_Value, frozen=True, tag=True):
    """Set aside for a person to look at; the reason names what is wrong and never a value."""

    reason: str


class Told(_Value, frozen=True):
    """What one message tells of something that goes on: a visit, an appointment, a document.

    ``said`` has, by name, for when each thing is told (text that sorts) and what it is (anything
    JSON has). What all messages told makes the entry ``identifier``, in whatever order they came:
    of each thing the latest counts. A list of things makes an entry of each; ``may_be_empty`` says
    that it may make none.
    """

    identifier: str
    person: str
    said: Mapping[str, tuple[str, Any]]
    may_be_empty: bool = False


class Mapped(_Value, frozen=True, tag=True):
    """What one item became: a person, or entries (seldom more than one), or both.

    ``told`` is what becomes entries together with what other items told. ``replaces`` are the
    identifiers of records that the source has joined with this person's. ``ready`` are the entries
    once they are made into rows (:mod:`feeds.ready`): then they are not among ``entries``.
    """

    person: MappedPerson | None = None
    entries: tuple[MappedEntry, ...] = ()
    told: tuple[Told, ...] = ()
    replaces: tuple[str, ...] = ()
    ready: tuple[ReadyEntry, ...] = ()

    def whose(self) -> Iterator[tuple[str | None, str | None]]:
        """Of each entry: its person, and the NHS number that came with it."""
        for entry in self.entries:
            yield entry.person, entry.person_nhs_number
        for ready in self.ready:
            yield ready.person, ready.person_nhs_number


class Snapshot(_Value, frozen=True, tag=True):
    """The end of all that a source has of one person: what is not among it is there no longer.

    ``present`` are the identifiers of everything that was in it, read or not; ``taken`` is when it
    was taken. Its entries carry that time as their version, and so does its person.
    """

    person: str
    present: frozenset[str]
    taken: datetime


class WholeExtract(_Value, frozen=True, tag=True):
    """The end of a file that has all that its source holds of everybody, of these kinds of entry.

    What is not in it is there no longer, but for what had ended before ``since``: that is left out
    of it. Without ``taken``, when it was taken, nothing can be called absent.
    """

    kinds: tuple[str, ...]
    taken: datetime | None = None
    since: datetime | None = None


class Item(_Value, frozen=True):
    """One item of a delivery with what became of it.

    ``resource_id`` is the source's own id of it, or of the person whose it is. ``pointer`` says
    where it stands in the delivery (``entry[12]``, ``line 41``); ``raw`` is kept for items that are
    held, so that they can be looked at and driven again.
    """

    pointer: str
    resource_type: str
    resource_id: str
    outcome: Mapped | PassedOver | Held | Snapshot | WholeExtract
    raw: bytes = b""
    is_wrapper: bool = False

    def __repr__(self) -> str:
        """Where it stands; never what it says."""
        return f"Item({self.pointer!r}, {type(self.outcome).__name__})"
