"""Social care: assessments, services and equipment; and the caseloads of health services.

The same FHIR resources serve both, so the kind of source decides: an episode of care from a
council is a social care service, from a trust it is a caseload. An assessment is a
ClinicalImpression, since R4 has no resource of its own for it.
"""

from feeds.formats.fhir_r4.datatypes import (
    Annotation,
    CodeableConcept,
    Datatype,
    Extension,
    Period,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import first_words, notes_text, sentences, words
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

_OWN = "https://connectcare.example/StructureDefinition/"
SERVICE_CATEGORY = _OWN + "service-category"
SERVICE_FREQUENCY = _OWN + "service-frequency"
SERVICE_PROVIDER = _OWN + "service-provider"
COUNCIL = "adult_social_care"
PRACTICE = "gp_practice"

_EPISODE_STATUS = {
    "planned": EntryStatus.PLANNED,
    "waitlist": EntryStatus.PLANNED,
    "active": EntryStatus.CURRENT,
    "onhold": EntryStatus.CURRENT,
    "finished": EntryStatus.PAST,
    "cancelled": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
_ASSESSMENT_STATUS = {
    "in-progress": EntryStatus.CURRENT,
    "completed": EntryStatus.PAST,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
_DEVICE_STATUS = {
    "active": EntryStatus.CURRENT,
    "on-hold": EntryStatus.CURRENT,
    "intended": EntryStatus.PLANNED,
    "completed": EntryStatus.PAST,
    "stopped": EntryStatus.PAST,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}


class EpisodeOfCare(Resource, kw_only=True):
    """A period during which a service is responsible for a resident."""

    status: str | None = None
    type: list[CodeableConcept] | None = None
    patient: Reference | None = None
    managing_organization: Reference | None = None
    period: Period | None = None
    care_manager: Reference | None = None


class Finding(Datatype):
    """What an assessment found."""

    item_codeable_concept: CodeableConcept | None = None
    basis: str | None = None


class ClinicalImpression(Resource, kw_only=True):
    """An assessment."""

    status: str | None = None
    code: CodeableConcept | None = None
    description: str | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    date: str | None = None
    assessor: Reference | None = None
    summary: str | None = None
    finding: list[Finding] | None = None
    note: list[Annotation] | None = None


class DeviceUseStatement(Resource, kw_only=True):
    """Equipment or an implant that a resident uses."""

    status: str | None = None
    subject: Reference | None = None
    timing_period: Period | None = None
    timing_date_time: str | None = None
    recorded_on: str | None = None
    source: Reference | None = None
    device: Reference | None = None
    reason_code: list[CodeableConcept] | None = None
    body_site: CodeableConcept | None = None
    note: list[Annotation] | None = None


def _extension_text(extension: Extension) -> str:
    coding = extension.value_coding
    return (
        words(extension.value_codeable_concept)
        or extension.value_string
        or ((coding.display or coding.code) if coding is not None else None)
        or extension.value_code
        or ""
    ).strip()


def map_episode(resource: EpisodeOfCare, reading: Reading) -> MappedEntry:
    """Map a service: social care from a council, a registration or a caseload among contacts."""
    council = reading.delivery.source_kind == COUNCIL
    practice = reading.delivery.source_kind == PRACTICE
    said = {extension.url: _extension_text(extension) for extension in resource.extension or ()}
    kind = said.get(SERVICE_CATEGORY, "")
    provider = said.get(SERVICE_PROVIDER, "")
    display = first_words(resource.type) or kind
    return reading.entry(
        subject=resource.patient,
        category=Category.SOCIAL_CARE_SERVICES if council else Category.CONTACTS,
        status=_EPISODE_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.type[0] if resource.type else None,
        display=display or ("Social care service" if council else "Under the care of a service"),
        effective=reading.start("period", resource.period),
        ends=reading.end("period", resource.period),
        detail=sentences(
            "Paused" if resource.status == "onhold" else "",
            "Waiting list" if resource.status == "waitlist" else "",
            said.get(SERVICE_FREQUENCY),
            f"Provider: {provider}" if provider else "",
            kind if kind != display else "",
        ),
        author=reading.called(resource.care_manager),
        place=reading.called(resource.managing_organization).name,
        contact_class="temporary" if practice and _is_temporary(resource) else None,
    )


def _is_temporary(resource: EpisodeOfCare) -> bool:
    """Whether a practice's episode is a temporary registration (GP Connect's type T)."""
    for concept in resource.type or ():
        coded = any(
            (coding.code or "").upper() == "T" and "RegistrationType" in (coding.system or "")
            for coding in concept.coding or ()
        )
        said = words(concept).lower()
        if coded or ("temporary" in said and ("registration" in said or "resident" in said)):
            return True
    return False


def map_assessment(resource: ClinicalImpression, reading: Reading) -> MappedEntry:
    """Map an assessment: social care from a council, else a document."""
    council = reading.delivery.source_kind == COUNCIL
    dated = reading.when("date", resource.date)
    description = (resource.description or "").strip()
    display = words(resource.code) or description or "Assessment"
    findings = (
        text
        for f in resource.finding or ()
        if (text := words(f.item_codeable_concept) or (f.basis or "").strip())
    )
    return reading.entry(
        subject=resource.subject,
        category=Category.SOCIAL_CARE_ASSESSMENTS if council else Category.DOCUMENTS,
        status=_ASSESSMENT_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.code,
        display=display,
        effective=reading.when("effectiveDateTime", resource.effective_date_time)
        or reading.start("effectivePeriod", resource.effective_period)
        or dated,
        ends=reading.end("effectivePeriod", resource.effective_period),
        recorded=dated,
        detail=sentences(
            description if description != display else "",
            resource.summary,
            *findings,
            notes_text(resource.note),
        ),
        author=reading.called(resource.assessor),
    )


def map_device_use(resource: DeviceUseStatement, reading: Reading) -> MappedEntry:
    """Map equipment: among social care services from a council, else among procedures."""
    council = reading.delivery.source_kind == COUNCIL
    site = words(resource.body_site)
    recorded = reading.when("recordedOn", resource.recorded_on)
    return reading.entry(
        subject=resource.subject,
        category=Category.SOCIAL_CARE_SERVICES if council else Category.PROCEDURES,
        status=_DEVICE_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        display=reading.called(resource.device).name or first_words(resource.reason_code),
        effective=reading.start("timingPeriod", resource.timing_period)
        or reading.when("timingDateTime", resource.timing_date_time)
        or recorded,
        ends=reading.end("timingPeriod", resource.timing_period),
        recorded=recorded,
        detail=sentences(
            "Equipment" if council else "",
            f"Site: {site}" if site else "",
            notes_text(resource.note),
        ),
        author=reading.called(resource.source),
    )
