"""Admissions, attendances and consultations; appointments; referrals and requests."""

import msgspec

from feeds.formats.fhir_r4.datatypes import (
    Annotation,
    CodeableConcept,
    Coding,
    Datatype,
    Period,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.dates import day_words
from feeds.formats.fhir_r4.delivery import Named
from feeds.formats.fhir_r4.outcomes import CannotMapError
from feeds.formats.fhir_r4.reading import PLANNED_END, Reading
from feeds.formats.fhir_r4.results import result_category
from feeds.formats.fhir_r4.words import all_words, codes, first_words, notes_text, sentences, words
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

_ENCOUNTER_STATUS = {
    "planned": EntryStatus.PLANNED,
    "arrived": EntryStatus.CURRENT,
    "triaged": EntryStatus.CURRENT,
    "in-progress": EntryStatus.CURRENT,
    "onleave": EntryStatus.CURRENT,
    "finished": EntryStatus.PAST,
    "cancelled": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
_APPOINTMENT_STATUS = {
    "proposed": EntryStatus.PLANNED,
    "pending": EntryStatus.PLANNED,
    "booked": EntryStatus.PLANNED,
    "waitlist": EntryStatus.PLANNED,
    "arrived": EntryStatus.CURRENT,
    "checked-in": EntryStatus.CURRENT,
    "fulfilled": EntryStatus.PAST,
    "noshow": EntryStatus.PAST,
    "cancelled": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
_REQUEST_STATUS = {
    "draft": EntryStatus.PLANNED,
    "active": EntryStatus.CURRENT,
    "on-hold": EntryStatus.CURRENT,
    "completed": EntryStatus.PAST,
    "revoked": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}

#: v3-ActCode encounter classes that mean the same wherever they happen.
_CLASSES = {
    "IMP": "inpatient",
    "ACUTE": "inpatient",
    "NONAC": "inpatient",
    "OBSENC": "inpatient",
    "PRENC": "inpatient",
    "EMER": "emergency",
    "HH": "home",
    "FLD": "home",
}
_CLASS_WORDS = {
    "inpatient": "Inpatient stay",
    "emergency": "Emergency department attendance",
    "outpatient": "Outpatient contact",
    "out_of_hours": "Out-of-hours contact",
    "primary_care": "GP practice contact",
    "home": "Home visit",
}


class Participant(Datatype):
    """Who took part in an encounter."""

    type: list[CodeableConcept] | None = None
    individual: Reference | None = None


class Hospitalization(Datatype):
    """How a stay began and ended."""

    admit_source: CodeableConcept | None = None
    discharge_disposition: CodeableConcept | None = None


class EncounterLocation(Datatype):
    """One place during an encounter."""

    location: Reference | None = None
    status: str | None = None


class Diagnosis(Datatype):
    """A diagnosis of an encounter."""

    condition: Reference | None = None


class Encounter(Resource, kw_only=True):
    """A stay, an attendance, a visit or a consultation."""

    status: str | None = None
    class_: Coding | None = msgspec.field(default=None, name="class")
    type: list[CodeableConcept] | None = None
    service_type: CodeableConcept | None = None
    subject: Reference | None = None
    participant: list[Participant] | None = None
    period: Period | None = None
    reason_code: list[CodeableConcept] | None = None
    reason_reference: list[Reference] | None = None
    diagnosis: list[Diagnosis] | None = None
    hospitalization: Hospitalization | None = None
    location: list[EncounterLocation] | None = None
    service_provider: Reference | None = None


class AppointmentParticipant(Datatype):
    """Who or what takes part in an appointment."""

    actor: Reference | None = None
    type: list[CodeableConcept] | None = None


class Appointment(Resource, kw_only=True):
    """A booked contact."""

    status: str | None = None
    cancelation_reason: CodeableConcept | None = None
    service_category: list[CodeableConcept] | None = None
    service_type: list[CodeableConcept] | None = None
    specialty: list[CodeableConcept] | None = None
    appointment_type: CodeableConcept | None = None
    reason_code: list[CodeableConcept] | None = None
    reason_reference: list[Reference] | None = None
    description: str | None = None
    start: str | None = None
    end: str | None = None
    created: str | None = None
    comment: str | None = None
    patient_instruction: str | None = None
    participant: list[AppointmentParticipant] | None = None


class ServiceRequest(Resource, kw_only=True):
    """A referral, or a request for a test."""

    status: str | None = None
    intent: str | None = None
    category: list[CodeableConcept] | None = None
    priority: str | None = None
    do_not_perform: bool | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None
    authored_on: str | None = None
    requester: Reference | None = None
    performer_type: CodeableConcept | None = None
    performer: list[Reference] | None = None
    location_reference: list[Reference] | None = None
    reason_code: list[CodeableConcept] | None = None
    reason_reference: list[Reference] | None = None
    note: list[Annotation] | None = None


def contact_class(code: str | None, source_kind: str) -> str | None:
    """Say what kind of contact it is, from v3-ActCode's class and the kind of source.

    An out-of-hours provider's contacts are all out of hours; ambulatory and virtual ones are
    primary care at a practice and outpatient at a trust; elsewhere they stay unsaid.
    """
    if source_kind == "out_of_hours":
        return "out_of_hours"
    known = _CLASSES.get((code or "").upper())
    if known is not None:
        return known
    if source_kind == "gp_practice":
        return "primary_care"
    if source_kind == "nhs_trust" and (code or "").upper() in ("AMB", "VR", "SS"):
        return "outpatient"
    return None


def _main_participant(participants: list[Participant] | None) -> Reference | None:
    """Choose the attender or primary performer, else the first."""
    for participant in participants or ():
        if codes(*(participant.type or ())) & {"atnd", "pprf", "con"} and participant.individual:
            return participant.individual
    return participants[0].individual if participants else None


def _place(resource: Encounter, reading: Reading) -> str:
    """Name the place: where the resident is now, else the last one, else the provider."""
    locations = resource.location or []
    active = [place for place in locations if place.status == "active"]
    for place in (*active, *reversed(locations)):
        name = reading.called(place.location).name
        if name:
            return name
    return reading.called(resource.service_provider).name


def _planned_end(resource: Encounter) -> str:
    """The day on which the stay is expected to end, in words, until it has ended."""
    if resource.status in ("finished", "cancelled", "entered-in-error"):
        return ""
    sent = (e.value_date_time for e in resource.extension or () if e.url == PLANNED_END)
    return next((words for at in sent if at and (words := day_words(at))), "")


def map_encounter(resource: Encounter, reading: Reading) -> MappedEntry:
    """Map a contact: what it was, why, where, and how it ended."""
    code = resource.class_.code if resource.class_ is not None else None
    kind = contact_class(code, reading.delivery.source_kind)
    concept = resource.type[0] if resource.type else resource.service_type
    display = first_words(resource.type) or words(resource.service_type)
    named = [reading.called(reference).name for reference in resource.reason_reference or ()]
    named += [reading.called(diagnosis.condition).name for diagnosis in resource.diagnosis or ()]
    reasons = ", ".join(dict.fromkeys(t for t in (all_words(resource.reason_code), *named) if t))
    stay = resource.hospitalization
    admitted = words(stay.admit_source) if stay is not None else ""
    discharged = words(stay.discharge_disposition) if stay is not None else ""
    expected = _planned_end(resource)
    return reading.entry(
        subject=resource.subject,
        category=Category.CONTACTS,
        status=_ENCOUNTER_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=concept,
        display=display or _CLASS_WORDS.get(kind or "", "Contact"),
        effective=reading.start("period", resource.period),
        ends=reading.end("period", resource.period),
        detail=sentences(
            f"Reason: {reasons}" if reasons else "",
            f"Admitted from: {admitted}" if admitted else "",
            f"Expected to leave: {expected}" if expected else "",
            f"Discharged to: {discharged}" if discharged else "",
        ),
        author=reading.called(_main_participant(resource.participant)),
        place=_place(resource, reading),
        contact_class=kind,
    )


def _is_person(reference: Reference, reading: Reading) -> bool:
    if reference.type == "Patient":
        return True
    target = reading.delivery.target(reference.reference) if reference.reference else None
    return target is not None and target.startswith(("Patient/", "Patient?"))


def map_appointment(resource: Appointment, reading: Reading) -> MappedEntry:
    """Map an appointment of one patient.

    Raises ``CannotMapError`` where no patient takes part, or several do: an entry belongs to one.
    """
    actors = [p.actor for p in resource.participant or () if p.actor is not None]
    patients = [actor for actor in actors if _is_person(actor, reading)]
    if len(patients) != 1:
        raise CannotMapError(
            "participant: several patients take part; send one appointment for each"
            if patients
            else "participant: no patient is named"
        )
    others = [actor for actor in actors if actor is not patients[0]]
    who = Named()
    place = ""
    for actor in others:
        target = reading.delivery.target(actor.reference) if actor.reference else None
        if target is not None and target.startswith(("Location/", "HealthcareService/")):
            place = place or reading.called(actor).name
        else:
            who = who if who.name else reading.called(actor)
    named = (reading.called(reference).name for reference in resource.reason_reference or ())
    reasons = ", ".join(dict.fromkeys(t for t in (all_words(resource.reason_code), *named) if t))
    concepts = (resource.service_type or resource.specialty or resource.service_category) or []
    display = (
        first_words(resource.service_type)
        or first_words(resource.specialty)
        or words(resource.appointment_type)
        or (resource.description or "").strip()
        or "Appointment"
    )
    cancelled = words(resource.cancelation_reason)
    return reading.entry(
        subject=patients[0],
        category=Category.APPOINTMENTS,
        status=_APPOINTMENT_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=concepts[0] if concepts else None,
        display=display,
        effective=reading.when("start", resource.start),
        ends=reading.when("end", resource.end),
        recorded=reading.when("created", resource.created),
        detail=sentences(
            "Did not attend" if resource.status == "noshow" else "",
            f"Cancelled: {cancelled}" if cancelled else "",
            resource.description if resource.description != display else "",
            f"Reason: {reasons}" if reasons else "",
            resource.comment,
            resource.patient_instruction,
        ),
        author=who,
        place=place,
    )


def map_service_request(resource: ServiceRequest, reading: Reading) -> MappedEntry:
    """Map a referral; a request for a test lies with the tests, where fewer roles read it."""
    category = result_category(resource.category)
    if category not in (Category.LAB_RESULTS, Category.IMAGING):
        category = Category.APPOINTMENTS
    status = _REQUEST_STATUS.get(resource.status or "", EntryStatus.UNKNOWN)
    tentative = resource.intent in ("proposal", "plan", "option")
    if status is EntryStatus.CURRENT and (tentative or category is not Category.APPOINTMENTS):
        status = EntryStatus.PLANNED
    named = (reading.called(reference).name for reference in resource.reason_reference or ())
    reasons = ", ".join(dict.fromkeys(t for t in (all_words(resource.reason_code), *named) if t))
    to_whom = [reading.called(reference).name for reference in resource.performer or ()]
    sent_to = ", ".join(t for t in (words(resource.performer_type), *to_whom) if t)
    display = words(resource.code) or first_words(resource.category)
    authored = reading.when("authoredOn", resource.authored_on)
    occurs = reading.when("occurrenceDateTime", resource.occurrence_date_time) or reading.start(
        "occurrencePeriod", resource.occurrence_period
    )
    return reading.entry(
        subject=resource.subject,
        category=category,
        status=status,
        source_status=resource.status,
        concept=resource.code,
        display=f"Do not do: {display}" if resource.do_not_perform and display else display,
        effective=authored or occurs,
        recorded=authored,
        detail=sentences(
            f"Reason: {reasons}" if reasons else "",
            f"To: {sent_to}" if sent_to else "",
            resource.priority if resource.priority in ("urgent", "asap", "stat") else "",
            notes_text(resource.note),
        ),
        author=reading.called(resource.requester),
        place=reading.called(
            resource.location_reference[0] if resource.location_reference else None
        ).name,
        sent_to=reading.sent_to(resource.performer),
        negation=bool(resource.do_not_perform),
    )
