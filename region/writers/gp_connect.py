"""A practice's whole record of one person as GP Connect sends it: one FHIR STU3 bundle.

Follows GP Connect Access Record: Structured 1.5 (NHS England) as far as its readers rely on it:
the person, the practice, what it holds, and a list for each part with the time at which the record
was taken. A medicine is there twice, as its summary (MedicationStatement) and its authorisation
(MedicationRequest, intent ``plan``), as suppliers send it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time
from typing import TYPE_CHECKING

from region import model
from region.chart import LONDON
from region.writers.fhir_values import (
    NHS_NUMBER,
    ODS_CODE,
    OWN,
    Resource,
    as_json,
    moment,
    resource_id,
)
from region.writers.gp_connect_facts import CARE_CONNECT, WRITERS, authorisation, coded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from region.model import Resident
    from region.sending import Sending

_STATUSES = {
    "01": "Number present and verified",
    "02": "Number present but not traced",
    "03": "Trace required",
}
#: The lists of a structured record: title and SNOMED CT code, by the kind of resource in it.
_LISTS = {
    "AllergyIntolerance": ("Allergies and adverse reactions", "886921000000105"),
    "MedicationStatement": ("Medications and medical devices", "933361000000108"),
    "Condition": ("Problems", "717711000000103"),
    "Encounter": ("Consultations", "1149501000000101"),
    "Immunization": ("Immunisations", "1102181000000102"),
    "Observation": ("Miscellaneous record", "826501000000100"),
    "DiagnosticReport": ("Investigations and results", "887191000000108"),
    "ReferralRequest": ("Outbound referral", "792931000000107"),
    "DocumentReference": ("Documents", ""),
    "Procedure": ("Procedures", ""),
}


def taken_on(day: date) -> datetime:
    """When the records of a day are taken: early, before anybody comes in."""
    return datetime.combine(day, time(5), LONDON)


def bundle(resident: Resident, sending: Sending, *, seed: int, today: date) -> bytes:
    """The record as JSON, the same bytes for the same resident."""
    made = list(_resources(resident, sending, seed=seed, today=today))
    entries = [{"resource": each} for each in made]
    whole: Resource = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return as_json(whole).encode() + b"\n"


def _resources(
    resident: Resident, sending: Sending, *, seed: int, today: date
) -> Iterator[Resource]:
    known = sending.known

    def named(key: str) -> str:
        return resource_id(seed, known.source, known.person, f"gp-connect:{key}")

    patient = {"reference": f"Patient/{named('patient')}"}
    yield _patient(resident, sending, named)
    yield _practice(known.source, named)
    listed: dict[str, list[str]] = defaultdict(list)
    for fact in sending.facts:
        made: Resource = {"id": named(fact.key)} | WRITERS[type(fact)](fact, patient)
        if isinstance(fact, model.LabReport):
            made["result"] = [
                {"reference": f"Observation/{named(each)}"}
                for each in fact.results
                if any(other.key == each for other in sending.facts)
            ]
        listed[made["resourceType"]].append(made["id"])
        yield made
        if isinstance(fact, model.Medication):
            yield {"id": named(f"plan:{fact.key}")} | authorisation(fact, patient)
    yield from _lists(listed, patient, named, today)


def _lists(
    listed: dict[str, list[str]], patient: Resource, named: Callable[[str], str], today: date
) -> Iterator[Resource]:
    """A list for each part. An empty one says that nothing is recorded, not that nothing is."""
    for kind, (title, snomed) in _LISTS.items():
        made: Resource = {
            "resourceType": "List",
            "id": named(f"list:{kind}"),
            "status": "current",
            "mode": "snapshot",
            "title": title,
            "code": coded("http://snomed.info/sct", snomed, title) if snomed else {"text": title},
            "subject": patient,
            "date": moment(taken_on(today)),
        }
        if listed[kind]:
            made["entry"] = [{"item": {"reference": f"{kind}/{each}"}} for each in listed[kind]]
        else:
            made["emptyReason"] = coded(
                f"{OWN}CodeSystem/empty-reason", "no-content-recorded", "No content recorded"
            )
        yield made


def _patient(resident: Resident, sending: Sending, named: Callable[[str], str]) -> Resource:
    person, known, home = resident.person, sending.known, resident.home
    name: Resource = {"use": "official", "family": person.family, "prefix": [person.title]}
    if person.given:
        name["given"] = list(person.given)
    local = {"system": f"{OWN}Id/{known.source}-person", "value": known.local_id}
    made: Resource = {
        "resourceType": "Patient",
        "id": named("patient"),
        "identifier": [local],
        "active": True,
        "name": [name],
        "telecom": [{"system": "phone", "use": "home", "value": home.phone}],
        "gender": person.sex,
        "birthDate": known.birth_date.isoformat(),
        "address": [{
            "use": "home", "line": list(home.address.lines[:-1]),
            "city": home.address.lines[-1], "postalCode": home.address.postcode,
        }],
        "managingOrganization": {"reference": f"Organization/{named('practice')}"},
    }  # fmt: skip
    if known.nhs_number is not None:
        status = coded(
            "https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-NHSNumberVerificationStatus-1",
            known.verification, _STATUSES[known.verification],
        )  # fmt: skip
        verified = {
            "url": f"{CARE_CONNECT}NHSNumberVerificationStatus-1",
            "valueCodeableConcept": status,
        }
        number = {"extension": [verified], "system": NHS_NUMBER, "value": known.nhs_number}
        made["identifier"] = [number, local]
    if person.died_on:
        made["deceasedDateTime"] = person.died_on.isoformat()
    if person.language != "en":
        made["communication"] = [
            {"language": coded("urn:ietf:bcp:47", person.language), "preferred": True}
        ]
    return made


def _practice(source: str, named: Callable[[str], str]) -> Resource:
    return {
        "resourceType": "Organization",
        "id": named("practice"),
        "identifier": [{"system": ODS_CODE, "value": source}],
        "name": source,
    }
