"""Medicines: asked for, taken, supplied and given. A dose is never cut short."""

from feeds.formats.fhir_r4.datatypes import (
    Annotation,
    CodeableConcept,
    Datatype,
    Dosage,
    Period,
    Quantity,
    Ratio,
    Reference,
    Repeat,
    Resource,
)
from feeds.formats.fhir_r4.dates import When
from feeds.formats.fhir_r4.delivery import Named
from feeds.formats.fhir_r4.outcomes import CannotMapError
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import (
    all_words,
    notes_text,
    number_text,
    quantity_text,
    range_text,
    ratio_text,
    sentences,
    words,
)
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

_STATUS = {
    "active": EntryStatus.CURRENT,
    "on-hold": EntryStatus.CURRENT,
    "in-progress": EntryStatus.CURRENT,
    "completed": EntryStatus.PAST,
    "stopped": EntryStatus.PAST,
    "not-taken": EntryStatus.PAST,
    "draft": EntryStatus.PLANNED,
    "intended": EntryStatus.PLANNED,
    "preparation": EntryStatus.PLANNED,
    "cancelled": EntryStatus.CANCELLED,
    "declined": EntryStatus.CANCELLED,
    "not-done": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
_STATUS_WORDS = {
    "on-hold": "On hold",
    "not-taken": "Not taken",
    "not-done": "Not given",
    "declined": "Declined",
    "stopped": "Stopped",
}
#: Intents that are not an order: nobody was told to give or take it.
_NOT_ORDERS = {"proposal": "Proposed, not ordered", "plan": "Planned", "option": "An option"}
_UNITS = {"s": "second", "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month"}


class Dispense(Datatype):
    """How long a prescription may be supplied."""

    validity_period: Period | None = None
    quantity: Quantity | None = None


class MedicationRequest(Resource, kw_only=True):
    """A prescription."""

    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    subject: Reference | None = None
    authored_on: str | None = None
    requester: Reference | None = None
    reason_code: list[CodeableConcept] | None = None
    reason_reference: list[Reference] | None = None
    status_reason: CodeableConcept | None = None
    note: list[Annotation] | None = None
    dosage_instruction: list[Dosage] | None = None
    dispense_request: Dispense | None = None


class MedicationStatement(Resource, kw_only=True):
    """What somebody is said to take."""

    status: str | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    date_asserted: str | None = None
    information_source: Reference | None = None
    status_reason: list[CodeableConcept] | None = None
    reason_code: list[CodeableConcept] | None = None
    reason_reference: list[Reference] | None = None
    note: list[Annotation] | None = None
    dosage: list[Dosage] | None = None


class DispensePerformer(Datatype):
    """Who supplied or gave it."""

    actor: Reference | None = None


class MedicationDispense(Resource, kw_only=True):
    """A supply of a medicine."""

    status: str | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    subject: Reference | None = None
    performer: list[DispensePerformer] | None = None
    location: Reference | None = None
    quantity: Quantity | None = None
    days_supply: Quantity | None = None
    when_prepared: str | None = None
    when_handed_over: str | None = None
    note: list[Annotation] | None = None
    dosage_instruction: list[Dosage] | None = None


class GivenDose(Datatype):
    """How much was given, and how."""

    text: str | None = None
    site: CodeableConcept | None = None
    route: CodeableConcept | None = None
    method: CodeableConcept | None = None
    dose: Quantity | None = None
    rate_quantity: Quantity | None = None
    rate_ratio: Ratio | None = None


class MedicationAdministration(Resource, kw_only=True):
    """One dose given, or not given."""

    status: str | None = None
    status_reason: list[CodeableConcept] | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    performer: list[DispensePerformer] | None = None
    reason_code: list[CodeableConcept] | None = None
    note: list[Annotation] | None = None
    dosage: GivenDose | None = None


MedicineResource = (
    MedicationRequest | MedicationStatement | MedicationDispense | MedicationAdministration
)


def _frequency(repeat: Repeat) -> str:
    """Write ``3 times every 1 day`` as people say it."""
    parts = []
    if repeat.frequency is not None:
        most = f" to {repeat.frequency_max}" if repeat.frequency_max else ""
        once = repeat.frequency == 1 and not most
        parts.append("once" if once else f"{repeat.frequency}{most} times")
    if repeat.period is not None and repeat.period_unit:
        unit = _UNITS.get(repeat.period_unit, repeat.period_unit)
        single = repeat.period == 1
        parts.append(f"every {unit}" if single else f"every {number_text(repeat.period)} {unit}s")
    times = [time for time in (*(repeat.when or ()), *(repeat.time_of_day or ())) if time]
    if times:
        parts.append("at " + ", ".join(times))
    return " ".join(parts)


def _amount(dosage: Dosage) -> str:
    for rate in dosage.dose_and_rate or ():
        amount = quantity_text(rate.dose_quantity) or range_text(rate.dose_range)
        speed = (
            quantity_text(rate.rate_quantity)
            or ratio_text(rate.rate_ratio)
            or range_text(rate.rate_range)
        )
        if amount or speed:
            return sentences(amount, f"at a rate of {speed}" if speed else "")
    return ""


def dose_text(dosages: list[Dosage] | None) -> str:
    """Write all dose instructions in their order: the source's words, else built from its codes."""
    written = []
    for dosage in sorted(dosages or (), key=lambda dosage: dosage.sequence or 0):
        said = (dosage.text or "").strip()
        if not said:
            timing = dosage.timing
            often = _frequency(timing.repeat) if timing and timing.repeat else ""
            often = often or (words(timing.code) if timing else "")
            needed = words(dosage.as_needed_codeable_concept)
            if needed or dosage.as_needed_boolean:
                often = f"{often} as needed{f' for {needed}' if needed else ''}".strip()
            method = words(dosage.route) or words(dosage.method)
            said = ", ".join(part for part in (_amount(dosage), often, method) if part)
        written.append(
            sentences(said, all_words(dosage.additional_instruction), dosage.patient_instruction)
        )
    return sentences(*written)


def _medicine(resource: MedicineResource, reading: Reading) -> tuple[str, CodeableConcept | None]:
    """Name the medicine: by its own words and code, or by the resource that is referred to."""
    concept = resource.medication_codeable_concept
    if concept is not None and (display := words(concept)):
        return display, concept
    named = reading.called(resource.medication_reference)
    if not named.name:
        raise CannotMapError(
            "the medicine is named only by a reference to a Medication that this delivery does "
            "not hold"
            if resource.medication_reference is not None
            else "neither words nor a code say what the medicine is"
        )
    return named.name, concept


def _reasons(
    coded: list[CodeableConcept] | None, referred: list[Reference] | None, reading: Reading
) -> str:
    named = (reading.called(reference).name for reference in referred or ())
    text = ", ".join(dict.fromkeys(t for t in (all_words(coded), *named) if t))
    return f"For: {text}" if text else ""


def _make(
    resource: MedicineResource,
    reading: Reading,
    *,
    detail: str,
    effective: When | None,
    ends: When | None = None,
    recorded: When | None = None,
    author: Named | None = None,
    place: str = "",
    status: EntryStatus | None = None,
    forbidden: bool = False,
) -> MappedEntry:
    display, concept = _medicine(resource, reading)
    own = resource.status or ""
    return reading.entry(
        subject=resource.subject,
        category=Category.MEDICATIONS,
        status=status or _STATUS.get(own, EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=concept,
        display=f"Do not give: {display}" if forbidden else display,
        effective=effective,
        ends=ends,
        recorded=recorded,
        detail=sentences(_STATUS_WORDS.get(own), detail, notes_text(resource.note)),
        author=author,
        place=place,
        negation=forbidden,
    )


def map_request(resource: MedicationRequest, reading: Reading) -> MappedEntry:
    """Map a prescription. A proposal or an option is never current; "do not give" is negation."""
    status = _STATUS.get(resource.status or "", EntryStatus.UNKNOWN)
    intent = _NOT_ORDERS.get(resource.intent or "", "")
    if intent and status is EntryStatus.CURRENT:
        status = EntryStatus.PLANNED
    supply = resource.dispense_request
    authored = reading.when("authoredOn", resource.authored_on)
    ends = reading.end("dispenseRequest.validityPeriod", supply.validity_period) if supply else None
    stopped = words(resource.status_reason)
    return _make(
        resource,
        reading,
        status=status,
        detail=sentences(
            dose_text(resource.dosage_instruction),
            intent,
            _reasons(resource.reason_code, resource.reason_reference, reading),
            f"Reason for this status: {stopped}" if stopped else "",
        ),
        effective=authored,
        ends=ends,
        recorded=authored,
        author=reading.called(resource.requester),
        forbidden=bool(resource.do_not_perform),
    )


def map_statement(resource: MedicationStatement, reading: Reading) -> MappedEntry:
    """Map what somebody is said to take."""
    asserted = reading.when("dateAsserted", resource.date_asserted)
    start = reading.when("effectiveDateTime", resource.effective_date_time) or reading.start(
        "effectivePeriod", resource.effective_period
    )
    stopped = all_words(resource.status_reason)
    return _make(
        resource,
        reading,
        detail=sentences(
            dose_text(resource.dosage),
            _reasons(resource.reason_code, resource.reason_reference, reading),
            f"Reason for this status: {stopped}" if stopped else "",
        ),
        effective=start or asserted,
        ends=reading.end("effectivePeriod", resource.effective_period),
        recorded=asserted,
        author=reading.called(resource.information_source),
    )


def _actor(performers: list[DispensePerformer] | None, reading: Reading) -> Named | None:
    return reading.called(performers[0].actor) if performers else None


def map_dispense(resource: MedicationDispense, reading: Reading) -> MappedEntry:
    """Map a supply; once handed over it is past."""
    amount, days = quantity_text(resource.quantity), quantity_text(resource.days_supply)
    return _make(
        resource,
        reading,
        detail=sentences(
            dose_text(resource.dosage_instruction),
            f"Supplied: {amount}" if amount else "",
            f"Lasts: {days}" if days else "",
        ),
        effective=reading.when("whenHandedOver", resource.when_handed_over)
        or reading.when("whenPrepared", resource.when_prepared),
        author=_actor(resource.performer, reading),
        place=reading.called(resource.location).name,
    )


def map_administration(resource: MedicationAdministration, reading: Reading) -> MappedEntry:
    """Map one dose given, or the reason why it was not."""
    given = resource.dosage or GivenDose()
    rate = quantity_text(given.rate_quantity) or ratio_text(given.rate_ratio)
    return _make(
        resource,
        reading,
        detail=sentences(
            given.text,
            quantity_text(given.dose),
            f"at a rate of {rate}" if rate else "",
            words(given.route) or words(given.method),
            all_words(resource.status_reason),
            _reasons(resource.reason_code, None, reading),
        ),
        effective=reading.when("effectiveDateTime", resource.effective_date_time)
        or reading.start("effectivePeriod", resource.effective_period),
        ends=reading.end("effectivePeriod", resource.effective_period),
        author=_actor(resource.performer, reading),
    )
