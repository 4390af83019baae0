"""Encounters, appointments, referrals, episodes of care."""

from typing import Any

import pytest

from feeds.formats.fhir_r4.contacts import contact_class
from feeds.mapped import EntryStatus
from organisations.categories import Category
from tests.feeds.fhir_r4_samples import PATIENT, coded, entry, held, passed_over

TEAM = {
    "url": "https://connectcare.example/StructureDefinition/responsible-team",
    "valueIdentifier": {"system": "https://connectcare.example/Id/team", "value": "RJ2-CEDAR"},
}


def encounter(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "subject": PATIENT,
        "period": {"start": "2026-11-01T09:00:00Z"},
        **fields,
    }


def test_admission_with_team_place_reason_and_consultant() -> None:
    result = entry(
        encounter(
            extension=[TEAM],
            location=[
                {"location": {"display": "Emergency department"}, "status": "completed"},
                {"location": {"display": "Cedar ward"}, "status": "active"},
            ],
            participant=[
                {"individual": {"display": "Nurse B"}},
                {"type": [coded("ATND")], "individual": {"display": "Mr C, consultant"}},
            ],
            reasonCode=[{"text": "Hip fracture"}],
        ),
        source_kind="nhs_trust",
    )
    assert result.category is Category.CONTACTS
    assert result.status is EntryStatus.CURRENT
    assert result.contact_class == "inpatient"
    assert result.team_code == "RJ2-CEDAR"
    assert result.place == "Cedar ward"
    assert result.author == "Mr C, consultant"
    assert result.detail == "Reason: Hip fracture"
    assert result.display == "Inpatient stay"
    assert result.ends is None


@pytest.mark.parametrize(
    ("code", "source_kind", "expected"),
    [
        ("IMP", "nhs_trust", "inpatient"),
        ("EMER", "nhs_trust", "emergency"),
        ("AMB", "nhs_trust", "outpatient"),
        ("AMB", "gp_practice", "primary_care"),
        ("VR", "gp_practice", "primary_care"),
        (None, "gp_practice", "primary_care"),
        ("HH", "gp_practice", "home"),
        ("AMB", "out_of_hours", "out_of_hours"),
        ("HH", "out_of_hours", "out_of_hours"),
        ("AMB", "adult_social_care", None),
        (None, "nhs_trust", None),
        ("AMB", "", None),
    ],
)
def test_contact_class(code: str | None, source_kind: str, expected: str | None) -> None:
    assert contact_class(code, source_kind) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("planned", EntryStatus.PLANNED),
        ("onleave", EntryStatus.CURRENT),
        ("finished", EntryStatus.PAST),
        ("cancelled", EntryStatus.CANCELLED),
        ("entered-in-error", EntryStatus.ENTERED_IN_ERROR),
        ("unknown", EntryStatus.UNKNOWN),
    ],
)
def test_encounter_status(status: str, expected: EntryStatus) -> None:
    assert entry(encounter(status=status)).status is expected


def appointment(*actors: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": "ap1",
        "status": "booked",
        "start": "2026-12-01T10:00:00Z",
        "end": "2026-12-01T10:20:00Z",
        "participant": [{"actor": actor, "status": "accepted"} for actor in actors],
        **fields,
    }


def test_appointment_finds_patient_clinician_and_place() -> None:
    result = entry(
        appointment(
            {"reference": "Location/l1", "display": "Clinic 3"},
            {"reference": "Practitioner/d1", "display": "Dr D"},
            PATIENT,
            serviceType=[{"text": "Cardiology"}],
            description="Follow up",
        )
    )
    assert (result.person, result.author, result.place) == ("Patient/p1", "Dr D", "Clinic 3")
    assert (result.display, result.detail) == ("Cardiology", "Follow up")
    assert result.status is EntryStatus.PLANNED


def test_missed_appointment_says_so() -> None:
    result = entry(appointment(PATIENT, status="noshow"))
    assert (result.status, result.detail) == (EntryStatus.PAST, "Did not attend")


def test_appointment_of_nobody_or_of_several_is_held() -> None:
    assert held(appointment({"display": "Dr D"})) == "participant: no patient is named"
    assert "several patients" in held(appointment(PATIENT, {"reference": "Patient/p2"}))


def test_referral_and_test_request() -> None:
    referral = {
        "resourceType": "ServiceRequest",
        "id": "s1",
        "status": "active",
        "intent": "order",
        "code": {"text": "Referral to falls clinic"},
        "subject": PATIENT,
        "authoredOn": "2026-10-01",
        "extension": [TEAM],
    }
    result = entry(referral)
    assert (result.category, result.status) == (Category.APPOINTMENTS, EntryStatus.CURRENT)
    assert result.team_code == "RJ2-CEDAR"
    test = entry({**referral, "category": [coded("108252007", "Laboratory procedure")]})
    assert (test.category, test.status) == (Category.LAB_RESULTS, EntryStatus.PLANNED)


def task(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Task",
        "id": "t1",
        "status": "requested",
        "intent": "order",
        "code": coded("306238000", "Referral to social services"),
        "for": PATIENT,
        "authoredOn": "2026-10-01",
        "requester": {"display": "Discharge team"},
        "owner": {"display": "North locality team"},
        "description": "Needs equipment before going home",
        **fields,
    }


def test_task_that_is_a_referral() -> None:
    result = entry(task())
    assert (result.category, result.status) == (Category.APPOINTMENTS, EntryStatus.CURRENT)
    assert (result.kind, result.code) == ("Task", "306238000")
    assert result.display == "Referral to social services"
    assert result.detail == "Needs equipment before going home; To: North locality team"
    assert (result.person, result.author) == ("Patient/p1", "Discharge team")


def test_task_that_carries_out_a_request_needs_a_named_team() -> None:
    request = {"code": {"text": "Fulfil"}, "focus": {"reference": "ServiceRequest/s1"}}
    named = [
        {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X1"}},
        {"identifier": {"system": "https://connectcare.example/Id/team", "value": "north"}},
    ]
    result = entry(task(**request, restriction={"recipient": named}))
    assert (result.recipient_code, result.recipient_team) == ("X1", "north")
    assert (result.display, result.code) == ("Needs equipment before going home", "")
    assert "step of work" in passed_over(task(**request, restriction={"recipient": named[:1]}))


def test_any_other_task_is_a_step_of_work() -> None:
    assert "step of work" in passed_over(task(code={"text": "Chase the referral letter"}))
    assert "step of work" in passed_over(task(code=coded("223452003", "Another")))


def test_episode_of_care_depends_on_who_sends_it() -> None:
    episode = {
        "resourceType": "EpisodeOfCare",
        "id": "ep1",
        "status": "onhold",
        "type": [{"text": "Home Support"}],
        "patient": PATIENT,
        "period": {"start": "2026-01-01"},
        "careManager": {"display": "A Worker, social worker"},
        "extension": [
            {
                "url": "https://connectcare.example/StructureDefinition/service-category",
                "valueCodeableConcept": {"text": "Long Term Support: Community"},
            },
            {
                "url": "https://connectcare.example/StructureDefinition/service-provider",
                "valueString": "Made-Up Care Ltd",
            },
        ],
    }
    council = entry(episode, source_kind="adult_social_care")
    assert council.category is Category.SOCIAL_CARE_SERVICES
    assert council.status is EntryStatus.CURRENT
    assert council.detail == "Paused; Provider: Made-Up Care Ltd; Long Term Support: Community"
    assert council.author == "A Worker, social worker"
    assert entry(episode, source_kind="nhs_trust").category is Category.CONTACTS
