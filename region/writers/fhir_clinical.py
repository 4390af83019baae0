"""FHIR R4 resources of clinical facts: problems, medicines, allergies, results, procedures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from region.writers.fhir_values import (
    OWN,
    TERMINOLOGY,
    Resource,
    code,
    concept,
    moment,
    period,
    quantity,
)

if TYPE_CHECKING:
    from region import model

_CATEGORY = f"{TERMINOLOGY}observation-category"
_SERVICE_SECTION = f"{TERMINOLOGY}v2-0074"
_INTERPRETATION = f"{TERMINOLOGY}v3-ObservationInterpretation"
_INTERPRETED = {"H": "High", "L": "Low", "N": "Normal"}


def condition(fact: model.Condition, patient: Resource) -> Resource:
    """Condition; struck out by its verification status."""
    verified = "entered-in-error" if fact.entered_in_error else "confirmed"
    found: Resource = {
        "resourceType": "Condition",
        "verificationStatus": code(f"{TERMINOLOGY}condition-ver-status", verified),
        "category": [code(f"{TERMINOLOGY}condition-category", "problem-list-item")],
        "code": concept(fact.what),
        "subject": patient,
        "onsetDateTime": moment(fact.at),
        "recordedDate": moment(fact.recorded),
        "recorder": {"display": fact.author},
    }
    if not fact.entered_in_error:
        found["clinicalStatus"] = code(f"{TERMINOLOGY}condition-clinical", fact.status)
    if fact.ended:
        found["abatementDateTime"] = moment(fact.ended)
    if fact.note:
        found["note"] = [{"text": fact.note}]
    return found


def medication(fact: model.Medication, patient: Resource) -> Resource:
    """MedicationRequest of a prescriber, or MedicationStatement of who noted it."""
    status = "entered-in-error" if fact.entered_in_error else fact.status
    found: Resource = {
        "resourceType": "MedicationStatement" if fact.reported else "MedicationRequest",
        "status": status,
        "medicationCodeableConcept": concept(fact.what),
        "subject": patient,
    }
    if fact.reason:
        found["reasonCode"] = [{"text": fact.reason}]
    dose = {"text": fact.dose}
    if fact.reported:
        found["effectivePeriod"] = {"start": moment(fact.at)}
        found["dateAsserted"] = moment(fact.recorded)
        found["informationSource"] = {"display": fact.author}
        found["dosage"] = [dose]
        return found
    kind = "continuous" if fact.repeat else "acute"
    found |= {
        "intent": "order",
        "authoredOn": moment(fact.at),
        "requester": {"display": fact.author},
        "courseOfTherapyType": code(f"{TERMINOLOGY}medicationrequest-course-of-therapy", kind),
        "dosageInstruction": [dose],
    }
    if fact.ended:
        found["dispenseRequest"] = {
            "validityPeriod": {"start": moment(fact.at), "end": moment(fact.ended)}
        }
    return found


def allergy(fact: model.Allergy, patient: Resource) -> Resource:
    """AllergyIntolerance, also for the statement that none is known."""
    verified = "entered-in-error" if fact.entered_in_error else "confirmed"
    system = f"{TERMINOLOGY}allergyintolerance-"
    found: Resource = {
        "resourceType": "AllergyIntolerance",
        "verificationStatus": code(f"{system}verification", verified),
        "code": concept(fact.what),
        "patient": patient,
        "recordedDate": moment(fact.recorded),
        "recorder": {"display": fact.author},
    }
    if not fact.entered_in_error:
        found["clinicalStatus"] = code(f"{system}clinical", fact.status)
    if fact.none_known:
        return found
    found |= {"type": "allergy", "category": [fact.kind], "criticality": fact.criticality,
              "onsetDateTime": moment(fact.at)}  # fmt: skip
    if fact.reactions:
        reaction: Resource = {"manifestation": [concept(each) for each in fact.reactions]}
        if fact.severity:
            reaction["severity"] = fact.severity
        found["reaction"] = [reaction]
    return found


def lab_result(fact: model.LabResult, patient: Resource) -> Resource:
    """Observation of the laboratory with its reference range."""
    found: Resource = {
        "resourceType": "Observation",
        "status": "entered-in-error" if fact.entered_in_error else "final",
        "category": [code(_CATEGORY, "laboratory", "Laboratory")],
        "code": concept(fact.what),
        "subject": patient,
        "effectiveDateTime": moment(fact.at),
        "issued": moment(fact.recorded),
        "performer": [{"display": fact.author}],
        "valueQuantity": quantity(fact.value, fact.unit, fact.comparator),
    }
    limits: Resource = {}
    if fact.low is not None:
        limits["low"] = quantity(fact.low, fact.unit)
    if fact.high is not None:
        limits["high"] = quantity(fact.high, fact.unit)
    if limits:
        found["referenceRange"] = [limits]
        letter = fact.interpretation
        found["interpretation"] = [code(_INTERPRETATION, letter, _INTERPRETED[letter])]
    return found


def lab_report(fact: model.LabReport, patient: Resource, results: list[str]) -> Resource:
    """DiagnosticReport of the laboratory; ``results`` are the ids of its observations."""
    found: Resource = {
        "resourceType": "DiagnosticReport",
        "status": "entered-in-error" if fact.entered_in_error else "final",
        "category": [code(_SERVICE_SECTION, "LAB", "Laboratory")],
        "code": concept(fact.what),
        "subject": patient,
        "effectiveDateTime": moment(fact.at),
        "issued": moment(fact.recorded),
        "performer": [{"display": fact.author}],
        "result": [{"reference": f"Observation/{each}"} for each in results],
    }
    if fact.conclusion:
        found["conclusion"] = fact.conclusion
    return found


def imaging(fact: model.Imaging, patient: Resource) -> Resource:
    """DiagnosticReport of radiology."""
    return {
        "resourceType": "DiagnosticReport",
        "status": "entered-in-error" if fact.entered_in_error else "final",
        "category": [code(_SERVICE_SECTION, "RAD", "Radiology")],
        "code": concept(fact.what),
        "subject": patient,
        "effectiveDateTime": moment(fact.at),
        "issued": moment(fact.recorded),
        "performer": [{"display": fact.author}],
        "conclusion": fact.conclusion,
    }


def measurement(fact: model.Measurement, patient: Resource) -> Resource:
    """Observation: a value, components (blood pressure), or words."""
    found: Resource = {
        "resourceType": "Observation",
        "status": "entered-in-error" if fact.entered_in_error else "final",
        "category": [code(_CATEGORY, fact.kind)],
        "code": concept(fact.what),
        "subject": patient,
        "effectiveDateTime": moment(fact.at),
        "performer": [{"display": fact.author}],
    }
    if fact.parts:
        found["component"] = [
            {"code": concept(part.what), "valueQuantity": quantity(part.value, part.unit)}
            for part in fact.parts
        ]
    elif fact.value is not None:
        found["valueQuantity"] = quantity(fact.value, fact.unit)
    else:
        found["valueString"] = fact.words
    return found


def procedure(fact: model.Procedure, patient: Resource) -> Resource:
    """Procedure, done."""
    found: Resource = {
        "resourceType": "Procedure",
        "status": "entered-in-error" if fact.entered_in_error else "completed",
        "code": concept(fact.what),
        "subject": patient,
        "performedDateTime": moment(fact.at),
        "recorder": {"display": fact.author},
    }
    if fact.outcome:
        found["outcome"] = {"text": fact.outcome}
    return found


def vaccination(fact: model.Vaccination, patient: Resource) -> Resource:
    """Immunization, given."""
    return {
        "resourceType": "Immunization",
        "status": "entered-in-error" if fact.entered_in_error else "completed",
        "vaccineCode": concept(fact.what),
        "patient": patient,
        "occurrenceDateTime": moment(fact.at),
        "recorded": moment(fact.recorded),
        "primarySource": True,
        "performer": [{"actor": {"display": fact.author}}],
        "protocolApplied": [{"doseNumberPositiveInt": fact.dose}],
    }


def alert(fact: model.Alert, patient: Resource) -> Resource:
    """Flag; safeguarding is a category of our own beside HL7's."""
    own = fact.category == "safeguarding"
    system = f"{OWN}CodeSystem/flag-category" if own else f"{TERMINOLOGY}flag-category"
    return {
        "resourceType": "Flag",
        "status": "entered-in-error" if fact.entered_in_error else fact.status,
        "category": [code(system, fact.category, fact.category.capitalize())],
        "code": {"text": fact.text},
        "subject": patient,
        "period": period(fact.at, fact.ended),
        "author": {"display": fact.author},
    }
