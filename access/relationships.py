"""Care relationships out of evidence: pure functions. Periods are configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from access.models import RelationshipKind
from organisations.models import OrganisationKind
from ui.formatting import LONDON


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a source's entry, or its registration, says about who cares for a resident.

    ``what`` is one of ``registration``, ``temporary-registration``, ``inpatient``, ``emergency``,
    ``outpatient``, ``appointment``, ``out-of-hours``, ``caseload``, ``social-care-service``,
    ``allocated-worker``, ``referral`` or ``discharge-referral``. A referral's organisation and
    team may be those that it was sent to. ``team`` is the registry's id of the team that the
    source named, ``None`` where it named none, and ``team_unknown`` where it named one that the
    registry does not have. ``place`` is where an admitted resident lies.
    """

    what: str
    reference: str
    organisation: int
    organisation_kind: str
    begins: datetime
    ends: datetime | None
    is_open: bool
    team: int | None = None
    team_unknown: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class Derived:
    """A relationship that the evidence carries, with its own end."""

    organisation: int
    team: int | None
    kind: RelationshipKind
    evidence: str
    valid_from: datetime
    valid_until: datetime | None
    place: str = ""


def derive(
    evidence: Iterable[Evidence],
    *,
    periods: Mapping[str, timedelta],
    died_on: date | None,
    deceased: bool,
    heard: datetime | None,
    now: datetime,
) -> list[Derived]:
    """The relationships that the evidence carries and that are not over.

    After a death they last 28 days, from the day or, if that is not known, from when the death
    was ``heard`` of.
    """
    derived = []
    last = (
        closes_after_death(died_on, heard or now, after_death=periods["after_death"])
        if deceased
        else None
    )
    for item in evidence:
        found = _one(item, periods)
        if found is None:
            continue
        until = found.valid_until
        if last is not None and (until is None or until > last):
            until = max(last, found.valid_from)
        if until is not None and until <= now:
            continue
        derived.append(
            Derived(
                found.organisation,
                found.team,
                found.kind,
                found.evidence,
                found.valid_from,
                until,
                found.place,
            )
        )
    return derived


def closes_after_death(
    died_on: date | None, heard: datetime | None, *, after_death: timedelta
) -> datetime | None:
    """When care ends after a death: the period after the day, by the wall clock in London.

    Where the day is not known, the period after the death was first heard of. ``None`` where
    neither is known: then nothing holds it open.
    """
    if died_on is not None:
        day = datetime(died_on.year, died_on.month, died_on.day, tzinfo=LONDON)
        return day + timedelta(days=1) + after_death
    # By the clock's own seconds: adding days to London's time would move with summer time.
    return None if heard is None else heard.astimezone(UTC) + after_death


def _one(item: Evidence, periods: Mapping[str, timedelta]) -> Derived | None:
    if item.organisation_kind == OrganisationKind.ADULT_SOCIAL_CARE and item.team is None:
        # A resident is cared for by teams, not by whole councils.
        return None
    if item.what == "temporary-registration":
        until = item.ends or item.begins + periods["temporary_registration"]
        kind = RelationshipKind.TEMPORARY_REGISTRATION
        return _as(item, kind, item.begins, until) if item.is_open else None
    ends = item.ends or item.begins

    if item.what in _WHILE_OPEN:
        lasts = item.is_open and (item.what not in _FOR_A_TEAM or item.team is not None)
        return _as(item, _WHILE_OPEN[item.what], item.begins, None) if lasts else None
    if item.what not in _FOR_A_TIME:
        return None
    kind, period = _FOR_A_TIME[item.what]
    begins = item.begins
    if item.what == "appointment":
        begins -= periods["before_appointment"]
    under_treatment = item.is_open and item.what in {"inpatient", "emergency"}
    return _as(item, kind, begins, None if under_treatment else ends + periods[period])


#: Evidence that carries a relationship for as long as it is open.
_WHILE_OPEN = {
    "registration": RelationshipKind.REGISTERED_PRACTICE,
    "caseload": RelationshipKind.CASELOAD,
    "social-care-service": RelationshipKind.SOCIAL_CARE_SERVICE,
    "allocated-worker": RelationshipKind.ALLOCATED_WORKER,
    "referral": RelationshipKind.REFERRAL,
    "discharge-referral": RelationshipKind.DISCHARGE_REFERRAL,
}
#: A referral to a whole organisation is nobody's until a team has it.
_FOR_A_TEAM = frozenset({"referral", "discharge-referral"})
#: Evidence that carries one for a period after it, by the period's name in the settings.
_FOR_A_TIME = {
    "inpatient": (RelationshipKind.ADMISSION, "after_discharge"),
    "emergency": (RelationshipKind.ATTENDANCE, "after_attendance"),
    "outpatient": (RelationshipKind.APPOINTMENT, "after_appointment"),
    "appointment": (RelationshipKind.APPOINTMENT, "after_appointment"),
    "out-of-hours": (RelationshipKind.OUT_OF_HOURS, "out_of_hours"),
}


def longest_after(periods: Mapping[str, timedelta]) -> timedelta:
    """How long after its end a contact carries a relationship at most."""
    return max(periods[period] for _, period in _FOR_A_TIME.values())


def _as(
    item: Evidence, kind: RelationshipKind, begins: datetime, until: datetime | None
) -> Derived:
    return Derived(item.organisation, item.team, kind, item.reference, begins, until, item.place)
