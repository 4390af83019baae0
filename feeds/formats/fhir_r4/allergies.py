"""Allergies, and the difference between "none known" and "nothing said"."""

from feeds.formats.fhir_r4.datatypes import (
    Annotation,
    CodeableConcept,
    Datatype,
    Period,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.outcomes import NotPartOfRecordError
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import all_words, codes, first_words, notes_text, sentences, words
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

#: "No known …": SNOMED CT situations (allergy, drug, food, environment, insect, animal, latex),
#: and the codes of the International Patient Summary.
NONE_KNOWN = frozenset(
    [
        "716186003",
        "160244002",
        "409137002",
        "429625007",
        "428607008",
        "428197003",
        "716220001",
        "716184000",
        "1003774007",
        "no-known-allergies",
        "no-known-medication-allergies",
        "no-known-food-allergies",
        "no-known-environmental-allergies",
    ]
)
#: "Nothing is said": not asked, or no information. Never the same as none known.
_NO_INFORMATION = frozenset({"no-allergy-info", "1631000175102"})
_NONE_KNOWN_WORDS = frozenset(
    {"no known allergies", "no known allergy", "no known drug allergies", "nka", "nkda", "nkma"}
)

#: Lists of allergies: SNOMED CT as used in UK Core, and LOINC.
_ALLERGY_LISTS = frozenset({"886921000000105", "48765-2"})


class Reaction(Datatype):
    """What happened."""

    substance: CodeableConcept | None = None
    manifestation: list[CodeableConcept] | None = None
    description: str | None = None
    severity: str | None = None


class AllergyIntolerance(Resource, kw_only=True):
    """An allergy or intolerance, or the statement that none is known."""

    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    type: str | None = None
    criticality: str | None = None
    code: CodeableConcept | None = None
    patient: Reference | None = None
    onset_date_time: str | None = None
    onset_period: Period | None = None
    onset_string: str | None = None
    recorded_date: str | None = None
    recorder: Reference | None = None
    asserter: Reference | None = None
    last_occurrence: str | None = None
    note: list[Annotation] | None = None
    reaction: list[Reaction] | None = None


class List(Resource, kw_only=True):
    """A list; read only where it is empty and says why."""

    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    date: str | None = None
    source: Reference | None = None
    empty_reason: CodeableConcept | None = None


def _reaction_text(reaction: Reaction) -> str:
    text = all_words(reaction.manifestation) or (reaction.description or "").strip()
    severity = (reaction.severity or "").strip()
    if text and severity:
        return f"Reaction: {text} ({severity})"
    return f"Reaction: {text or severity}" if text or severity else ""


def _status(verification: set[str], clinical: set[str]) -> EntryStatus:
    """Judge where an allergy stands; without a clinical status it is live, which is safer."""
    if "entered-in-error" in verification:
        return EntryStatus.ENTERED_IN_ERROR
    if "refuted" in verification or clinical & {"inactive", "resolved"}:
        return EntryStatus.PAST
    return EntryStatus.CURRENT


def map_allergy(resource: AllergyIntolerance, reading: Reading) -> MappedEntry:
    """Map an allergy; "no known allergies" is a statement (``negation``), not an absence of one.

    Raises ``NotPartOfRecordError`` for a resource that only says that nothing is recorded.
    """
    found = codes(resource.code)
    if found & _NO_INFORMATION:
        raise NotPartOfRecordError("says that there is no information on allergies")
    reactions = resource.reaction or []
    display = words(resource.code) or first_words(
        [reaction.substance for reaction in reactions if reaction.substance is not None]
    )
    negation = bool(found & NONE_KNOWN) or (
        not found and display.lower().rstrip(".") in _NONE_KNOWN_WORDS
    )
    verification = codes(resource.verification_status)
    clinical = codes(resource.clinical_status)
    recorded = reading.when("recordedDate", resource.recorded_date)
    onset = reading.when("onsetDateTime", resource.onset_date_time) or reading.start(
        "onsetPeriod", resource.onset_period
    )
    criticality = {
        "high": "High risk of serious harm",
        "unable-to-assess": "Risk could not be assessed",
    }
    return reading.entry(
        subject=resource.patient,
        category=Category.ALLERGIES,
        status=_status(verification, clinical),
        source_status=sentences(
            words(resource.clinical_status), words(resource.verification_status)
        ),
        concept=resource.code,
        display=display,
        effective=onset or recorded,
        recorded=recorded,
        detail=sentences(
            "Refuted: found not to be so" if "refuted" in verification else "",
            "Not confirmed" if verification & {"unconfirmed", "presumed"} else "",
            criticality.get(resource.criticality or ""),
            *map(_reaction_text, reactions),
            "Intolerance" if resource.type == "intolerance" else "",
            resource.onset_string,
            notes_text(resource.note),
        ),
        author=reading.called(resource.asserter or resource.recorder),
        negation=negation,
    )


def map_list(resource: List, reading: Reading) -> MappedEntry:
    """Map an empty list of allergies that says "none known"; every other list is passed over.

    A list's members arrive as resources of their own. An empty list for any other reason (not
    asked, unavailable, no content recorded) says nothing about allergies.
    """
    if resource.status == "entered-in-error":
        raise NotPartOfRecordError("a list that was entered in error")
    reasons = codes(resource.empty_reason)
    if not reasons:
        raise NotPartOfRecordError("a list: its members are counted one by one")
    if "nilknown" not in reasons or not codes(resource.code) & _ALLERGY_LISTS:
        raise NotPartOfRecordError("an empty list: it does not say that there is nothing to know")
    return reading.entry(
        subject=resource.subject,
        category=Category.ALLERGIES,
        status=EntryStatus.CURRENT if resource.status == "current" else EntryStatus.PAST,
        source_status=resource.status,
        concept=resource.code,
        display="No known allergies",
        effective=reading.when("date", resource.date),
        author=reading.called(resource.source),
        negation=True,
    )
