"""Patients, and to whom a resource belongs."""

from datetime import date
from typing import Any

import pytest

from feeds.mapped import Held, Mapped, PassedOver
from tests.feeds.fhir_r4_samples import (
    NHS_NUMBER,
    bundle,
    entry,
    held,
    item,
    items,
    observation,
    person,
)


def patient(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1", **fields}


def test_patient_in_full() -> None:
    result = person(
        patient(
            meta={
                "lastUpdated": "2026-01-01T00:00:00Z",
                "security": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                        "code": "R",
                    }
                ],
            },
            identifier=[
                {
                    "system": NHS_NUMBER,
                    "value": "999 000 0018",
                    "extension": [
                        {
                            "url": "https://fhir.hl7.org.uk/StructureDefinition/"
                            "Extension-UKCore-NHSNumberVerificationStatus",
                            "valueCodeableConcept": {"coding": [{"code": "01"}]},
                        }
                    ],
                },
                {"system": "https://connectcare.example/Id/RJ2-person", "value": "M123"},
            ],
            name=[
                {"use": "old", "family": "Before"},
                {
                    "use": "official",
                    "prefix": ["Ms"],
                    "given": ["Zoë", None],
                    "family": "O'Neill-Ade",
                },
            ],
            gender="female",
            birthDate="1950-02-28",
            deceasedDateTime="2026-05-01T23:30:00Z",
            address=[
                {"use": "old", "line": ["1 Gone Street"]},
                {
                    "use": "home",
                    "line": ["2 Made Up Road"],
                    "city": "London",
                    "postalCode": "se13  0zz",
                },
            ],
            telecom=[
                {"system": "phone", "use": "home", "value": "020 7946 0001"},
                {"system": "phone", "use": "mobile", "value": "07700 900001"},
                {"system": "email", "value": "not.shown@example.org"},
            ],
            generalPractitioner=[
                {
                    "identifier": {
                        "system": "https://fhir.nhs.uk/Id/ods-organization-code",
                        "value": "Y99901",
                    }
                }
            ],
            communication=[
                {"language": {"text": "English"}},
                {"language": {"text": "Yoruba"}, "preferred": True},
            ],
            extension=[
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired",
                    "valueBoolean": True,
                }
            ],
        )
    )
    assert result.identifier == "Patient/p1"
    assert (result.nhs_number, result.nhs_number_status) == ("999 000 0018", "01")
    assert result.local_identifiers == ("https://connectcare.example/Id/RJ2-person|M123",)
    assert (result.title, result.given_names, result.family_name) == ("Ms", "Zoë", "O'Neill-Ade")
    assert (result.birth_date, result.sex) == (date(1950, 2, 28), "female")
    # half past eleven at night UTC is the next day in London in summer
    assert (result.deceased, result.deceased_on) == (True, date(2026, 5, 2))
    assert result.address_lines == ("2 Made Up Road", "London")
    assert result.postcode == "SE13 0ZZ"
    assert result.phone == "07700 900001"
    assert result.practice_code == "Y99901"
    assert (result.language, result.interpreter_needed) == ("Yoruba", True)
    assert result.confidentiality == "R"
    assert result.notes == ()


@pytest.mark.parametrize(
    ("sent", "note"),
    [
        ("1980-13-01", "birthDate: no such date, left out"),
        ("1980-02-30", "birthDate: no such date, left out"),
        ("196513121515", "birthDate: no such date, left out"),
        ("1980", "birthDate: not a whole date, kept as it is"),
        ("1980-02", "birthDate: not a whole date, kept as it is"),
    ],
)
def test_a_birth_date_that_is_none_is_left_out_and_the_person_stays(sent: str, note: str) -> None:
    result = person(patient(birthDate=sent))
    assert result.birth_date is None
    assert result.birth_date_part == (sent if "kept" in note else "")
    assert result.notes == (note,)


def test_a_death_of_a_month_and_a_life_in_so_many_words() -> None:
    dead = person(patient(deceasedDateTime="2026-03"))
    assert (dead.deceased, dead.deceased_on, dead.deceased_on_part) == (True, None, "2026-03")
    assert person(patient(deceasedBoolean=False)).living
    assert not person(patient()).living
    assert not person(patient(deceasedBoolean=True)).living


