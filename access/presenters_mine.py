"""What "My residents" shows: people under the reason why they are on the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from access.mine import PAGE_LENGTH, Mine, MyResidents, Registered
from access.models import RelationshipKind
from identity.presenters import PersonShown, person
from identity.selectors import ResidentSeen
from organisations.models import OrganisationKind
from ui.formatting import clinical_date, clinical_time

HAS_LEFT = "Left lately"

_GROUPS: Mapping[RelationshipKind, str] = {
    RelationshipKind.APPOINTMENT: "Appointments today",
    RelationshipKind.ADMISSION: "Admitted now",
    RelationshipKind.ATTENDANCE: "In the emergency department now",
    RelationshipKind.OUT_OF_HOURS: "Contacted your service lately",
    RelationshipKind.ALLOCATED_WORKER: "Allocated to your team",
    RelationshipKind.SOCIAL_CARE_SERVICE: "With an open service of your team",
    RelationshipKind.CASELOAD: "On your team’s caseload",
    RelationshipKind.DISCHARGE_REFERRAL: "Referred to your team on leaving hospital",
    RelationshipKind.REFERRAL: "Referred to your team",
    RelationshipKind.REGISTERED_PRACTICE: "Registered with your practice",
    RelationshipKind.TEMPORARY_REGISTRATION: "Registered with your practice for a time",
    RelationshipKind.GRANTED: "A colleague let you in",
    RelationshipKind.SELF_DECLARED: "You said that you are involved",
    RelationshipKind.EXPRESS_CONSENT: "They agreed that you look",
}


@dataclass(frozen=True, slots=True)
class MineShown:
    """One resident: who, where they lie, and since when. Empty words are left out.

    ``is_admitted``: in hospital now, so that leaving it is planned.
    """

    person: PersonShown
    where: str
    when: str
    is_admitted: bool


@dataclass(frozen=True, slots=True)
class MineGroup:
    """Residents who are on the list for the same reason."""

    title: str
    residents: tuple[MineShown, ...]


@dataclass(frozen=True, slots=True)
class MyResidentsPage:
    """One page of the list."""

    groups: tuple[MineGroup, ...]
    total: int
    page: int
    pages: int
    empty: str
    has_registered: bool


@dataclass(frozen=True, slots=True)
class RegisteredPage:
    """One page of who is registered with a practice, and the ways to others of it.

    ``letter`` is what the family names begin with, empty for all of them; ``after`` names the page
    that follows, and is empty on the last.
    """

    groups: tuple[MineGroup, ...]
    letter: str
    after: str
    is_first: bool


def pages_of(total: int) -> int:
    """How many pages so many residents take: at least one."""
    return max(1, -(-total // PAGE_LENGTH))


def my_residents_page(
    found: MyResidents,
    people: Iterable[ResidentSeen],
    *,
    page: int,
    organisation_kind: str,
    today: date,
) -> MyResidentsPage:
    """The list under its reasons, in its own order. Whom nothing lets be seen is left out."""
    return MyResidentsPage(
        groups=_groups(found.residents, people, today),
        total=found.total,
        page=page,
        pages=pages_of(found.total),
        empty=_empty(organisation_kind),
        has_registered=organisation_kind == OrganisationKind.GP_PRACTICE,
    )


def registered_page(
    found: Registered,
    people: Iterable[ResidentSeen],
    *,
    letter: str,
    is_first: bool,
    today: date,
) -> RegisteredPage:
    """The list of the registered, in its own order. Whom nothing lets be seen is left out."""
    return RegisteredPage(
        groups=_groups(found.residents, people, today),
        letter=letter,
        after=str(found.after) if found.after else "",
        is_first=is_first,
    )


def _groups(
    listed: Iterable[Mine], people: Iterable[ResidentSeen], today: date
) -> tuple[MineGroup, ...]:
    seen = {each.id: each for each in people}
    shown = [
        (_title(each), _shown(each, seen[each.resident], today))
        for each in listed
        if each.resident in seen
    ]
    return tuple(
        MineGroup(title, tuple(one for _, one in of))
        for title, of in groupby(shown, key=lambda pair: pair[0])
    )


def _title(mine: Mine) -> str:
    return HAS_LEFT if mine.has_left else _GROUPS[mine.kind]


def _shown(mine: Mine, seen: ResidentSeen, today: date) -> MineShown:
    where = ", ".join(part for part in (mine.team, mine.place) if part)
    is_admitted = mine.kind is RelationshipKind.ADMISSION and not mine.has_left
    return MineShown(person(seen, today=today), where, _when(mine), is_admitted)


def _when(mine: Mine) -> str:
    if mine.kind is RelationshipKind.APPOINTMENT:
        return f"At {clinical_time(mine.since)}"
    if mine.has_left:
        return f"You can open the record until {clinical_date(mine.until)}"
    if mine.until is not None:
        return f"Since {clinical_time(mine.since)}, until {clinical_time(mine.until)}"
    return f"Since {clinical_date(mine.since)}"


def _empty(organisation_kind: str) -> str:
    if organisation_kind == OrganisationKind.GP_PRACTICE:
        return (
            "Nobody has an appointment with your practice today. Your registered patients are on "
            "a list of their own."
        )
    return "Nobody is on your team’s list now. Find a resident to look somebody up."
