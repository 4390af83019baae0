"""Care plans, goals, and decisions about care made ahead of time."""

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
from feeds.formats.fhir_r4.outcomes import NotPartOfRecordError
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import all_words, codes, first_words, notes_text, sentences, words
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

_PLAN_STATUS = {
    "draft": EntryStatus.PLANNED,
    "active": EntryStatus.CURRENT,
    "on-hold": EntryStatus.CURRENT,
    "completed": EntryStatus.PAST,
    "revoked": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
_GOAL_STATUS = {
    "proposed": EntryStatus.PLANNED,
    "planned": EntryStatus.PLANNED,
    "accepted": EntryStatus.CURRENT,
    "active": EntryStatus.CURRENT,
    "on-hold": EntryStatus.CURRENT,
    "completed": EntryStatus.PAST,
    "cancelled": EntryStatus.CANCELLED,
    "rejected": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
_DECISION_STATUS = {
    "draft": EntryStatus.PLANNED,
    "proposed": EntryStatus.PLANNED,
    "active": EntryStatus.CURRENT,
    "inactive": EntryStatus.PAST,
    "rejected": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
#: Consents about information or research, by scope or category. What a resident says about
#: sharing is recorded here as a choice by the contact centre, and never taken from a feed.
_ABOUT_INFORMATION = frozenset(
    {
        "patient-privacy",
        "research",
        "infa",
        "infao",
        "infasv",
        "idscl",
        "59284-0",
        "npp",
        "hipaa-npp",
    }
)


class ActivityDetail(Datatype):
    """One thing that a plan asks for."""

    code: CodeableConcept | None = None
    description: str | None = None


class Activity(Datatype):
    """One line of a plan."""

    reference: Reference | None = None
    detail: ActivityDetail | None = None


class CarePlan(Resource, kw_only=True):
    """A plan of care."""

    status: str | None = None
    intent: str | None = None
    category: list[CodeableConcept] | None = None
    title: str | None = None
    description: str | None = None
    subject: Reference | None = None
    period: Period | None = None
    created: str | None = None
    author: Reference | None = None
    activity: list[Activity] | None = None
    note: list[Annotation] | None = None


class Goal(Resource, kw_only=True):
    """What a resident wants to reach."""

    lifecycle_status: str | None = None
    achievement_status: CodeableConcept | None = None
    category: list[CodeableConcept] | None = None
    description: CodeableConcept | None = None
    subject: Reference | None = None
    start_date: str | None = None
    status_date: str | None = None
    expressed_by: Reference | None = None
    note: list[Annotation] | None = None


class Provision(Datatype):
    """What is allowed or refused."""

    type: str | None = None
    period: Period | None = None
    code: list[CodeableConcept] | None = None
    purpose: list[Coding] | None = None


class Consent(Resource, kw_only=True):
    """A decision: here, one about care (an advance decision, resuscitation, an attorney)."""

    status: str | None = None
    scope: CodeableConcept | None = None
    category: list[CodeableConcept] | None = None
    patient: Reference | None = None
    date_time: str | None = None
    performer: list[Reference] | None = None
    organization: list[Reference] | None = None
    source_attachment: Attachment | None = None
    policy_rule: CodeableConcept | None = None
    provision: Provision | None = None


def map_care_plan(resource: CarePlan, reading: Reading) -> MappedEntry:
    """Map a plan with its activities in words."""
    details = [a.detail for a in resource.activity or () if a.detail is not None]
    activities = dict.fromkeys((d.description or "").strip() or words(d.code) for d in details)
    listed = ", ".join(text for text in activities if text)
    display = (
        (resource.title or "").strip()
        or first_words(resource.category)
        or (resource.description or "").strip()
        or "Care plan"
    )
    created = reading.when("created", resource.created)
    kinds = all_words(resource.category)
    return reading.entry(
        subject=resource.subject,
        category=Category.CARE_PLANS,
        status=_PLAN_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.category[0] if resource.category else None,
        display=display,
        effective=reading.start("period", resource.period) or created,
        ends=reading.end("period", resource.period),
        recorded=created,
        detail=sentences(
            kinds if kinds != display else "",
            resource.description if resource.description != display else "",
            f"Activities: {listed}" if listed else "",
            notes_text(resource.note),
        ),
        author=reading.called(resource.author),
    )


def map_goal(resource: Goal, reading: Reading) -> MappedEntry:
    """Map a goal among care plans: it is what the plan is for."""
    return reading.entry(
        subject=resource.subject,
        category=Category.CARE_PLANS,
        status=_GOAL_STATUS.get(resource.lifecycle_status or "", EntryStatus.UNKNOWN),
        source_status=resource.lifecycle_status,
        concept=resource.description,
        display=words(resource.description),
        effective=reading.when("startDate", resource.start_date)
        or reading.when("statusDate", resource.status_date),
        detail=sentences("Goal", words(resource.achievement_status), notes_text(resource.note)),
        author=reading.called(resource.expressed_by),
    )


def map_consent(resource: Consent, reading: Reading) -> MappedEntry:
    """Map a decision about care.

    Raises ``NotPartOfRecordError`` for a consent about information or research.
    """
    concepts = resource.category or []
    if codes(resource.scope, *concepts) & _ABOUT_INFORMATION:
        raise NotPartOfRecordError(
            "a consent about information or research: choices are recorded in Connect Care itself"
        )
    title = resource.source_attachment.title if resource.source_attachment is not None else None
    provision = resource.provision or Provision()
    permitted = {"deny": "Refused", "permit": "Agreed"}.get(provision.type or "", "")
    what = all_words(provision.code)
    said = f"{permitted}: {what}" if permitted and what else permitted or what
    kinds = all_words(concepts)
    display = (title or "").strip() or kinds or words(resource.policy_rule)
    decided = reading.when("dateTime", resource.date_time)
    return reading.entry(
        subject=resource.patient,
        category=Category.CARE_PLANS,
        status=_DECISION_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=concepts[0] if concepts else None,
        display=display or words(resource.scope),
        effective=decided or reading.start("provision.period", provision.period),
        ends=reading.end("provision.period", provision.period),
        recorded=decided,
        detail=sentences(
            kinds if kinds != display else "",
            words(resource.policy_rule) if words(resource.policy_rule) != display else "",
            said,
        ),
        author=reading.called(resource.performer[0]) if resource.performer else None,
        place=reading.called(resource.organization[0]).name if resource.organization else "",
    )
