"""A row as FHIR R4 resources, so that what becomes of a service or a worker is decided once."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import Any

from feeds.formats.council_csv.cells import Cells
from feeds.formats.council_csv.columns import BIRTH_DATE, EVENT_TYPE, FAMILY_NAME
from feeds.formats.council_csv.values import outcome_in_words, release_2
from feeds.formats.fhir_r4.reading import RESPONSIBLE_TEAM, TEAM_CODE
from feeds.formats.fhir_r4.social_care import SERVICE_CATEGORY, SERVICE_FREQUENCY, SERVICE_PROVIDER

Resource = dict[str, Any]

CASE_NUMBER = "https://connectcare.example/Id/council-case"
_NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
_VERIFICATION = (
    "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
)
_INTERPRETER = "https://connectcare.example/StructureDefinition/interpreterRequired"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_SEXES = {
    "m": "male", "male": "male", "1": "male", "f": "female", "female": "female", "2": "female",
    "o": "other", "other": "other", "non-binary": "other", "9": "other",
}  # fmt: skip
_VERIFIED = frozenset({"01", "1", "verified", "number present and verified", "y", "yes", "true"})
_UNITS = {"hourly": "hours a week", "daily": "days a week", "per session": "sessions a week"}


class NotAnEvent(Exception):
    """A row that is no event; the message says which column is wrong, and never a value."""


def person_id(case: str) -> str:
    """The id of a case number's person: the number itself where FHIR lets it be one."""
    return case if _FHIR_ID.fullmatch(case) else _digest("case", case)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]


def _subject(case: str, nhs_number: str = "") -> Resource:
    subject: Resource = {"reference": f"Patient/{person_id(case)}"}
    if nhs_number:
        subject["identifier"] = {"system": _NHS_NUMBER, "value": nhs_number}
    return subject


# ── The person extract ──────────────────────────────────────────────────────────────────────


def patient_of(case: str, cells: Cells) -> Resource:
    """The person of a row of the extract."""
    identifiers: list[Resource] = [{"system": CASE_NUMBER, "value": case}]
    if number := cells.number("NHS_Number"):
        identifiers.append(_nhs_number(number, cells.text("NHS_Number_Status")))
    name: Resource = {"use": "official", "family": cells.text(FAMILY_NAME)}
    if given := cells.text("Given_Names"):
        name["given"] = given.split(" ")
    if title := cells.text("Title"):
        name["prefix"] = [title]
    patient: Resource = {
        "resourceType": "Patient",
        "id": person_id(case),
        "identifier": identifiers,
        "name": [name],
        "gender": _SEXES.get(cells.text("Gender").casefold(), "unknown"),
    }
    if born := cells.day(BIRTH_DATE):
        patient["birthDate"] = born.isoformat()
    if died := cells.day("Date_of_Death"):
        patient["deceasedDateTime"] = died.isoformat()
    patient |= _where(cells)
    if cells.flag("Restricted"):
        patient["meta"] = {"security": [{"system": _CONFIDENTIALITY, "code": "R"}]}
    return patient


def _nhs_number(number: str, status: str) -> Resource:
    code = "01" if status.casefold() in _VERIFIED else "02"
    concept = {"coding": [{"code": code}]}
    return {
        "system": _NHS_NUMBER,
        "value": number,
        "extension": [{"url": _VERIFICATION, "valueCodeableConcept": concept}],
    }


def _where(cells: Cells) -> Resource:
    """Address, telephone, practice, language."""
    said: Resource = {}
    lines = [line for n in (1, 2, 3, 4) if (line := cells.text(f"Address_Line_{n}"))]
    postcode = cells.text("Postcode")
    if lines or postcode:
        said["address"] = [{"use": "home", "line": lines, "postalCode": postcode}]
    if phone := cells.number("Phone"):
        said["telecom"] = [{"system": "phone", "value": phone}]
    if practice := cells.text("GP_Practice_Code"):
        identifier = {"system": _ODS_CODE, "value": practice.upper()}
        said["generalPractitioner"] = [{"identifier": identifier}]
    language, interpreter = cells.text("Language"), cells.flag("Interpreter_Needed")
    if language:
        said["communication"] = [{"language": {"text": language}, "preferred": True}]
    if interpreter:
        said["extension"] = [{"url": _INTERPRETER, "valueBoolean": True}]
    return said


def worker_of(case: str, cells: Cells) -> Resource | None:
    """Who is allocated to the case, with team and telephone; ``None`` where nobody is named.

    One for a case, so that a new worker follows the former one.
    """
    worker, team = cells.text("Allocated_Worker"), cells.text("Allocated_Team")
    if not worker and not team:
        return None
    ended = cells.day("Allocated_To")
    made: Resource = {
        "resourceType": "CareTeam",
        "id": _digest("worker", case),
        "status": "inactive" if ended else "active",
        "name": team or "Allocated worker",
        "subject": _subject(case),
        "period": _period(cells.day("Allocated_From"), ended),
    }
    if "start" not in made["period"]:
        cells.note("Allocated_From", "missing: the worker is shown, and is no care relationship")
    if worker:
        role = cells.text("Allocated_Worker_Role") or "Allocated worker"
        made["participant"] = [{"role": [{"text": role}], "member": {"display": worker}}]
    if phone := cells.number("Allocated_Phone"):
        made["telecom"] = [{"system": "phone", "value": phone, "use": "work"}]
    if code := cells.text("Allocated_Team_Code") or team:
        identifier = {"system": TEAM_CODE, "value": code}
        made["extension"] = [{"url": RESPONSIBLE_TEAM, "valueIdentifier": identifier}]
    return made


