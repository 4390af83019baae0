"""The pack as a FHIR R4 Bundle that other software reads; every resource in it was validated.

A resource that a source sent is handed on as it came, where it holds to FHIR's published model;
where it does not, it is handed on whole in a ``Binary`` beside a ``Basic`` that says what it is.
What came in another format is a ``Basic`` with its words. Pure.
"""

from __future__ import annotations

import importlib
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from html import escape
from typing import Any

from organisations.categories import Category
from subject_access.held import ChoiceHeld, HeldEntry, PersonHeld

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_SEX = {"male": "male", "female": "female", "other": "other"}

Resource = Mapping[str, Any]


@cache
def _model() -> Any:
    """Give the library's model of FHIR R4 (as R4B, which reads R4); it is slow to import."""
    return importlib.import_module("fhir.resources.R4B")


def is_valid(resource: Resource) -> bool:
    """Whether a resource holds to FHIR's published model."""
    try:
        kind = _model().get_fhir_model_class(str(resource.get("resourceType", "")))
        kind.model_validate(dict(resource))
    except (LookupError, ValueError):
        return False
    return True


def patient(person: PersonHeld) -> Resource:
    """Who the person is."""
    address = {
        "line": [line for line in person.address if line],
        "postalCode": person.postcode,
    }
    return _without_empty(
        {
            "resourceType": "Patient",
            "id": person.public_id,
            "identifier": [{"system": NHS_NUMBER, "value": each} for each in person.numbers],
            "name": [
                _without_empty(
                    {"family": person.family_name, "given": person.given_names.split() or None}
                )
            ],
            "telecom": [{"system": "phone", "value": person.phone}] if person.phone else None,
            "gender": _SEX.get(person.sex, "unknown"),
            "birthDate": person.birth_date.isoformat() if person.birth_date else None,
            "address": [_without_empty(address)],
        }
    )


def of_entry(entry: HeldEntry, person: PersonHeld, source: str) -> Iterator[Resource]:
    """An entry as it came, or as what says in words what it is."""
    if entry.resource and is_valid(entry.resource):
        yield entry.resource
        return
    yield _without_empty(
        {
            "resourceType": "Basic",
            "id": entry.public_id,
            "text": {"status": "generated", "div": _div(words_of(entry), source)},
            "code": {"text": label(entry.category)},
            "subject": {"reference": f"Patient/{person.public_id}"},
            "created": entry.effective.date().isoformat() if entry.effective else None,
            "author": {"display": source},
        }
    )
    if entry.resource:
        yield {
            "resourceType": "Binary",
            "contentType": "application/fhir+json",
            "data": b64encode(json.dumps(entry.resource).encode()).decode(),
        }


def of_choice(choice: ChoiceHeld, person: PersonHeld) -> Resource:
    """A choice as a ``Consent``: what was said, and when."""
    about = f"{choice.kind}, {choice.council}" if choice.council else choice.kind
    return {
        "resourceType": "Consent",
        "identifier": [{"value": choice.reference}],
        "status": "active",
        "scope": {"text": about},
        "category": [{"text": choice.answer}],
        "patient": {"reference": f"Patient/{person.public_id}"},
        "dateTime": choice.since.astimezone(UTC).isoformat(timespec="seconds"),
        "policyRule": {"text": "What a resident said about sharing"},
    }


def of_look(said: str, at: datetime) -> Resource:
    """A look as an ``AuditEvent``, in the words of the account."""
    return {
        "resourceType": "AuditEvent",
        "type": {"code": "110110", "display": "Patient Record"},
        "action": "R",
        "recorded": at.astimezone(UTC).isoformat(timespec="seconds"),
        "outcome": "0",
        "outcomeDesc": said,
        "agent": [{"requestor": True}],
        "source": {"observer": {"display": "Connect Care"}},
    }


def bundle(resources: Iterable[Resource], *, at: datetime) -> bytes:
    """All of them in one ``Bundle``, as JSON.

    :raises ValueError: if a resource of our own making does not hold to the model.
    """
    whole = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": at.astimezone(UTC).isoformat(timespec="seconds"),
        "entry": [{"resource": resource} for resource in resources],
    }
    _model().get_fhir_model_class("Bundle").model_validate(whole)
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def label(category: int) -> str:
    """What a category is called."""
    return Category(category).label if category in Category.values else "Another part"


def words_of(entry: HeldEntry) -> str:
    """An entry in one line: what it says, its value, where it stands, who wrote it."""
    value = " ".join(filter(None, (entry.value_text or _plain(entry.value), entry.unit)))
    who = ", ".join(filter(None, (entry.author, entry.author_role, entry.place)))
    parts = (
        f"Not present: {entry.display}" if entry.negation else entry.display,
        value,
        f"range {entry.range_text}" if entry.range_text else "",
        entry.interpretation,
        entry.detail,
        *entry.notes,
        f"status: {entry.status}",
        f"code {entry.code}" if entry.code else "",
        who,
    )
    return "; ".join(part for part in parts if part)


def _plain(value: str | None) -> str:
    return value.rstrip("0").rstrip(".") if value and "." in value else value or ""


def _div(words: str, source: str) -> str:
    said = escape(f"{source}: {words}")
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{said}</div>'


def _without_empty(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in resource.items() if value not in (None, "", [], {}, [{}])
    }
