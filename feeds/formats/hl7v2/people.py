"""Whom a message is about: ``PID`` and ``PD1`` as a source person.

The source's own number names the person: the first of PID-3 that is a hospital's, with who gave
it. Names and numbers follow HL7's published map of PID to Patient; what is English is added to it:
the NHS number (``NHS``, ``NH``, ``HN``), sexes 1, 2 and 9, and PID-32 with the trace status of NHS
England's Interoperability Toolkit (``NSTS01``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from feeds.formats.hl7v2.messages import Message, Segment, Signs
from feeds.formats.hl7v2.times import day, part
from feeds.mapped import MappedPerson

_SEXES = {"M": "male", "F": "female", "1": "male", "2": "female", "O": "other", "A": "other"}
#: CX-4 and CX-5 of the NHS number, as trusts send it.
_NHS = frozenset({"NHS", "NHSNUMBER", "NHSNO", "NHSNBR"})
_NHS_TYPES = frozenset({"NH", "NHS"})
#: CX-5 (table 0203) of numbers that name something else, or do not name one person here.
_NOT_OF_PERSON = frozenset({"SS", "DL", "PPN", "AN", "VN", "MC", "MA", "NI", "PN", "TAX"})
_HOSPITAL = frozenset({"MR", "PI", "PT", "MEDREC", "HN", "MRN", "PAS"})
_TRACED = re.compile(r"(?:NSTS)?0([1-8])")
_PRACTICE = re.compile(r"[A-HJ-NPV-Y]\d{5}")
_ENDED = frozenset({"O", "BA", "BDL", "F", "N", "B"})  # XAD-7: not where the person lives


@dataclass(frozen=True, slots=True)
class Number:
    """One of a person's numbers: who gave it, what it is, and of what kind."""

    given_by: str
    value: str
    kind: str

    @property
    def is_nhs(self) -> bool:
        """Whether it is the NHS number."""
        return self.given_by.upper() in _NHS or self.kind in _NHS_TYPES

    @property
    def local(self) -> str:
        """It, as it is kept among a person's identifiers."""
        return f"{self.given_by}|{self.value}"


def numbers(message: Message, segment: Segment, *fields: int) -> Iterator[Number]:
    """The numbers in these fields, in order."""
    for each in fields:
        for repetition in message.repetitions(segment, each):
            if value := message.piece(repetition, 1):
                given_by = message.piece(repetition, 4)
                yield Number(given_by, value, message.piece(repetition, 5).upper())


def person_id(number: Number) -> str:
    """How the source person is named here: ``Patient/<who gave it>|<number>``."""
    return "Patient/" + quote(number.local, safe="|:^&~")[:240]


def own_number(found: list[Number]) -> Number | None:
    """Which of them names the person at the source."""
    own = [one for one in found if not one.is_nhs and one.kind not in _NOT_OF_PERSON]
    return next((one for one in own if one.kind in _HOSPITAL), own[0] if own else None)


def identifier_of(message: Message, pid: Segment) -> str:
    """The identifier of the person of a ``PID``; empty where it names nobody."""
    found = list(numbers(message, pid, 3)) or list(numbers(message, pid, 2))
    own = own_number(found)
    if own is not None:
        return person_id(own)
    nhs = next((one.value for one in found if one.is_nhs), "")
    family, given = message.text(pid, 5), message.text(pid, 5, 2)
    if nhs and family:
        # With name and birth date: one wrong number must not make one person of two.
        told = f"{nhs}\x1f{family} {given} {message.text(pid, 7)[:8]}".casefold()
        return "Patient/number-" + hashlib.sha256(told.encode()).hexdigest()[:40]
    return ""


def prior_identifier(message: Message, mrg: Segment, surviving: str) -> str:
    """Whom ``MRG`` names; a number without who gave it is taken for the survivor's kind."""
    own = own_number(list(numbers(message, mrg, 1)))
    if own is None:
        return ""
    if not own.given_by:
        given_by = surviving.removeprefix("Patient/").rpartition("|")[0]
        return f"Patient/{given_by}|{quote(own.value, safe=':^&~')}"[:248]
    return person_id(own)


def read_person(
    message: Message,
    pid: Segment,
    pd1: Segment,
    *,
    version: datetime | None,
    in_passing: bool = False,
) -> MappedPerson | None:
    """The person; ``None`` where nobody is named."""
    said = tuple(pid), tuple(pd1), tuple(message.notes)
    person = _person(*said, message.signs, in_passing=in_passing)
    return person if person is None or in_passing else replace(person, version=version)


