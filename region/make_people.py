"""Households and the people in them, from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from region import names, places
from region.chance import Chance
from region.model import Household, Person
from region.nhs_number import figures_of, make_nhs_number
from region.organisations import BOROUGHS, RegionOrganisations

if TYPE_CHECKING:
    from region.names import Community
    from region.taken import Taken

#: What kind of household, and how often: an area's record is mostly of the old and of families.
_KINDS = (
    ("alone and old", 0.26), ("old couple", 0.2), ("family", 0.24), ("alone", 0.16),
    ("couple", 0.09), ("three generations", 0.05),
)  # fmt: skip

#: What some people are called every day.
_SHORT = {"Kenneth": "Ken", "Ronald": "Ron", "Patrick": "Paddy", "Philomena": "Phil",
          "Leonard": "Len", "Charlotte": "Lottie", "Samuel": "Sam", "Rebecca": "Becky"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Member:
    """One place in a household: whose name, sex, and age in days."""

    sex: str
    days: int
    community: Community
    family: str


class PeopleMaker:
    """Makes one household after another; remembers the NHS numbers that are taken."""

    def __init__(
        self, seed: int, organisations: RegionOrganisations, today: date, taken: Taken
    ) -> None:
        self.seed = seed
        self.organisations = organisations
        self.today = today
        self.taken = taken

    def make(self, number: int) -> tuple[Household, list[Person]]:
        """Household ``number`` of this seed with its people; boroughs take turns."""
        key = f"h{number:05d}"
        chance = Chance(f"{self.seed}:{key}")
        borough = BOROUGHS[number % len(BOROUGHS)]
        address = places.make_address(chance, borough)
        household = Household(key, address, places.drama_landline(f"{self.seed}:{key}"))
        practice = chance.pick(self.organisations.practices_of(borough)).code
        people = [
            self._person(chance, f"{key}-{index}", member, household, practice)
            for index, member in enumerate(self._members(chance))
        ]
        return household, people

    def _members(self, chance: Chance) -> list[_Member]:
        kind = chance.weighted(_KINDS)
        community = names.make_community(chance)
        family = names.family_name(chance, community)
        first = chance.pick(("female", "male"))
        other = "male" if first == "female" else "female"

        def member(sex: str, low: int, high: int, surname: str = family) -> _Member:
            return _Member(sex, chance.randrange(low * 365, high * 365), community, surname)

        if kind == "alone and old":
            sex = chance.weighted((("female", 0.62), ("male", 0.38)))
            return [member(sex, 68, 99)]
        if kind == "old couple":
            low = chance.randrange(66, 86)
            return [member(first, low, low + 6), member(other, low, low + 6)]
        if kind == "alone":
            return [member(first, 19, 68)]
        if kind == "couple":
            low = chance.randrange(23, 60)
            partner = names.family_name(chance, community) if chance.happens(0.5) else family
            return [member(first, low, low + 6), member(other, low, low + 6, partner)]
        mother = member("female", 26, 47)
        parents = [mother]
        if chance.happens(0.75):
            parents.append(_Member("male", mother.days + chance.randrange(-900, 1800), community,
                                   family))  # fmt: skip
        if kind == "three generations":
            parents.append(_Member("female", mother.days + chance.randrange(22 * 365, 38 * 365),
                                   community, family))  # fmt: skip
        return parents + self._children(chance, mother)

    @staticmethod
    def _children(chance: Chance, mother: _Member) -> list[_Member]:
        """One to three children, years apart or twins, born when the mother was 19 to 44."""
        children: list[_Member] = []
        oldest = min(mother.days - 19 * 365, 17 * 365)
        youngest = max(mother.days - 44 * 365, 40)
        days = chance.randrange(youngest, max(oldest, youngest + 1))
        for _ in range(chance.randrange(1, 4)):
            if days < 40:
                break
            for _twin in range(2 if chance.happens(0.05) else 1):
                sex = chance.pick(("female", "male"))
                children.append(_Member(sex, days, mother.community, mother.family))
            days -= chance.randrange(520, 1700)
        return children

    def _person(
        self, chance: Chance, key: str, member: _Member, household: Household, practice: str
    ) -> Person:
        born = self.today - timedelta(days=member.days)
        age = member.days // 365
        given = names.given_names(chance, member.community, member.sex, age)
        family = member.family
        if member.community.mononyms and chance.happens(0.12):
            given, family = (), chance.pick(member.community.mononyms)
        number = make_nhs_number(chance, self.taken)
        self.taken.add(figures_of(number))
        foreign = chance.happens(
            member.community.speaks_little_english * (1.5 if age > 55 else 0.6)
        )
        died = None
        if age >= 72 and chance.happens(0.03):
            died = self.today - timedelta(days=chance.randrange(20, 700))
        return Person(
            key=key, nhs_number=number, title=names.title(chance, member.sex, age), given=given,
            family=family, birth_date=born, sex=member.sex, household=household.key,
            borough=household.address.borough, practice=practice, died_on=died,
            mobile=places.drama_mobile(chance) if 16 <= age < 88 else "",
            ethnicity=member.community.ethnicity,
            language=member.community.language if foreign else "en", interpreter=foreign,
            usual_name=_SHORT.get(given[0], "") if given else "",
        )  # fmt: skip
