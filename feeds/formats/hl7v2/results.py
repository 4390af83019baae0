"""``ORU^R01`` as FHIR R4 resources: a report for each ``OBR``, and its results.

Follows HL7's published maps of OBR to DiagnosticReport and OBX to Observation. Radiology and
histology send a text line by line, each an ``OBX``: there all of them are one report. A result's
identity is the order's number at the laboratory, the test and its place, so that a correction
replaces it; its version is when the laboratory said it last (OBR-22, else the message's time), and
within one second a correction comes after what it corrects.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from feeds.formats.hl7v2.messages import Message, Segment, Signs
from feeds.formats.hl7v2.times import moment, stamped

Resource = dict[str, Any]

#: OBR-24 (table 0074, and DICOM's modalities, which radiology sends there).
IMAGING = frozenset(
    [
        "RAD",
        "RX",
        "CT",
        "NMR",
        "NMS",
        "OUS",
        "RUS",
        "VUS",
        "XRC",
        "CUS",
        "DX",
        "CR",
        "MR",
        "MRI",
        "US",
        "NM",
        "MG",
        "RF",
        "XA",
        "IMG",
    ]
)
#: Sections whose reports are text: histology, cytology, autopsy.
_NARRATIVE = frozenset({"SP", "PAT", "PTH", "CP", "CYT", "HIST", "HP"})
#: Sections of measurements; anything else that is no imaging is a laboratory's.
_MEASURED = frozenset({"PHY", "EC", "EN", "PF", "AU", "ICU", "NRS", "RC", "OT", "PT", "CTH"})
_TEXT_TYPES = frozenset({"TX", "FT", "ST", ""})
#: OBX-11 (table 0085) and OBR-25 (0123) as FHIR's statuses.
_STATUSES = {
    "F": "final",
    "C": "corrected",
    "P": "preliminary",
    "R": "preliminary",
    "S": "preliminary",
    "A": "partial",
    "U": "final",
    "V": "final",
    "B": "amended",
    "I": "registered",
    "O": "registered",
    "X": "cancelled",
    "D": "entered-in-error",
    "W": "entered-in-error",
}
#: What comes later within one second: a figure is followed by its correction or deletion.
_RANKS = {"O": 0, "I": 1, "S": 2, "R": 3, "P": 4, "A": 5, "F": 6, "U": 6, "V": 6, "B": 7, "C": 8}
_LAST = 9
#: Names of code systems (HL7 table 0396 and what is seen) as FHIR addresses them.
_SYSTEMS = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "SNM3": "http://snomed.info/sct",
    "SNOMED": "http://snomed.info/sct",
    "SNOMED-CT": "http://snomed.info/sct",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "I10UK": "http://hl7.org/fhir/sid/icd-10",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
}
_FIGURE = re.compile(r"([<>]=?|=)?\s*([+-]?\d{1,15}(?:\.\d{1,15})?)")
_RANGE = re.compile(r"(-?\d{1,12}(?:\.\d{1,9})?)\s*(?:-|_|to)\s*(-?\d{1,12}(?:\.\d{1,9})?)")
_BOUND = re.compile(r"([<>])=?\s*(-?\d{1,12}(?:\.\d{1,9})?)")
_SUSCEPTIBLE = {"S": "Susceptible", "R": "Resistant", "I": "Intermediate", "SDD": "Dose-dependent"}


@dataclass(slots=True)
class Line:
    """One ``OBX``, or several that are one result, with the notes that follow."""

    segments: list[Segment]
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Order:
    """One ``OBR`` with what stands under it; without one, results of no order (v2.8's OBX)."""

    obr: Segment
    orc: Segment
    is_order: bool = True
    remarks: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    specimen: Segment = field(default_factory=lambda: ["SPM"])


def orders(message: Message) -> list[Order]:
    """The orders of a message; results before the first ``OBR`` belong to none."""
    found: list[Order] = []
    orc: Segment = ["ORC"]
    remarks: list[str] | None = None
    for segment in message.segments:
        match segment[0]:
            case "ORC":
                orc, remarks = segment, None
            case "OBR":
                found.append(Order(segment, orc))
                orc, remarks = ["ORC"], found[-1].remarks
            case "OBX":
                if not found:
                    found.append(Order(["OBR"], orc, is_order=False))
                found[-1].lines.append(Line([segment]))
                remarks = found[-1].lines[-1].remarks
            case "NTE" if remarks is not None:
                if words := message.whole(segment, 3):
                    remarks.append(words)
            case "SPM" if found:
                found[-1].specimen = segment
            case _:
                pass
    return found


def resources_of(message: Message, *, person: str) -> Iterator[tuple[str, Resource]]:
    """Each order's report, then its results, with where they stand in the message."""
    organisms: dict[str, str] = {}
    sent = message.text(message.header, 7)
    seen: dict[str, int] = {}
    for number, order in enumerate(orders(message), start=1):
        made = _Maker(message, order, person, sent, organisms, seen)
        for where, resource in made.resources():
            yield f"OBR {number}{where}", resource


class _Maker:
    """Makes one order's resources."""

    def __init__(
        self,
        message: Message,
        order: Order,
        person: str,
        sent: str,
        organisms: dict[str, str],
        seen: dict[str, int],
    ) -> None:
        self._message = message
        self._order = order
        self._sent = sent
        self._organisms = organisms
        self._seen = seen
        obr, text = order.obr, message.text
        self._section = text(obr, 24).upper()
        self._number = text(obr, 3) or text(obr, 2) or text(order.orc, 3) or text(order.orc, 2)
        parent = f"{text(obr, 26)}|{text(obr, 26, 2)}|{text(obr, 29, 1, 3)}"
        named = self._number or text(message.header, 10)
        self._identity = _id(person, named, text(obr, 4) or text(obr, 4, 2), parent)
        if not order.is_order:  # what it is and when names a result, whichever message brings it
            self._identity = _id(person, "", text(order.lines[0].segments[0], 14) or sent)
        self._organism = organisms.get(text(obr, 26, 2), "") if text(obr, 26) else ""
        self._reported = text(obr, 22)
        self._taken = moment(text(obr, 7)) or moment(text(order.specimen, 17))
        self._issued = moment(self._reported) or moment(sent)
        self._subject = {"reference": person}
        # What is the same for each of an order's results is worked out once.
        self._specimen = self._specimen_words()
        self._category = [{"coding": [{"code": self._category_code()}]}]
        self._versions: dict[str, str] = {}

    def resources(self) -> Iterator[tuple[str, Resource]]:
        """The report, then each result."""
        lines = self._joined()
        narrative = self._order.is_order and self._is_narrative(lines)
        if self._order.is_order:
            yield "", self._report(lines if narrative else None)
        if narrative:
            return
        for number, line in enumerate(lines, start=1):
            if self._message.text(line.segments[0], 11).upper() != "N":
                yield f" OBX {number}", self._observation(line)

    def _joined(self) -> list[Line]:
        """Lines of one result joined: the same test and sub-number, or text that goes on.

        A line that a laboratory sends twice, word for word, is one.
        """
        joined: list[Line] = []
        sent: set[tuple[str, ...]] = set()
        text = self._message.text
        places: dict[tuple[str, str], Line] = {}
        for line in self._order.lines:
            obx = line.segments[0]
            code, sub = text(obx, 3) or text(obx, 3, 2), text(obx, 4)
            if code and obx[2:3] == ["NM"]:
                if (again := tuple(obx[2:])) in sent:
                    continue
                sent.add(again)
            before = places.get((code, sub))
            goes_on = before is not None and (
                sub != "" or (joined[-1] is before and text(obx, 2).upper() in _TEXT_TYPES)
            )
            if before is not None and goes_on:
                before.segments += line.segments
                before.remarks += line.remarks
            else:
                places[(code, sub)] = line
                joined.append(line)
        return joined

    def _is_narrative(self, lines: list[Line]) -> bool:
        """Whether all lines are one text: imaging, histology, or one test's text in many lines."""
        if self._section in IMAGING or self._section in _NARRATIVE:
            return True
        text = self._message.text
        segments = [segment for line in lines for segment in line.segments]
        return len(segments) > 2 and all(
            text(obx, 2).upper() in _TEXT_TYPES and not text(obx, 3) for obx in segments
        )

    # ── The report ──────────────────────────────────────────────────────────────────────────

    def _report(self, narrative: list[Line] | None) -> Resource:
        message, obr, order = self._message, self._order.obr, self._order
        text = message.text
        status = text(obr, 25).upper()
        if narrative and not status:
            status = text(narrative[0].segments[0], 11).upper()
        made: Resource = {
            "resourceType": "DiagnosticReport",
            "id": self._identity,
            "meta": {"lastUpdated": self._version(status)},
            "status": _STATUSES.get(status, "unknown"),
            "category": self._category,
            "code": concept(message, obr, 4, otherwise="Report"),
            "subject": self._subject,
        }
        _put(made, "effectiveDateTime", self._taken)
        _put(made, "issued", self._issued)
        if author := self._author(obr):
            made["resultsInterpreter"] = [{"display": author}]
        said = []
        if history := message.whole(obr, 13):
            said.append(f"Clinical information: {history}")
        if self._specimen:
            said.append(f"Specimen: {self._specimen}")
        if self._organism:
            said.append(f"Organism: {self._organism}")
        said += order.remarks
        for line in narrative or ():
            said += [words for obx in line.segments if (words := message.whole(obx, 5))]
            said += line.remarks
        if said:
            made["conclusion"] = "\n".join(said)
        return made

    def _category_code(self) -> str:
        if self._section in IMAGING:
            return "imaging"
        return self._section.lower() if self._section in _MEASURED else "laboratory"

    def _version(self, status: str) -> str:
        if (version := self._versions.get(status)) is None:
            rank = _RANKS.get(status, _LAST if status in "XDW" and status else 0)
            version = self._versions[status] = stamped(self._reported, self._sent, rank=rank)
        return version

    def _author(self, obr: Segment) -> str:
        """Who read it: OBR-32, whose name stands in parts or in components; else OBX-16."""
        text = self._message.text
        if family := text(obr, 32, 1, 2):
            return " ".join(filter(None, (text(obr, 32, 1, 3), family)))
        if family := text(obr, 32, 2):
            return " ".join(filter(None, (text(obr, 32, 3), family)))
        for line in self._order.lines:
            if name := person_name(self._message, line.segments[0], 16):
                return name
        return ""

    def _specimen_words(self) -> str:
        text, order = self._message.text, self._order
        return (
            text(order.obr, 15, 2)
            or text(order.obr, 15, 1, 2)
            or text(order.specimen, 4, 2)
            or text(order.obr, 15)
            or text(order.specimen, 4)
        )

    # ── A result ────────────────────────────────────────────────────────────────────────────

    def _observation(self, line: Line) -> Resource:
        message, obx = self._message, line.segments[0]
        text = message.text
        status = text(obx, 11).upper()
        code, sub = text(obx, 3) or text(obx, 3, 2), text(obx, 4)
        where = f"{self._identity}|{code}|{sub}"
        again = self._seen[where] = self._seen.get(where, 0) + 1
        made: Resource = {
            "resourceType": "Observation",
            "id": _id(where, str(again)),
            "meta": {"lastUpdated": self._version(status)},
            "status": _STATUSES.get(status, "unknown"),
            "category": self._category,
            "code": concept(message, obx, 3, otherwise="Result"),
            "subject": self._subject,
        }
        _put(made, "effectiveDateTime", moment(text(obx, 14)) or self._taken)
        _put(made, "issued", self._issued)
        if self._specimen:
            made["specimen"] = {"display": self._specimen}
        notes = [f"Organism: {self._organism}"] if self._organism else []
        self._put_value(made, line)
        notes += line.remarks
        if notes:
            made["note"] = [{"text": note} for note in notes]
        if flag := text(obx, 8):
            made["interpretation"] = [{"coding": [{"code": flag}]}]
        if usual := message.whole(obx, 7):
            made["referenceRange"] = [_range(usual, text(obx, 6))]
        if author := person_name(message, obx, 16):
            made["performer"] = [{"display": author}]
        return made

    def _put_value(self, made: Resource, line: Line) -> None:
        """The value by its type (OBX-2); lines that are one result are put one below another."""
        if len(line.segments) == 1 and not _is_coded(line.segments[0]):
            made.update(self._value(line.segments[0]))
            return
        words = [self._words(obx) for obx in line.segments]
        organism = next((w for s, w in zip(line.segments, words, strict=True) if _is_coded(s)), "")
        if organism and (sub := self._message.text(line.segments[0], 4)):
            self._organisms[sub] = organism
        if len(line.segments) == 1:
            made.update(self._value(line.segments[0]))
            return
        # What was found first, then how much of it.
        ordered = [w for s, w in zip(line.segments, words, strict=True) if _is_coded(s)]
        ordered += [w for s, w in zip(line.segments, words, strict=True) if not _is_coded(s)]
        separator = "\n" if not organism else ", "
        made["valueString"] = separator.join(filter(None, ordered))

    def _words(self, obx: Segment) -> str:
        if _is_coded(obx):
            return self._message.text(obx, 5, 2) or self._message.text(obx, 5)
        return self._message.whole(obx, 5)

    def _value(self, obx: Segment) -> Resource:
        message = self._message
        kind = obx[2].strip().upper() if len(obx) > 2 else ""
        unit = message.text(obx, 6)
        match kind:
            case "CE" | "CWE" | "CNE" | "CF":
                if message.text(obx, 5) or message.text(obx, 5, 2):
                    value = concept(message, obx, 5, otherwise="")
                    return {"valueCodeableConcept": value}
                return {}
            case "SN":
                said = [message.text(obx, 5, component) for component in (1, 2, 3, 4)]
                if said[2] or said[3]:
                    return {"valueString": " ".join(filter(None, ("".join(said), unit)))}
                return _figure(said[0] + said[1], unit)
            case "ED" | "RP":
                what = message.text(obx, 5, 3) or message.text(obx, 5, 2)
                return {"valueString": f"A document is attached at the source ({what or kind})"}
            case "DT" | "TS" | "DTM":
                when = moment(message.text(obx, 5))
                return {"valueDateTime": when} if when else self._plain_words(obx)
            case "NM":
                figure = message.whole(obx, 5)
                return _figure(figure, unit) if figure else {}
            case _:
                return self._plain_words(obx)

    def _plain_words(self, obx: Segment) -> Resource:
        message = self._message
        words, unit = message.whole(obx, 5), message.text(obx, 6)
        if unit and (found := _figure(words, unit)).get("valueQuantity"):
            return found
        flag = message.text(obx, 8).upper()
        if flag in _SUSCEPTIBLE and words in ("", message.text(obx, 3)):
            return {"valueString": _SUSCEPTIBLE[flag]}
        return {"valueString": " ".join(filter(None, (words, unit)))} if words else {}


def _is_coded(obx: Segment) -> bool:
    return len(obx) > 2 and obx[2] in ("CE", "CWE", "CNE")


def _id(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]


def _put(made: Resource, name: str, value: str) -> None:
    if value:
        made[name] = value


def concept(message: Message, segment: Segment, number: int, *, otherwise: str) -> Resource:
    """A CE, CWE or CNE: its code, its words, its system; and the alternate of all three."""
    if number >= len(segment):
        return {"text": otherwise} if otherwise else {}
    first = segment[number].partition(message.signs.repetition)[0]
    return _concept(first, message.signs, otherwise)


@lru_cache(maxsize=4096)
def _concept(first: str, signs: Signs, otherwise: str) -> Resource:
    """Tests come again and again: what each is called is worked out once. Nobody changes it."""
    message = Message(b"", [], signs)
    code, words, system = (message.piece(first, at) for at in (1, 2, 3))
    other = [message.piece(first, at) for at in (4, 5, 6)]
    codings = []
    for each, called, of in ((code, words, system), (other[0], other[1], other[2])):
        if each and each != otherwise:
            coding = {"code": each}
            if of:
                coding["system"] = _SYSTEMS.get(of.upper(), f"urn:hl7v2:{of}")
            if called:
                coding["display"] = called
            codings.append(coding)
    made: Resource = {}
    if codings:
        made["coding"] = codings
    text = message.piece(first, 9) or words or other[1] or code or otherwise
    if text:
        made["text"] = text
    return made


def person_name(message: Message, segment: Segment, number: int) -> str:
    """Somebody's name in an XCN: title, given name, family name; not a number alone."""
    family = message.text(segment, number, 2)
    if not family:
        return ""
    given, title = message.text(segment, number, 3), message.text(segment, number, 6)
    return " ".join(filter(None, (title, given, family)))


def _figure(text: str, unit: str) -> Resource:
    """A figure with its comparator, with the digits that were sent; else the words."""
    found = _FIGURE.fullmatch(text)
    if found is None or _is_no_json(found[2]):
        return {"valueString": " ".join(filter(None, (text, unit)))}
    quantity: Resource = {"value": msgspec.Raw(found[2].lstrip("+").encode())}
    if found[1] and found[1] != "=":
        quantity["comparator"] = found[1]
    if unit:
        quantity["unit"] = unit
    return {"valueQuantity": quantity}


def _is_no_json(figure: str) -> bool:
    """Whether JSON has no such number: ``007``."""
    digits = figure.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits[1] != "."


@lru_cache(maxsize=4096)
def _range(text: str, unit: str) -> Resource:
    """OBX-7: ``35-104``, ``<7.2``, or words; what was sent is what is shown. Nobody changes it."""
    made: Resource = {"text": text}
    sides = {}
    if found := _RANGE.fullmatch(text):
        sides = {"low": found[1], "high": found[2]}
    elif found := _BOUND.fullmatch(text):
        sides = {"high" if found[1] == "<" else "low": found[2]}
    for side, figure in sides.items():
        if not _is_no_json(figure):
            made[side] = {"value": msgspec.Raw(figure.encode())}
            if unit:
                made[side]["unit"] = unit
    return made
