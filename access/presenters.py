"""What the privacy officers' pages say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from access.account_words import HELD_WORDS
from access.acting import Acting
from access.alerts import AlertInFull, AlertSeen, Care, ReviewSeen
from access.detectors import sentence
from access.escalating import waits_too_long
from access.fishing import Searching
from access.models import OF_A_LINE, AlertKind, AlertOutcome
from identity.presenters import PersonShown, person
from identity.selectors import ResidentSeen
from ui.formatting import clinical_time

#: Kinds that name one look, whose own pages are counted.
WITH_AN_END = (AlertKind.BREAK_GLASS, AlertKind.SELF_DECLARED, AlertKind.SAMPLE)
OF_ONE_LOOK = (AlertKind.SAMPLE, *OF_A_LINE)


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert in the list."""

    id: UUID
    reference: str
    kind: str
    age: str
    late: bool
    raised: datetime
    who: str
    resident: str
    reason: str
    outcome: str
    closed: datetime | None
    owner: str
    due: date | None


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One alert in full. ``reviewable`` says whether this officer may review it.

    ``ends`` says whether what it is about has an end: glass, or care.
    """

    line: AlertLine
    person: PersonShown | None
    emergency: bool
    words: str
    until: datetime | None
    ends: bool
    opened: str
    searching: str
    care: tuple[tuple[str, str], ...]
    reviews: tuple[ReviewSeen, ...]
    own: bool
    reviewable: bool
    kept_back: bool


def line(alert: AlertSeen, people: Mapping[int, ResidentSeen], *, at: datetime) -> AlertLine:
    """An alert as of a moment. A resident whom the gate does not show is not named."""
    seen = people.get(alert.resident) if alert.resident else None
    waited = at - alert.raised
    return AlertLine(
        id=alert.id,
        reference=alert.reference,
        kind=alert.kind.label,
        age=_age(waited),
        late=alert.closed is None and waits_too_long(alert.raised, alert.due, at),
        raised=alert.raised,
        who=", ".join(part for part in (alert.staff_name, alert.role, alert.team) if part),
        resident="Nobody alone" if alert.searching else person(seen).name if seen else "Not shown",
        reason=_reason(alert),
        outcome=alert.outcome.label if alert.outcome else "",
        closed=alert.closed,
        owner=alert.owner,
        due=alert.due,
    )


def in_full(
    full: AlertInFull, people: Mapping[int, ResidentSeen], *, officer: Acting, at: datetime
) -> AlertPage:
    """An alert with all that its officer compares it with."""
    alert = full.alert
    seen = people.get(alert.resident) if alert.resident else None
    own = alert.staff == officer.staff_id
    return AlertPage(
        line=line(alert, people, at=at),
        person=person(seen) if seen else None,
        emergency=alert.kind is AlertKind.BREAK_GLASS,
        words=alert.words,
        until=alert.until,
        ends=alert.kind in WITH_AN_END,
        opened="" if alert.searching else _opened(full),
        searching=_searching(alert.searching),
        care=tuple(_care(one) for one in full.care),
        reviews=full.reviews,
        own=own,
        reviewable=alert.closed is None and not own,
        kept_back=alert.outcome is AlertOutcome.KEPT_BACK,
    )


def _searching(seen: Searching | None) -> str:
    if seen is None:
        return ""
    searches = "1 search" if seen.searches == 1 else f"{seen.searches} searches"
    people = "1 person" if seen.people == 1 else f"{seen.people} people"
    return f"{searches} since {clinical_time(seen.since)}, which showed {people}"


def _reason(alert: AlertSeen) -> str:
    if alert.searching:
        return _searching(alert.searching)
    if alert.reason is not None:
        return alert.reason.label
    if alert.kind is AlertKind.QUESTION:
        return "They ask about one look at their record"
    if alert.kind is AlertKind.WATCHED:
        return "The record is under watch. They said why they opened it"
    if alert.kind is AlertKind.DETECTED:
        return " ".join(map(sentence, alert.found))
    if alert.kind is AlertKind.HELD_LINE:
        why = HELD_WORDS.get(alert.rule, "Telling it could put somebody in danger")
        return f"{why}. It waits for your decision"
    care = f": {alert.opened_by.label.lower()}" if alert.opened_by else ""
    return f"Drawn for review. The care that opened it{care}"


def _opened(full: AlertInFull) -> str:
    if not full.openings:
        return "Not opened since"
    pages = "1 page" if full.openings == 1 else f"{full.openings} pages"
    if full.alert.kind in OF_ONE_LOOK:
        first, last = clinical_time(full.first_opening), clinical_time(full.last_opening)
        return f"{pages}, on {first}" if first == last else f"{pages}, from {first} to {last}"
    return f"{pages} since, the last on {clinical_time(full.last_opening)}"


def _care(care: Care) -> tuple[str, str]:
    what = f"{care.kind.label}, {care.team}" if care.team else care.kind.label
    until = clinical_time(care.valid_until) if care.valid_until else "now"
    return what, f"{clinical_time(care.valid_from)} to {until}"


def _age(waited: timedelta) -> str:
    minutes = int(waited.total_seconds()) // 60
    if minutes < 1:
        return "Less than a minute"
    if minutes < 60:  # the first hour in minutes
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    hours = minutes // 60
    if hours < 48:  # two days in hours
        return "1 hour" if hours == 1 else f"{hours} hours"
    return f"{hours // 24} days"
