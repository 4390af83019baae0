"""A look in words: what was opened, and on what it stood. Of the event alone, and so testable.

One vocabulary for the officers' table, its file, and what a resident is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from access.looked import Did, LookSeen
from access.models import BasisKind, RelationshipKind
from audit.models import Action
from organisations.categories import Category
from ui.formatting import LONDON, prose_time

#: A part of the record, to follow "opened your" and "opened their".
PARTS: Mapping[Category, str] = {
    Category.APPOINTMENTS: "appointments",
    Category.CONTACTS: "hospital stays and visits",
    Category.DIAGNOSES: "diagnoses and problems",
    Category.MEDICATIONS: "medicines",
    Category.ALLERGIES: "allergies",
    Category.LAB_RESULTS: "blood and other laboratory results",
    Category.MEASUREMENTS: "measurements",
    Category.IMAGING: "scans and X-rays",
    Category.PROCEDURES: "procedures and vaccinations",
    Category.DOCUMENTS: "letters and documents",
    Category.CARE_PLANS: "care plans and decisions",
    Category.SOCIAL_CARE_ASSESSMENTS: "social care assessments",
    Category.SOCIAL_CARE_SERVICES: "social care services",
    Category.PEOPLE_INVOLVED: "list of people involved in care",
    Category.ALERTS: "alerts",
    Category.SAFEGUARDING: "safeguarding information",
}
#: Pages of a record that are of no one part, to follow the same.
PAGES: Mapping[str, str] = {
    "record": "summary",
    "record-item": "single entries",
    "timeline": "timeline",
    "results-over-time": "results over time",
    "print-record": "whole record, to print it",
    "find-in-record": "record, to find a word in it",
    "report-entry": "single entry, to report that it is wrong",
    "discharge-planning": "record, to plan the way home from hospital",
}
#: What is not an opening, as a clause of its own.
OTHERWISE: Mapping[str, str] = {
    Action.SEARCH: "saw them in a list of search results",
    Action.GLIMPSE: "saw who they are",
    Action.REFUSAL: "asked for the record and was refused",
    Action.RELATIONSHIP_DECLARED: "said why they are involved",
    Action.GLASS_BROKEN: "opened the record in an emergency",
    Action.GLASS_ENDED: "ended an emergency opening",
    Action.ALERTS_READ: "read alerts about openings",
    Action.ALERT_REVIEWED: "reviewed an alert about an opening",
    Action.ACCESS_EXPLAINED: "asked who could open the record",
    Action.AUDIT_READ: "read who had looked at the record",
    Action.ACCOUNT_MADE: "made the account of who looked",
    Action.SUBJECT_ACCESS: "dealt with a request for all that is held",
    Action.RECORD_WATCHED: "dealt with a watch on the record",
    Action.IDENTITY_CHECKED: "checked who was asking",
    Action.RECORD_PRINTED: "printed the record",
    Action.NOTICES_READ: "read notices of their team",
    Action.REFERRALS_READ: "read referrals",
}
#: What was done about a watch, by the reason of the event.
WATCHING: Mapping[str, str] = {
    "begun": "put the record under watch",
    "ended": "took the record off watch",
    "said-why": "said why they opened the record, which is under watch",
}
#: What stands open by care, by the kind of it, to follow "because they".
_CARE: Mapping[str, str] = {
    RelationshipKind.REGISTERED_PRACTICE: "were registered with this practice",
    RelationshipKind.TEMPORARY_REGISTRATION: "were temporarily registered with this practice",
    RelationshipKind.ADMISSION: "were admitted there",
    RelationshipKind.ATTENDANCE: "attended the emergency department there",
    RelationshipKind.APPOINTMENT: "had an appointment there",
    RelationshipKind.OUT_OF_HOURS: "contacted the out-of-hours service",
    RelationshipKind.CASELOAD: "were on the team’s caseload",
    RelationshipKind.REFERRAL: "had been referred to the team",
    RelationshipKind.DISCHARGE_REFERRAL: "were referred to the team on leaving hospital",
    RelationshipKind.SOCIAL_CARE_SERVICE: "had an adult social care service",
    RelationshipKind.ALLOCATED_WORKER: "had a worker there",
}
_SAID: Mapping[str, str] = {
    RelationshipKind.SELF_DECLARED: "they said that they were involved in the care",
    RelationshipKind.GRANTED: "a colleague who gives care let them in",
    RelationshipKind.EXPRESS_CONSENT: "they said that the person had agreed",
}
_BASES: Mapping[str, str] = {
    BasisKind.BREAK_GLASS: "they said that it was an emergency",
    BasisKind.AFTER_DEATH: "their role reviews deaths",
    BasisKind.LAWFUL_DISCLOSURE: "a privacy officer had lawfully allowed it",
}


def opened(look: LookSeen) -> tuple[str, ...]:
    """What of the record was opened: parts first, in the order of categories, then pages."""
    openings = [did for did in look.did if did.action is Action.OPENING]
    parts = {did.part for did in openings if did.part is not None}
    pages = {did.page for did in openings if did.part is None}
    whole = [PAGES[page] for page in PAGES if page in pages]
    unnamed = ["record"] if look.pages and not parts and not whole else []
    return (*whole, *(PARTS[part] for part in PARTS if part in parts), *unnamed)


def done_otherwise(look: LookSeen) -> tuple[str, ...]:
    """What else was done, as clauses, once each; an action without words is called by its own."""
    return tuple(dict.fromkeys(_clause(did) for did in look.did if did.action != Action.OPENING))


def _clause(did: Did) -> str:
    said = OTHERWISE.get(did.action)
    if did.action is Action.RECORD_WATCHED:
        said = WATCHING.get(did.reason, said)
    if said is None:
        label = did.action.label
        said = label[0].lower() + label[1:]
    if did.outcome == "refused" and did.action is not Action.REFUSAL:
        return f"{said}: refused"
    return f"{said}: {did.why.label.lower()}" if did.why else said


def because(look: LookSeen, who: str = "they") -> str:
    """Why the record was open, to follow "because"; empty where nothing was opened.

    ``who`` stands for the resident: ``they``, or ``you`` where they are told themselves.
    """
    if not look.pages:
        return ""
    if look.basis != BasisKind.RELATIONSHIP:
        return _BASES.get(look.basis, "the rules allowed it")
    if look.care is None:
        return f"{who} were in their care"
    if look.care in _SAID:
        return _SAID[look.care].replace("the person", "you" if who == "you" else "the person")
    return f"{who} {_CARE[look.care]}{_since(look)}"


def _since(look: LookSeen) -> str:
    """Since when the care lasted: the clock alone where it began on the day of the look."""
    if look.since is None:
        return ""
    began, day = look.since.astimezone(LONDON), look.first.astimezone(LONDON).date()
    return f" at {began:%H:%M}" if began.date() == day else f", from {prose_time(look.since)}"


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
