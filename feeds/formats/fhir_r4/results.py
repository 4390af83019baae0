"""Observations, reports and imaging studies."""

from msgspec.structs import replace

from feeds.formats.fhir_r4.datatypes import (
    Annotation,
    Attachment,
    CodeableConcept,
    Coding,
    Datatype,
    Period,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.values import Component, Valued, components_text, measure
from feeds.formats.fhir_r4.words import all_words, codes, first_words, notes_text, sentences, words
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

#: Result categories, by code: observation-category, v2-0074 and the SNOMED CT codes of UK Core.
_LABORATORY = frozenset(
    [
        "laboratory",
        "lab",
        "bg",
        "blb",
        "cg",
        "ch",
        "cp",
        "ge",
        "hm",
        "imm",
        "mb",
        "mcb",
        "myc",
        "osl",
        "sp",
        "sr",
        "tx",
        "vr",
        "15220000",
        "108252007",
        "4241000179101",
    ]
)
_IMAGING = frozenset(
    [
        "imaging",
        "img",
        "rad",
        "ct",
        "cus",
        "nmr",
        "nms",
        "ous",
        "rus",
        "rx",
        "vus",
        "xrc",
        "363679005",
        "394914008",
        "4201000179104",
    ]
)
_MEASUREMENTS = frozenset(
    [
        "vital-signs",
        "exam",
        "survey",
        "social-history",
        "therapy",
        "activity",
        "procedure",
        "ec",
        "en",
        "pf",
        "au",
        "icu",
        "nrs",
        "rc",
        "phy",
        "ot",
        "pt",
        "cth",
        "oth",
    ]
)

#: Vital signs by code, for sources that give no category: LOINC's of the FHIR profile, and SNOMED.
_VITAL_SIGNS = frozenset(
    [
        "85353-1",
        "85354-9",
        "8480-6",
        "8462-4",
        "8867-4",
        "9279-1",
        "8310-5",
        "2708-6",
        "59408-5",
        "29463-7",
        "8302-2",
        "39156-5",
        "9843-4",
        "8287-5",
        "75367002",
        "72313002",
        "1091811000000102",
        "364075005",
        "86290005",
        "276885007",
        "103228002",
        "27113001",
        "50373000",
        "60621009",
        "445620007",
    ]
)

STATUS = {
    "registered": EntryStatus.PLANNED,
    "preliminary": EntryStatus.CURRENT,
    "partial": EntryStatus.CURRENT,
    "final": EntryStatus.CURRENT,
    "amended": EntryStatus.CURRENT,
    "corrected": EntryStatus.CURRENT,
    "appended": EntryStatus.CURRENT,
    "available": EntryStatus.CURRENT,
    "cancelled": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}


class Observation(Valued, kw_only=True):
    """A measurement, a laboratory result, or an answer."""

    status: str | None = None
    category: list[CodeableConcept] | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    issued: str | None = None
    performer: list[Reference] | None = None
    note: list[Annotation] | None = None
    body_site: CodeableConcept | None = None
    specimen: Reference | None = None
    component: list[Component] | None = None


class DiagnosticReport(Resource, kw_only=True):
    """A report on tests or images."""

    status: str | None = None
    category: list[CodeableConcept] | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    performer: list[Reference] | None = None
    results_interpreter: list[Reference] | None = None
    imaging_study: list[Reference] | None = None
    conclusion: str | None = None
    conclusion_code: list[CodeableConcept] | None = None
    presented_form: list[Attachment] | None = None


class Series(Datatype):
    """One series of images."""

    modality: Coding | None = None
    description: str | None = None
    body_site: Coding | None = None


class ImagingStudy(Resource, kw_only=True):
    """The images of one examination."""

    status: str | None = None
    modality: list[Coding] | None = None
    subject: Reference | None = None
    started: str | None = None
    referrer: Reference | None = None
    interpreter: list[Reference] | None = None
    location: Reference | None = None
    procedure_code: list[CodeableConcept] | None = None
    reason_code: list[CodeableConcept] | None = None
    description: str | None = None
    note: list[Annotation] | None = None
    series: list[Series] | None = None


def result_category(categories: list[CodeableConcept] | None) -> Category | None:
    """Read the section from a result's own categories; None where they say nothing known.

    Laboratory and imaging win over measurements: fewer roles read them.
    """
    found = codes(*(categories or ()))
    found |= {words(concept).lower() for concept in categories or ()}
    if not found.isdisjoint(_LABORATORY):
        return Category.LAB_RESULTS
    if not found.isdisjoint(_IMAGING):
        return Category.IMAGING
    if not found.isdisjoint(_MEASUREMENTS):
        return Category.MEASUREMENTS
    return None


def section_of(
    category: Category | None, concept: CodeableConcept | None, *, has_specimen: bool
) -> Category:
    """Choose an observation's section; without a known category only vital signs are measurements.

    Laboratory results have the narrower audience, so a doubtful result goes there.
    """
    if category is Category.MEASUREMENTS and has_specimen:
        return Category.LAB_RESULTS
    if category is not None:
        return category
    if not has_specimen and not _VITAL_SIGNS.isdisjoint(codes(concept)):
        return Category.MEASUREMENTS
    return Category.LAB_RESULTS


def map_observation(resource: Observation, reading: Reading) -> MappedEntry:
    """Map a result or measurement; a panel's components become one line of words."""
    effective = (
        reading.when("effectiveDateTime", resource.effective_date_time)
        or reading.start("effectivePeriod", resource.effective_period)
        or reading.when("effectiveInstant", resource.effective_instant)
    )
    issued = reading.when("issued", resource.issued)
    measured = measure(resource, reading.notes)
    if resource.component:
        panel = components_text(resource.component)
        measured = replace(measured, value_text=sentences(measured.value_text, panel))
    performer = resource.performer[0] if resource.performer else None
    site = words(resource.body_site)
    return reading.entry(
        subject=resource.subject,
        category=section_of(
            result_category(resource.category),
            resource.code,
            has_specimen=resource.specimen is not None,
        ),
        status=STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.code,
        display=words(resource.code),
        effective=effective or issued,
        recorded=issued,
        detail=sentences(f"Site: {site}" if site else "", notes_text(resource.note)),
        measured=measured,
        author=reading.called(performer) if performer is not None else None,
    )


def map_report(resource: DiagnosticReport, reading: Reading) -> MappedEntry:
    """Map a report: its conclusion in full; the results that it groups are entries of their own."""
    category = result_category(resource.category)
    if category is None:
        category = Category.IMAGING if resource.imaging_study else Category.LAB_RESULTS
    effective = reading.when("effectiveDateTime", resource.effective_date_time) or reading.start(
        "effectivePeriod", resource.effective_period
    )
    issued = reading.when("issued", resource.issued)
    performers = resource.performer or []
    authors = resource.results_interpreter or performers
    forms = (form.title for form in resource.presented_form or ())
    return reading.entry(
        subject=resource.subject,
        category=category,
        status=STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.code,
        display=words(resource.code),
        effective=effective or issued,
        recorded=issued,
        detail=sentences(resource.conclusion, all_words(resource.conclusion_code), *forms),
        author=reading.called(authors[0]) if authors else None,
        place=next((reading.called(p).name for p in performers if p is not authors[0]), ""),
    )


def _coded(coding: Coding | None) -> str:
    return ((coding.display or coding.code or "") if coding is not None else "").strip()


def map_imaging_study(resource: ImagingStudy, reading: Reading) -> MappedEntry:
    """Map a study: named by its procedure, else its description, else modality and body site."""
    first = resource.series[0] if resource.series else None
    kind = resource.modality[0] if resource.modality else None
    if kind is None and first is not None:
        kind = first.modality
    modality = _coded(kind)
    site = _coded(first.body_site if first is not None else None)
    named = first_words(resource.procedure_code) or (resource.description or "").strip()
    display = named or ": ".join(text for text in (modality, site) if text) or "Imaging study"
    series = (s.description for s in resource.series or ())
    return reading.entry(
        subject=resource.subject,
        category=Category.IMAGING,
        status=STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.procedure_code[0] if resource.procedure_code else None,
        display=display,
        effective=reading.when("started", resource.started),
        detail=sentences(
            resource.description if resource.description != display else None,
            *dict.fromkeys(series),
            all_words(resource.reason_code),
            notes_text(resource.note),
        ),
        author=reading.called(resource.interpreter[0] if resource.interpreter else None),
        place=reading.called(resource.location).name,
    )
