"""FHIR files that the browser tests give in: made-up people whose numbers begin 999."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from region.nhs_number import check_digit

Resource = dict[str, Any]

PRACTICE = "Y99901"
PRACTICE_NAME = "Ladywell Green Surgery (demo)"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_VERIFIED = {
    "url": (
        "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
    ),
    "valueCodeableConcept": {
        "coding": [{
            "system": (
                "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
            ),
            "code": "01",
        }]
    },
}  # fmt: skip
_RECORDED = "2026-03-02T09:30:00+00:00"


@dataclass(frozen=True)
class NewPerson:
    """A resident whom only a delivery brings."""

    number: str
    title: str
    given: str
    family: str
    born: date
    postcode: str = "SE13 7ZZ"
    street: str = "14 Quillfeather Row"

    @property
    def banner(self) -> str:
        """The name as pages show it."""
        return f"{self.family.upper()}, {self.given} ({self.title})"

    @property
    def number_shown(self) -> str:
        """The NHS number as pages show it."""
        return f"{self.number[:3]} {self.number[3:6]} {self.number[6:]}"


def _number(nth: int) -> str:
    """The nth made-up NHS number that has a check digit, from a range that the region leaves."""
    tried = [f"999900{each:03d}" for each in range(1000)]
    return [f"{nine}{check_digit(nine)}" for nine in tried if check_digit(nine) is not None][nth]


STORY = NewPerson(_number(0), "Mrs", "Beatrix", "Oyelaran-Finch", date(1952, 4, 11))
WITHOUT_SCRIPT = NewPerson(_number(1), "Mr", "Cornelius", "Vanterpool", date(1961, 7, 30))
#: More residents than a search shows: the same family name and date of birth.
CROWD = tuple(
    NewPerson(_number(10 + nth), "Ms", f"{chr(ord('A') + nth)}nnike", "Thistlewaite",
              date(1970, 1, 1))
    for nth in range(12)
)  # fmt: skip

ALLERGY, REACTION = "Allergy to trimethoprim", "Blistering rash"
PROBLEM = "Polymyalgia rheumatica"
MEDICINE, DOSE = "Prednisolone 5mg tablets", "Three tablets each morning with food"
RESULT = "Plasma viscosity"
SAFEGUARDING = "Concern about money taken by a lodger"
CLINICAL_WORDS = (ALLERGY, REACTION, PROBLEM, MEDICINE, DOSE, RESULT, SAFEGUARDING)

#: What the page of the delivery must count for :func:`record`.
READ, LOADED, HELD = 8, 7, 1


def record(person: NewPerson) -> bytes:
    """A resident registered at the practice, six entries, and one that is about nobody known."""
    about = {"reference": f"Patient/{_id(person, 'patient')}"}
    resources: list[Resource] = [
        patient(person),
        {
            **_head(person, "AllergyIntolerance", "allergy"),
            "clinicalStatus": _coded("allergyintolerance-clinical", "active"),
            "verificationStatus": _coded("allergyintolerance-verification", "confirmed"),
            "type": "allergy",
            "code": {"text": ALLERGY},
            "patient": about,
            "recordedDate": _RECORDED,
            "reaction": [{"manifestation": [{"text": REACTION}]}],
        },
        _condition(person, "problem", PROBLEM, about),
        {
            **_head(person, "MedicationRequest", "medicine"),
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": {"text": MEDICINE},
            "subject": about,
            "authoredOn": "2026-03-02",
            "requester": {"display": "Dr Hannah Weiss, GP"},
            "dosageInstruction": [{"text": DOSE}],
        },
        {
            **_head(person, "Observation", "result"),
            "status": "final",
            "category": [_coded("observation-category", "laboratory")],
            "code": {"text": RESULT},
            "subject": about,
            "effectiveDateTime": "2026-03-01T10:00:00+00:00",
            "valueQuantity": {"value": 1.94, "unit": "mPa.s"},
            "referenceRange": [{"low": {"value": 1.5}, "high": {"value": 1.72}}],
            "interpretation": [_coded("v3-ObservationInterpretation", "H")],
        },
        {
            **_head(person, "Flag", "safeguarding"),
            "status": "active",
            "category": [{"text": "Safeguarding"}],
            "code": {"text": SAFEGUARDING},
            "subject": about,
            "period": {"start": "2026-03-02"},
        },
        {
            **_head(person, "Immunization", "vaccination"),
            "status": "completed",
            "vaccineCode": {"text": "Seasonal influenza vaccine"},
            "patient": about,
            "occurrenceDateTime": "2025-10-04",
        },
        _condition(person, "stray", "Gout", {"reference": "Patient/nobody-we-know"}),
    ]
    assert len(resources) == READ == LOADED + HELD
    return ndjson(resources)


def patient(person: NewPerson) -> Resource:
    """The person, registered at the practice."""
    return {
        **_head(person, "Patient", "patient"),
        "identifier": [{
            "extension": [_VERIFIED],
            "system": "https://fhir.nhs.uk/Id/nhs-number", "value": person.number,
        }],
        "active": True,
        "name": [{
            "use": "official", "family": person.family, "given": [person.given],
            "prefix": [person.title],
        }],
        "gender": "female" if person.title in ("Mrs", "Ms") else "male",
        "birthDate": person.born.isoformat(),
        "address": [{
            "use": "home", "line": [person.street], "city": "London",
            "postalCode": person.postcode,
        }],
        "generalPractitioner": [{
            "type": "Organization",
            "identifier": {
                "system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": PRACTICE,
            },
        }],
    }  # fmt: skip


def ndjson(resources: list[Resource]) -> bytes:
    """The resources, one a line."""
    return "".join(f"{json.dumps(each)}\n" for each in resources).encode()


def _head(person: NewPerson, kind: str, key: str) -> Resource:
    return {"resourceType": kind, "id": _id(person, key), "meta": {"lastUpdated": _RECORDED}}


def _condition(person: NewPerson, key: str, what: str, about: Resource) -> Resource:
    return {
        **_head(person, "Condition", key),
        "clinicalStatus": _coded("condition-clinical", "active"),
        "verificationStatus": _coded("condition-ver-status", "confirmed"),
        "code": {"text": what},
        "subject": about,
        "onsetDateTime": "2026-02-20",
    }


def _id(person: NewPerson, key: str) -> str:
    return str(uuid5(NAMESPACE_OID, f"{person.number} {key}"))


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": f"{_TERMINOLOGY}/{system}", "code": code}]}
