"""What the stand-in answers, in the shapes of the contract."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from region.pds_stand_in.people import Address, Held

_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-"
_LABELS = {"U": "unrestricted", "R": "restricted", "V": "very restricted"}
FHIR_JSON, PLAIN_JSON = "application/fhir+json", "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body, and headers."""

    status: int
    body: bytes
    content_type: str = FHIR_JSON
    headers: dict[str, str] = field(default_factory=dict)


def resource(status: int, content: dict[str, Any], **headers: str) -> Answer:
    """A FHIR resource."""
    return Answer(status, json.dumps(content, ensure_ascii=False).encode(), headers=headers)


def problem(
    status: int,
    code: str,
    kind: str,
    diagnostics: str = "",
    *,
    severity: str = "error",
    gateway: bool = False,
    retry_after: int | None = None,
) -> Answer:
    """An OperationOutcome; the gateway's own are plain JSON by their content type."""
    display = code.replace("_", " ").title()
    issue: dict[str, Any] = {
        "severity": severity,
        "code": kind,
        "details": {
            "coding": [
                {
                    "system": "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode",
                    "version": "1",
                    "code": code,
                    "display": display,
                }
            ]
        },
    }
    if diagnostics:
        issue["diagnostics"] = diagnostics
    body = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, body, PLAIN_JSON if gateway else FHIR_JSON, headers)


def oauth_error(status: int, error: str, description: str) -> Answer:
    """The token service's errors are OAuth's, not FHIR's."""
    body = {"error": error, "error_description": description, "message_id": "stand-in"}
    return Answer(status, json.dumps(body).encode(), PLAIN_JSON)


def patient(person: Held, *, searched: bool) -> dict[str, Any]:
    """A person, with what a retrieval has, or the less that a search has."""
    content: dict[str, Any] = {
        "resourceType": "Patient",
        "id": person.number,
        "identifier": [
            {
                "system": "https://fhir.nhs.uk/Id/nhs-number",
                "value": person.number,
                "extension": [
                    {
                        "url": f"{_UK_CORE}NHSNumberVerificationStatus",
                        "valueCodeableConcept": _concept("NHSNumberVerificationStatus", "01"),
                    }
                ],
            }
        ],
        "meta": {
            "versionId": "1",
            "security": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                    "code": person.label,
                    "display": _LABELS[person.label],
                }
            ],
        },
        "gender": person.gender,
    }
    if person.label != "V":
        content["name"] = _names(person)
        content["birthDate"] = person.birth_date.isoformat()
    extensions = []
    if person.died_on:
        content["deceasedDateTime"] = person.died_on.isoformat()
    if person.died_on or person.death_notice:
        notice = person.death_notice or "2"
        extensions.append(
            {
                "url": f"{_UK_CORE}DeathNotificationStatus",
                "extension": [
                    {
                        "url": "deathNotificationStatus",
                        "valueCodeableConcept": _concept("DeathNotificationStatus", notice),
                    }
                ],
            }
        )
    if not searched:
        if person.twin:
            content["multipleBirthInteger"] = 1
        if person.language:
            extensions.append(_communication(person))
    if person.label == "U":
        content |= _place(person, searched=searched)
    if extensions:
        content["extension"] = extensions
    return content


def bundle(hits: list[tuple[Held, float]], base_url: str, now: str) -> dict[str, Any]:
    """A search's answer: best first, and no ``entry`` at all where nobody was found."""
    content: dict[str, Any] = {
        "resourceType": "Bundle", "type": "searchset", "timestamp": now, "total": len(hits)
    }  # fmt: skip
    if hits:
        content["entry"] = [
            {
                "fullUrl": f"{base_url}/Patient/{person.number}",
                "search": {"score": score},
                "resource": patient(person, searched=True),
            }
            for person, score in hits
        ]
    return content


def _names(person: Held) -> list[dict[str, Any]]:
    usual: dict[str, Any] = {"use": "usual", "family": person.family}
    if person.given:
        usual["given"] = list(person.given)
    if person.title:
        usual["prefix"] = [person.title]
    nickname = {"use": "nickname", "family": person.family, "given": [person.nickname]}
    return [usual, *([nickname] if person.nickname else [])]


def _place(person: Held, *, searched: bool) -> dict[str, Any]:
    """What a protected person's answer has not: addresses, telephone, practice."""
    addresses = [each for each in person.addresses if not searched or each.use == "home"]
    place: dict[str, Any] = {}
    if addresses:
        place["address"] = [_address(each) for each in addresses]
    telecom = [{"system": "phone", "use": use, "value": value} for use, value in person.phones]
    if person.email:
        telecom.append({"system": "email", "use": "home", "value": person.email})
    if telecom:
        place["telecom"] = telecom
    if person.practice:
        place["generalPractitioner"] = [
            {
                "type": "Organization",
                "identifier": {
                    "system": "https://fhir.nhs.uk/Id/ods-organization-code",
                    "value": person.practice,
                    "period": {"start": "2020-01-01"},
                },
            }
        ]
    return place


def _address(address: Address) -> dict[str, Any]:
    period = {"start": "2020-01-01"}
    if address.until:
        period["end"] = address.until.isoformat()
    return {
        "use": address.use,
        "line": list(address.lines),
        "postalCode": address.postcode,
        "period": period,
    }


def _communication(person: Held) -> dict[str, Any]:
    return {
        "url": f"{_UK_CORE}NHSCommunication",
        "extension": [
            {"url": "language", "valueCodeableConcept": _concept("HumanLanguage", person.language)},
            {"url": "interpreterRequired", "valueBoolean": person.interpreter},
        ],
    }


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"{_CODES}{system}", "version": "1.0.0", "code": code}]}
