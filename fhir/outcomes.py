"""The OperationOutcome: what FHIR says of what went wrong, and of what went well.

HL7 FHIR R4, 2.23 (https://hl7.org/fhir/R4/operationoutcome.html). Its words are reasons that name
no value of a record: answers stand in other systems' logs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.http import HttpResponse

MEDIA_TYPE = "application/fhir+json"


class Severity(StrEnum):
    """How bad an issue is."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class Kind(StrEnum):
    """What an issue is about: the codes of http://hl7.org/fhir/issue-type that are used here."""

    LOGIN = "login"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    NOT_SUPPORTED = "not-supported"
    TOO_LONG = "too-long"
    STRUCTURE = "structure"
    INVALID = "invalid"
    PROCESSING = "processing"
    INFORMATIONAL = "informational"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is said; ``where`` is where it stands in what was sent (``entry[12]``)."""

    severity: Severity
    kind: Kind
    words: str
    where: str = ""

    def as_json(self) -> dict[str, object]:
        """As FHIR writes it."""
        said: dict[str, object] = {
            "severity": self.severity.value,
            "code": self.kind.value,
            "diagnostics": self.words,
        }
        if self.where:
            said["expression"] = [self.where]
        return said


def answer(status: int, issues: Iterable[Issue], **headers: str) -> HttpResponse:
    """An answer that is an OperationOutcome."""
    body = {"resourceType": "OperationOutcome", "issue": [issue.as_json() for issue in issues]}
    return as_fhir(status, body, **headers)


def as_fhir(status: int, body: object, **headers: str) -> HttpResponse:
    """An answer in FHIR's own media type; a header's ``_`` stands for its hyphen."""
    return HttpResponse(
        json.dumps(body, ensure_ascii=False),
        status=status,
        content_type=f"{MEDIA_TYPE}; charset=utf-8",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def refused(status: int, kind: Kind, words: str, **headers: str) -> HttpResponse:
    """An answer with one error."""
    return answer(status, [Issue(Severity.ERROR, kind, words)], **headers)
