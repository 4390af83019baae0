"""Plain worlds for the proof: rows as a registry, sources and residents would leave them.

Times are whole numbers (hours). ``tests/proof/making.py`` makes worlds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: The moment that worlds are built around.
NOW = 50
CATEGORIES = range(1, 17)
COUNCIL = "adult_social_care"


class Span(NamedTuple):
    """A state with its hours; the last one is not included."""

    state: str = "active"
    start: int = 0
    end: int | None = None


class Body(NamedTuple):
    id: int
    kind: str
    participates: bool
    span: Span


class Grouped(NamedTuple):
    group: int
    member: int
    span: Span


class Team(NamedTuple):
    id: int
    body: int
    whole_site: bool
    span: Span


class Role(NamedTuple):
    id: int
    reads: frozenset[int]
    activities: frozenset[str]
    span: Span


class Member(NamedTuple):
    id: int
    staff: int
    body: int
    team: int | None
    role: int
    span: Span


class Agreement(NamedTuple):
    """Who shows what to whom; what is on ``trial``, to the members who are ``testers``."""

    source: int
    recipient: int
    covers: frozenset[int]
    span: Span
    trial: frozenset[int] = frozenset()
    testers: frozenset[int] = frozenset()


class Feed(NamedTuple):
    id: int
    body: int
    sends: frozenset[int]
    span: Span


class Person(NamedTuple):
    """A source's idea of a resident."""

    id: int
    resident: int
    source: int
    link: str


class Choice(NamedTuple):
    resident: int
    kind: str
    council: int | None
    answer: str
    since: int


class Care(NamedTuple):
    """A care relationship; ``member`` is whose alone it is, where it was declared."""

    id: int
    resident: int
    body: int
    team: int | None
    kind: str
    start: int
    end: int | None
    member: int | None


class Glass(NamedTuple):
    """Glass that a member broke in one of their sittings."""

    id: int
    resident: int
    member: int
    sitting: int
    start: int
    end: int
    ended: bool


class Watch(NamedTuple):
    """A privacy officer's watch over a resident's record."""

    id: int
    resident: int
    start: int
    end: int
    ended: bool


class Said(NamedTuple):
    """Why a member opens a record under watch, said in one of their sittings."""

    resident: int
    member: int
    sitting: int
    at: int


class Disclosure(NamedTuple):
    """A lawful disclosure to some members, as two officers and time left it.

    ``due`` is the hour by which one that was made out of hours must be ``confirmed``.
    """

    id: int
    resident: int
    members: tuple[int, ...]
    names: frozenset[int]
    start: int
    end: int
    confirmed: int | None
    due: int | None
    ended: bool


class Death(NamedTuple):
    """A death: how many days before the day of :data:`NOW`, if known, and the hour it was heard of.

    Care goes on for 28 days after the day, or after the hour if no day is known.
    """

    resident: int
    days: int | None
    heard: int


class Entry(NamedTuple):
    id: int
    person: int
    resident: int
    source: int
    category: int
    sensitive: bool


class Asked(NamedTuple):
    """One question to the rule."""

    staff: int
    membership: int
    resident: int
    at: int
    sitting: int = 1


@dataclass(frozen=True)
class World:
    """Every table; ``staff`` says who is active, ``residents`` who is known beyond doubt."""

    staff: dict[int, bool]
    residents: dict[int, bool]
    bodies: tuple[Body, ...]
    groups: tuple[int, ...]
    grouped: tuple[Grouped, ...]
    teams: tuple[Team, ...]
    roles: tuple[Role, ...]
    members: tuple[Member, ...]
    agreements: tuple[Agreement, ...]
    feeds: tuple[Feed, ...]
    persons: tuple[Person, ...]
    choices: tuple[Choice, ...]
    care: tuple[Care, ...]
    glasses: tuple[Glass, ...]
    entries: tuple[Entry, ...]
    disclosures: tuple[Disclosure, ...] = ()
    deaths: tuple[Death, ...] = ()
    watches: tuple[Watch, ...] = ()
    said: tuple[Said, ...] = ()

    def questions(self, moments: Sequence[int] = (NOW - 1, NOW, NOW + 1)) -> Iterator[Asked]:
        """Everyone about everyone, a stolen membership and a resident who is not there."""
        for member in self.members:
            for resident in (*self.residents, 999_999):
                for at in moments:
                    yield Asked(member.staff, member.id, resident, at)
        first, last = self.members[0], self.members[-1]
        for staff, membership in (
            (max(self.staff) + 1, first.id),
            (first.staff, 999_999),
            (last.staff, first.id),
        ):
            yield Asked(staff, membership, 1, NOW)