def test_two_nhs_numbers_that_disagree_give_none() -> None:
    numbers = [{"system": NHS_NUMBER, "value": n} for n in ("9990000018", "9990000026")]
    result = person(patient(identifier=numbers))
    assert result.nhs_number is None
    assert result.notes
    one_old = [numbers[0], {**numbers[1], "use": "old"}]
    assert person(patient(identifier=one_old)).nhs_number == "9990000018"


def test_an_ill_formed_identifier_holds_the_person() -> None:
    assert held(patient(identifier=[{"system": NHS_NUMBER, "value": 9990000018}])) == (
        "identifier: not a list of identifiers"
    )


def test_mononym_and_name_in_words_only() -> None:
    assert person(patient(name=[{"given": ["Suharto"]}])).given_names == "Suharto"
    assert person(patient(name=[{"text": "Ada Made-Up"}])).family_name == "Ada Made-Up"


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p1",
        "urn:uuid:11111111-2222-4333-8444-555555555555",
        "https://fhir.example.org/R4/Patient/p1",
        "Patient/p1/_history/3",
    ],
)
def test_every_kind_of_reference_leads_to_one_person(reference: str) -> None:
    made = bundle(patient(), observation(subject={"reference": reference}))
    made["entry"][0]["fullUrl"] = "urn:uuid:11111111-2222-4333-8444-555555555555"
    outcome = items(made)[2].outcome
    assert isinstance(outcome, Mapped)
    assert outcome.entries[0].person == "Patient/p1"


def test_urn_of_another_document_is_the_id_that_it_has_there() -> None:
    uuid = "11111111-2222-4333-8444-555555555555"
    assert entry(observation(subject={"reference": f"urn:uuid:{uuid}"})).person == f"Patient/{uuid}"


def test_subject_by_nhs_number_alone_is_left_to_the_pipeline() -> None:
    subject = {"identifier": {"system": NHS_NUMBER, "value": "9990000018"}}
    result = entry(observation(subject=subject))
    assert (result.person, result.person_nhs_number) == (None, "9990000018")
    contained = {"resourceType": "Patient", "id": "x", "identifier": [subject["identifier"]]}
    result = entry(observation(subject={"reference": "#x"}, contained=[contained]))
    assert (result.person, result.person_nhs_number) == (None, "9990000018")
    search = {"reference": f"Patient?identifier={NHS_NUMBER}|9990000018"}
    assert entry(observation(subject=search)).person_nhs_number == "9990000018"


def test_subject_by_local_identifier_is_found_in_the_same_document() -> None:
    local = {"system": "https://connectcare.example/Id/RJ2-person", "value": "M123"}
    made = bundle(patient(identifier=[local]), observation(subject={"identifier": local}))
    outcome = items(made)[2].outcome
    assert isinstance(outcome, Mapped)
    assert outcome.entries[0].person == "Patient/p1"
    assert "leads to nobody" in held(observation(subject={"identifier": local}))


def test_nobody_is_held_and_a_group_is_passed_over() -> None:
    assert held(observation(subject=None)) == "no patient is named"
    assert "leads to nobody" in held(observation(subject={"display": "Made Up"}))
    outcome = item(observation(subject={"reference": "Group/g1"})).outcome
    assert outcome == PassedOver("about a Group, not about a patient")
    assert "leads to nobody" in held(observation(subject={"reference": "Unheard/of"}))


def test_patient_without_an_id_is_named_by_a_local_identifier_not_a_passing_uuid() -> None:
    local = {"system": "https://connectcare.example/Id/RJ2-person", "value": "M123"}
    one = {"resourceType": "Patient", "identifier": [local]}
    made = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": one},
            {"resource": observation(subject={"reference": "urn:uuid:1"})},
        ],
    }
    _, first, second = items(made)
    assert isinstance(first.outcome, Mapped)
    assert isinstance(second.outcome, Mapped)
    identity = f"Patient?identifier={local['system']}|M123"
    assert first.outcome.person is not None
    assert first.outcome.person.identifier == identity
    assert second.outcome.entries[0].person == identity


def test_reasons_never_echo_what_was_sent() -> None:
    secret = "Zanzibar"
    for resource in (
        observation(subject={"reference": secret}),
        observation(status={"x": secret}),
        observation(valueQuantity={"value": secret}),
        observation(code=[secret]),
        {"resourceType": "Observation " + secret},
        patient(identifier=secret),
        patient(name=secret),
        {secret: secret},
    ):
        outcome = item(resource).outcome
        assert isinstance(outcome, Held | PassedOver), resource
        assert secret not in outcome.reason
