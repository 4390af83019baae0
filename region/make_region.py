"""Makes the region: people, their stories, and what each source calls them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from region import model, places, primary_care
from region.chance import Chance
from region.chart import LONDON, Chart
from region.make_people import PeopleMaker
from region.model import Fact, Household, Person, Region, SourcePerson
from region.organisations import DEFAULT_ORGANISATIONS, RegionOrganisations, SourceKind, teams_of
from region.people_of_note import PEOPLE_OF_NOTE, PersonOfNote
from region.stories.choose import tell_by_chance, tell_by_name

#: The share of residents who are in hospital on the day of the region.
_IN_HOSPITAL = 0.08
_LEAST_AGE_IN_HOSPITAL = 48
#: The council that wrote down two of its people wrongly, and by how much.
MISTAKEN_COUNCIL, _MISTAKE = "RBG01", timedelta(days=3653)
#: Things that do not happen at home or at the practice while somebody is on a ward.
_AWAY_WHILE_ON_A_WARD = (
    model.Encounter, model.Measurement, model.LabResult, model.LabReport, model.Vaccination,
    model.Procedure, model.Appointment, model.Imaging,
)  # fmt: skip


def make_region(
    seed: int,
    residents: int,
    today: date,
    organisations: RegionOrganisations = DEFAULT_ORGANISATIONS,
) -> Region:
    """A region of at least ``residents`` people (some 320 for a demonstration) as of ``today``.

    The same arguments always make the same region. The people of note come first, whatever the
    number asked for. Nothing lies in the future but appointments and expected discharges.
    """
    teams = {each.code: each for each in teams_of(organisations)}
    households, people = _notables(organisations, today)
    noted = {each.key: each for each in PEOPLE_OF_NOTE}
    maker = PeopleMaker(seed, organisations, today, {each.nhs_number for each in people})
    number = 0
    while len(people) < residents:
        household, members = maker.make(number)
        households.append(household)
        people.extend(members)
        number += 1
    homes = {each.key: each for each in households}
    admitted = _admitted(seed, people, noted, today)
    facts: list[Fact] = []
    source_people: list[SourcePerson] = []
    local_ids: set[tuple[str, str]] = set()
    for person in people:
        chance = Chance(f"{seed}:story:{person.key}")
        chart = Chart(person, homes[person.household], organisations, teams, today=today,
                      chance=chance)  # fmt: skip
        note = noted.get(person.key)
        if note:
            _tell_of(chart, note)
        else:
            tell_by_chance(chart, in_hospital=person.key in admitted)
        own = _settle(chart)
        facts.extend(own)
        source_people.extend(_source_people(chart, own, note, local_ids))
    return Region(
        seed=seed, today=today, organisations=organisations, households=tuple(households),
        people=tuple(people), source_people=tuple(_mistaken(source_people, noted)),
        facts=tuple(facts),
    )  # fmt: skip


def _mistaken(people: list[SourcePerson], noted: dict[str, PersonOfNote]) -> list[SourcePerson]:
    """The same, but for two of one council's people: born ten years too early as it has them.

    Of the one it has an unverified number, which disagrees with whoever has it. Of the other it
    has none, and nobody of that name and birth date will be found.
    """
    found = list(people)
    places = [
        place for place, each in enumerate(people)
        if each.source == MISTAKEN_COUNCIL and each.person not in noted
        and each.verification == "01"
    ][:2]  # fmt: skip
    for place, keeps_number in zip(places, (True, False), strict=False):
        each = people[place]
        found[place] = replace(
            each, birth_date=each.birth_date - _MISTAKE, verification="02",
            nhs_number=each.nhs_number if keeps_number else None,
        )  # fmt: skip
    return found


def _notables(
    organisations: RegionOrganisations, today: date
) -> tuple[list[Household], list[Person]]:
    """The people of note as residents, with homes that do not depend on the seed."""
    households, people = [], []
    for note in PEOPLE_OF_NOTE:
        home = f"note-{note.lives_with or note.key}"
        chance = Chance(f"note:{note.key}")
        if not note.lives_with:
            address = places.make_address(chance, note.borough)
            households.append(Household(home, address, places.drama_landline(home)))
        practices = organisations.practices_of(note.borough)
        adult = today.year - note.birth_date.year >= 16
        died = None if note.died_days_ago is None else today - timedelta(days=note.died_days_ago)
        people.append(Person(
            key=note.key, nhs_number=note.nhs_number, title=note.title, given=note.given,
            family=note.family, birth_date=note.birth_date, sex=note.sex, household=home,
            borough=note.borough, practice=practices[note.practice % len(practices)].code,
            mobile=places.drama_mobile(chance) if adult else "", ethnicity=note.ethnicity,
            language=note.language, interpreter=note.interpreter, died_on=died,
            usual_name=note.usual_name, restricted=note.restricted,
        ))  # fmt: skip
    return households, people


def _admitted(
    seed: int, people: list[Person], noted: dict[str, PersonOfNote], today: date
) -> set[str]:
    """Who is in hospital today: a fixed share, drawn from those who are old enough."""
    latest = today - timedelta(days=_LEAST_AGE_IN_HOSPITAL * 365)
    candidates = [
        each.key for each in people
        if each.key not in noted and each.died_on is None and each.birth_date < latest
    ]  # fmt: skip
    candidates.sort(key=lambda key: Chance(f"{seed}:bed:{key}").random())
    return set(candidates[: round(len(people) * _IN_HOSPITAL)])


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
    chart: Chart, facts: list[Fact], note: PersonOfNote | None, taken: set[tuple[str, str]]
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
            source=source, person=person.key, local_id=_local_id(chance, source, taken),
            nhs_number=number, verification=verification, birth_date=born,
            version=changed,
        ))  # fmt: skip
    return found


def _local_id(chance: Chance, source: str, taken: set[tuple[str, str]]) -> str:
    """A number of the source's own that it has given to nobody else."""
    while True:
        number = f"{chance.randrange(10**6, 10**7)}"
        if (source, number) not in taken:
            taken.add((source, number))
            return number
