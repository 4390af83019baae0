"""What a practice holds as FHIR STU3 as GP Connect sends it, a function for each kind of fact."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from region import model
from region.writers.fhir_values import OWN, Resource, concept, moment, period, quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from region.model import Fact

CARE_CONNECT = "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-"
_CATEGORY = "http://hl7.org/fhir/observation-category"
_SETTINGS = {"telephone": "VR", "home": "HH"}


def coded(system: str, code: str, display: str = "") -> Resource:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    if display:
        coding["display"] = display
    return {"coding": [coding]}


def _condition(fact: model.Condition, patient: Resource) -> Resource:
    made: Resource = {
        "resourceType": "Condition",
        "clinicalStatus": fact.status,
        "code": concept(fact.what),
        "subject": patient,
        "onsetDateTime": moment(fact.at),
        "assertedDate": moment(fact.recorded),
        "asserter": {"display": fact.author},
    }
    if fact.ended:
        made["abatementDateTime"] = moment(fact.ended)
    if fact.note:
        made["note"] = [{"text": fact.note}]
    return made


def _medication(fact: model.Medication, patient: Resource) -> Resource:
    made: Resource = {
        "resourceType": "MedicationStatement",
        "status": fact.status,
        "medicationCodeableConcept": concept(fact.what),
        "effectivePeriod": period(fact.at, fact.ended),
        "dateAsserted": moment(fact.recorded),
        "informationSource": {"display": fact.author},
        "subject": patient,
        "taken": "unk",
        "dosage": [{"text": fact.dose}],
    }
    if fact.reason:
        made["reasonCode"] = [{"text": fact.reason}]
    return made


def authorisation(fact: model.Medication, patient: Resource) -> Resource:
    """The authorisation of a medicine, which its summary stands on."""
    kind = "repeat" if fact.repeat else "acute"
    return {
        "resourceType": "MedicationRequest",
        "extension": [{
            "url": f"{CARE_CONNECT}GPC-PrescriptionType-1",
            "valueCodeableConcept": coded(f"{OWN}CodeSystem/prescription-type", kind),
        }],
        "status": fact.status,
        "intent": "plan",
        "medicationCodeableConcept": concept(fact.what),
        "subject": patient,
        "authoredOn": moment(fact.at),
        "dosageInstruction": [{"text": fact.dose}],
    }  # fmt: skip


def _allergy(fact: model.Allergy, patient: Resource) -> Resource:
    made: Resource = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": fact.status,
        "verificationStatus": "unconfirmed",
        "code": concept(fact.what),
        "patient": patient,
        "assertedDate": moment(fact.recorded),
        "recorder": {"display": fact.author},
    }
    if fact.none_known:
        return made
    made |= {"type": "allergy", "category": [fact.kind], "onsetDateTime": moment(fact.at)}
    if fact.criticality:
        made["criticality"] = fact.criticality
    if fact.reactions:
        reaction: Resource = {"manifestation": [concept(each) for each in fact.reactions]}
        if fact.severity:
            reaction["severity"] = fact.severity
        made["reaction"] = [reaction]
    return made


def _result(fact: model.LabResult, patient: Resource) -> Resource:
    made: Resource = {
        "resourceType": "Observation",
        "status": "final",
        "category": [coded(_CATEGORY, "laboratory")],
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
        made["referenceRange"] = [limits]
        made["interpretation"] = coded("http://hl7.org/fhir/v2/0078", fact.interpretation)
    return made


def _report(fact: model.LabReport, patient: Resource) -> Resource:
    made: Resource = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "category": coded("http://hl7.org/fhir/v2/0074", "PAT"),
        "code": concept(fact.what),
        "subject": patient,
        "effectiveDateTime": moment(fact.at),
        "issued": moment(fact.recorded),
        "performer": [{"actor": {"display": fact.author}}],
    }
    if fact.conclusion:
        made["conclusion"] = fact.conclusion
    return made


def _measurement(fact: model.Measurement, patient: Resource) -> Resource:
    made: Resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(fact.what),
        "subject": patient,
        "effectiveDateTime": moment(fact.at),
        "issued": moment(fact.recorded),
        "performer": [{"display": fact.author}],
    }
    if fact.parts:
        made["component"] = [
            {"code": concept(part.what), "valueQuantity": quantity(part.value, part.unit)}
            for part in fact.parts
        ]
    elif fact.value is not None:
        made["valueQuantity"] = quantity(fact.value, fact.unit)
    else:
        made["valueString"] = fact.words
    return made


def _encounter(fact: model.Encounter, patient: Resource) -> Resource:
    made: Resource = {
        "resourceType": "Encounter",
        "status": fact.status,
        "class": {
            "system": "http://hl7.org/fhir/v3/ActCode",
            "code": _SETTINGS.get(fact.setting, "AMB"),
        },
        "type": [{"text": fact.what.text}],
        "subject": patient,
        "participant": [{"individual": {"display": fact.author}}],
        "period": period(fact.at, fact.ended),
    }
    if fact.reason:
        made["reason"] = [{"text": fact.reason}]
    if fact.place:
        made["location"] = [{"location": {"display": fact.place}}]
    return made


def _referral(fact: model.Referral, patient: Resource) -> Resource:
    return {
        "resourceType": "ReferralRequest",
        "status": fact.status,
        "intent": "order",
        "priority": fact.priority,
        "serviceRequested": [{"text": fact.what.text}],
        "subject": patient,
        "authoredOn": moment(fact.at),
        "requester": {"agent": {"display": fact.author}},
        "recipient": [{"display": fact.to}],
        "reasonCode": [{"text": fact.reason}] if fact.reason else [],
    }


def _vaccination(fact: model.Vaccination, patient: Resource) -> Resource:
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "notGiven": False,
        "vaccineCode": concept(fact.what),
        "patient": patient,
        "date": moment(fact.at),
        "primarySource": True,
        "practitioner": [{"actor": {"display": fact.author}}],
        "vaccinationProtocol": [{
            "doseSequence": fact.dose,
            "targetDisease": [{"text": "Not stated"}],
            "doseStatus": {"text": "Not stated"},
        }],
    }  # fmt: skip


def _document(fact: model.Document, patient: Resource) -> Resource:
    data = base64.b64encode(fact.text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"text": fact.title},
        "subject": patient,
        "created": moment(fact.at),
        "indexed": moment(fact.recorded),
        "author": [{"display": fact.author}],
        "description": fact.title,
        "content": [{"attachment": {
            "contentType": "text/plain; charset=utf-8", "language": "en-GB", "data": data,
            "title": fact.title,
        }}],
    }  # fmt: skip


def _procedure(fact: model.Procedure, patient: Resource) -> Resource:
    made: Resource = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": concept(fact.what),
        "subject": patient,
        "performedDateTime": moment(fact.at),
        "performer": [{"actor": {"display": fact.author}}],
    }
    if fact.outcome:
        made["outcome"] = {"text": fact.outcome}
    return made


#: What writes each kind of fact; the resource has no id yet.
WRITERS: dict[type[Fact], Callable[[Any, Resource], Resource]] = {
    model.Allergy: _allergy,
    model.Condition: _condition,
    model.Document: _document,
    model.Encounter: _encounter,
    model.LabReport: _report,
    model.LabResult: _result,
    model.Measurement: _measurement,
    model.Medication: _medication,
    model.Procedure: _procedure,
    model.Referral: _referral,
    model.Vaccination: _vaccination,
}
