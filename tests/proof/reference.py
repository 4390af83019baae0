"""The rule a second time, for tests only: written from the words of the design, in sets.

It knows nothing of ``access``: it takes a plain world (``tests/proof/worlds.py``) and asks, step
by step, which rows are left. ``answer`` says where a question ends and what it may see;
``visible`` says it of entries. Disagreement with ``access.rules`` or with the rows that PostgreSQL
returns is a defect in one of the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

from tests.proof.worlds import CATEGORIES, COUNCIL, Asked, Choice, Entry, Role, World

#: category, source, sensitive
Key = tuple[int, int, bool]


@dataclass(frozen=True)
class Answer:
    """Which step refused ("" for none), what may be read, where sections stand, and on what."""

    refused: str
    keys: frozenset[Key] = frozenset()
    states: frozenset[tuple[int, int, str]] = frozenset()
    basis: str = ""


def answer(world: World, asked: Asked) -> Answer:
    """What the design says about one question."""
    reader = _Reader(world, asked)
    for step, holds in (
        ("1 in force", reader.is_in_force),
        ("2 known", reader.knows_resident),
        ("3 opted out", lambda: ("connect-care", None) not in reader.refused),
        ("3 number", lambda: ("nhs-number", reader.body) not in reader.refused),
        ("4 relationship", lambda: reader.cares() or reader.broke_glass()),
    ):
        if not holds():
            return Answer(step)
    states = reader.states()
    shown = {(category, source) for category, source, state in states if state == "shown"}
    keys = {(category, source, False) for category, source in shown}
    # 6: what is marked sensitive stays with its source.
    keys |= {(category, source, True) for category, source in shown if source == reader.body}
    basis = "relationship" if reader.cares() else "break-glass"
    return Answer("", frozenset(keys), states, basis)


def visible(world: World, asked: Asked) -> frozenset[Entry]:
    """The entries of the world that this question's reader may see of this question's resident."""
    keys = answer(world, asked).keys
    return frozenset(
        entry
        for entry in world.entries
        if entry.resident == asked.resident
        and (entry.category, entry.source, entry.sensitive) in keys
    )


class _Reader:
    """One question's reader, with the sets that the steps are made of."""

    def __init__(self, world: World, asked: Asked) -> None:
        self.world = world
        self.asked = asked
        # A membership that is somebody else's is nobody's.
        own = [m for m in world.members if (m.id, m.staff) == (asked.membership, asked.staff)]
        self.membership = own[0] if own else None
        self.body = own[0].body if own else None
        self.refused = {
            (kind, council)
            for kind, council in {(c.kind, c.council) for c in self._said()}
            if self._refuses([c for c in self._said() if (c.kind, c.council) == (kind, council)])
        }

    def _runs(self, start: int, end: int | None) -> bool:
        return self.asked.at in range(start, self.asked.at + 1 if end is None else end)

    def _live(self, rows: Iterable[Any]) -> list[Any]:
        return [
            row for row in rows if row.span[0] == "active" and self._runs(row.span[1], row.span[2])
        ]

    def _said(self) -> list[Choice]:
        """What the resident has answered by now. Not being asked is no answer."""
        return [
            choice
            for choice in self.world.choices
            if choice.resident == self.asked.resident
            and choice.answer in {"refuses", "consents"}
            and choice.since <= self.asked.at
        ]

    @staticmethod
    def _refuses(said: list[Choice]) -> bool:
        """The last answer counts; of two at one moment the refusal does."""
        return max((choice.since, choice.answer == "refuses") for choice in said)[1]

    def is_in_force(self) -> bool:
        """1: staff member, membership, organisation, team and role; and the role reads records."""
        world, me = self.world, self.membership
        if me is None or me not in self._live(world.members) or not world.staff.get(me.staff):
            return False
        bodies = {body.id for body in self._live(world.bodies)}
        teams = {None} | {team.id for team in self._live(world.teams)}
        roles = {role.id for role in self._live(world.roles) if "read-records" in role.activities}
        return me.body in bodies and me.team in teams and me.role in roles

    def knows_resident(self) -> bool:
        """2: beyond doubt, or as a person of one's own organisation."""
        everybody = {resident for resident, known in self.world.residents.items() if known}
        ours = {person.resident for person in self.world.persons if person.source == self.body}
        return self.asked.resident in (everybody | ours) & set(self.world.residents)

    def cares(self) -> bool:
        """4: the team's, the whole organisation's, or an admission at the team's site."""
        assert self.membership is not None
        team = self.membership.team
        serving = {each.id for each in self.world.teams if each.whole_site}
        of_us = [
            care
            for care in self.world.care
            if (care.resident, care.body) == (self.asked.resident, self.body)
            and self._runs(care.start, care.end)
        ]
        teams = {care.team for care in of_us if care.member is None}
        kinds = {care.kind for care in of_us if care.member is None}
        declared = {care.member for care in of_us} - {None}
        return (
            bool(teams & {None, team})
            or (team in serving and bool(kinds & {"admission", "attendance"}))
            or self.membership.id in declared
        )

    def broke_glass(self) -> bool:
        """4: the reader's own glass, of this sitting and not over; the role still may."""
        asked = self.asked
        own = {
            glass.id
            for glass in self.world.glasses
            if (glass.resident, glass.member) == (asked.resident, asked.membership)
            and glass.sitting == asked.sitting
            and not glass.ended
            and self._runs(glass.start, glass.end)
        }
        return bool(own) and "break-glass" in self._role().activities

    def states(self) -> frozenset[tuple[int, int, str]]:
        """2, 3 and 5: every section of every source; what is painted last is what is said."""
        world = self.world
        persons = [p for p in world.persons if p.resident == self.asked.resident]
        holding = {person.source for person in persons}
        doubted = {person.source for person in persons if person.link != "linked"} - {self.body}
        councils = {body.id for body in world.bodies if body.kind == COUNCIL}
        sources = {
            body.id
            for body in world.bodies
            if body.participates or body.id in holding or body.id == self.body
        }
        kept_back = {
            council
            for kind, council in self.refused
            if kind == "nhs-number" or (kind == "social-care-sharing" and council != self.body)
        } & councils
        sent = {(c, feed.body) for feed in self._live(world.feeds) for c in feed.sends}
        reads = self._role().reads
        every = set(product(CATEGORIES, sources))
        canvas = dict.fromkeys(every, "shown")
        for state, painted in (
            ("unavailable", {cell for cell in every if cell[1] in doubted}),
            ("none-recorded", {cell for cell in every if cell[1] not in holding}),
            ("withheld", {cell for cell in every if cell[1] in kept_back}),
            ("not-held", every - sent),
            ("not-held", every - self._covered() - set(product(CATEGORIES, {self.body}))),
            ("not-for-role", {cell for cell in every if cell[0] not in reads}),
        ):
            canvas.update(dict.fromkeys(painted, state))
        return frozenset((category, source, state) for (category, source), state in canvas.items())

    def _role(self) -> Role:
        assert self.membership is not None
        return next(role for role in self.world.roles if role.id == self.membership.role)

    def _covered(self) -> set[tuple[int, int]]:
        """Categories and sources that agreements in force let this reader's organisation see."""
        grouped = self._live(self.world.grouped)
        stands_for = {body.id: {body.id} for body in self.world.bodies}
        for row in grouped:
            stands_for.setdefault(row.group, {row.group}).add(row.member)
        return {
            (category, source)
            for agreement in self._live(self.world.agreements)
            if self.body in stands_for.get(agreement.recipient, set())
            for source in stands_for.get(agreement.source, set())
            for category in agreement.covers
        }
