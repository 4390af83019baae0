"""Short ways to make resources and read them, for the tests of FHIR R4."""

import io
import json
from typing import Any

from feeds.formats.fhir_r4 import read
from feeds.mapped import Held, Item, Mapped, MappedEntry, MappedPerson, PassedOver

PATIENT = {"reference": "Patient/p1"}
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


def items(content: bytes | str | dict[str, Any] | list[Any], **kwargs: Any) -> list[Item]:
    if isinstance(content, (dict, list)):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode()
    return list(read(io.BytesIO(content), name="delivery", **kwargs))


def item(resource: dict[str, Any], **kwargs: Any) -> Item:
    (only,) = items(resource, **kwargs)
    return only


def entry(resource: dict[str, Any], **kwargs: Any) -> MappedEntry:
    outcome = item(resource, **kwargs).outcome
    assert isinstance(outcome, Mapped), outcome
    (only,) = outcome.entries
    return only


def person(resource: dict[str, Any], **kwargs: Any) -> MappedPerson:
    outcome = item(resource, **kwargs).outcome
    assert isinstance(outcome, Mapped), outcome
    assert outcome.person is not None
    return outcome.person


def held(resource: dict[str, Any], **kwargs: Any) -> str:
    outcome = item(resource, **kwargs).outcome
    assert isinstance(outcome, Held), outcome
    return outcome.reason


def passed_over(resource: dict[str, Any], **kwargs: Any) -> str:
    outcome = item(resource, **kwargs).outcome
    assert isinstance(outcome, PassedOver), outcome
    return outcome.reason


def coded(code: str, display: str = "", system: str = "http://snomed.info/sct") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def observation(**fields: Any) -> dict[str, Any]:
    made = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "category": [coded("laboratory")],
        "code": {"text": "Potassium"},
        "subject": PATIENT,
        **fields,
    }
    return {name: value for name, value in made.items() if value is not None}


def bundle(*resources: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "id": "b1",
        "type": kind,
        "entry": [
            {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
            if "id" in resource
            else {"resource": resource}
            for resource in resources
        ],
    }
