"""Alerts, and those about safeguarding."""

from feeds.formats.fhir_r4.datatypes import CodeableConcept, Period, Reference, Resource
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import all_words, codes, sentences, words
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

_STATUS = {
    "active": EntryStatus.CURRENT,
    "inactive": EntryStatus.PAST,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}


class Flag(Resource, kw_only=True):
    """Something that every reader should know first."""

    status: str | None = None
    category: list[CodeableConcept] | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    period: Period | None = None
    author: Reference | None = None


def map_flag(resource: Flag, reading: Reading) -> MappedEntry:
    """Map an alert; one whose category says safeguarding lies there, with its narrower audience."""
    kinds = all_words(resource.category)
    said = [kinds.lower(), *codes(*(resource.category or ()))]
    safeguarding = any("safeguard" in text for text in said)
    display = words(resource.code)
    coded = (c.display for c in (resource.code.coding if resource.code else None) or ())
    return reading.entry(
        subject=resource.subject,
        category=Category.SAFEGUARDING if safeguarding else Category.ALERTS,
        status=_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.code,
        display=display,
        effective=reading.start("period", resource.period),
        ends=reading.end("period", resource.period),
        detail=sentences(kinds, *(text for text in coded if text != display)),
        author=reading.called(resource.author),
    )
