"""Asking the detectors of new looks, in the background: their facts, the cases, and how far it is.

The events are there already, so nothing is lost by a worker that dies: the next one goes on from
where the last one that finished stopped. The audit is asked through the gate's functions, which
answer with ids, codes and times (``access/sql/0048_detecting.sql``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.utils import timezone

from access.detectors import SHIPPED, Rule, Sight, Tuning, Verdict, cases
from access.models import Alert, AlertKind, CareRelationship, JudgedSpan
from access.references import new_reference
from audit import actions as audit
from audit.models import Action
from identity.models import Resident, ResidentPlace
from identity.names import fold
from organisations.models import Membership, StaffMember
from ui.formatting import LONDON

#: A look lasts 15 minutes; after so long none of its openings can still be uncommitted.
SETTLED = timedelta(minutes=20)
#: How far back the first run of an installation goes, and what one run takes at most.
REACH = timedelta(days=1)
#: What is usual of a person, of a role; and what is care about the time of a look.
USUAL = timedelta(days=28)
OF_ROLE = timedelta(days=90)
CARE_ABOUT = timedelta(days=28)
_DAY = timedelta(days=1)
#: A section is rare where fewer than one in so many looks of the role open it, of enough looks.
RARE_ONE_IN = 100
#: Whoever works is of one of these ages: who is not is a namesake of a member of staff.
WORKING_AGES = range(16, 76)
ENOUGH_OF_ROLE = 200


@dataclass(frozen=True, slots=True)
class LookMade:
    """A look that opened a record, as the audit has it."""

    look: UUID
    staff: int
    membership: int
    organisation: int
    role: str
    resident: int
    began: datetime
    basis: str
    care: str
    parts: Collection[int]


@dataclass(frozen=True, slots=True)
class Person:
    """A name as the rules compare it: the first given name with the family name, and that alone."""

    name: str
    family: str

    @classmethod
    def of(cls, given: str, family: str) -> Person:
        """From names as they are written."""
        first = fold((given.split() or [""])[0])
        return cls(f"{first} {fold(family)}" if first and family else "", fold(family))

    @classmethod
    def of_staff(cls, name: str) -> Person:
        """From a staff member's name, whose last word is the family name."""
        *given, family = name.split() or [""]
        return cls.of(" ".join(given), family)


@dataclass(frozen=True, slots=True)
class Care:
    """Evidence of care by an organisation: of which team, from–to."""

    organisation: int
    team: int | None
    since: datetime
    until: datetime | None

    def about(self, at: datetime, within: timedelta) -> bool:
        """Whether it was in force at a moment, or so long before or after."""
        return self.since <= at + within and (self.until is None or self.until >= at - within)