@lru_cache(maxsize=256)
def _person(
    pid_fields: tuple[str, ...],
    pd1_fields: tuple[str, ...],
    notes_of_message: tuple[str, ...],
    signs: Signs,
    *,
    in_passing: bool,
) -> MappedPerson | None:
    """The person without a version: a laboratory names the same one in message after message."""
    message, pid, pd1 = Message(b"", [], signs), list(pid_fields), list(pd1_fields)
    identifier = identifier_of(message, pid)
    if not identifier:
        return None
    notes = list(notes_of_message)
    found = list(numbers(message, pid, 3)) or list(numbers(message, pid, 2))
    nhs = list(dict.fromkeys(one.value.replace(" ", "") for one in found if one.is_nhs))
    if len(nhs) > 1:
        notes.append("PID-3: several NHS numbers that disagree, none taken")
    trace = next(
        (m for r in message.repetitions(pid, 32) if (m := _TRACED.fullmatch(r.strip()))), None
    )
    born, born_part = day(message.text(pid, 7)), part(message.text(pid, 7))
    if message.text(pid, 7) and born is None:
        notes.append(
            "PID-7: not a whole date, kept as it is"
            if born_part
            else "PID-7: no such date, left out"
        )
    title, family, given = _name(message, pid)
    lines, postcode = _address(message, pid)
    died = day(message.text(pid, 29))
    return MappedPerson(
        identifier=identifier,
        local_identifiers=tuple(dict.fromkeys(one.local for one in found if not one.is_nhs)),
        nhs_number=nhs[0] if len(nhs) == 1 else None,
        nhs_number_status=f"0{trace[1]}" if trace and len(nhs) == 1 else None,
        title=title,
        family_name=family,
        given_names=given,
        birth_date=born,
        birth_date_part=born_part,
        sex=_SEXES.get(message.text(pid, 8).upper(), "unknown"),
        deceased=bool(message.text(pid, 29)) or message.text(pid, 30).upper() == "Y",
        deceased_on=died,
        deceased_on_part=part(message.text(pid, 29)),
        living=message.text(pid, 30).upper() == "N" and not message.text(pid, 29),
        address_lines=lines,
        postcode=postcode,
        phone=_phone(message, pid),
        practice_code=_practice(message, pd1),
        language=message.text(pid, 15, 2) or message.text(pid, 15),
        confidentiality="R" if message.text(pd1, 12).upper() == "Y" else None,
        notes=tuple(notes),
        in_passing=in_passing,
    )


def _name(message: Message, pid: Segment) -> tuple[str, str, str]:
    """(title, family, given) of the name in use: legal or unmarked before any other."""
    names = message.repetitions(pid, 5)
    if not names:
        return "", "", ""
    order = {"L": 0, "": 1, "D": 2, "CUR": 0}
    best = min(names, key=lambda each: order.get(message.piece(each, 7).upper(), 3))
    given = " ".join(filter(None, (message.piece(best, 2), message.piece(best, 3))))
    return message.piece(best, 5), message.piece(best, 1), given


def _address(message: Message, pid: Segment) -> tuple[tuple[str, ...], str]:
    lived = [
        each
        for each in message.repetitions(pid, 11)
        if message.piece(each, 7).upper() not in _ENDED and not message.piece(each, 14)
    ]
    if not lived:
        return (), ""
    order = {"H": 0, "": 1, "L": 1, "M": 2, "C": 3}
    best = min(lived, key=lambda each: order.get(message.piece(each, 7).upper(), 2))
    lines = [message.piece(best, number) for number in (1, 2, 3, 4)]
    return (
        tuple(dict.fromkeys(filter(None, lines))),
        " ".join(message.piece(best, 5).upper().split()),
    )


def _phone(message: Message, pid: Segment) -> str:
    for each in message.repetitions(pid, 13):
        if message.piece(each, 3).upper() in ("INTERNET", "X.400", "FX", "BP"):
            continue
        if number := message.piece(each, 1) or message.piece(each, 12):
            return number
        if parts := [part for at in (6, 7) if (part := message.piece(each, at))]:
            return " ".join(parts)
    return ""


def _practice(message: Message, pd1: Segment) -> str | None:
    """The ODS code of the practice in PD1-3, as the organisation's identifier."""
    for each in message.repetitions(pd1, 3):
        for component in (3, 10, 1):
            code = message.piece(each, component).upper()
            if _PRACTICE.fullmatch(code):
                return code
    return None
