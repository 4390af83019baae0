"""Diagnoses and problems."""

from feeds.formats.fhir_r4.datatypes import (
    Annotation,
    CodeableConcept,
    Period,
    Quantity,
    Range,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import (
    all_words,
    codes,
    notes_text,
    quantity_text,
    range_text,
    sentences,
    words,
)
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category


class Condition(Resource, kw_only=True):
    """A diagnosis, a problem or a symptom."""

    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    severity: CodeableConcept | None = None
    code: CodeableConcept | None = None
    body_site: list[CodeableConcept] | None = None
    subject: Reference | None = None
    onset_date_time: str | None = None
    onset_period: Period | None = None
    onset_age: Quantity | None = None
    onset_range: Range | None = None
    onset_string: str | None = None
    abatement_date_time: str | None = None
    abatement_period: Period | None = None
    abatement_string: str | None = None
    recorded_date: str | None = None
    recorder: Reference | None = None
    asserter: Reference | None = None
    note: list[Annotation] | None = None


def _status(resource: Condition) -> EntryStatus:
    verification = codes(resource.verification_status)
    clinical = codes(resource.clinical_status)
    if "entered-in-error" in verification:
        return EntryStatus.ENTERED_IN_ERROR
    if "refuted" in verification:
        return EntryStatus.CANCELLED
    if clinical & {"active", "recurrence", "relapse"}:
        return EntryStatus.CURRENT
    if clinical & {"inactive", "remission", "resolved"}:
        return EntryStatus.PAST
    if resource.abatement_date_time or resource.abatement_period or resource.abatement_string:
        return EntryStatus.PAST
    return EntryStatus.UNKNOWN


def map_condition(resource: Condition, reading: Reading) -> MappedEntry:
    """Map a diagnosis; a refuted one is cancelled, and its words say that it was ruled out."""
    verification = codes(resource.verification_status)
    recorded = reading.when("recordedDate", resource.recorded_date)
    onset = reading.when("onsetDateTime", resource.onset_date_time) or reading.start(
        "onsetPeriod", resource.onset_period
    )
    ends = (
        reading.when("abatementDateTime", resource.abatement_date_time)
        or reading.end("abatementPeriod", resource.abatement_period)
        or reading.start("abatementPeriod", resource.abatement_period)
    )
    age = quantity_text(resource.onset_age) or range_text(resource.onset_range)
    site = all_words(resource.body_site)
    return reading.entry(
        subject=resource.subject,
        category=Category.DIAGNOSES,
        status=_status(resource),
        source_status=sentences(
            words(resource.clinical_status), words(resource.verification_status)
        ),
        concept=resource.code,
        display=words(resource.code),
        effective=onset or recorded,
        ends=ends,
        recorded=recorded,
        detail=sentences(
            "Ruled out" if "refuted" in verification else "",
            "Not confirmed"
            if verification & {"unconfirmed", "provisional", "differential"}
            else "",
            words(resource.severity),
            f"Site: {site}" if site else "",
            f"Age at onset: {age}" if age else "",
            resource.onset_string,
            resource.abatement_string,
            notes_text(resource.note),
        ),
        author=reading.called(resource.asserter or resource.recorder),
    )