@dataclass(frozen=True, slots=True)
class Job:
    """A membership: of which team, and until when."""

    id: int
    organisation: int
    team: int | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of everybody in the looks of one run, for :func:`sights`.

    ``bearers`` and ``families`` are how many residents bear each name and family name.
    ``hours`` are the hours in which each staff member has looked, and how often; ``usual_parts``
    the sections that each role opens, of roles with looks enough to say so. ``births`` are the
    residents' birth dates, where they are known.
    """

    staff: Mapping[int, Person]
    residents: Mapping[int, Person]
    bearers: Mapping[str, int]
    families: Mapping[str, int]
    households: Mapping[int, frozenset[str]]
    colleagues: Mapping[int, frozenset[str]]
    care: Mapping[int, tuple[Care, ...]]
    jobs: Mapping[int, tuple[Job, ...]]
    hours: Mapping[int, tuple[frozenset[int], int]]
    usual_parts: Mapping[str, frozenset[int]]
    births: Mapping[int, date] = field(default_factory=dict)


def sights(looks: Iterable[LookMade], known: Known, *, since: datetime) -> list[Sight]:
    """The looks that began since a moment, with their facts. Earlier ones count as viewers only."""
    made = list(looks)
    by_resident: dict[int, list[LookMade]] = {}
    for look in made:
        by_resident.setdefault(look.resident, []).append(look)
    return [_sight(look, known, by_resident[look.resident]) for look in made if look.began >= since]


def _sight(look: LookMade, known: Known, of_resident: Iterable[LookMade]) -> Sight:
    reader = known.staff.get(look.staff, Person("", ""))
    resident = known.residents.get(look.resident, Person("", ""))
    hours, before = known.hours.get(look.staff, (frozenset(), 0))
    care = [
        each for each in known.care.get(look.resident, ()) if each.organisation == look.organisation
    ]
    viewers = {each.staff for each in of_resident if look.began - _DAY < each.began <= look.began}
    return Sight(
        look=look.look,
        staff=look.staff,
        membership=look.membership,
        organisation=look.organisation,
        resident=look.resident,
        at=look.began,
        hour=look.began.astimezone(LONDON).hour,
        reader=reader.name,
        reader_family=reader.family,
        resident_name=resident.name,
        resident_family=resident.family,
        basis=look.basis,
        care=look.care,
        of_that_name=known.bearers.get(resident.name, 1),
        of_that_family=known.families.get(resident.family, 1),
        of_working_age=_may_work(known.births.get(look.resident), look.began),
        household_names=known.households.get(look.resident, frozenset()),
        colleagues=known.colleagues.get(look.organisation, frozenset()) - {reader.name},
        cared_for=any(each.about(look.began, CARE_ABOUT) for each in care),
        former_team=_is_of_former_team(look, care, known.jobs.get(look.staff, ())),
        own_team_cares=_is_of_own_team(look, care, known.jobs.get(look.staff, ())),
        usual_hours=hours,
        looks_before=before,
        viewers=len(viewers),
        rare_parts=frozenset(look.parts) - known.usual_parts.get(look.role, frozenset(look.parts)),
    )


def _may_work(born: date | None, at: datetime) -> bool:
    if born is None:
        return True
    day = at.astimezone(LONDON).date()
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) in WORKING_AGES


def usual_parts(rows: Iterable[tuple[str, int, int, int]]) -> dict[str, frozenset[int]]:
    """Of each role with looks enough, the sections that are not rare.

    Rows are role, section, in how many looks it was opened, and how many looks the role had.
    """
    usual: dict[str, set[int]] = {}
    for role, part, looks, of_all in rows:
        if of_all >= ENOUGH_OF_ROLE:
            parts = usual.setdefault(role, set())
            if looks * RARE_ONE_IN >= of_all:
                parts.add(part)
    return {role: frozenset(parts) for role, parts in usual.items()}


def _is_of_former_team(look: LookMade, care: Iterable[Care], jobs: Iterable[Job]) -> bool:
    left, now = _teams(look, jobs)
    caring = _caring(look, care)
    return bool(caring & (left - now)) and not caring & {*now, None}


def _is_of_own_team(look: LookMade, care: Iterable[Care], jobs: Iterable[Job]) -> bool:
    _, now = _teams(look, jobs)
    return bool(_caring(look, care) & now)


def _teams(look: LookMade, jobs: Iterable[Job]) -> tuple[set[int | None], set[int | None]]:
    """The teams there that the reader had left at the look, and those that they were in."""
    there = [job for job in jobs if job.organisation == look.organisation and job.team is not None]
    left = {job.team for job in there if job.until is not None and job.until <= look.began}
    return left, {job.team for job in there if job.until is None or job.until > look.began}


def _caring(look: LookMade, care: Iterable[Care]) -> set[int | None]:
    return {each.team for each in care if each.about(look.began, timedelta(0))}


def tuning() -> Tuning:
    """The shipped weights with those of the settings.

    :raises ImproperlyConfigured: if the settings weigh a rule that there is not.
    """
    unknown = settings.DETECTOR_WEIGHTS.keys() - set(Rule)
    if unknown:
        raise ImproperlyConfigured(
            f"DETECTOR_WEIGHTS names rules that there are not: {', '.join(sorted(unknown))}. "
            f"There are: {', '.join(Rule)}."
        )
    tuned = {Rule(name): weight for name, weight in settings.DETECTOR_WEIGHTS.items()}
    return Tuning({**SHIPPED.weights, **tuned}, settings.DETECTOR_THRESHOLD)


@transaction.atomic
def look(now: datetime | None = None) -> list[int]:
    """Judge the looks since the last run; the cases' ids. Workers take turns.

    One transaction: what it found and how far it is stand or fall together.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('access detecting', 0))")
    until = (now or timezone.now()) - SETTLED
    last = JudgedSpan.objects.order_by("-until").first()
    since = last.until if last else until - REACH
    until = min(until, since + REACH)
    if until <= since:
        return []
    looks = _looks(since - _DAY, until)
    seen = sights(looks, _known(looks, since), since=since)
    found = [case for each in cases(seen, tuning()) if (case := _raise(each)) is not None]
    JudgedSpan.objects.create(until=until, looks=len(seen), flagged=len(found))
    return found


def _raise(verdict: Verdict) -> int | None:
    """A case of this look; ``None`` where there is one."""
    sight = verdict.sight
    if Alert.objects.filter(
        kind=AlertKind.DETECTED, look=sight.look, resident=sight.resident
    ).exists():
        return None
    alert = Alert.objects.create(
        reference=new_reference(),
        kind=AlertKind.DETECTED,
        organisation_id=sight.organisation,
        membership_id=sight.membership,
        resident_id=sight.resident,
        look=sight.look,
        rule=verdict.held[0][0],
        found=dict(verdict.held),
        raised=timezone.now(),
    )
    audit.record(
        Action.CASE_RAISED,
        reason=AlertKind.DETECTED,
        organisation_id=sight.organisation,
        resident_id=sight.resident,
        look=sight.look,
        detail={
            "alert": alert.pk,
            "reference": alert.reference,
            "rules": [rule for rule, _ in verdict.held],
            "membership": sight.membership,
        },
    )
    return alert.pk