def _period(begins: date | None, ends: date | None) -> dict[str, str]:
    period = {}
    if begins:
        period["start"] = begins.isoformat()
    if ends:
        period["end"] = ends.isoformat()
    return period


# ── Client Level Data ───────────────────────────────────────────────────────────────────────


def event_of(case: str, cells: Cells) -> Resource:
    """The event of a row.

    Its identity is what the specification counts events by, since the councils' references are
    not fit for it: person, client, dates, and what kind of event it is. A service goes on being
    one while its end is not known.

    :raises NotAnEvent: where the kind of event, or the day on which it began, is not told.
    """
    kind = cells.text(EVENT_TYPE).casefold()
    if kind not in _EVENTS:
        raise NotAnEvent("Event_Type: not Request, Assessment, Service or Review")
    begins, ends = cells.day("Event_Start_Date"), cells.day("Event_End_Date")
    if begins is None:
        raise NotAnEvent("Event_Start_Date: missing, or no such date")
    if ends is not None and ends < begins:
        raise NotAnEvent("Event_End_Date: before Event_Start_Date")
    died = cells.day("Date_of_Death")
    if died is not None and died >= begins and (ends is None or ends > died):
        ends = died
    make = _EVENTS[kind]
    made = make(cells)
    client = release_2(cells.text("Client_Type"))
    which = [release_2(cells.text(column)).casefold() for column in _KEYS[kind]]
    ended = "" if kind == "service" or ends is None else ends.isoformat()
    made["id"] = _digest(kind, case, client.casefold(), begins.isoformat(), ended, *which)
    subject = _subject(case, cells.number("NHS_Number"))
    period = _period(begins, ends)
    if kind == "service":
        reported = cells.day("Reporting_Period_End_Date")
        over = ends is not None and (reported is None or ends <= reported)
        made |= {"patient": subject, "period": period, "status": "finished" if over else "active"}
    else:
        made |= {"subject": subject, "effectivePeriod": period, "status": "completed"}
    return made


_KEYS = {
    "request": ("Request_Route_of_Access",),
    "assessment": ("Assessment_Type",),
    "review": (),
    "service": ("Service_Type", "Service_Component"),
}


def _request(cells: Cells) -> Resource:
    return _assessed("Request for support", cells.text("Request_Route_of_Access"))


def _assessment(cells: Cells) -> Resource:
    return _assessed(cells.text("Assessment_Type") or "Assessment", "")


def _review(cells: Cells) -> Resource:
    return _assessed("Review", cells.text("Review_Reason"))


def _assessed(what: str, why: str) -> Resource:
    return {
        "resourceType": "ClinicalImpression",
        "description": f"{what}: {why}" if why else what,
    }


def _service(cells: Cells) -> Resource:
    component = release_2(cells.text("Service_Component"))
    kind = release_2(cells.text("Service_Type"))
    said = [(SERVICE_CATEGORY, kind), (SERVICE_FREQUENCY, _how_much(cells))]
    if provider := cells.text("Provider_CQC_Location_ID"):
        said.append((SERVICE_PROVIDER, f"CQC location {provider}"))
    return {
        "resourceType": "EpisodeOfCare",
        "type": [{"text": component or kind or "Social care service"}],
        "extension": [{"url": url, "valueString": words} for url, words in said if words],
    }


def _how_much(cells: Cells) -> str:
    """``14 hours a week``; empty where no unit is told: a cost has no place in a record."""
    units = cells.number("Planned_units_per_week")
    unit = _UNITS.get(cells.text("Cost_Frequency_Unit_Type").casefold())
    return f"{units} {unit}" if units and unit and units != "0" else ""


_EVENTS = {
    "request": _request,
    "assessment": _assessment,
    "review": _review,
    "service": _service,
}


def detail_of(cells: Cells) -> tuple[str, ...]:
    """What else an event says, in words that are shown under it."""
    client = release_2(cells.text("Client_Type"))
    outcome = outcome_in_words(cells.text("Event_Outcome"))
    reason = release_2(cells.text("Primary_Support_Reason"))
    delivery = cells.text("Delivery_Mechanism")
    eligible = cells.text("Eligible_Needs_Identified")
    achieved = cells.text("Review_Outcomes_Achieved")
    return tuple(
        words
        for words in (
            cells.text("Event_Description"),
            f"Outcome: {outcome}" if outcome else "",
            f"Reason for support: {reason}" if reason and reason != "Unknown" else "",
            f"Eligible needs: {eligible}" if eligible else "",
            f"Outcomes achieved: {achieved}" if achieved else "",
            f"How it is paid for: {delivery}" if delivery else "",
            f"As {client[0].lower()}{client[1:]}" if client.startswith("Unpaid carer") else "",
        )
        if words
    )
