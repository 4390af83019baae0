"""A laboratory's or radiology's report message, as EDIFACT lays it out: values, no judgement.

NHS003 (pathology), NHS002 (radiology) and NHS004 (screening) share the segments of MEDRPT; the
older radiology message NHSRSR has its own. What is not known here is left to the raw message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from feeds.formats.edifact.segments import Segment

#: Free text is sent in components of 70 characters, names of parties in 35 (MEDRPT's FTX, NAD).
TEXT, NAME = 70, 35


@dataclass(slots=True)
class Party:
    """Somebody, or a department or organisation, that asked for the report or made it."""

    code: str = ""
    name: str = ""
    kind: str = ""  # PRO a person, DPT a department, ORG an organisation


@dataclass(slots=True)
class Subject:
    """The person that the report is about, as the sender knows them."""

    nhs_number: str = ""
    local_identifier: str = ""
    family_name: str = ""
    given_names: list[str] = field(default_factory=list)
    title: str = ""
    born: str = ""
    sex: str = ""
    address: tuple[str, ...] = ()
    postcode: str = ""


@dataclass(slots=True)
class Specimen:
    """What was taken, when, and what was said of it."""

    kind: str = ""
    accession: str = ""
    collected: str = ""
    received: str = ""
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Range:
    """What is usual; a bound may be missing."""

    low: str = ""
    high: str = ""
    unit: str = ""


@dataclass(slots=True)
class Result:
    """One investigation: a heading over others, a figure, a code, or words."""

    code: str = ""
    code_list: str = ""
    display: str = ""
    value: str = ""
    comparator: str = ""
    unit: str = ""
    answer: str = ""
    answer_code: str = ""
    answer_list: str = ""
    interpretation: str = ""
    number: str = ""  # that others refer to, where it is a heading
    under: str = ""  # the heading's number
    specimen: str = ""  # the specimen's number
    words: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """One message."""

    kind: str = ""  # NHS002 | NHS003 | NHS004
    reference: str = ""
    sent: str = ""
    issued: str = ""
    status: str = ""
    subject: Subject = field(default_factory=Subject)
    askers: list[Party] = field(default_factory=list)
    makers: list[Party] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    specimens: dict[str, Specimen] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    done: str = ""  # when the examination was done, in the older radiology message


def read_report(message: Sequence[Segment]) -> Report:
    """Read one message, ``UNH`` and ``UNT`` included."""
    reader = _Reader(Report(kind=_kind(message)))
    for segment in message:
        reader.take(segment)
    return reader.report


def _kind(message: Sequence[Segment]) -> str:
    return message[0].get(1, 4) if message else ""


@dataclass(slots=True)
class _Reader:
    """Walks a message once; what a segment means depends on the one that went before."""

    report: Report
    _party: Party | None = None
    _specimen: Specimen | None = None
    _result: Result | None = None
    _range: Range | None = None

    def take(self, segment: Segment) -> None:
        match segment.tag:
            case "BGM" | "UNH" | "UNT" | "PDI" | "PNA" | "ADR" | "SPC" | "STS" | "RSL" | "RND":
                self._plain(segment)
            case "NAD":
                self._nad(segment)
            case "SPR" if self._party is not None:
                self._party.kind = segment.get(0)
            case "INV":
                self._inv(segment)
            case "SEQ":
                self._seq(segment.get(1))
            case "RFF":
                self._rff(segment.get(0, 0), segment.get(0, 1))
            case "DTM":
                self._dtm(segment.get(0, 0), segment.get(0, 1))
            case "FTX":
                self._ftx(segment.get(0), segment.joined(3, TEXT))

    def _plain(self, segment: Segment) -> None:
        report, subject = self.report, self.report.subject
        match segment.tag:
            case "STS":
                report.status = report.status or segment.get(1)
            case "PDI":
                subject.sex = segment.get(0)
            case "PNA":
                subject.nhs_number = segment.get(1)
                _name(subject, segment.elements[2:])
            case "ADR":
                _address(subject, segment)
            case "SPC":
                self._spc(segment)
            case "RSL" if self._result is not None:
                _measured(self._result, segment)
            case "RND" if self._result is not None:
                self._result.ranges.append(Range(segment.get(1), segment.get(2), _unit(segment, 3)))

    def _nad(self, segment: Segment) -> None:
        self._party = Party(code=segment.get(1), name=segment.joined(3, NAME))
        if segment.get(0) in ("SLA", "SRA", "RRP"):
            self.report.makers.append(self._party)
        else:
            self.report.askers.append(self._party)

    def _spc(self, segment: Segment) -> None:
        if segment.get(0) != "TSP":
            return
        specimen = self._specimen or Specimen()
        self._specimen = specimen
        specimen.kind = segment.get(1, 3) or segment.get(1, 0)
        if not self.report.specimens:
            self.report.specimens["1"] = specimen

    def _inv(self, segment: Segment) -> None:
        self._specimen = self._party = None
        self._result = Result(
            code=segment.get(1, 0),
            code_list=segment.get(1, 1) or segment.get(1, 2),
            display=":".join(part for part in segment.elements[1][3:] if part).strip()
            if len(segment.elements) > 1
            else "",
        )
        self.report.results.append(self._result)

    def _seq(self, number: str) -> None:
        if self._result is not None:
            self._result.number = number
        elif self._party is None or self.report.reference:
            self._specimen = Specimen()
            self.report.specimens[number] = self._specimen

    def _rff(self, qualifier: str, value: str) -> None:
        match qualifier:
            case "SRI":
                self.report.reference = value
                self._party = None
            case "SSI" | "RPI":
                self.report.subject.local_identifier = value
            case "STI" if self._specimen is not None:
                self._specimen.accession = value
            case "ASL" if self._result is not None:
                self._result.specimen = value
            case "ARL" if self._result is not None:
                self._result.under = value

    def _dtm(self, qualifier: str, value: str) -> None:
        match qualifier:
            case "137":
                self.report.sent = value
            case "ISR":
                self.report.issued = value
            case "329":
                self.report.subject.born = value
            case "AIC" | "RIV":
                self.report.done = self.report.done or value
            case "SCO" if self._specimen is not None:
                self._specimen.collected = value
            case "SRI" if self._specimen is not None:
                self._specimen.received = value

    def _ftx(self, qualifier: str, text: str) -> None:
        if self._result is not None:
            (self._result.words if qualifier == "RIT" else self._result.remarks).append(text)
        elif self._specimen is not None:
            self._specimen.remarks.append(text)
        else:
            self.report.history.append(text)


def _name(subject: Subject, parts: Iterable[Sequence[str]]) -> None:
    for part in parts:
        if len(part) < 2 or not (text := part[1].strip()):
            continue
        match part[0]:
            case "SU":
                subject.family_name = text
            case "FO" | "MI":
                subject.given_names.append(text)
            case "TI":
                subject.title = text


def _address(subject: Subject, segment: Segment) -> None:
    lines = list(segment.elements[1][1:]) if len(segment.elements) > 1 else []
    subject.address = tuple(line.strip() for line in lines if line.strip())
    subject.postcode = segment.get(3)


def _measured(result: Result, segment: Segment) -> None:
    """``RSL``: a figure (NV) with its unit, or a coded answer (CV)."""
    if segment.get(0) == "CV":
        result.answer_code = segment.get(1, 2) or segment.get(2, 0)
        result.answer_list = segment.get(1, 3) or segment.get(2, 1)
        text = _after(segment, 1, 5) or _after(segment, 2, 3)
        result.answer = ":".join(text).strip()
    else:
        result.value = segment.get(1, 0)
        result.comparator = segment.get(1, 1)
        result.unit = _unit(segment, 3)
    result.interpretation = segment.get(4)


def _after(segment: Segment, element: int, component: int) -> list[str]:
    if element >= len(segment.elements):
        return []
    return [part for part in segment.elements[element][component:] if part]


def _unit(segment: Segment, element: int) -> str:
    """A unit in words, which stand fourth, or alone."""
    return segment.get(element, 3) or segment.get(element, 0)
