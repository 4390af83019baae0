"""Procedures, vaccinations and devices in use."""

from feeds.formats.fhir_r4.datatypes import (
    Annotation,
    CodeableConcept,
    Datatype,
    Extension,
    Period,
    Quantity,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import all_words, notes_text, quantity_text, sentences, words
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

_STATUS = {
    "preparation": EntryStatus.PLANNED,
    "on-hold": EntryStatus.PLANNED,
    "in-progress": EntryStatus.CURRENT,
    "completed": EntryStatus.PAST,
    "stopped": EntryStatus.PAST,
    "not-done": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
_VACCINATION_PROCEDURE = "Extension-UKCore-VaccinationProcedure"


class Performer(Datatype):
    """Who did it."""

    actor: Reference | None = None


class Procedure(Resource, kw_only=True):
    """Something done to or for a resident."""

    status: str | None = None
    status_reason: CodeableConcept | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None
    performed_string: str | None = None
    recorder: Reference | None = None
    performer: list[Performer] | None = None
    location: Reference | None = None
    reason_code: list[CodeableConcept] | None = None
    reason_reference: list[Reference] | None = None
    body_site: list[CodeableConcept] | None = None
    outcome: CodeableConcept | None = None
    complication: list[CodeableConcept] | None = None
    note: list[Annotation] | None = None


class Protocol(Datatype):
    """Which dose of which course."""

    series: str | None = None
    dose_number_positive_int: int | None = None
    dose_number_string: str | None = None


class Immunization(Resource, kw_only=True):
    """A vaccination given, or not given."""

    status: str | None = None
    status_reason: CodeableConcept | None = None
    vaccine_code: CodeableConcept | None = None
    patient: Reference | None = None
    occurrence_date_time: str | None = None
    occurrence_string: str | None = None
    recorded: str | None = None
    location: Reference | None = None
    lot_number: str | None = None
    site: CodeableConcept | None = None
    route: CodeableConcept | None = None
    dose_quantity: Quantity | None = None
    performer: list[Performer] | None = None
    note: list[Annotation] | None = None
    reason_code: list[CodeableConcept] | None = None
    protocol_applied: list[Protocol] | None = None


def map_procedure(resource: Procedure, reading: Reading) -> MappedEntry:
    """Map a procedure; what was done is past, what was not done is cancelled and says why."""
    named = (reading.called(reference).name for reference in resource.reason_reference or ())
    reasons = ", ".join(dict.fromkeys(t for t in (all_words(resource.reason_code), *named) if t))
    site = all_words(resource.body_site)
    complications = all_words(resource.complication)
    performer = resource.performer[0].actor if resource.performer else resource.recorder
    undone = resource.status == "not-done"
    return reading.entry(
        subject=resource.subject,
        category=Category.PROCEDURES,
        status=_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.code,
        display=words(resource.code),
        effective=reading.when("performedDateTime", resource.performed_date_time)
        or reading.start("performedPeriod", resource.performed_period),
        ends=reading.end("performedPeriod", resource.performed_period),
        detail=sentences(
            "Not done" if undone else "",
            words(resource.status_reason),
            f"For: {reasons}" if reasons else "",
            f"Site: {site}" if site else "",
            words(resource.outcome),
            f"Complications: {complications}" if complications else "",
            resource.performed_string,
            notes_text(resource.note),
        ),
        author=reading.called(performer),
        place=reading.called(resource.location).name,
    )


def _procedure_extension(extensions: list[Extension] | None) -> CodeableConcept | None:
    for extension in extensions or ():
        if extension.url and extension.url.endswith(_VACCINATION_PROCEDURE):
            return extension.value_codeable_concept
    return None


def _dose(protocols: list[Protocol] | None) -> str:
    for protocol in protocols or ():
        number = protocol.dose_number_string or protocol.dose_number_positive_int
        if number:
            return sentences(f"Dose {number}", protocol.series)
    return ""


def map_immunization(resource: Immunization, reading: Reading) -> MappedEntry:
    """Map a vaccination; one that was not given is cancelled and says why."""
    procedure = _procedure_extension(resource.extension)
    display = words(resource.vaccine_code) or words(procedure)
    concept = resource.vaccine_code if words(resource.vaccine_code) else procedure
    site = words(resource.site)
    undone = resource.status == "not-done"
    return reading.entry(
        subject=resource.patient,
        category=Category.PROCEDURES,
        status=_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=concept,
        display=display,
        effective=reading.when("occurrenceDateTime", resource.occurrence_date_time),
        recorded=reading.when("recorded", resource.recorded),
        detail=sentences(
            "Not given" if undone else "",
            words(resource.status_reason),
            _dose(resource.protocol_applied),
            quantity_text(resource.dose_quantity),
            words(resource.route),
            f"Site: {site}" if site else "",
            f"Batch: {resource.lot_number}" if resource.lot_number else "",
            resource.occurrence_string,
            notes_text(resource.note),
        ),
        author=reading.called(resource.performer[0].actor) if resource.performer else None,
        place=reading.called(resource.location).name,
    )
