"""A laboratory's reports as EDIFACT: NHS003 messages (MEDRPT), one interchange for a delivery.

The segments are those that NHS England's specification of pathology messages has and readers use:
who made the report, its number and times, the person, one specimen, a heading and the results
under it. Text is UTF-8 (UNOY), since names are not all of western Europe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from region import model
from region.panels import Panel, panels_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from region.model import Coded, LabResult, Resident, SourcePerson
    from region.sending import Sending

_ESCAPES = str.maketrans({sign: f"?{sign}" for sign in "?'+:"} | {"\n": " ", "\r": None})
_SEXES = {"male": "1", "female": "2"}
_FLAGS = {"H": "+HI", "L": "+LO"}
#: UN/EDIFACT 6321.
_COMPARATORS = {">=": "5", ">": "6", "<": "7", "<=": "8"}
#: The code list of SNOMED CT in these messages.
_SNOMED_LIST = "921"
#: Free text is cut into components of 70 characters, five to a segment.
_COMPONENT, _COMPONENTS = 70, 5


def interchange_header(source: str, sent: datetime) -> bytes:
    """``UNB``, with which a delivery begins."""
    return _line(f"UNB+UNOY:4+{source}+CONNECTCARE+{sent:%y%m%d}:{sent:%H%M}+1")


def interchange_trailer(messages: int) -> bytes:
    """``UNZ``, with which it ends."""
    return _line(f"UNZ+{messages}+1")


def messages(resident: Resident, sending: Sending, *, first: int) -> Iterator[bytes]:
    """A message for each report of the person, numbered from ``first``."""
    for number, panel in enumerate(panels_of(sending.facts), start=first):
        body = _segments(resident, sending.known, panel)
        whole = [f"UNH+{number}+MEDRPT:0:1:RT:NHS003", *body]
        whole.append(f"UNT+{len(whole) + 1}+{number}")
        yield b"".join(map(_line, whole))


def _line(segment: str) -> bytes:
    return f"{segment}'\r\n".encode()


def text(words: str) -> str:
    """Words as one component."""
    return words.translate(_ESCAPES)


def _stamp(at: datetime | date) -> str:
    """A time of London's clock, to the minute: these messages have no zones."""
    return f"{at:%Y%m%d%H%M}"


def _segments(resident: Resident, known: SourcePerson, panel: Panel) -> Iterator[str]:
    yield "BGM+LSR"
    yield f"DTM+137:{_stamp(panel.recorded)}:203"
    yield "S01+01"
    yield "NAD+SLA+++Clinical laboratory"
    yield "SPR+DPT"
    yield "S02+02"
    yield "GIS+N"
    yield f"RFF+SRI:{known.local_id}-{panel.head.key}"
    yield "STS++FI"
    yield f"DTM+ISR:{_stamp(panel.recorded)}:203"
    yield from _person(resident, known)
    yield "S16+16"
    yield "SEQ++1"
    yield "SPC+TSP+:::Specimen"
    yield f"RFF+STI:{known.local_id}{panel.head.key.rpartition('-')[2]}"
    yield f"DTM+SCO:{_stamp(panel.head.at)}:203"
    if panel.conclusion:
        yield from _free_text("SPC", panel.conclusion)
    heading = isinstance(panel.head, model.LabReport)
    if heading:
        yield "GIS+N"
        yield f"INV+MQ+{_investigation(panel.what)}"
        yield "SEQ++2"
    for result in panel.results:
        yield from _result(result, under="2" if heading else "")


def _person(resident: Resident, known: SourcePerson) -> Iterator[str]:
    person, address = resident.person, resident.home.address
    yield "S06+06"
    *street, town, city = address.lines
    lines = ":".join(map(text, (", ".join(street), town, city)))
    yield f"ADR++US:{lines}++{address.postcode}"
    yield "S07+07"
    number = f"{known.nhs_number}:OPI" if known.nhs_number is not None else ""
    names = [f"SU:{text(person.family)}"]
    if person.given:
        names.append(f"FO:{text(person.given[0])}")
    if len(person.given) > 1:
        names.append(f"MI:{text(' '.join(person.given[1:]))}")
    names.append(f"TI:{text(person.title)}")
    yield f"PNA+PAT+{number}+++{'+'.join(names)}"
    yield f"RFF+SSI:{known.local_id}"
    yield f"DTM+329:{known.birth_date:%Y%m%d}:102"
    yield f"PDI+{_SEXES.get(person.sex, '0')}"


def _investigation(what: Coded) -> str:
    """The code where it is SNOMED CT, and the words."""
    if what.code and what.system == model.SNOMED:
        return f"{what.code}:{_SNOMED_LIST}::{text(what.text)}"
    return f":::{text(what.text)}"


def _result(fact: LabResult, *, under: str) -> Iterator[str]:
    yield "GIS+N"
    yield f"INV+MQ+{_investigation(fact.what)}"
    comparator = _COMPARATORS.get(fact.comparator, "")
    value = f"{fact.value}:{comparator}" if comparator else f"{fact.value}"
    yield f"RSL+NV+{value}++:::{text(fact.unit)}{_FLAGS.get(fact.interpretation, '')}"
    yield "RFF+ASL:1"
    if under:
        yield f"RFF+ARL:{under}"
    if fact.low is not None or fact.high is not None:
        yield "S20+20"
        low = "" if fact.low is None else f"{fact.low}"
        high = "" if fact.high is None else f"{fact.high}"
        yield f"RND+U+{low}+{high}"


def _free_text(kind: str, words: str) -> Iterator[str]:
    whole = " ".join(words.split())
    pieces = [whole[at : at + _COMPONENT] for at in range(0, len(whole), _COMPONENT)]
    for at in range(0, len(pieces), _COMPONENTS):
        cut = ":".join(map(text, pieces[at : at + _COMPONENTS]))
        yield f"FTX+{kind}+++{cut}"
