"""Makes the region: people, their stories, and what each source calls them.

One resident after another: none depends on those who come later, so a region of any size is made
in bounded memory, and one that grows keeps the residents it had.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from region import model, places, primary_care
from region.chance import Chance
from region.chart import LONDON, Chart
from region.make_people import PeopleMaker
from region.model import Fact, Household, Person, Region, Resident, SourcePerson
from region.nhs_number import taken_numbers
from region.organisations import DEFAULT_ORGANISATIONS, RegionOrganisations, SourceKind, teams_of
from region.people_of_note import PEOPLE_OF_NOTE, PersonOfNote
from region.stories.choose import tell_by_chance, tell_by_name
from region.taken import Taken

if TYPE_CHECKING:
    from collections.abc import Iterator

#: As many have an NHS number of their own that begins 999, with some to spare.
MOST_RESIDENTS = 500_000
#: The share of residents who are in hospital on the day of the region.
_IN_HOSPITAL = 0.08
_LEAST_AGE_IN_HOSPITAL = 48
#: The council that wrote down two of its people wrongly, and by how much.
MISTAKEN_COUNCIL, _MISTAKE, _MOST_MISTAKES = "RBG01", timedelta(days=3653), 2
#: Sources' own numbers have seven figures.
_FIRST_LOCAL, _LAST_LOCAL = 10**6, 10**7
#: Things that do not happen at home or at the practice while somebody is on a ward.
_AWAY_WHILE_ON_A_WARD = (
    model.Encounter, model.Measurement, model.LabResult, model.LabReport, model.Vaccination,
    model.Procedure, model.Appointment, model.Imaging,
)  # fmt: skip


def residents(
    seed: int,
    count: int,
    today: date,
    organisations: RegionOrganisations = DEFAULT_ORGANISATIONS,
) -> Iterator[Resident]:
    """At least ``count`` residents, one at a time, in memory that does not grow with them.

    The same arguments always give the same residents, and a larger count the same ones first. The
    people of note come before all others, whatever the number asked for. Nothing lies in the
    future but appointments and expected discharges.

    :raises ValueError: for more than ``MOST_RESIDENTS``.
    """
    teams = {each.code: each for each in teams_of(organisations)}
    noted = {each.key: each for each in PEOPLE_OF_NOTE}
    beds, mistakes, local_ids = _Beds(), _Mistakes(), _LocalNumbers()
    for person, home in people_and_homes(seed, count, today, organisations):
        chance = Chance(f"{seed}:story:{person.key}")
        chart = Chart(person, home, organisations, teams, today=today, chance=chance)
        note = noted.get(person.key)
        in_hospital = beds.takes(person, today, of_note=note is not None)
        if note:
            _tell_of(chart, note)
        else:
            tell_by_chance(chart, in_hospital=in_hospital)
        own = _settle(chart)
        known = _source_people(chart, own, note, local_ids)
        yield Resident(
            person=person,
            home=home,
            known=tuple(known if note else mistakes.made_in(known)),
            facts=tuple(own),
            of_note=note is not None,
        )


def people_and_homes(
    seed: int,
    count: int,
    today: date,
    organisations: RegionOrganisations = DEFAULT_ORGANISATIONS,
) -> Iterator[tuple[Person, Household]]:
    """The same residents as :func:`residents` gives, with where they live, and no story.

    :raises ValueError: for more than ``MOST_RESIDENTS``.
    """
    if count > MOST_RESIDENTS:
        message = (
            f"A region has {MOST_RESIDENTS:,} residents at most: made-up NHS numbers begin 999, "
            "and there are no more of them. Ask for fewer."
        )
        raise ValueError(message)
    yield from _notables(organisations, today)
    made = len(PEOPLE_OF_NOTE)
    maker = PeopleMaker(seed, organisations, today, taken_numbers())
    number = 0
    while made < count:
        household, members = maker.make(number)
        yield from ((each, household) for each in members)
        made += len(members)
        number += 1


def make_region(
    seed: int,
    residents_asked: int,
    today: date,
    organisations: RegionOrganisations = DEFAULT_ORGANISATIONS,
) -> Region:
    """All of :func:`residents` at once, for a region that is small enough to hold."""
    found = list(residents(seed, residents_asked, today, organisations))
    homes = {each.home.key: each.home for each in found}
    return Region(
        seed=seed,
        today=today,
        organisations=organisations,
        households=tuple(homes.values()),
        people=tuple(each.person for each in found),
        source_people=tuple(known for each in found for known in each.known),
        facts=tuple(fact for each in found for fact in each.facts),
    )


class _Beds:
    """Who is in hospital today: a fixed share of all, of those who are old enough.

    A bed falls due with every so many residents, and the next who may need one has it.
    """

    def __init__(self) -> None:
        self._due = 0.5

    def takes(self, person: Person, today: date, *, of_note: bool) -> bool:
        self._due += _IN_HOSPITAL
        latest = today - timedelta(days=_LEAST_AGE_IN_HOSPITAL * 365)
        if of_note or person.died_on is not None or person.birth_date >= latest or self._due < 1:
            return False
        self._due -= 1
        return True


class _Mistakes:
    """Two people whom one council wrote down wrongly: born ten years too early, as it has them.

    Of the one it has an unverified number, which disagrees with whoever has it. Of the other it
    has none, and nobody of that name and birth date will be found.
    """

    def __init__(self) -> None:
        self._made = 0

    def made_in(self, known: list[SourcePerson]) -> list[SourcePerson]:
        """The same, with a mistake where one is still to be made."""
        found = list(known)
        for place, each in enumerate(known):
            wrong = each.source == MISTAKEN_COUNCIL and each.verification == "01"
            if self._made < _MOST_MISTAKES and wrong:
                found[place] = replace(
                    each, birth_date=each.birth_date - _MISTAKE, verification="02",
                    nhs_number=each.nhs_number if self._made == 0 else None,
                )  # fmt: skip
                self._made += 1
        return found


class _LocalNumbers:
    """The numbers that each source has given to its people so far."""

    def __init__(self) -> None:
        self._taken: dict[str, Taken] = {}

    def next_of(self, source: str, chance: Chance) -> str:
        """A number of the source's own that it has given to nobody else."""
        taken = self._taken.setdefault(source, Taken(_FIRST_LOCAL, _LAST_LOCAL))
        while True:
            number = chance.randrange(_FIRST_LOCAL, _LAST_LOCAL)
            if number not in taken:
                taken.add(number)
                return f"{number}"


