"""FHIR R4 resources of care and people: contacts, appointments, plans, social care, letters."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

from region.writers.fhir_values import (
    ODS_CODE,
    OWN,
    TERMINOLOGY,
    Resource,
    code,
    identified,
    moment,
    period,
    team_extension,
    text_extension,
)

if TYPE_CHECKING:
    from region import model

_ACT = f"{TERMINOLOGY}v3-ActCode"
_CLASS = {
    "inpatient": ("IMP", "inpatient encounter"),
    "emergency": ("EMER", "emergency"),
    "outpatient": ("AMB", "ambulatory"),
    "primary_care": ("AMB", "ambulatory"),
    "out_of_hours": ("AMB", "ambulatory"),
    "home": ("HH", "home health"),
    "telephone": ("VR", "virtual"),
}


def encounter(fact: model.Encounter, patient: Resource) -> Resource:
    """Encounter with its class, place and responsible team."""
    letters, words = _CLASS[fact.setting]
    found: Resource = {
        "resourceType": "Encounter",
        "extension": team_extension(fact),
        "status": "entered-in-error" if fact.entered_in_error else fact.status,
        "class": {"system": _ACT, "code": letters, "display": words},
        "type": [{"text": fact.what.text}],
        "subject": patient,
        "participant": [{"individual": {"display": fact.author}}],
        "period": period(fact.at, fact.ended),
        "serviceProvider": identified(ODS_CODE, fact.source),
    }
    if fact.reason:
        found["reasonCode"] = [{"text": fact.reason}]
    if fact.place:
        found["location"] = [{"location": {"display": fact.place}}]
    if fact.discharged_to:
        found["hospitalization"] = {"dischargeDisposition": {"text": fact.discharged_to}}
    if fact.expected_discharge:
        found["extension"] = [
            *found["extension"],
            {
                "url": f"{OWN}StructureDefinition/expected-discharge",
                "valueDate": moment(fact.expected_discharge),
            },
        ]
    return found


def appointment(fact: model.Appointment, patient: Resource) -> Resource:
    """Appointment of the resident with a team at a place."""
    start = fact.at
    end = start + timedelta(minutes=fact.minutes)
    accepted = "declined" if fact.status == "cancelled" else "accepted"
    found: Resource = {
        "resourceType": "Appointment",
        "extension": team_extension(fact),
        "status": fact.status,
        "description": fact.what.text,
        "serviceType": [{"text": fact.what.text}],
        "start": moment(start),
        "end": moment(end),
        "minutesDuration": fact.minutes,
        "created": moment(fact.recorded),
        "participant": [
            {"actor": patient, "status": accepted},
            {"actor": {"display": fact.author}, "status": "accepted"},
        ],
    }
    if fact.place:
        place = {"actor": {"type": "Location", "display": fact.place}, "status": "accepted"}
        found["participant"].append(place)
    if fact.note:
        found["reasonCode"] = [{"text": fact.note}]
    return found


def referral(fact: model.Referral, patient: Resource) -> Resource:
    """ServiceRequest to another team."""
    return {
        "resourceType": "ServiceRequest",
        "extension": team_extension(fact),
        "status": fact.status,
        "intent": "order",
        "priority": fact.priority,
        "code": {"text": fact.what.text},
        "subject": patient,
        "authoredOn": moment(fact.at),
        "requester": {"display": fact.author},
        "performer": _sent_to(fact),
        "reasonCode": [{"text": fact.reason}],
    }


def _sent_to(fact: model.Referral) -> list[Resource]:
    """Whom it is sent to: in words, or by the organisation's code and the team's."""
    if not fact.to_code:
        return [{"display": fact.to}]
    codes = ((ODS_CODE, fact.to_code), (f"{OWN}Id/team", fact.to_team))
    return [
        {"identifier": {"system": system, "value": value}, "display": fact.to}
        for system, value in codes
        if value
    ]


def document(fact: model.Document, patient: Resource) -> Resource:
    """DocumentReference with the plain text inside."""
    data = base64.b64encode(fact.text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "entered-in-error" if fact.entered_in_error else "current",
        "type": {"text": fact.title},
        "subject": patient,
        "date": moment(fact.recorded),
        "author": [{"display": fact.author}],
        "description": fact.title,
        "content": [{"attachment": {
            "contentType": "text/plain; charset=utf-8", "language": "en-GB", "data": data,
            "title": fact.title, "creation": moment(fact.at),
        }}],
        "context": {"period": {"start": moment(fact.at)}},
    }  # fmt: skip


def care_plan(fact: model.CarePlan, patient: Resource) -> Resource:
    """CarePlan with its steps."""
    return {
        "resourceType": "CarePlan",
        "extension": team_extension(fact),
        "status": fact.status,
        "intent": "plan",
        "category": [{"text": fact.category}],
        "title": fact.title,
        "description": fact.summary,
        "subject": patient,
        "period": {"start": moment(fact.at)},
        "created": moment(fact.recorded),
        "author": {"display": fact.author},
        "activity": [
            {"detail": {"status": "in-progress", "description": each}} for each in fact.steps
        ],
    }


def decision(fact: model.Decision, patient: Resource) -> Resource:
    """Consent with the scope of an advance directive: title in category, words in policyRule."""
    return {
        "resourceType": "Consent",
        "status": "entered-in-error" if fact.entered_in_error else fact.status,
        "scope": code(f"{TERMINOLOGY}consentscope", "adr", "Advanced Care Directive"),
        "category": [{"text": fact.title}],
        "patient": patient,
        "dateTime": moment(fact.at),
        "performer": [{"display": fact.author}],
        "policyRule": {"text": fact.summary},
    }


def assessment(fact: model.SocialCareAssessment, patient: Resource) -> Resource:
    """ClinicalImpression, our convention for an assessment by a council."""
    return {
        "resourceType": "ClinicalImpression",
        "extension": team_extension(fact),
        "status": fact.status,
        "description": fact.title,
        "subject": patient,
        "effectiveDateTime": moment(fact.at),
        "date": moment(fact.recorded),
        "assessor": {"display": fact.author},
        "summary": fact.summary,
    }


def service(fact: model.SocialCareService, patient: Resource) -> Resource:
    """EpisodeOfCare of a council: type is the service component, onhold means paused."""
    return {
        "resourceType": "EpisodeOfCare",
        "extension": [
            *team_extension(fact),
            text_extension("service-category", fact.category),
            text_extension("service-frequency", fact.frequency),
            text_extension("service-provider", fact.provider),
        ],
        "status": fact.status,
        "type": [{"text": fact.component}],
        "patient": patient,
        "managingOrganization": identified(ODS_CODE, fact.source),
        "period": period(fact.at, fact.ended),
        "careManager": {"display": fact.author},
    }


def caseload(fact: model.Caseload, patient: Resource) -> Resource:
    """EpisodeOfCare of a community or mental health team."""
    return {
        "resourceType": "EpisodeOfCare",
        "extension": team_extension(fact),
        "status": fact.status,
        "type": [{"text": fact.what}],
        "patient": patient,
        "managingOrganization": identified(ODS_CODE, fact.source),
        "period": period(fact.at, fact.ended),
        "careManager": {"display": fact.manager},
    }


def worker(fact: model.AllocatedWorker, patient: Resource) -> Resource:
    """CareTeam of the one worker who is named, with the team's telephone."""
    return {
        "resourceType": "CareTeam",
        "extension": team_extension(fact),
        "status": fact.status,
        "name": fact.team_name,
        "subject": patient,
        "period": period(fact.at, fact.ended),
        "participant": [{"role": [{"text": fact.role}], "member": {"display": fact.name}}],
        "managingOrganization": [identified(ODS_CODE, fact.source)],
        "telecom": [{"system": "phone", "value": fact.phone, "use": "work"}],
    }


def contact(fact: model.RelatedContact, patient: Resource) -> Resource:
    """RelatedPerson; a carer is one by a second relationship."""
    relations = [{"text": fact.relationship}]
    if fact.carer:
        relations.append({"text": "Unpaid carer"})
    return {
        "resourceType": "RelatedPerson",
        "active": True,
        "patient": patient,
        "relationship": relations,
        "name": [{"text": fact.name}],
        "telecom": [{"system": "phone", "value": fact.phone}],
    }


def equipment(fact: model.Equipment, patient: Resource) -> Resource:
    """DeviceUseStatement of what is at home."""
    found: Resource = {
        "resourceType": "DeviceUseStatement",
        "status": "active",
        "subject": patient,
        "recordedOn": moment(fact.recorded),
        "timingDateTime": moment(fact.at),
        "source": {"display": fact.author},
        "device": {"display": fact.what},
    }
    if fact.note:
        found["note"] = [{"text": fact.note}]
    return found
