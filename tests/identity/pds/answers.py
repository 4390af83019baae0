"""Answers in the shapes of the PDS contract, made up for tests."""

from __future__ import annotations

import json
from typing import Any


def patient(number: str = "9990001014", *, label: str = "U", **more: Any) -> dict[str, Any]:
    """A Patient with no more than is said."""
    return {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}],
        "meta": {"versionId": "3", "security": [{"code": label}]},
        **more,
    }


def bundle(*people: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    """A search's answer; like the service's, without ``entry`` where nobody is found."""
    found = {"entry": [{"search": {"score": 1}, "resource": each} for each in people]}
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(people) if total is None else total,
        **(found if people else {}),
    }


def problem(code: str | None) -> dict[str, Any]:
    """An OperationOutcome; with ``None`` one without a code, as the published mock has it."""
    issue: dict[str, Any] = {"severity": "error", "code": "value", "diagnostics": "Zzyzx Canary"}
    if code:
        issue["details"] = {"coding": [{"code": code}]}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def body(resource: dict[str, Any]) -> bytes:
    """The resource as it comes."""
    return json.dumps(resource).encode()
