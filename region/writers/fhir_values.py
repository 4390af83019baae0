"""FHIR R4 values: references, codings, dates, extensions, and the conventions of the region."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime

    from region.model import Coded, Fact

Resource = dict[str, Any]

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
#: Extensions and identifiers of our own, documented in ``region.writers.fhir_r4``.
OWN = "https://connectcare.example/"
_NAMESPACE = uuid.UUID("6f6b9a52-0d0e-5f0b-9f0f-3c1f3a1f8d11")

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

#: UCUM codes of units that are written differently for people.
_UCUM = {"mmHg": "mm[Hg]", "mL/min/1.73m2": "mL/min/{1.73_m2}"}
_PRINTED = {
    "Cel": "°C", "{score}": "score", "{ratio}": "ratio", "{grade}": "grade", "umol/L": "µmol/L",
    "ug/L": "µg/L", "mL/min/1.73m2": "mL/min/1.73m²", "{units}/wk": "units/week",
    "cm2": "cm²", "kg/m2": "kg/m²", "10*9/L": "10⁹/L",
}  # fmt: skip


def resource_id(seed: int, source: str, person: str, key: str) -> str:
    """The stable id of a resource: the same for every making from this seed."""
    return str(uuid.uuid5(_NAMESPACE, f"{seed}/{source}/{person}/{key}"))


def moment(value: datetime | date) -> str:
    """A FHIR dateTime: with the offset of London at that time, or the day alone."""
    return value.isoformat()


def concept(what: Coded) -> Resource:
    """A CodeableConcept: words, with their code where there is one."""
    if not what.code:
        return {"text": what.text}
    coding = {"system": what.system, "code": what.code, "display": what.text}
    return {"coding": [coding], "text": what.text}


def code(system: str, value: str, display: str = "") -> Resource:
    """A CodeableConcept of one coding from HL7's terminology."""
    coding = {"system": system, "code": value}
    if display:
        coding["display"] = display
    return {"coding": [coding]}


def quantity(value: Any, unit: str, comparator: str = "") -> Resource:
    """A Quantity in UCUM, with the unit as people read it. Decimals keep their places."""
    number = float(value) if value != value.to_integral_value() else int(value)
    found: Resource = {
        "value": number,
        "unit": _PRINTED.get(unit, unit),
        "system": "http://unitsofmeasure.org",
        "code": _UCUM.get(unit, unit),
    }
    if comparator:
        found["comparator"] = comparator
    return found


def identified(system: str, value: str) -> Resource:
    """A reference by identifier alone."""
    return {"identifier": {"system": system, "value": value}}


def team_extension(fact: Fact) -> list[Resource]:
    """The responsible team, for those resources that carry it; empty without one."""
    if fact.team is None:
        return []
    value = {"system": f"{OWN}Id/team", "value": fact.team}
    return [{"url": f"{OWN}StructureDefinition/responsible-team", "valueIdentifier": value}]


def text_extension(name: str, text: str) -> Resource:
    """An extension of our own that holds words."""
    return {"url": f"{OWN}StructureDefinition/{name}", "valueString": text}


def period(start: datetime | date, end: datetime | date | None) -> Resource:
    """A Period that may still be open."""
    found = {"start": moment(start)}
    if end is not None:
        found["end"] = moment(end)
    return found


def as_json(value: Resource) -> str:
    """A resource or bundle in one line."""
    return _ENCODER.encode(value)
