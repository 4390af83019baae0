"""What sources send as FHIR R4, following UK Core.

Conventions where FHIR leaves a choice, known to whoever reads these files:

* the responsible team is an extension ``…/StructureDefinition/responsible-team`` with a
  ``valueIdentifier`` (system ``…/Id/team``) on Encounter, EpisodeOfCare, Appointment, CarePlan,
  ServiceRequest, CareTeam and ClinicalImpression;
* a social care service is an EpisodeOfCare of a council (type: the CLD service component;
  ``service-category``, ``service-frequency`` and ``service-provider`` are extensions; paused is
  ``onhold``), an assessment a ClinicalImpression, a named worker a CareTeam with one
  participant, equipment a DeviceUseStatement;
* a decision about future care is a Consent of scope ``adr`` (title in ``category.text``, words
  in ``policyRule.text``); a safeguarding alert is a Flag of category ``safeguarding``;
* authors are references with a display alone: ``Name, role``;
* what a source marks as sensitive has ``meta.security`` R (v3-Confidentiality), and so has a
  Patient whom PDS protects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from region import model
from region.writers import fhir_care, fhir_clinical
from region.writers.fhir_values import (
    NHS_NUMBER,
    ODS_CODE,
    OWN,
    TERMINOLOGY,
    UK_CORE,
    Resource,
    moment,
    resource_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from region.model import Fact, Person, Resident, SourcePerson
    from region.sending import Sending


_WRITERS: dict[type[Fact], Callable[[Any, Resource], Resource]] = {
    model.Alert: fhir_clinical.alert,
    model.AllocatedWorker: fhir_care.worker,
    model.Allergy: fhir_clinical.allergy,
    model.Appointment: fhir_care.appointment,
    model.CarePlan: fhir_care.care_plan,
    model.Caseload: fhir_care.caseload,
    model.Condition: fhir_clinical.condition,
    model.Decision: fhir_care.decision,
    model.Document: fhir_care.document,
    model.Encounter: fhir_care.encounter,
    model.Equipment: fhir_care.equipment,
    model.Imaging: fhir_clinical.imaging,
    model.LabResult: fhir_clinical.lab_result,
    model.Measurement: fhir_clinical.measurement,
    model.Medication: fhir_clinical.medication,
    model.Procedure: fhir_clinical.procedure,
    model.Referral: fhir_care.referral,
    model.RelatedContact: fhir_care.contact,
    model.SocialCareAssessment: fhir_care.assessment,
    model.SocialCareService: fhir_care.service,
    model.Vaccination: fhir_clinical.vaccination,
}
_VERIFICATION = {
    "01": "Number present and verified",
    "02": "Number present but not traced",
    "03": "Trace required",
}
_LANGUAGES = {
    "ar": "Arabic", "bn": "Bengali", "bo": "Tibetan", "ne": "Nepali", "pa": "Punjabi",
    "pl": "Polish", "so": "Somali", "ur": "Urdu", "yue": "Cantonese",
}  # fmt: skip
_INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
_RESTRICTED = {"system": f"{TERMINOLOGY}v3-Confidentiality", "code": "R", "display": "restricted"}


def resources(resident: Resident, sending: Sending, *, seed: int) -> Iterator[Resource]:
    """What one source sends of one resident: who they are, then each fact."""
    known = sending.known
    identity = resource_id(seed, known.source, known.person, "patient")
    yield _patient(known, resident.person, resident.home, identity)
    reference = {"reference": f"Patient/{identity}"}
    for fact in sending.facts:
        own = resource_id(seed, fact.source, fact.person, fact.key)
        if isinstance(fact, model.LabReport):
            ids = [resource_id(seed, fact.source, fact.person, key) for key in fact.results]
            resource = fhir_clinical.lab_report(fact, reference, ids)
        else:
            resource = _WRITERS[type(fact)](fact, reference)
        yield _with_meta(fact, resource, own)


def _with_meta(fact: Fact, resource: Resource, identity: str) -> Resource:
    """The resource with its id and the source's own time, and nothing empty."""
    meta: Resource = {"lastUpdated": moment(fact.recorded)}
    if fact.sensitive:
        meta["security"] = [_RESTRICTED]
    kept = {name: value for name, value in resource.items() if value not in ([], "", None)}
    return {"resourceType": kept.pop("resourceType"), "id": identity, "meta": meta, **kept}


def _patient(known: SourcePerson, person: Person, home: model.Household, identity: str) -> Resource:
    """Patient as the source has the person."""
    meta: Resource = {"lastUpdated": moment(known.version)}
    if person.restricted:
        meta["security"] = [_RESTRICTED]
    found: Resource = {
        "resourceType": "Patient",
        "id": identity,
        "meta": meta,
        "identifier": _identifiers(known),
        "active": True,
        "name": _names(person),
        "gender": person.sex,
        "birthDate": known.birth_date.isoformat(),
        "address": [{
            "use": "home", "line": list(home.address.lines[:-1]),
            "city": home.address.lines[-1], "postalCode": home.address.postcode,
        }],
        "telecom": [{"system": "phone", "use": "home", "value": home.phone}],
        "generalPractitioner": [{
            "type": "Organization",
            "identifier": {"system": ODS_CODE, "value": person.practice},
        }],
        "communication": _communication(person),
    }  # fmt: skip
    if person.mobile:
        found["telecom"].append({"system": "phone", "use": "mobile", "value": person.mobile})
    if person.interpreter:
        found["extension"] = [{"url": _INTERPRETER, "valueBoolean": True}]
    if person.ethnicity:
        ethnic = {"url": f"{UK_CORE}Extension-UKCore-EthnicCategory",
                  "valueCodeableConcept": {"text": person.ethnicity}}  # fmt: skip
        found["extension"] = [*found.get("extension", []), ethnic]
    if person.died_on:
        found["deceasedDateTime"] = person.died_on.isoformat()
    return found


def _identifiers(known: SourcePerson) -> list[Resource]:
    """The NHS number with how far it is verified, where there is one, and the local number."""
    local = {"system": f"{OWN}Id/{known.source}-person", "value": known.local_id}
    if known.nhs_number is None:
        return [local]
    status = {
        "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland",
        "code": known.verification,
        "display": _VERIFICATION[known.verification],
    }
    verified = {
        "url": f"{UK_CORE}Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [status]},
    }
    return [{"extension": [verified], "system": NHS_NUMBER, "value": known.nhs_number}, local]


def _names(person: Person) -> list[Resource]:
    """The official name, and what the person is called every day. A mononym is a family name."""
    official: Resource = {"use": "official", "family": person.family, "prefix": [person.title]}
    if person.given:
        official["given"] = list(person.given)
    if not person.usual_name:
        return [official]
    return [official, {"use": "usual", "family": person.family, "given": [person.usual_name]}]


def _communication(person: Person) -> list[Resource]:
    """The preferred language, where it is not English."""
    if person.language == "en":
        return []
    language = {"coding": [{
        "system": "urn:ietf:bcp:47", "code": person.language,
        "display": _LANGUAGES[person.language],
    }]}  # fmt: skip
    return [{"language": language, "preferred": True}]
