"""What becomes of each kind of resource: the one table from ``resourceType`` to its mapper.

A kind that stands in neither list is passed over with ``UNKNOWN_KIND``.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from feeds.formats.fhir_r4 import (
    alerts,
    allergies,
    contacts,
    diagnoses,
    documents,
    involved,
    medicines,
    naming,
    people,
    plans,
    procedures,
    results,
    social_care,
    tasks,
)
from feeds.formats.fhir_r4.reading import Reading
from feeds.mapped import MappedEntry

#: The mapper of each kind; it takes the decoded resource and its reading. The argument is Any
#: because each mapper takes its own kind, and the decoder gives exactly that one.
MAPPERS: dict[type[Any], Callable[[Any, Reading], MappedEntry]] = {
    allergies.AllergyIntolerance: allergies.map_allergy,
    allergies.List: allergies.map_list,
    alerts.Flag: alerts.map_flag,
    contacts.Appointment: contacts.map_appointment,
    contacts.Encounter: contacts.map_encounter,
    contacts.ServiceRequest: contacts.map_service_request,
    diagnoses.Condition: diagnoses.map_condition,
    documents.Composition: documents.map_composition,
    documents.DocumentReference: documents.map_document,
    documents.QuestionnaireResponse: documents.map_form,
    involved.CareTeam: involved.map_care_team,
    involved.RelatedPerson: involved.map_related_person,
    medicines.MedicationAdministration: medicines.map_administration,
    medicines.MedicationDispense: medicines.map_dispense,
    medicines.MedicationRequest: medicines.map_request,
    medicines.MedicationStatement: medicines.map_statement,
    plans.CarePlan: plans.map_care_plan,
    plans.Consent: plans.map_consent,
    plans.Goal: plans.map_goal,
    procedures.Immunization: procedures.map_immunization,
    procedures.Procedure: procedures.map_procedure,
    results.DiagnosticReport: results.map_report,
    results.ImagingStudy: results.map_imaging_study,
    results.Observation: results.map_observation,
    social_care.ClinicalImpression: social_care.map_assessment,
    social_care.DeviceUseStatement: social_care.map_device_use,
    social_care.EpisodeOfCare: social_care.map_episode,
    tasks.Task: tasks.map_task,
}

UNKNOWN_KIND = "a kind of resource that is not part of the record here"
_NAMES = "gives a name to other entries, is not an entry itself"
_MONEY = "about payment, not about care"
_SYSTEM = "about systems and messages, not about care"
_TIMETABLE = "a timetable, not a booked contact"

#: Kinds that are read and not made into entries, with the reason that is counted.
PASSED_OVER: dict[str, str] = {
    "Account": _MONEY,
    "AuditEvent": _SYSTEM,
    "BodyStructure": "a part of the body that other entries refer to",
    "CapabilityStatement": _SYSTEM,
    "Claim": _MONEY,
    "ClaimResponse": _MONEY,
    "CodeSystem": _SYSTEM,
    "Communication": "a message that was sent; what it tells arrives as a resource of its own",
    "Coverage": _MONEY,
    "Device": _NAMES,
    "DeviceMetric": _SYSTEM,
    "Endpoint": _SYSTEM,
    "ExplanationOfBenefit": _MONEY,
    "FamilyMemberHistory": "about a relative, not about the resident",
    "Group": "about a group of people, not about one",
    "HealthcareService": _NAMES,
    "Invoice": _MONEY,
    "Location": _NAMES,
    "Medication": _NAMES,
    "MessageHeader": _SYSTEM,
    "OperationOutcome": _SYSTEM,
    "Organization": _NAMES,
    "OrganizationAffiliation": _NAMES,
    "Parameters": _SYSTEM,
    "Practitioner": _NAMES,
    "PractitionerRole": _NAMES,
    "Provenance": _SYSTEM,
    "Questionnaire": "an empty form",
    "RequestGroup": "groups orders that arrive as resources of their own",
    "Schedule": _TIMETABLE,
    "Slot": _TIMETABLE,
    "Specimen": "a specimen; its results arrive as resources of their own",
    "StructureDefinition": _SYSTEM,
    "Subscription": _SYSTEM,
    "Substance": _NAMES,
    "ValueSet": _SYSTEM,
}

#: The kinds that give names to others (:mod:`feeds.formats.fhir_r4.naming`).
NAMING: tuple[type[Any], ...] = (
    naming.Practitioner,
    naming.PractitionerRole,
    naming.Organization,
    naming.Location,
    naming.HealthcareService,
    naming.Medication,
    naming.Device,
    naming.Questionnaire,
)
_DECODED: tuple[type[Any], ...] = (people.Patient, *MAPPERS, *NAMING)
#: Every kind that is decoded into a type of its own.
KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in _DECODED}


def _union() -> Any:
    union: Any = people.Patient
    for kind in (*MAPPERS, *NAMING):
        union = union | kind
    return union


#: Decodes a resource of any of ``KINDS`` in one pass over its bytes.
DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_union())
