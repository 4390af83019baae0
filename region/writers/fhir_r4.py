"""The region as FHIR R4 files, following UK Core: one delivery or more for each source.

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

Practices in the last place of their borough send one Bundle, the others newline-delimited JSON.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
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
    from pathlib import Path

    from region.model import Fact, Person, Region, SourcePerson


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file: its name, the ODS code of its source, where it lies, what is in it."""

    name: str
    source: str
    path: Path
    resources: int
    is_bundle: bool


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


def write(region: Region, directory: Path) -> list[WrittenFile]:
    """Write every source's file into ``directory`` and say what was written.

    The directory is made if need be; files of the same names are replaced.
    """
    directory.mkdir(parents=True, exist_ok=True)
    bundled = _sends_a_bundle(region)
    by_source: dict[str, list[Resource]] = defaultdict(list)
    for source, resource in resources(region):
        by_source[source].append(resource)
    written = []
    for source in sorted(by_source):
        found = by_source[source]
        is_bundle = source in bundled
        name = f"{source}.json" if is_bundle else f"{source}.ndjson"
        path = directory / name
        if is_bundle:
            entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in found]
            bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
            path.write_text(_json(bundle) + "\n", encoding="utf-8")
        else:
            with path.open("w", encoding="utf-8") as stream:
                stream.writelines(_json(each) + "\n" for each in found)
        written.append(WrittenFile(name, source, path, len(found), is_bundle))
    return written


def resources(region: Region) -> Iterator[tuple[str, Resource]]:
    """Each resource with the code of its source: a source's patients first."""
    people = {each.key: each for each in region.people}
    homes = {each.key: each for each in region.households}
    patients: dict[tuple[str, str], Resource] = {}
    for each in region.source_people:
        person = people[each.person]
        identity = resource_id(region.seed, each.source, each.person, "patient")
        patients[each.source, each.person] = {"reference": f"Patient/{identity}"}
        yield each.source, _patient(each, person, homes[person.household], identity)
    for fact in region.facts:
        reference = patients[fact.source, fact.person]
        identity = resource_id(region.seed, fact.source, fact.person, fact.key)
        if isinstance(fact, model.LabReport):
            ids = [resource_id(region.seed, fact.source, fact.person, key) for key in fact.results]
            resource = fhir_clinical.lab_report(fact, reference, ids)
        else:
            resource = _WRITERS[type(fact)](fact, reference)
        yield fact.source, _with_meta(fact, resource, identity)


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


def _sends_a_bundle(region: Region) -> set[str]:
    """The practices that send a Bundle: the last of each borough."""
    last = {each.borough: each.code for each in region.organisations.practices}
    return set(last.values())


def _json(value: Resource) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
