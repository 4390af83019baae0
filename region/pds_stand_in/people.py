"""The people of the region as the stand-in holds them: what is true of them now, and was before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from region import people_of_note as note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from region.model import Household, Person

#: A number that was replaced, by the one that replaced it.
SUPERSEDED_NUMBERS = {"9990001243": note.REFUSED_SOCIAL_CARE.nhs_number}
#: A number whose record was invalidated, and not replaced.
INVALIDATED_NUMBERS = frozenset({"9990001251"})


@dataclass(frozen=True, slots=True)
class Address:
    """An address: home, temp or billing."""

    lines: tuple[str, ...]
    postcode: str
    use: str = "home"
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One person. ``label`` is U, R or V. What is former matches where history is asked for."""

    number: str
    family: str
    given: tuple[str, ...]
    birth_date: date
    gender: str
    title: str = ""
    nickname: str = ""
    label: str = "U"
    addresses: tuple[Address, ...] = ()
    phones: tuple[tuple[str, str], ...] = ()  # use, number
    email: str = ""
    practice: str = ""
    language: str = ""
    interpreter: bool = False
    died_on: date | None = None
    death_notice: str = ""  # 1 informal, 2 formal, U withdrawn; formal where only a day is said
    former_families: tuple[str, ...] = ()
    former_addresses: tuple[Address, ...] = ()
    twin: bool = False


@dataclass(slots=True)
class Register:
    """Everyone the stand-in holds, by number, and the numbers that are no longer anybody's."""

    people: dict[str, Held] = field(default_factory=dict)
    superseded: dict[str, str] = field(default_factory=dict)
    invalidated: frozenset[str] = frozenset()

    def put(self, person: Held) -> None:
        """Add or replace one person."""
        self.people[person.number] = person


#: Someone whose name is not told either, and whom no source of the region knows.
VERY_RESTRICTED = Held(
    number="9990001278", family="Okafor", given=("Ngozi",), birth_date=date(1990, 4, 2),
    gender="female", title="Ms", label="V", practice="Y99901",
    addresses=(Address(("3 Kiln Meadow", "Catford", "London"), "SE6 2CK"),),
)  # fmt: skip


def register_of(people: Iterable[tuple[Person, Household]]) -> Register:
    """Residents with their homes as PDS would have them, and the numbers above."""
    found = list(people)
    register = Register(superseded=dict(SUPERSEDED_NUMBERS), invalidated=INVALIDATED_NUMBERS)
    births = Counter((person.household, person.birth_date) for person, _ in found)
    for person, home in found:
        twin = births[person.household, person.birth_date] > 1
        register.put(replace(_held(person, home), twin=twin))
    register.put(VERY_RESTRICTED)
    return register


def _held(person: Person, home: Household) -> Held:
    phones = [("home", home.phone)] if home.phone else []
    if person.mobile:
        phones.append(("mobile", person.mobile))
    return Held(
        number=person.nhs_number, family=person.family, given=person.given,
        birth_date=person.birth_date, gender=person.sex, title=person.title,
        nickname=person.usual_name, label="R" if person.restricted else "U",
        addresses=(Address(home.address.lines, home.address.postcode),), phones=tuple(phones),
        practice=person.practice, language="" if person.language == "en" else person.language,
        interpreter=person.interpreter, died_on=person.died_on,
    )  # fmt: skip