def _notables(
    organisations: RegionOrganisations, today: date
) -> Iterator[tuple[Person, Household]]:
    """The people of note as residents, with homes that do not depend on the seed."""
    homes: dict[str, Household] = {}
    for note in PEOPLE_OF_NOTE:
        home = f"note-{note.lives_with or note.key}"
        chance = Chance(f"note:{note.key}")
        if not note.lives_with:
            address = places.make_address(chance, note.borough)
            homes[home] = Household(home, address, places.drama_landline(home))
        practices = organisations.practices_of(note.borough)
        adult = today.year - note.birth_date.year >= 16
        died = None if note.died_days_ago is None else today - timedelta(days=note.died_days_ago)
        person = Person(
            key=note.key, nhs_number=note.nhs_number, title=note.title, given=note.given,
            family=note.family, birth_date=note.birth_date, sex=note.sex, household=home,
            borough=note.borough, practice=practices[note.practice % len(practices)].code,
            mobile=places.drama_mobile(chance) if adult else "", ethnicity=note.ethnicity,
            language=note.language, interpreter=note.interpreter, died_on=died,
            usual_name=note.usual_name, restricted=note.restricted,
        )  # fmt: skip
        yield person, homes[home]


def _tell_of(chart: Chart, note: PersonOfNote) -> None:
    """The stories of a person of note, with allergies recorded before any medicine."""
    chart.told |= {"diabetes clinic"} if note.key == "rajesh" else set()
    for allergy in note.allergies:
        primary_care.allergy(chart, allergy, 2400)
        primary_care.allergy(chart, allergy, 300, source=chart.acute)
    tell_by_name(chart, note.stories)
    if note.key == "rajesh":
        chart.reconcile_medicines(chart.at(chart.weekday(100)))


def _settle(chart: Chart) -> list[Fact]:
    """The chart's facts without what cannot have happened on a ward, closed where one died."""
    kept = [each for each in chart.facts if not _impossible_on_a_ward(chart, each)]
    if chart.alive:
        return kept
    return [_closed(each, chart.until) for each in kept]


def _impossible_on_a_ward(chart: Chart, fact: Fact) -> bool:
    """Whether this lies inside a stay without being part of it."""
    if not isinstance(fact, _AWAY_WHILE_ON_A_WARD):
        return False
    day = fact.at.date() if isinstance(fact.at, datetime) else fact.at
    if not any(first < day < last for first, last in chart.stays):
        return False
    if fact.source != chart.acute or isinstance(fact, model.Appointment):
        return True
    return isinstance(fact, model.Encounter) and fact.setting != "inpatient"


def _closed(fact: Fact, died: date) -> Fact:
    """The same fact after a death: nothing goes on."""
    if isinstance(fact, model.Medication) and fact.status == "active":
        return replace(fact, status="stopped", ended=died)
    if isinstance(fact, model.Caseload) and fact.status == "active":
        return replace(fact, status="finished", ended=died)
    if isinstance(fact, model.CarePlan | model.Referral) and fact.status == "active":
        return replace(fact, status="completed")
    if isinstance(fact, model.Alert) and fact.status == "active":
        return replace(fact, status="inactive", ended=died)
    return fact


def _source_people(
    chart: Chart, facts: list[Fact], note: PersonOfNote | None, numbers: _LocalNumbers
) -> list[SourcePerson]:
    """What each source that holds anything calls the resident; the practice always does."""
    person = chart.person
    sources = sorted({each.source for each in facts} | {person.practice})
    found = []
    for source in sources:
        chance = Chance(f"local:{source}:{person.key}:{person.nhs_number}")
        kind = chart.organisations.kind_of(source)
        number: str | None = person.nhs_number
        verification = "01"
        born = person.birth_date
        if note:
            if note.without_number_at and kind is SourceKind.OUT_OF_HOURS:
                number = None
            if note.wrong_birth_date and source == chart.acute:
                born = note.wrong_birth_date
        elif kind is SourceKind.OUT_OF_HOURS and chance.happens(0.04):
            number = None
        elif kind is SourceKind.ADULT_SOCIAL_CARE and chance.happens(0.03):
            verification = "02"
        changed = datetime.combine(
            chart.day(chance.randrange(20, 400)), datetime.min.time(), LONDON
        )
        if person.died_on:
            changed = datetime.combine(person.died_on, datetime.min.time(), LONDON)
        found.append(SourcePerson(
            source=source, person=person.key, local_id=numbers.next_of(source, chance),
            nhs_number=number, verification=verification, birth_date=born,
            version=changed,
        ))  # fmt: skip
    return found
