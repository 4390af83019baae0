"""Care relationships out of evidence: pure functions. Periods are configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from access.models import RelationshipKind
from organisations.models import OrganisationKind


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a source's entry, or its registration, says about who cares for a resident.

    ``what`` is one of ``registration``, ``inpatient``, ``emergency``, ``outpatient``,
    ``appointment``, ``out-of-hours``, ``caseload``, ``social-care-service``, ``allocated-worker``
    or ``referral``. ``team`` is the registry's id of the team that the source named, ``None`` where
    it named none, and ``team_unknown`` where it named one that the registry does not have.
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


@dataclass(frozen=True, slots=True)
class Derived:
    """A relationship that the evidence carries, with its own end."""

    organisation: int
    team: int | None
    kind: RelationshipKind
    evidence: str
    valid_from: datetime
    valid_until: datetime | None


def derive(
    evidence: Iterable[Evidence],
    *,
    periods: Mapping[str, timedelta],
    died_on: date | None,
    deceased: bool,
    now: datetime,
) -> list[Derived]:
    """The relationships that the evidence carries and that are not over.

    After a death they last 28 days, if the day is known; else 28 days from now.
    """
    derived = []
    last = _after_death(died_on, now, periods) if deceased else None
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
            )
        )
    return derived


def _after_death(
    died_on: date | None, now: datetime, periods: Mapping[str, timedelta]
) -> datetime:
    if died_on is None:
        return now + periods["after_death"]
    return (
        datetime(died_on.year, died_on.month, died_on.day, tzinfo=now.tzinfo)
        + timedelta(days=1)
        + periods["after_death"]
    )


def _one(item: Evidence, periods: Mapping[str, timedelta]) -> Derived | None:
    if item.organisation_kind == OrganisationKind.ADULT_SOCIAL_CARE and item.team is None:
        # A resident is cared for by teams, not by whole councils.
        return None
    ends = item.ends or item.begins

    def until(kind: RelationshipKind, end: datetime | None, begins: datetime | None = None) -> Derived:
        return Derived(
            item.organisation, item.team, kind, item.reference, begins or item.begins, end
        )

    match item.what:
        case "registration":
            return until(RelationshipKind.REGISTERED_PRACTICE, None)
        case "inpatient":
            end = None if item.is_open else ends + periods["after_discharge"]
            return until(RelationshipKind.ADMISSION, end)
        case "emergency":
            end = None if item.is_open else ends + periods["after_attendance"]
            return until(RelationshipKind.ATTENDANCE, end)
        case "outpatient":
            return until(RelationshipKind.APPOINTMENT, ends + periods["after_appointment"])
        case "appointment":
            return until(
                RelationshipKind.APPOINTMENT,
                ends + periods["after_appointment"],
                item.begins - periods["before_appointment"],
            )
        case "out-of-hours":
            return until(RelationshipKind.OUT_OF_HOURS, ends + periods["out_of_hours"])
        case "caseload" if item.is_open:
            return until(RelationshipKind.CASELOAD, None)
        case "social-care-service" if item.is_open:
            return until(RelationshipKind.SOCIAL_CARE_SERVICE, None)
        case "allocated-worker" if item.is_open:
            return until(RelationshipKind.ALLOCATED_WORKER, None)
        case "referral" if item.is_open and item.team is not None:
            return until(RelationshipKind.REFERRAL, None)
        case _:
            return None
