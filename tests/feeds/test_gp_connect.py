"""GP Connect structured records: STU3 as R4, and a snapshot that retires what it has no more."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.formats.gp_connect import read
from feeds.mapped import EntryStatus, Held, Item, Mapped, MappedEntry, PassedOver, Snapshot
from organisations.categories import Category
from organisations.models import Feed
from records.models import Entry
from tests import factories

Resource = dict[str, Any]
_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


def patient(number: str = "9990000018") -> Resource:
    return {
        "resourceType": "Patient",
        "id": "P1",
        "identifier": [{"system": _NUMBER, "value": number}],
        "name": [{"use": "official", "family": "Carter", "given": ["Ruth"]}],
        "gender": "female",
        "birthDate": "1941-03-03",
        "managingOrganization": {"reference": "Organization/O1"},
    }


def practice() -> Resource:
    return {
        "resourceType": "Organization",
        "id": "O1",
        "name": "The practice",
        "identifier": [
            {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Y99901"}
        ],
    }


def allergy(identifier: str = "A1", **changed: Any) -> Resource:
    return {
        "resourceType": "AllergyIntolerance",
        "id": identifier,
        "clinicalStatus": "active",
        "verificationStatus": "unconfirmed",
        "code": {"text": "Penicillin"},
        "patient": {"reference": "Patient/P1"},
        "assertedDate": "2020-02-02",
        **changed,
    }


def observation(identifier: str = "B1", **changed: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "code": {"text": "O/E - height"},
        "subject": {"reference": "Patient/P1"},
        "effectiveDateTime": "2020-02-02",
        **changed,
    }


def snapshot(*resources: Resource, taken: str = "2026-01-01T10:00:00Z") -> bytes:
    made = {
        "resourceType": "List",
        "status": "current",
        "mode": "snapshot",
        "date": taken,
        "subject": {"reference": "Patient/P1"},
    }
    everything = [patient(), practice(), made, *resources]
    return json.dumps(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": r} for r in everything],
        }
    ).encode()


def items(content: bytes) -> list[Item]:
    return list(read(io.BytesIO(content), name="", source_kind="gp_practice"))


def entries(found: list[Item]) -> list[MappedEntry]:
    return [e for i in found if isinstance(i.outcome, Mapped) for e in i.outcome.entries]


def one(*resources: Resource) -> MappedEntry:
    (entry,) = entries(items(snapshot(*resources)))
    return entry


# ── STU3 as R4 ──────────────────────────────────────────────────────────────────────────────


def test_an_allergy_has_its_status_and_date() -> None:
    found = one(allergy())
    assert (found.category, found.status) == (Category.ALLERGIES, EntryStatus.CURRENT)
    assert found.recorded is not None
    assert "Not confirmed" in found.detail
    assert one(allergy(clinicalStatus="resolved")).status == EntryStatus.PAST
    assert one(allergy(verificationStatus="entered-in-error")).status == (
        EntryStatus.ENTERED_IN_ERROR
    )


def test_a_practice_finding_is_a_measurement_and_a_reported_one_a_result() -> None:
    assert one(observation()).category is Category.MEASUREMENTS
    assert one(observation(specimen={"reference": "Specimen/S1"})).category is Category.LAB_RESULTS
    member = observation("B2")
    heading = observation(
        "B1", related=[{"type": "has-member", "target": {"reference": "Observation/B2"}}]
    )
    report = {
        "resourceType": "DiagnosticReport",
        "id": "D1",
        "status": "final",
        "category": {"coding": [{"code": "PAT"}]},
        "code": {"text": "Full blood count"},
        "subject": {"reference": "Patient/P1"},
        "issued": "2020-02-02T10:00:00Z",
        "result": [{"reference": "Observation/B1"}],
    }
    found = entries(items(snapshot(heading, member, report)))
    assert {entry.category for entry in found} == {Category.LAB_RESULTS}


def test_a_consultation_says_why() -> None:
    """STU3's Encounter.reason is R4's reasonCode."""
    consultation = {
        "resourceType": "Encounter",
        "id": "E1",
        "status": "finished",
        "type": [{"text": "GP surgery"}],
        "subject": {"reference": "Patient/P1"},
        "period": {"start": "2025-03-04T10:00:00Z"},
        "reason": [{"text": "Sore throat"}],
    }
    assert one(consultation).detail == "Reason: Sore throat"


def test_a_comment_is_kept() -> None:
    assert "Measured standing" in one(observation(comment="Measured standing")).detail


def test_a_vaccination_not_given_says_so_and_is_named_by_its_procedure() -> None:
    found = one(
        {
            "resourceType": "Immunization",
            "id": "I1",
            "status": "completed",
            "notGiven": True,
            "vaccineCode": {"coding": [{"code": "UNK", "display": "unknown"}]},
            "extension": [
                {
                    "url": "https://fhir.hl7.org.uk/STU3/StructureDefinition/"
                    "Extension-CareConnect-VaccinationProcedure-1",
                    "valueCodeableConcept": {"text": "Influenza vaccination"},
                }
            ],
            "patient": {"reference": "Patient/P1"},
            "date": "2020-10-10",
        }
    )
    assert "Influenza vaccination" in found.display
    assert found.status == EntryStatus.CANCELLED
    assert found.effective is not None


def test_a_referral_says_what_for_and_to_whom() -> None:
    found = one(
        {
            "resourceType": "ReferralRequest",
            "id": "R1",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/P1"},
            "authoredOn": "2020-10-10",
            "reasonCode": [{"text": "Referral to orthopaedic service"}],
            "recipient": [{"reference": "Organization/O1"}],
            "requester": {"agent": {"display": "Dr One"}},
            "description": "Hip",
        }
    )
    assert found.kind == "ServiceRequest"
    assert found.display == "Referral to orthopaedic service"
    assert "To: The practice" in found.detail
    assert "Hip" in found.detail
    assert found.author == "Dr One"


def test_a_medicine_is_shown_once_by_its_summary() -> None:
    request = {"resourceType": "MedicationRequest", "id": "M2", "status": "active"}
    found = items(
        snapshot({**request, "intent": "plan"}, {**request, "id": "M3", "intent": "order"})
    )
    reasons = {
        i.outcome.reason
        for i in found
        if i.resource_type == "MedicationRequest" and isinstance(i.outcome, PassedOver)
    }
    assert len(reasons) == 2
    assert entries(found) == []


def test_the_registered_practice_is_the_one_that_manages_the_person() -> None:
    (person,) = (
        i.outcome.person
        for i in items(snapshot())
        if isinstance(i.outcome, Mapped) and i.outcome.person
    )
    assert person.practice_code == "Y99901"


# ── The shared samples ──────────────────────────────────────────────────────────────────────


@pytest.mark.shared
def test_twelve_people_with_one_placeholder_are_twelve(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "fhir-stu3-gpconnect-structured" / "snapshot-2021-01"
    counts = {
        "Daniels": 502,
        "Gainsford": 93,
        "Magre": 284,
        "Sajal": 412,
        "Mold": 464,
        "Birdi": 190,
        "Yamura": 297,
        "Meyers": 245,
        "Livermore": 273,
        "Nel": 188,
        "Dougill": 174,
        "Guerra": 329,
    }
    people: dict[str, str] = {}
    for file in sorted(folder.glob("*.json")):
        found = items(file.read_bytes())
        assert not [i for i in found if isinstance(i.outcome, Held)], file.name
        (person,) = (
            i.outcome.person for i in found if isinstance(i.outcome, Mapped) and i.outcome.person
        )
        assert person.nhs_number == "1234567890"
        assert len([i for i in found if not i.is_wrapper]) == counts[person.family_name]
        assert isinstance(found[-1].outcome, Snapshot)
        people[person.identifier] = person.family_name
    assert sorted(people.values()) == sorted(counts)


@pytest.mark.shared
def test_payloads_that_are_not_json_are_held_whole(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "fhir-stu3-gpconnect-structured"
    held = Counter[str]()
    for file in sorted([*folder.glob("emis-e2e/*.json"), *folder.glob("misc/*.json")]):
        found = items(file.read_bytes())
        held[type(found[0].outcome).__name__ if len(found) == 1 else "read"] += 1
    assert held == {"read": 7, "Held": 2}


@pytest.mark.shared
def test_a_document_search_is_no_snapshot(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "fhir-stu3-gpconnect-documents-search"
    for file in folder.glob("*.json"):
        found = items(file.read_bytes())
        assert len(entries(found)) == 1
        assert not [i for i in found if isinstance(i.outcome, Snapshot)]


def test_a_record_that_names_several_patients_retires_nothing_and_says_so() -> None:
    found = items(snapshot(allergy(), {**patient("9990000026"), "id": "P2"}))
    assert [i.outcome.reason for i in found if isinstance(i.outcome, Held)] == [
        "it names several patients, so that nothing can be called absent: send one for each"
    ]
    assert not [i for i in found if isinstance(i.outcome, Snapshot)]
    assert len(entries(found)) == 1


def test_a_snapshot_is_as_old_as_the_latest_of_its_lists() -> None:
    """By when it was, and not by how it is written; what is no date says nothing."""
    lists = [
        {"resourceType": "List", "date": date, "subject": {"reference": "Patient/P1"}}
        for date in ("2026-01-01T10:30:00+01:00", "unknown", "2026-01-01T09:45:00Z")
    ]
    found = items(snapshot(*lists, allergy(), taken="2025-01-01T00:00:00Z"))
    (whole,) = (i.outcome for i in found if isinstance(i.outcome, Snapshot))
    assert whole.taken.isoformat() == "2026-01-01T09:45:00+00:00"


# ── Snapshots in the database ───────────────────────────────────────────────────────────────


@pytest.fixture
def structured(database: object, as_login: Any) -> Feed:
    with as_login("pipeline"):
        of = factories.organisation("The practice", kind="gp_practice", code="Y99901")
        return factories.feed(of, format="gp-connect")


def statuses(as_login: Any) -> dict[str, str]:
    with as_login("pipeline"):
        return dict(Entry.objects.values_list("identifier", "status"))


def totals(report: Any) -> dict[str, int]:
    kinds = ("loaded", "unchanged", "retired", "passed-over", "held")
    return {kind: report.total(kind) for kind in kinds if report.total(kind)}


EARLY, LATE = "2026-01-01T10:00:00Z", "2026-02-01T10:00:00Z"


def test_what_a_newer_snapshot_has_no_more_is_retired(
    structured: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(snapshot(allergy(), observation(), taken=EARLY), of=structured)
    report = deliver(snapshot(observation(), taken=LATE), of=structured)
    assert totals(report)["retired"] == 1
    assert statuses(as_login) == {
        "AllergyIntolerance/A1": "retired",
        "Observation/B1": "current",
    }


def test_an_identical_snapshot_of_another_day_changes_nothing(
    structured: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(snapshot(allergy(), observation(), taken=EARLY), of=structured)
    report = deliver(snapshot(allergy(), observation(), taken=LATE), of=structured)
    assert "loaded" not in totals(report) or totals(report)["loaded"] == 0
    assert "retired" not in totals(report)


@pytest.mark.parametrize("order", [(EARLY, LATE), (LATE, EARLY)])
def test_snapshots_in_any_order_leave_one_end_state(
    structured: Feed, deliver: Any, as_login: Any, order: tuple[str, str]
) -> None:
    content = {
        EARLY: snapshot(allergy("A1"), allergy("A2"), observation(comment="old"), taken=EARLY),
        LATE: snapshot(allergy("A2"), allergy("A3"), observation(comment="new"), taken=LATE),
    }
    for taken in order:
        deliver(content[taken], of=structured)
    live = {name for name, status in statuses(as_login).items() if status != "retired"}
    assert live == {"AllergyIntolerance/A2", "AllergyIntolerance/A3", "Observation/B1"}
    with as_login("pipeline"):
        assert "new" in Entry.objects.get(identifier="Observation/B1").detail


def test_what_comes_back_is_shown_again(structured: Feed, deliver: Any, as_login: Any) -> None:
    deliver(snapshot(allergy(), taken=EARLY), of=structured)
    deliver(snapshot(taken=LATE), of=structured)
    deliver(snapshot(allergy(), taken="2026-03-01T10:00:00Z"), of=structured)
    assert statuses(as_login) == {"AllergyIntolerance/A1": "current"}


def test_what_was_held_in_a_snapshot_is_not_retired(
    structured: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(snapshot(allergy(), observation(), taken=EARLY), of=structured)
    broken = allergy(code={"coding": "penicillin"})
    report = deliver(snapshot(broken, observation(comment="x"), taken=LATE), of=structured)
    assert totals(report)["held"] == 1
    assert statuses(as_login)["AllergyIntolerance/A1"] == "current"


def test_another_person_and_another_feed_keep_theirs(
    structured: Feed, deliver: Any, as_login: Any
) -> None:
    other = snapshot(allergy("A9"), taken=EARLY).replace(b"P1", b"P2")
    deliver(other, snapshot(allergy(), taken=EARLY), of=structured)
    deliver(snapshot(taken=LATE), of=structured)
    assert statuses(as_login) == {
        "AllergyIntolerance/A1": "retired",
        "AllergyIntolerance/A9": "current",
    }


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "resourceType",
                        "id",
                        "code",
                        "status",
                        "related",
                        "performer",
                        "extension",
                        "vaccineCode",
                        "requester",
                        "taken",
                        "date",
                        "entry",
                        "category",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(
        [
            "Observation",
            "Immunization",
            "ReferralRequest",
            "Patient",
            "List",
            "AllergyIntolerance",
            "DiagnosticReport",
            "DocumentReference",
        ]
    ),
)
def test_no_shape_makes_it_fail(shape: Any, kind: str) -> None:
    odd = {**shape, "resourceType": kind, "id": "X"} if isinstance(shape, dict) else shape
    found = items(snapshot(odd, observation()))
    assert len([i for i in found if i.pointer.startswith("entry")]) == 5
