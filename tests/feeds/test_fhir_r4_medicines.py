"""Medicines."""

from typing import Any

import pytest

from feeds.mapped import EntryStatus, Held, Mapped
from organisations.categories import Category
from tests.feeds.fhir_r4_samples import PATIENT, bundle, coded, entry, held, items


def request(**fields: Any) -> dict[str, Any]:
    made = {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": coded("322236009", "Paracetamol 500mg tablets"),
        "subject": PATIENT,
        "authoredOn": "2026-02-01",
        **fields,
    }
    return {name: value for name, value in made.items() if value is not None}


def test_prescription() -> None:
    result = entry(
        request(
            dosageInstruction=[{"text": "Take two four times a day"}],
            requester={"display": "Dr A Name (GP)"},
            reasonCode=[{"text": "Pain"}],
            dispenseRequest={"validityPeriod": {"end": "2026-08-01"}},
        )
    )
    assert result.category is Category.MEDICATIONS
    assert result.display == "Paracetamol 500mg tablets"
    assert result.detail == "Take two four times a day; For: Pain"
    assert result.author == "Dr A Name (GP)"
    assert result.status is EntryStatus.CURRENT
    assert result.ends is not None


def test_a_long_dose_is_never_cut() -> None:
    dose = "Take one " + "then one more " * 2000 + "and stop"
    assert dose in entry(request(dosageInstruction=[{"text": dose}])).detail


def test_dose_is_built_from_codes_where_no_words_are_sent_and_in_sequence() -> None:
    second = {"sequence": 2, "text": "Then stop"}
    first = {
        "sequence": 1,
        "timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}},
        "asNeededBoolean": True,
        "route": {"text": "Oral"},
        "doseAndRate": [{"doseQuantity": {"value": 500, "unit": "mg"}}],
    }
    result = entry(request(dosageInstruction=[second, first]))
    assert result.detail == "500 mg, 3 times every day as needed, Oral; Then stop"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "active"}, EntryStatus.CURRENT),
        ({"status": "on-hold"}, EntryStatus.CURRENT),
        ({"status": "stopped"}, EntryStatus.PAST),
        ({"status": "completed"}, EntryStatus.PAST),
        ({"status": "cancelled"}, EntryStatus.CANCELLED),
        ({"status": "draft"}, EntryStatus.PLANNED),
        ({"status": "entered-in-error"}, EntryStatus.ENTERED_IN_ERROR),
        ({"status": "active", "intent": "proposal"}, EntryStatus.PLANNED),
        ({"status": None}, EntryStatus.UNKNOWN),
    ],
)
def test_status(fields: dict, status: EntryStatus) -> None:
    assert entry(request(**fields)).status is status


def test_do_not_give_says_so_first() -> None:
    result = entry(request(doNotPerform=True))
    assert result.display == "Do not give: Paracetamol 500mg tablets"
    assert result.negation


def test_medicine_is_found_in_the_bundle_and_among_the_contained() -> None:
    medicine = {
        "resourceType": "Medication",
        "id": "drug",
        "code": {"text": "Warfarin 3mg tablets"},
    }
    referring = request(
        medicationCodeableConcept=None, medicationReference={"reference": "Medication/drug"}
    )
    outcome = items(bundle(referring, medicine))[1].outcome
    assert isinstance(outcome, Mapped)
    assert outcome.entries[0].display == "Warfarin 3mg tablets"
    inside = request(
        medicationCodeableConcept=None,
        medicationReference={"reference": "#drug"},
        contained=[medicine],
    )
    assert entry(inside).display == "Warfarin 3mg tablets"
    assert "does not hold" in held(referring)


def test_sensitive_medicine_is_known_by_its_code_where_it_is_only_referred_to() -> None:
    medicine = {"resourceType": "Medication", "id": "drug", "code": coded("42", "A medicine")}
    referring = request(
        medicationCodeableConcept=None, medicationReference={"reference": "Medication/drug"}
    )
    outcome = items(bundle(medicine, referring), sensitive_codes=frozenset({"42"}))[2].outcome
    assert isinstance(outcome, Mapped)
    assert outcome.entries[0].sensitive


def test_statement_dispense_and_administration() -> None:
    base = {"id": "x", "subject": PATIENT, "medicationCodeableConcept": {"text": "Aspirin 75mg"}}
    statement = entry(
        {
            "resourceType": "MedicationStatement",
            "status": "not-taken",
            "effectivePeriod": {"start": "2026-01-01", "end": "2026-02-01"},
            "dosage": [{"text": "One daily"}],
            **base,
        }
    )
    assert (statement.status, statement.detail) == (EntryStatus.PAST, "Not taken; One daily")
    assert statement.ends is not None
    dispense = entry(
        {
            "resourceType": "MedicationDispense",
            "status": "completed",
            "quantity": {"value": 28, "unit": "tablet"},
            "whenHandedOver": "2026-01-03",
            **base,
        }
    )
    assert (dispense.status, dispense.detail) == (EntryStatus.PAST, "Supplied: 28 tablet")
    given = entry(
        {
            "resourceType": "MedicationAdministration",
            "status": "not-done",
            "statusReason": [{"text": "Refused by patient"}],
            "effectiveDateTime": "2026-01-03T08:00:00Z",
            **base,
        }
    )
    assert (given.status, given.detail) == (EntryStatus.CANCELLED, "Not given; Refused by patient")


def test_a_medicine_without_a_name_is_held() -> None:
    (only,) = items(request(medicationCodeableConcept=None))
    assert isinstance(only.outcome, Held)
