"""Care plans, decisions, documents, alerts, people involved, social care."""

from typing import Any

import pytest

from feeds.mapped import EntryStatus
from organisations.categories import Category
from tests.feeds.fhir_r4_samples import PATIENT, bundle, coded, entry, items, passed_over


def test_care_plan() -> None:
    result = entry(
        {
            "resourceType": "CarePlan",
            "id": "c1",
            "status": "revoked",
            "intent": "plan",
            "title": "ReSPECT form",
            "category": [{"text": "Emergency care and treatment"}],
            "subject": PATIENT,
            "period": {"start": "2026-01-01"},
            "activity": [{"detail": {"code": {"text": "Comfort first"}}}],
        }
    )
    assert (result.category, result.status) == (Category.CARE_PLANS, EntryStatus.CANCELLED)
    assert result.display == "ReSPECT form"
    assert result.detail == "Emergency care and treatment; Activities: Comfort first"


def consent(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "id": "d1",
        "status": "active",
        "scope": coded("adr", "Advance care directive"),
        "category": [{"text": "Advance decision to refuse treatment"}],
        "patient": PATIENT,
        "dateTime": "2026-01-01",
        "provision": {"type": "deny", "code": [{"text": "Ventilation"}]},
        **fields,
    }


def test_a_decision_about_care_is_an_entry_and_one_about_information_is_not() -> None:
    result = entry(consent())
    assert result.category is Category.CARE_PLANS
    assert result.display == "Advance decision to refuse treatment"
    assert result.detail == "Refused: Ventilation"
    assert "choices are recorded" in passed_over(consent(scope=coded("patient-privacy")))
    assert "choices are recorded" in passed_over(consent(category=[coded("INFA")]))


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        (coded("safeguarding", "Safeguarding"), Category.SAFEGUARDING),
        ({"text": "Safeguarding adults"}, Category.SAFEGUARDING),
        (coded("safety", "Safety"), Category.ALERTS),
    ],
)
def test_flag(category: dict, expected: Category) -> None:
    flag = {
        "resourceType": "Flag",
        "id": "f1",
        "status": "active",
        "category": [category],
        "code": {"text": "Two workers to visit"},
        "subject": PATIENT,
    }
    assert entry(flag).category is expected
    assert entry({**flag, "status": "inactive"}).status is EntryStatus.PAST


def test_allocated_worker_is_one_entry_with_role_and_phone() -> None:
    result = entry(
        {
            "resourceType": "CareTeam",
            "id": "t1",
            "status": "active",
            "name": "Greenwich hospital discharge team",
            "subject": PATIENT,
            "participant": [
                {"member": PATIENT},
                {"role": [{"text": "Allocated worker"}], "member": {"display": "A Worker"}},
            ],
            "telecom": [{"system": "phone", "value": "020 7946 0002"}],
        },
        source_kind="adult_social_care",
    )
    assert result.category is Category.PEOPLE_INVOLVED
    assert (result.author, result.author_role) == ("A Worker", "Allocated worker")
    assert result.phone == "020 7946 0002"
    assert result.detail == "Allocated worker: A Worker"


def test_related_person() -> None:
    result = entry(
        {
            "resourceType": "RelatedPerson",
            "id": "r1",
            "patient": PATIENT,
            "relationship": [{"text": "Daughter, unpaid carer"}],
            "name": [{"given": ["Joy"], "family": "Made-Up"}],
            "telecom": [{"system": "phone", "value": "07700 900002"}],
        }
    )
    assert result.display == "Joy Made-Up (Daughter, unpaid carer)"
    assert result.phone == "07700 900002"


def test_assessment_depends_on_who_sends_it() -> None:
    assessment = {
        "resourceType": "ClinicalImpression",
        "id": "as1",
        "status": "completed",
        "description": "Care Act needs assessment",
        "subject": PATIENT,
        "date": "2026-03-01",
        "summary": "Eligible needs identified.",
        "assessor": {"display": "A Worker"},
    }
    council = entry(assessment, source_kind="adult_social_care")
    assert council.category is Category.SOCIAL_CARE_ASSESSMENTS
    assert council.display == "Care Act needs assessment"
    assert council.detail == "Eligible needs identified."
    assert entry(assessment, source_kind="nhs_trust").category is Category.DOCUMENTS


