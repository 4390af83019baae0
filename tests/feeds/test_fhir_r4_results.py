"""Observations, reports and imaging studies."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from feeds.mapped import EntryStatus, Precision
from organisations.categories import Category
from tests.feeds.fhir_r4_samples import PATIENT, coded, entry, held, observation

BLOOD_PRESSURE = observation(
    category=[coded("vital-signs")],
    code=coded("75367002", "Blood pressure"),
    component=[
        {
            "code": coded("72313002", "Systolic arterial pressure"),
            "valueQuantity": {"value": 128, "unit": "millimeter of mercury", "code": "mm[Hg]"},
        },
        {
            "code": coded("1091811000000102", "Diastolic arterial pressure"),
            "valueQuantity": {"value": 82, "unit": "millimeter of mercury", "code": "mm[Hg]"},
        },
    ],
)


def test_quantity_keeps_digits_comparator_unit_range_and_interpretation() -> None:
    result = entry(
        observation(
            valueQuantity={"value": 5.10, "comparator": "<", "unit": "mmol/L"},
            referenceRange=[
                {"low": {"value": 3.5, "unit": "mmol/L"}, "high": {"value": 5.3, "unit": "mmol/L"}}
            ],
            interpretation=[coded("H", "High")],
            effectiveDateTime="2026-06-01T10:30:00+01:00",
            meta={"lastUpdated": "2026-06-02T00:00:00Z"},
        )
    )
    assert (result.value, result.value_text, result.unit) == (
        Decimal("5.1"),
        "< 5.1 mmol/L",
        "mmol/L",
    )
    assert (result.range_low, result.range_high) == (Decimal("3.5"), Decimal("5.3"))
    assert result.range_text == "3.5 to 5.3 mmol/L"
    assert result.interpretation == "H"
    assert result.effective == datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
    assert result.effective_precision is Precision.TIME
    assert result.version == datetime(2026, 6, 2, tzinfo=UTC)
    assert (result.identifier, result.person) == ("Observation/o1", "Patient/p1")
    assert result.status is EntryStatus.CURRENT


def test_trailing_zero_of_a_value_is_kept() -> None:
    from tests.feeds.fhir_r4_samples import items

    text = (
        '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"pH"},'
        '"subject":{"reference":"Patient/p"},"valueQuantity":{"value":7.40}}'
    )
    (only,) = items(text)
    assert only.outcome.entries[0].value_text == "7.40"


def test_blood_pressure_is_one_line() -> None:
    result = entry(BLOOD_PRESSURE)
    assert result.value_text == "128/82 mmHg"
    assert result.value is None
    assert result.category is Category.MEASUREMENTS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"valueCodeableConcept": {"text": "Not detected"}}, "Not detected"),
        ({"valueString": " trace "}, "trace"),
        ({"valueBoolean": True}, "Yes"),
        ({"valueBoolean": False}, "No"),
        ({"valueInteger": 3}, "3"),
        (
            {"valueRange": {"low": {"value": 1, "unit": "mL"}, "high": {"value": 2, "unit": "mL"}}},
            "1 to 2 mL",
        ),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1:128"),
        ({"dataAbsentReason": coded("not-performed")}, "not performed"),
        ({"dataAbsentReason": {"text": "Specimen clotted"}}, "Specimen clotted"),
        ({"valueSampledData": {"data": "1 2 3"}}, "a recorded trace"),
        ({"valueQuantity": {"value": 96, "unit": "%"}}, "96%"),
        ({"valueQuantity": {"value": 37.2, "code": "Cel"}}, "37.2 °C"),
        ({}, ""),
    ],
)
def test_every_kind_of_value_has_words(value: dict, text: str) -> None:
    assert entry(observation(**value)).value_text == text


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"category": [coded("laboratory")]}, Category.LAB_RESULTS),
        ({"category": [coded("vital-signs")]}, Category.MEASUREMENTS),
        ({"category": [coded("social-history")]}, Category.MEASUREMENTS),
        ({"category": [coded("imaging")]}, Category.IMAGING),
        ({"category": [coded("survey"), coded("laboratory")]}, Category.LAB_RESULTS),
        ({"category": [coded("exam")], "specimen": {"display": "Blood"}}, Category.LAB_RESULTS),
        ({"category": [{"text": "Laboratory"}]}, Category.LAB_RESULTS),
        ({"category": None}, Category.LAB_RESULTS),
        ({"category": None, "code": coded("8867-4", "Heart rate")}, Category.MEASUREMENTS),
        ({"code": {"text": "Safeguarding concern raised"}}, Category.SAFEGUARDING),
    ],
)
def test_category_goes_to_the_narrower_audience_where_in_doubt(
    fields: dict, category: Category
) -> None:
    assert entry(observation(**fields)).category is category


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("final", EntryStatus.CURRENT),
        ("registered", EntryStatus.PLANNED),
        ("cancelled", EntryStatus.CANCELLED),
        ("entered-in-error", EntryStatus.ENTERED_IN_ERROR),
        ("unknown", EntryStatus.UNKNOWN),
        ("something else", EntryStatus.UNKNOWN),
        (None, EntryStatus.UNKNOWN),
    ],
)
def test_status(status: str | None, expected: EntryStatus) -> None:
    assert entry(observation(status=status)).status is expected


def test_implausible_number_is_shown_and_not_promoted() -> None:
    result = entry(observation(valueQuantity={"value": 1e300, "unit": "mmol/L"}))
    assert result.value is None
    assert result.value_text
    assert result.notes == ("valueQuantity.value: not a plausible number, shown as text only",)


def test_range_in_another_unit_or_for_several_groups_is_words_only() -> None:
    other_unit = {"low": {"value": 1, "unit": "g/L"}, "high": {"value": 2, "unit": "g/L"}}
    result = entry(
        observation(valueQuantity={"value": 5, "unit": "mmol/L"}, referenceRange=[other_unit])
    )
    assert (result.range_low, result.range_high, result.range_text) == (None, None, "1 to 2 g/L")
    two = [
        {"text": "130 to 180", "appliesTo": [{"text": "Men"}]},
        {"text": "115 to 165", "appliesTo": [{"text": "Women"}]},
    ]
    result = entry(observation(referenceRange=two))
    assert result.range_text == "Men: 130 to 180; Women: 115 to 165"


def test_without_any_name_it_is_held() -> None:
    assert held(observation(code={})) == "neither words nor a code say what it is"


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("LAB", Category.LAB_RESULTS),
        ("RAD", Category.IMAGING),
        ("EC", Category.MEASUREMENTS),
        ("unheard of", Category.LAB_RESULTS),
    ],
)
def test_report(category: str, expected: Category) -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "category": [coded(category)],
        "code": {"text": "Report"},
        "subject": PATIENT,
        "issued": "2026-01-05T12:00:00Z",
        "conclusion": "No acute abnormality.",
        "performer": [{"display": "Radiology, Lewisham"}],
    }
    result = entry(report)
    assert result.category is expected
    assert result.detail == "No acute abnormality."
    assert result.effective == result.recorded == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert (result.author, result.place) == ("Radiology, Lewisham", "")
    read_by = entry({**report, "resultsInterpreter": [{"display": "Dr R, radiologist"}]})
    assert (read_by.author, read_by.place) == ("Dr R, radiologist", "Radiology, Lewisham")


def test_imaging_study_is_named_by_what_is_known() -> None:
    study = {
        "resourceType": "ImagingStudy",
        "id": "i1",
        "status": "available",
        "subject": PATIENT,
        "started": "2026-01-05",
        "series": [{"modality": {"code": "CT"}, "bodySite": {"display": "Chest"}}],
    }
    assert entry(study).display == "CT: Chest"
    assert entry({**study, "series": None}).display == "Imaging study"
    assert entry({**study, "description": "CT chest"}).display == "CT chest"
