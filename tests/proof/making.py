"""Makes plain worlds (``tests/proof/worlds.py``) by a ``random.Random``.

Hypothesis's own, so that a disagreement shrinks, or a seeded one where a world is written to
PostgreSQL. Most times lie close to :data:`NOW`, so that "from" and "until" are met to the instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.proof.worlds import (
    CATEGORIES,
    COUNCIL,
    NOW,
    Agreement,
    Body,
    Care,
    Choice,
    Death,
    Disclosure,
    Entry,
    Feed,
    Glass,
    Grouped,
    Member,
    Person,
    Role,
    Said,
    Span,
    Team,
    Watch,
    World,
)

_KINDS = ("nhs_trust", "gp_practice", COUNCIL, COUNCIL, "out_of_hours")
_CARE = ("admission", "attendance", "caseload", "allocated-worker", "registered-practice")


@dataclass(frozen=True)
class Size:
    """How much there is of everything in a world."""

    bodies: int = 5
    members: int = 6
    residents: int = 4
    entries: int = 0


class Maker:
    """Makes the rows of one world out of one source of chance."""

    def __init__(self, chance: Random, size: Size) -> None:
        self.chance = chance
        self.size = size

    def often(self, share: float = 0.8) -> bool:
        return self.chance.random() < share

    def span(self, share: float = 0.85) -> Span:
        if self.often(share):
            return Span()
        state = self.chance.choice(("active", "active", "active", "draft", "suspended", "ended"))
        start = self.chance.choice((0, NOW - 1, NOW, NOW + 1))
        end = self.chance.choice((None, NOW - 1, NOW, NOW + 1, NOW + 2))
        return Span(state, start, end if end is None or end > start else start + 1)

    def some(self, share: float = 0.85) -> frozenset[int]:
        """Most categories: all of them, or all but a few."""
        if self.often(0.3):
            return frozenset(CATEGORIES)
        return frozenset(category for category in CATEGORIES if self.often(share))

    def world(self) -> World:
        size, pick = self.size, self.chance.choice
        bodies = tuple(
            Body(number, _KINDS[(number - 1) % len(_KINDS)], self.often(), self.span(0.92))
            for number in range(1, size.bodies + 1)
        )
        of_bodies = [body.id for body in bodies]
        councils = [body.id for body in bodies if body.kind == COUNCIL]
        groups = (size.bodies + 1, size.bodies + 2)
        teams = tuple(
            Team(100 + number, pick(of_bodies), self.often(0.3), self.span(0.92))
            for number in range(1, 2 * size.bodies + 1)
        )
        roles = tuple(
            Role(
                number,
                self.some(),
                frozenset(
                    {"read-records" if self.often(0.92) else "find-residents"}
                    | ({"break-glass"} if self.often(0.6) else set())
                    | ({"read-after-death"} if not self.often(0.6) else set())
                ),
                self.span(0.95),
            )
            for number in (1, 2, 3, 4)
        )
        staff = {number: self.often(0.95) for number in range(1, size.members + 1)}
        members = tuple(
            self.member(number, pick(list(staff)), pick(of_bodies), teams)
            for number in range(1, size.members + 1)
        )
        residents = {number: self.often(0.85) for number in range(1, size.residents + 1)}
        persons = tuple(self.persons(residents, of_bodies))
        return World(
            staff=staff,
            residents=residents,
            bodies=bodies,
            groups=groups,
            grouped=tuple(self.grouped(groups, of_bodies)),
            teams=teams,
            roles=roles,
            members=members,
            agreements=tuple(self.agreements(of_bodies, groups, members)),
            feeds=tuple(
                Feed(number, body, self.some(0.9), self.span(0.9))
                for number, body in enumerate(self.feeding(of_bodies), start=1)
            ),
            persons=persons,
            choices=tuple(self.choices(residents, councils)),
            care=tuple(self.care(members, residents)),
            glasses=tuple(self.glasses(members, residents)),
            entries=tuple(self.entries(persons)),
            disclosures=tuple(self.disclosures(members, residents)),
            deaths=tuple(self.deaths(residents)),
            watches=tuple(self.watches(residents)),
            said=tuple(self.said(members, residents)),
        )

    def member(self, number: int, staff: int, body: int, teams: Sequence[Team]) -> Member:
        own = [team.id for team in teams if team.body == body]
        team = self.chance.choice(own) if own and self.often() else None
        role = self.chance.choice((1, 2, 3, 4))
        return Member(number, staff, body, team, role, self.span(0.92))

    def grouped(self, groups: Sequence[int], bodies: Sequence[int]) -> Iterator[Grouped]:
        for group in groups:
            for body in bodies:
                if self.often(0.4):
                    yield Grouped(group, body, self.span())

    def agreements(
        self, bodies: Sequence[int], groups: Sequence[int], members: Sequence[Member]
    ) -> Iterator[Agreement]:
        for source in (*bodies, *groups):
            for recipient in (*bodies, *groups):
                if source == recipient or not self.often(0.3):
                    continue
                covers = self.some(0.7)
                trial, testers = frozenset[int](), frozenset[int]()
                # Of the recipient or not: one who is not is shown nothing by it.
                if len(covers) < len(CATEGORIES) and not self.often(0.6):
                    trial = frozenset(CATEGORIES) - covers
                    testers = frozenset({self.chance.choice(members).id})
                yield Agreement(source, recipient, covers, self.span(0.8), trial, testers)

    def feeding(self, bodies: Sequence[int]) -> Iterator[int]:
        for body in bodies:
            if self.often(0.95):
                yield body
            if self.often(0.2):
                yield body

    def persons(self, residents: dict[int, bool], bodies: Sequence[int]) -> Iterator[Person]:
        number = 0
        for resident in residents:
            for body in bodies:
                times = self.chance.choice((0, 1, 1, 1, 1, 2))
                for _ in range(times):
                    number += 1
                    link = (
                        "linked" if self.often(0.85) else self.chance.choice(("alone", "in-doubt"))
                    )
                    yield Person(number, resident, body, link)

    def choices(self, residents: dict[int, bool], councils: Sequence[int]) -> Iterator[Choice]:
        for resident in residents:
            for _ in range(self.chance.choice((0, 0, 1, 2, 3))):
                kind = self.chance.choice(
                    ("connect-care", "social-care-sharing", "nhs-number", "nhs-number")
                )
                yield Choice(
                    resident,
                    kind,
                    None if kind == "connect-care" else self.chance.choice(councils),
                    self.chance.choice(
                        ("refuses", "refuses", "consents", "consents", "could-not-be-asked")
                    ),
                    self.chance.choice((10, 20, NOW - 1, NOW, NOW, NOW + 1)),
                )

    def care(self, members: Sequence[Member], residents: dict[int, bool]) -> Iterator[Care]:
        number = 0
        for member in members:
            for resident in residents:
                if not self.often(0.6):
                    continue
                number += 1
                span = self.span(0.8)
                if self.often(0.15):
                    whose = self.chance.choice(members)
                    end = span.start + 100 if span.end is None else span.end
                    yield Care(
                        number,
                        resident,
                        member.body,
                        None,
                        "self-declared",
                        span.start,
                        end,
                        whose.id,
                    )
                    continue
                team = self.chance.choice((member.team, member.team, None, 101, 102))
                kind = self.chance.choice(_CARE)
                yield Care(number, resident, member.body, team, kind, span.start, span.end, None)

    def glasses(self, members: Sequence[Member], residents: dict[int, bool]) -> Iterator[Glass]:
        number = 0
        for member in members:
            for resident in residents:
                if self.often(0.35):
                    number += 1
                    sitting = self.chance.choice((1, 1, 1, 2))
                    start = self.chance.choice((NOW - 2, NOW - 1, NOW, NOW + 1))
                    end = start + self.chance.choice((1, 2, 3))
                    yield Glass(number, resident, member.id, sitting, start, end, self.often(0.15))

    def disclosures(
        self, members: Sequence[Member], residents: dict[int, bool]
    ) -> Iterator[Disclosure]:
        pick = self.chance.choice
        for number in range(1, len(members) * len(residents) // 4):
            start = pick((NOW - 3, NOW - 1, NOW, NOW + 1))
            due = start + pick((1, 2, 3)) if self.often(0.4) else None
            confirmed = start + pick((0, 1, 2)) if self.often(0.7) else None
            yield Disclosure(
                number,
                pick(list(residents)),
                tuple(sorted({pick(members).id for _ in range(pick((1, 1, 2)))})),
                self.some(0.5) or frozenset({1}),
                start,
                start + pick((1, 2, 4, 24)),
                # The database has no confirmation that came too late, or is still to come.
                confirmed if confirmed and confirmed < min(due or NOW, NOW) else None,
                due,
                self.often(0.15),
            )

    def deaths(self, residents: dict[int, bool]) -> Iterator[Death]:
        for resident in residents:
            if not self.often(0.65):
                days = self.chance.choice((3, 28, 29, 29, 60, None, None))
                heard = NOW - 28 * 24 + self.chance.choice((-1, 0, 1, 100))
                yield Death(resident, days, heard)

    def watches(self, residents: dict[int, bool]) -> Iterator[Watch]:
        number = 0
        for resident in residents:
            for _ in range(self.chance.choice((0, 0, 0, 1, 2))):
                number += 1
                start = self.chance.choice((NOW - 3, NOW - 1, NOW, NOW + 1))
                end = start + self.chance.choice((1, 2, 24))
                yield Watch(number, resident, start, end, self.often(0.15))

    def said(self, members: Sequence[Member], residents: dict[int, bool]) -> Iterator[Said]:
        for member in members:
            for resident in residents:
                if self.often(0.4):
                    sitting = self.chance.choice((1, 1, 1, 2))
                    at = self.chance.choice((NOW - 4, NOW - 1, NOW - 1, NOW))
                    yield Said(resident, member.id, sitting, at)

    def entries(self, persons: Sequence[Person]) -> Iterator[Entry]:
        number = 0
        for person in persons:
            for _ in range(self.size.entries):
                number += 1
                category = self.chance.choice(CATEGORIES)
                sensitive = self.often(0.2)
                yield Entry(number, person.id, person.resident, person.source, category, sensitive)


def make_world(chance: Random, size: Size | None = None) -> World:
    """A world of this size, by this chance."""
    return Maker(chance, size or Size()).world()