def test_equipment_is_named_by_its_device() -> None:
    use = {
        "resourceType": "DeviceUseStatement",
        "id": "u1",
        "status": "active",
        "subject": PATIENT,
        "device": {"display": "Walking frame"},
    }
    result = entry(use, source_kind="adult_social_care")
    assert (result.category, result.display) == (Category.SOCIAL_CARE_SERVICES, "Walking frame")
    device = {"resourceType": "Device", "id": "d", "type": {"text": "Hoist"}}
    made = bundle(device, {**use, "device": {"reference": "Device/d"}})
    found = items(made, source_kind="adult_social_care")[2].outcome
    assert found.entries[0].display == "Hoist"
    assert entry(use, source_kind="nhs_trust").category is Category.PROCEDURES


def test_document_keeps_its_content_in_the_resource() -> None:
    result = entry(
        {
            "resourceType": "DocumentReference",
            "id": "x1",
            "status": "current",
            "type": {"text": "Discharge summary"},
            "subject": PATIENT,
            "date": "2026-03-01T09:00:00Z",
            "description": "Admitted after a fall",
            "content": [{"attachment": {"contentType": "text/plain", "data": "SGVsbG8="}}],
        }
    )
    assert (result.display, result.detail) == ("Discharge summary", "Admitted after a fall")
    assert b"SGVsbG8=" in result.resource


def test_completed_form_shows_every_answer() -> None:
    result = entry(
        {
            "resourceType": "QuestionnaireResponse",
            "id": "q1",
            "status": "completed",
            "subject": PATIENT,
            "authored": "2026-03-01",
            "item": [
                {
                    "text": "Wishes",
                    "item": [{"text": "At home?", "answer": [{"valueBoolean": True}]}],
                }
            ],
        }
    )
    assert (result.display, result.detail) == ("Completed form", "At home?: Yes")


def test_withdrawn_document_is_in_error_by_either_status() -> None:
    document = {"resourceType": "DocumentReference", "id": "x", "subject": PATIENT}
    for fields in ({"status": "entered-in-error"}, {"docStatus": "entered-in-error"}):
        result = entry({**document, "status": "current", **fields})
        assert result.status is EntryStatus.ENTERED_IN_ERROR


def test_procedure_and_vaccination() -> None:
    procedure = {
        "resourceType": "Procedure",
        "id": "p",
        "status": "completed",
        "code": {"text": "Hip replacement"},
        "subject": PATIENT,
        "performedDateTime": "2019",
    }
    result = entry(procedure)
    assert (result.category, result.status) == (Category.PROCEDURES, EntryStatus.PAST)
    assert result.effective_precision == "year"
    undone = entry({**procedure, "status": "not-done", "statusReason": {"text": "Unwell"}})
    assert (undone.status, undone.detail) == (EntryStatus.CANCELLED, "Not done; Unwell")
    vaccination = entry(
        {
            "resourceType": "Immunization",
            "id": "i",
            "status": "completed",
            "vaccineCode": {"text": "Influenza"},
            "patient": PATIENT,
            "occurrenceDateTime": "2026-10-01",
            "lotNumber": "AB1",
            "protocolApplied": [{"doseNumberPositiveInt": 2}],
        }
    )
    assert vaccination.detail == "Dose 2; Batch: AB1"


def test_condition_statuses() -> None:
    condition = {
        "resourceType": "Condition",
        "id": "c",
        "code": coded("44054006", "Type 2 diabetes"),
        "subject": PATIENT,
        "onsetDateTime": "2015-06",
    }
    expected = {
        EntryStatus.UNKNOWN: {},
        EntryStatus.CURRENT: {"clinicalStatus": coded("active")},
        EntryStatus.PAST: {"clinicalStatus": coded("resolved")},
        EntryStatus.CANCELLED: {"verificationStatus": coded("refuted")},
        EntryStatus.ENTERED_IN_ERROR: {
            "clinicalStatus": coded("active"),
            "verificationStatus": coded("entered-in-error"),
        },
    }
    for status, fields in expected.items():
        assert entry({**condition, **fields}).status is status
    assert entry({**condition, "abatementDateTime": "2020"}).status is EntryStatus.PAST
