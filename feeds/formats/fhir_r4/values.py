"""The value of a result: what is plotted, what is shown, and the range that it is read against."""

from decimal import Decimal

import msgspec

from feeds.formats.fhir_r4.datatypes import (
    ABSENT,
    CodeableConcept,
    Datatype,
    Period,
    Quantity,
    Range,
    Ratio,
    Resource,
)
from feeds.formats.fhir_r4.reading import Measured
from feeds.formats.fhir_r4.storable import is_plain_number
from feeds.formats.fhir_r4.words import (
    codes,
    first_words,
    number_text,
    quantity_text,
    range_text,
    ratio_text,
    sentences,
    unit_text,
    words,
)

#: Systolic and diastolic pressure, in LOINC and SNOMED CT (single, and 24 hour average).
SYSTOLIC = frozenset({"8480-6", "72313002", "271649006", "314464000"})
DIASTOLIC = frozenset({"8462-4", "1091811000000102", "271650006", "314465004"})

#: https://terminology.hl7.org/CodeSystem-data-absent-reason.html, in words for a reader.
_ABSENT = {
    "unknown": "not known",
    "asked-unknown": "asked, but not known",
    "temp-unknown": "not known yet",
    "not-asked": "not asked",
    "asked-declined": "declined to say",
    "masked": "withheld by the source",
    "not-applicable": "not applicable",
    "unsupported": "not supported by the source's system",
    "as-text": "given in words elsewhere",
    "error": "could not be measured",
    "not-a-number": "not a number",
    "negative-infinity": "too low to measure",
    "positive-infinity": "too high to measure",
    "not-performed": "not performed",
    "not-permitted": "not permitted",
}


class ReferenceRange(Datatype):
    """What is usual, for whom."""

    low: Quantity | None = None
    high: Quantity | None = None
    type: CodeableConcept | None = None
    applies_to: list[CodeableConcept] | None = None
    age: Range | None = None
    text: str | None = None


class Valued(Resource, kw_only=True):
    """What an Observation and each of its components share.

    It builds on Resource because a msgspec struct has one base; a component has no more of that
    than an extension.
    """

    code: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: int | None = None
    value_range: Range | None = None
    value_ratio: Ratio | None = None
    value_sampled_data: msgspec.Raw = ABSENT
    value_time: str | None = None
    value_date_time: str | None = None
    value_period: Period | None = None
    data_absent_reason: CodeableConcept | None = None
    interpretation: list[CodeableConcept] | None = None
    reference_range: list[ReferenceRange] | None = None


class Component(Valued, tag=False, kw_only=True):
    """One value of a panel."""


def absent_text(reason: CodeableConcept | None) -> str:
    """Say in words why there is no value."""
    if reason is None:
        return ""
    if reason.text and (text := reason.text.strip()):
        return text
    return next((_ABSENT[code] for code in codes(reason) if code in _ABSENT), words(reason))


def value_text(valued: Valued) -> str:
    """Write the value as shown, whatever its kind; else why there is none; else nothing."""
    if valued.value_quantity is not None and valued.value_quantity.value is not None:
        return quantity_text(valued.value_quantity)
    if valued.value_codeable_concept is not None:
        return words(valued.value_codeable_concept)
    if valued.value_string is not None:
        return valued.value_string.strip()
    if valued.value_boolean is not None:
        return "Yes" if valued.value_boolean else "No"
    if valued.value_integer is not None:
        return str(valued.value_integer)
    if valued.value_range is not None:
        return range_text(valued.value_range)
    if valued.value_ratio is not None:
        return ratio_text(valued.value_ratio)
    if valued.value_time or valued.value_date_time:
        return (valued.value_time or valued.value_date_time or "").replace("T", " ")
    if valued.value_period is not None:
        return " to ".join(p for p in (valued.value_period.start, valued.value_period.end) if p)
    if bytes(valued.value_sampled_data):
        return "a recorded trace"
    return absent_text(valued.data_absent_reason)


def _is_pressure(component: Valued, known: frozenset[str], word: str) -> bool:
    found = codes(component.code)
    return not known.isdisjoint(found) or (not found and word in words(component.code).lower())


def components_text(components: list[Component]) -> str:
    """Write a panel: blood pressure as ``128/82 mmHg``, anything else as ``name: value; …``."""
    upper = next((c for c in components if _is_pressure(c, SYSTOLIC, "systolic")), None)
    lower = next((c for c in components if _is_pressure(c, DIASTOLIC, "diastolic")), None)
    rest = [c for c in components if c is not upper and c is not lower]
    pressure = ""
    if upper is not None and lower is not None:
        high, low = upper.value_quantity, lower.value_quantity
        if (
            high is not None
            and low is not None
            and high.value is not None
            and low.value is not None
        ):
            top = number_text(high.value)
            pressure = f"{top}/{number_text(low.value)} {unit_text(high) or 'mmHg'}"
    if not pressure:
        rest = components
    named = (f"{words(c.code)}: {text}" for c in rest if (text := value_text(c)))
    return sentences(pressure, *named)


def _only_range(ranges: list[ReferenceRange]) -> tuple[Quantity | None, Quantity | None, str]:
    """Choose the range: low and high are promoted only where it is the only one for everybody."""
    texts = [
        r.text.strip() if r.text else range_text(Range(low=r.low, high=r.high)) for r in ranges
    ]
    if len(ranges) == 1:
        return ranges[0].low, ranges[0].high, texts[0]
    labelled = (
        f"{label}: {text}" if (label := first_words(r.applies_to) or words(r.type)) else text
        for r, text in zip(ranges, texts, strict=True)
        if text
    )
    return None, None, sentences(*labelled)


def usual_range(
    ranges: list[ReferenceRange] | None, unit: str
) -> tuple[Decimal | None, Decimal | None, str]:
    """Give the range that a value is read against: its bounds, and its words.

    Bounds are promoted only in the value's own unit.
    """
    low, high, text = _only_range(ranges or [])

    def bound(quantity: Quantity | None) -> Decimal | None:
        if quantity is None or quantity.value is None or not is_plain_number(quantity.value):
            return None
        return quantity.value if unit_text(quantity) in (unit, "") else None

    return bound(low), bound(high), text


def interpretation_code(concepts: list[CodeableConcept] | None) -> str:
    """Give the interpretation's code (H, L, N …), else its words."""
    for concept in concepts or ():
        for coding in concept.coding or ():
            if coding.code:
                return coding.code
    return first_words(concepts)


def measure(valued: Valued, notes: list[str]) -> Measured:
    """Promote a result's value, unit, range and interpretation.

    A number that is not finite or beyond 10^±20 is shown as text and not promoted, with a note.
    """
    quantity = valued.value_quantity
    value, unit = None, ""
    if quantity is not None and quantity.value is not None:
        unit = unit_text(quantity)
        if is_plain_number(quantity.value):
            value = quantity.value
        else:
            notes.append("valueQuantity.value: not a plausible number, shown as text only")
    low, high, text = usual_range(valued.reference_range, unit)
    return Measured(
        value=value,
        value_text=value_text(valued),
        unit=unit,
        range_low=low,
        range_high=high,
        range_text=text,
        interpretation=interpretation_code(valued.interpretation),
    )
