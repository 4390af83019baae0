"""GP Connect's resources, FHIR STU3, as the R4 resources that they would be.

So that what becomes of a medicine or an allergy is decided once. Only what R4 moved or renamed is
moved; the rest stays as it was sent. HL7's own STU3-to-R4 maps are followed where they speak
(http://hl7.org/fhir/R4, "R3 Conversions"). Each function changes its argument, a resource of its
own, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Resource = dict[str, Any]

#: What GP Connect says of a medicine three times (a summary, its authorisation, its issues) is
#: shown once, by the summary.
AUTHORISATION = "the authorisation of a medicine that is summed up as a MedicationStatement"
ISSUE = "one issue of a medicine that is summed up as a MedicationStatement"

_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_VACCINATION = "Extension-CareConnect-VaccinationProcedure-1"
_UK_CORE_VACCINATION = (
    "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-VaccinationProcedure"
)
_LAST_ISSUE = "MedicationStatementLastIssueDate"


def convert(resource: Resource, *, laboratory: frozenset[str]) -> Resource:
    """One resource as R4.

    :param laboratory: the references of the observations that stand under a laboratory's report.
    """
    _move(resource, "context", "encounter")
    kind = str(resource.get("resourceType"))
    if kind == "Observation":
        _observation(resource, laboratory)
    elif kind in _CONVERTERS:
        _CONVERTERS[kind](resource)
    return resource


def laboratory_results(resources: list[Resource]) -> frozenset[str]:
    """The observations that a report names, and those that stand under them."""
    members = {
        f"Observation/{resource.get('id')}": [
            _reference(related.get("target"))
            for related in _dicts(resource.get("related"))
            if related.get("type") == "has-member"
        ]
        for resource in resources
        if resource.get("resourceType") == "Observation"
    }
    waiting = [
        _reference(result)
        for resource in resources
        if resource.get("resourceType") == "DiagnosticReport"
        for result in _dicts(resource.get("result"))
    ]
    found: set[str] = set()
    while waiting:
        one = waiting.pop()
        if one and one not in found:
            found.add(one)
            waiting += members.get(one, [])
    return frozenset(found)


def _move(resource: Resource, old: str, new: str) -> None:
    if old in resource:
        value = resource.pop(old)
        resource.setdefault(new, value)


def _dicts(value: object) -> list[Resource]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _reference(value: object) -> str:
    found = value.get("reference") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _listed(resource: Resource, name: str) -> None:
    """R4 has a list where STU3 had one."""
    if isinstance(resource.get(name), dict):
        resource[name] = [resource[name]]


def _coded(resource: Resource, name: str, system: str) -> None:
    """R4 has a concept where STU3 had a code."""
    if isinstance(resource.get(name), str):
        resource[name] = {"coding": [{"system": system, "code": resource[name]}]}


def _comment(resource: Resource) -> None:
    """R4 has notes where STU3 had one comment."""
    comment = resource.pop("comment", None)
    if isinstance(comment, str) and comment.strip():
        resource["note"] = [*_dicts(resource.get("note")), {"text": comment}]


def _actors(resource: Resource, name: str) -> None:
    """R4 has references where STU3 had actors in roles."""
    resource[name] = [one.get("actor", one) for one in _dicts(resource.get(name))]


def _patient(resource: Resource) -> None:
    """The practice that manages the person is the one that they are registered with."""
    practice = resource.get("managingOrganization")
    if isinstance(practice, dict):
        resource["generalPractitioner"] = [practice, *_dicts(resource.get("generalPractitioner"))]


def _allergy(resource: Resource) -> None:
    _coded(resource, "clinicalStatus", "http://terminology.hl7.org/CodeSystem/allergyintolerance")
    _coded(
        resource, "verificationStatus", "http://terminology.hl7.org/CodeSystem/allergyintolerance"
    )
    _move(resource, "assertedDate", "recordedDate")


def _condition(resource: Resource) -> None:
    _coded(resource, "clinicalStatus", _CLINICAL)
    _coded(resource, "verificationStatus", "http://terminology.hl7.org/CodeSystem/condition-ver")
    _move(resource, "assertedDate", "recordedDate")


def _statement(resource: Resource) -> None:
    if resource.get("taken") == "n" and resource.get("status") == "active":
        resource["status"] = "not-taken"
    for extension in _dicts(resource.get("extension")):
        issued = extension.get("valueDateTime")
        if _LAST_ISSUE in str(extension.get("url")) and isinstance(issued, str):
            resource["note"] = [
                *_dicts(resource.get("note")),
                {"text": f"Last issued {issued[:10]}"},
            ]


def _observation(resource: Resource, laboratory: frozenset[str]) -> None:
    _comment(resource)
    _listed(resource, "interpretation")
    for component in _dicts(resource.get("component")):
        _listed(component, "interpretation")
    resource["hasMember"] = [
        related["target"]
        for related in _dicts(resource.pop("related", None))
        if related.get("type") == "has-member" and "target" in related
    ]
    # A practice's own finding has no category. What no laboratory reported is a measurement.
    if not resource.get("category"):
        reported = "specimen" in resource or f"Observation/{resource.get('id')}" in laboratory
        code = "laboratory" if reported else "exam"
        resource["category"] = [{"coding": [{"system": _OBSERVATION_CATEGORY, "code": code}]}]


def _report(resource: Resource) -> None:
    _listed(resource, "category")
    if "performer" in resource:
        _actors(resource, "performer")
    _move(resource, "codedDiagnosis", "conclusionCode")
    # "PAT" is v2-0074's word for pathology as a whole.
    for category in _dicts(resource.get("category")):
        for coding in _dicts(category.get("coding")):
            if coding.get("code") == "PAT":
                coding["code"] = "LAB"


def _immunization(resource: Resource) -> None:
    _move(resource, "date", "occurrenceDateTime")
    if resource.pop("notGiven", False) is True:
        resource["status"] = "not-done"
    if "practitioner" in resource:
        resource["performer"] = [
            {"actor": one["actor"]}
            for one in _dicts(resource.pop("practitioner"))
            if "actor" in one
        ]
    explanation = resource.pop("explanation", None)
    if isinstance(explanation, dict):
        for reason in ("reason", "reasonNotGiven"):
            if reason in explanation:
                resource["reasonCode"] = explanation[reason]
    for extension in _dicts(resource.get("extension")):
        if str(extension.get("url")).endswith(_VACCINATION):
            extension["url"] = _UK_CORE_VACCINATION
            if _is_unknown(resource.get("vaccineCode")):
                resource["vaccineCode"] = extension.get("valueCodeableConcept")


def _is_unknown(concept: object) -> bool:
    """Practices that keep no product say ``UNK``; the procedure then names the vaccination."""
    codings = _dicts(concept.get("coding")) if isinstance(concept, dict) else []
    return all(coding.get("code") == "UNK" for coding in codings)


def _request(resource: Resource) -> None:
    """A request for a procedure, or a referral: both are a ServiceRequest in R4."""
    referral = resource["resourceType"] == "ReferralRequest"
    resource["resourceType"] = "ServiceRequest"
    requester = resource.get("requester")
    if isinstance(requester, dict) and "agent" in requester:
        resource["requester"] = requester["agent"]
    _move(resource, "recipient", "performer")
    _listed(resource, "performer")
    _move(resource, "occurrence", "occurrenceDateTime")
    if not referral:
        return
    asked = _dicts(resource.pop("serviceRequested", None)) or _dicts(resource.get("reasonCode"))[:1]
    _move(resource, "specialty", "performerType")
    if asked:
        resource.setdefault("code", asked[0])
    resource.setdefault("code", {"text": "Referral"})
    described = resource.pop("description", None)
    if isinstance(described, str) and described.strip():
        resource["note"] = [{"text": described}, *_dicts(resource.get("note"))]


def _document(resource: Resource) -> None:
    _move(resource, "created", "date")
    _move(resource, "indexed", "date")
    _move(resource, "class", "category")
    _listed(resource, "category")
    context = resource.get("context", resource.get("encounter"))
    resource.pop("encounter", None)
    if isinstance(context, dict):
        _listed(context, "encounter")
        resource["context"] = context


def _appointment(resource: Resource) -> None:
    _listed(resource, "serviceCategory")
    _move(resource, "reason", "reasonCode")


def _encounter(resource: Resource) -> None:
    _move(resource, "reason", "reasonCode")
    _listed(resource, "reasonCode")


def _procedure(resource: Resource) -> None:
    if resource.pop("notDone", False) is True:
        resource["status"] = "not-done"
    _move(resource, "notDoneReason", "statusReason")


_CONVERTERS: Mapping[str, Callable[[Resource], None]] = {
    "AllergyIntolerance": _allergy,
    "Appointment": _appointment,
    "Condition": _condition,
    "DiagnosticReport": _report,
    "DocumentReference": _document,
    "Encounter": _encounter,
    "Immunization": _immunization,
    "MedicationStatement": _statement,
    "Patient": _patient,
    "Procedure": _procedure,
    "ProcedureRequest": _request,
    "ReferralRequest": _request,
}
