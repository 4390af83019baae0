"""From codes, quantities and names to the words that a person reads."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from feeds.formats.fhir_r4.datatypes import (
    Annotation,
    CodeableConcept,
    Coding,
    ContactPoint,
    HumanName,
    Quantity,
    Range,
    Ratio,
)

SNOMED = "http://snomed.info/sct"
DMD = "https://dmd.nhs.uk"
LOINC = "http://loinc.org"
#: The system whose code is promoted when a concept has several: what NHS pages search by.
_PREFERRED = {SNOMED: 0, DMD: 1, DMD + "/": 1, LOINC: 2}

#: UCUM codes that read badly (https://ucum.org), with what UK laboratories print.
_UCUM = {
    "mm[Hg]": "mmHg",
    "Cel": "°C",
    "[degF]": "°F",
    "{score}": "",
    "1": "",
    "/min": "per minute",
    "{breaths}/min": "breaths per minute",
    "{beats}/min": "beats per minute",
    "10*9/L": "\N{MULTIPLICATION SIGN}10⁹/L",
    "10*12/L": "\N{MULTIPLICATION SIGN}10¹²/L",
    "10*3/uL": "\N{MULTIPLICATION SIGN}10³/µL",
    "10*6/uL": "\N{MULTIPLICATION SIGN}10⁶/µL",
    "umol/L": "µmol/L",
    "ug/L": "µg/L",
    "ug": "µg",
    "a": "years",
    "mo": "months",
    "d": "days",
    "h": "hours",
}


def preferred_coding(concept: CodeableConcept | None) -> Coding | None:
    """Give the coding to promote: SNOMED CT, then dm+d, then LOINC, then the first with a code."""
    if concept is None or not concept.coding:
        return None
    if len(concept.coding) == 1:
        return concept.coding[0]
    coded = [coding for coding in concept.coding if coding.code]
    if not coded:
        return concept.coding[0]
    return min(coded, key=lambda coding: _PREFERRED.get(coding.system or "", 9))


def words(concept: CodeableConcept | None) -> str:
    """Give a concept's words: as entered, else the preferred code's, else any, else the code.

    The text comes first because a code may say less than it: "Transfer-degraded drug allergy"
    is the code, and the text names the drug.
    """
    if concept is None:
        return ""
    if concept.text and (text := concept.text.strip()):
        return text
    coding = preferred_coding(concept)
    if coding is None:
        return ""
    if coding.display and (text := coding.display.strip()):
        return text
    for other in concept.coding or ():
        if other.display and (text := other.display.strip()):
            return text
    return coding.code or ""


def first_words(concepts: Iterable[CodeableConcept] | None) -> str:
    """Give the words of the first concept that has any."""
    return next((text for text in map(words, concepts or ()) if text), "")


def all_words(concepts: Iterable[CodeableConcept] | None) -> str:
    """Give the words of every concept, in order, each once."""
    return ", ".join(dict.fromkeys(text for text in map(words, concepts or ()) if text))


def codes(*concepts: CodeableConcept | None) -> set[str]:
    """Every code of these concepts, in lower case, whatever the system."""
    return {
        coding.code.lower()
        for concept in concepts
        if concept is not None
        for coding in concept.coding or ()
        if coding.code
    }


def sentences(*parts: str | None) -> str:
    """Join what is there, in order, with a semicolon; nothing is cut."""
    return "; ".join(text for part in parts if part and (text := part.strip()))


def notes_text(notes: Iterable[Annotation] | None) -> str:
    """Give the words of all notes."""
    return sentences(*(note.text for note in notes or ()))


def number_text(value: Decimal) -> str:
    """Write a number with the digits that were sent, never with an exponent unless absurd."""
    text = str(value)
    if "E" not in text or abs(value.adjusted()) > 20:
        return text
    return format(value, "f")


def unit_text(quantity: Quantity) -> str:
    """Give the unit as read by people: the source's words, else UCUM's code made readable."""
    return _readable(quantity.unit, quantity.code)


@lru_cache(maxsize=4096)
def _readable(unit: str | None, code: str | None) -> str:
    unit = (unit or "").strip()
    code = (code or "").strip()
    if code == "mm[Hg]":
        return "mmHg"
    return _UCUM.get(unit, unit) if unit else _UCUM.get(code, code)


def quantity_text(quantity: Quantity | None) -> str:
    """Write an amount with its comparator and unit: ``< 5 mmol/L``."""
    if quantity is None or quantity.value is None:
        return ""
    return _with_unit(number_text(quantity.value), quantity.comparator, unit_text(quantity))


def _with_unit(number: str, comparator: str | None, unit: str) -> str:
    before = f"{comparator} " if comparator else ""
    gap = "" if unit in ("", "%") else " "
    return f"{before}{number}{gap}{unit}"


def range_text(span: Range | None) -> str:
    """Write a range: ``3.5 to 5.3 mmol/L``, ``up to 5 mmol/L``, ``5 mmol/L or more``."""
    return _between(_bound(span.low), _bound(span.high)) if span is not None else ""


#: A bound as it is written: number, comparator and unit.
_Bound = tuple[str, str | None, str]


def _bound(quantity: Quantity | None) -> _Bound | None:
    if quantity is None or quantity.value is None:
        return None
    return number_text(quantity.value), quantity.comparator, unit_text(quantity)


@lru_cache(maxsize=8192)  # a laboratory has one range for each test
def _between(low: _Bound | None, high: _Bound | None) -> str:
    if low is not None and high is not None:
        same_unit = low[2] in (high[2], "")
        return f"{low[0] if same_unit else _with_unit(*low)} to {_with_unit(*high)}"
    if high is not None:
        return f"up to {_with_unit(*high)}"
    return f"{_with_unit(*low)} or more" if low is not None else ""


def ratio_text(ratio: Ratio | None) -> str:
    """Write a ratio: ``1:128``, ``500 mg/5 mL``."""
    if ratio is None:
        return ""
    above, below = quantity_text(ratio.numerator), quantity_text(ratio.denominator)
    if above and below:
        plain = above.replace(".", "").isdigit() and below.replace(".", "").isdigit()
        return f"{above}{':' if plain else '/'}{below}"
    return above


def human_name(name: HumanName) -> str:
    """Write a practitioner's or carer's name as on a letter."""
    if name.text and (text := name.text.strip()):
        return text
    parts = [*(name.prefix or ()), *(name.given or ()), name.family]
    return " ".join(part.strip() for part in parts if part and part.strip())


def best_name(names: list[HumanName] | None) -> HumanName | None:
    """Choose the name in use: official, then usual, then unmarked; never an old one first."""
    if not names:
        return None
    order = {"official": 0, "usual": 1, None: 2, "temp": 3, "nickname": 4, "anonymous": 5}

    def rank(name: HumanName) -> tuple[bool, int]:
        ended = name.period is not None and name.period.end is not None
        return (ended, order.get(name.use, 6))

    return min(names, key=rank)


def best_phone(points: list[ContactPoint] | None) -> str:
    """Choose a telephone number: by the source's rank, else mobile, home, work; never old."""
    order = {"mobile": 0, "home": 1, "work": 2, None: 3, "temp": 4}
    phones = [
        point
        for point in points or ()
        if point.system in ("phone", "sms")
        and point.value
        and point.use != "old"
        and not (point.period and point.period.end)
    ]
    if not phones:
        return ""
    best = min(phones, key=lambda point: (point.rank or 99, order.get(point.use, 5)))
    return (best.value or "").strip()