# ── The facts, for the pipeline's login ─────────────────────────────────────────────────────


def _looks(since: datetime, until: datetime) -> list[LookMade]:
    rows = _rows("select * from access.looks_to_judge(%s, %s) order by began, look", since, until)
    return [LookMade(*row) for row in rows]


def _known(looks: Collection[LookMade], since: datetime) -> Known:
    staff_ids = {look.staff for look in looks}
    staff = {
        pk: Person.of_staff(name)
        for pk, name in StaffMember.objects.filter(pk__in=staff_ids).values_list("pk", "name")
    }
    resident_ids = {look.resident for look in looks}
    people = Resident.objects.filter(pk__in=resident_ids)
    residents = {
        pk: Person.of(given, family)
        for pk, given, family in people.values_list("pk", "given_names", "family_name")
    }
    colleagues = _colleagues({look.organisation for look in looks})
    alike = frozenset[str]().union(*colleagues.values())
    readers = {person.family for person in staff.values()}
    bearers, families = _bearers(
        {each.family for each in residents.values() if each.name in alike or each.family in readers}
    )
    return Known(
        staff=staff,
        residents=residents,
        bearers=bearers,
        families=families,
        households=_households(resident_ids, staff.values()),
        colleagues=colleagues,
        care=_care(resident_ids),
        jobs=_jobs(staff_ids),
        hours={
            of: (frozenset(hours), number)
            for of, hours, number in _rows(
                "select * from access.usual_hours(%s::bigint[], %s, %s)",
                sorted(staff_ids),
                since - USUAL,
                since,
            )
        },
        usual_parts=usual_parts(
            _rows("select * from access.sections_of_roles(%s, %s)", since - OF_ROLE, since)
        ),
        births={pk: born for pk, born in people.values_list("pk", "birth_date") if born},
    )


def _bearers(of: Collection[str]) -> tuple[Counter[str], Counter[str]]:
    """How many residents bear each name, and each of these family names."""
    rows = Resident.objects.filter(family_folded__in=of)
    people = [Person.of(*names) for names in rows.values_list("given_names", "family_name")]
    return Counter(each.name for each in people), Counter(each.family for each in people)


def _households(residents: Collection[int], readers: Iterable[Person]) -> dict[int, frozenset[str]]:
    """Which of the readers' names are borne by somebody who lives where these residents live."""
    families = {reader.family for reader in readers if reader.family}
    named = ResidentPlace.objects.filter(resident__family_folded__in=families)
    living: dict[tuple[str, str], set[str]] = {}
    for given, family, postcode, lines in named.values_list(
        "resident__given_names", "resident__family_name", "postcode", "address_lines"
    ):
        living.setdefault(_door(postcode, lines), set()).add(Person.of(given, family).name)
    living.pop(("", ""), None)
    places = ResidentPlace.objects.filter(resident__in=residents)
    return {
        pk: frozenset(living.get(_door(postcode, lines), ()))
        for pk, postcode, lines in places.values_list("resident_id", "postcode", "address_lines")
    }


def _door(postcode: str, lines: list[str]) -> tuple[str, str]:
    first = fold(lines[0]) if lines else ""
    return (fold(postcode), first) if postcode and first else ("", "")


def _colleagues(organisations: Collection[int]) -> dict[int, frozenset[str]]:
    names: dict[int, set[str]] = {}
    there = Membership.objects.current().filter(organisation__in=organisations)
    for organisation, name in there.values_list("organisation_id", "staff__name"):
        names.setdefault(organisation, set()).add(Person.of_staff(name).name)
    return {organisation: frozenset(found - {""}) for organisation, found in names.items()}


def _care(residents: Collection[int]) -> dict[int, tuple[Care, ...]]:
    found: dict[int, tuple[Care, ...]] = {}
    rows = CareRelationship.objects.filter(resident__in=residents, derived=True)
    for resident, organisation, team, since, until in rows.values_list(
        "resident_id", "organisation_id", "team_id", "valid_from", "valid_until"
    ):
        care = Care(organisation, team, since, until)
        found[resident] = (*found.get(resident, ()), care)
    return found


def _jobs(staff: Collection[int]) -> dict[int, tuple[Job, ...]]:
    found: dict[int, tuple[Job, ...]] = {}
    rows = Membership.objects.filter(staff__in=staff)
    for who, *job in rows.values_list(
        "staff_id", "pk", "organisation_id", "team_id", "valid_until"
    ):
        found[who] = (*found.get(who, ()), Job(*job))
    return found


def _rows(statement: str, *parameters: datetime | list[int]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
