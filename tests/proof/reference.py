"""The rule a second time, for tests only: written from the words of the design, in sets.

It knows nothing of ``access``: it asks a plain world (``tests/proof/worlds.py``), step by step,
which rows are left. Disagreement with ``access.rules`` or with the rows that PostgreSQL returns is
a defect in one of the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

from tests.proof.worlds import CATEGORIES, COUNCIL, NOW, Asked, Entry, Role, World

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
    reader = Reader(world, asked)
    for step, holds in (
        ("1 in force", reader.is_in_force),
        ("2 known", reader.knows_resident),
        ("3 opted out", lambda: reader.named() or ("connect-care", None) not in reader.refused),
        ("3 number", lambda: reader.named() or ("nhs-number", reader.body) not in reader.refused),
        ("4 death", lambda: not reader.dead_too_long() or reader.examines() or reader.named()),
        ("4 relationship", reader.basis),
        ("4 watched", reader.said_why),
    ):
        if not holds():
            return Answer(step)
    states = reader.states()
    shown = {(category, source) for category, source, state in states if state == "shown"}
    keys = {(category, source, False) for category, source in shown}
    # 6: what is marked sensitive stays with its source.
    keys |= {(category, source, True) for category, source in shown if source == reader.body}
    return Answer("", frozenset(keys), states, reader.basis())


def visible(world: World, asked: Asked) -> frozenset[Entry]:
    """The entries of the world that this question's reader may see of this question's resident."""
    keys = answer(world, asked).keys
    of_them = [entry for entry in world.entries if entry.resident == asked.resident]
    return frozenset(e for e in of_them if (e.category, e.source, e.sensitive) in keys)


class Reader:
    """One question's reader, with the sets that the steps are made of."""

    def __init__(self, world: World, asked: Asked) -> None:
        self.world = world
        self.asked = asked
        # A membership that is somebody else's is nobody's.
        own = [m for m in world.members if (m.id, m.staff) == (asked.membership, asked.staff)]
        self.membership = own[0] if own else None
        self.body = own[0].body if own else None
        # What the resident answered last counts, and of two answers at one moment the refusal.
        latest = {}
        choices = self._of(world.choices)
        for said in sorted(choices, key=lambda said: (said.since, said.answer == "refuses")):
            if said.since <= asked.at and said.answer in {
                "refuses",
                "consents",
            }:  # not being asked is no answer
                latest[said.kind, said.council] = said.answer
        self.refused = {about for about, answer in latest.items() if answer == "refuses"}

    def _runs(self, start: int, end: int | None) -> bool:
        return self.asked.at in range(start, self.asked.at + 1 if end is None else end)

    def _live(self, rows: Iterable[Any]) -> list[Any]:
        return [row for row in rows if row.span[0] == "active" and self._runs(*row.span[1:])]

    def _of(self, rows: Iterable[Any]) -> list[Any]:
        return [row for row in rows if row.resident == self.asked.resident]

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
        me = self.membership
        serving = {each.id for each in self.world.teams if each.whole_site}
        ours = [care for care in self._of(self.world.care) if care.body == self.body]
        of_us = [care for care in ours if self._runs(care.start, care.end)]
        teams = {care.team for care in of_us if care.member is None}
        kinds = {care.kind for care in of_us if care.member is None}
        on_site = me.team in serving and bool(kinds & {"admission", "attendance"})
        declared = me.id in {care.member for care in of_us}
        return bool(teams & {None, me.team}) or on_site or declared

    def broke_glass(self) -> bool:
        """4: the reader's own glass, of this sitting and not over; the role still may."""
        me = (self.asked.membership, self.asked.sitting)
        own = [g for g in self._of(self.world.glasses) if (g.member, g.sitting) == me]
        return (
            any(not g.ended and self._runs(g.start, g.end) for g in own)
            and "break-glass" in self._role().activities
        )

    def said_why(self) -> bool:
        """4: to each watch in force, in this sitting and since it began; or glass is broken."""
        me = (self.asked.membership, self.asked.sitting)
        said = [s.at for s in self._of(self.world.said) if (s.member, s.sitting) == me]
        watches = [w for w in self._of(self.world.watches) if self._runs(w.start, w.end)]
        asking = [w for w in watches if not w.ended and not any(at >= w.start for at in said)]
        return not asking or self.broke_glass()

    def dead_too_long(self) -> bool:
        """4: 28 days after the day of a death, or after it was heard of, if no day is known."""
        of_them = self._of(self.world.deaths)
        begins = [d.heard if d.days is None else NOW - 24 * (d.days - 1) for d in of_them]
        return any(hour + 28 * 24 <= self.asked.at for hour in begins)

    def examines(self) -> bool:
        """4: a dead resident's record, by a role that reads after death."""
        return bool(self._of(self.world.deaths)) and "read-after-death" in self._role().activities

    def named(self) -> set[int]:
        """3 and 4: the categories that lawful disclosures in force open to this reader."""
        return {
            category
            for each in self._of(self.world.disclosures)
            if self.asked.membership in each.members
            if self._runs(each.start, each.end) and not each.ended
            if each.confirmed is not None or (each.due is not None and self.asked.at < each.due)
            for category in each.names
        }

    def basis(self) -> str:
        """4: the first that there is; what withholds the whole record leaves a disclosure alone."""
        if self.refused & {("connect-care", None), ("nhs-number", self.body)}:
            return "lawful-disclosure" if self.named() else ""
        care = not self.dead_too_long()
        ways = {"relationship": care and self.cares(), "break-glass": care and self.broke_glass()}
        ways |= {"after-death": self.examines(), "lawful-disclosure": bool(self.named())}
        return next((way for way, opens in ways.items() if opens), "")

    def states(self) -> frozenset[tuple[int, int, str]]:
        """2, 3 and 5: every section of every source; what is painted last is what is said."""
        world = self.world
        persons = self._of(world.persons)
        holding = {person.source for person in persons}
        doubted = {person.source for person in persons if person.link != "linked"} - {self.body}
        councils = {body.id for body in world.bodies if body.kind == COUNCIL}
        sources = {body.id for body in world.bodies if body.participates or body.id in holding}
        sources |= {self.body}
        kept_back = {
            council
            for kind, council in self.refused
            if kind == "nhs-number" or (kind == "social-care-sharing" and council != self.body)
        } & councils
        sent = {(c, feed.body) for feed in self._live(world.feeds) for c in feed.sends}
        reads, named, alone = self._role().reads, self.named(), self.basis() == "lawful-disclosure"
        every = set(product(CATEGORIES, sources))
        canvas = dict.fromkeys(every, "shown")
        for state, painted in (
            ("unavailable", {cell for cell in every if cell[1] in doubted}),
            ("none-recorded", {cell for cell in every if cell[1] not in holding}),
            ("withheld", {c for c in every if c[1] in kept_back and c[0] not in named}),
            ("not-held", every - sent),
            ("not-held", every - self._covered() - set(product(CATEGORIES, {self.body}))),
            ("withheld", {cell for cell in every if alone and cell[0] not in named}),
            ("not-for-role", {cell for cell in every if cell[0] not in reads}),
        ):
            canvas.update(dict.fromkeys(painted, state))
        return frozenset((category, source, state) for (category, source), state in canvas.items())

    def _role(self) -> Role:
        return next(role for role in self.world.roles if role.id == self.membership.role)

    def _covered(self) -> set[tuple[int, int]]:
        """Categories and sources that agreements in force let this reader see, or test."""
        stands_for = {body.id: {body.id} for body in self.world.bodies}
        for row in self._live(self.world.grouped):
            stands_for.setdefault(row.group, {row.group}).add(row.member)
        return {
            (category, source)
            for agreement in self._live(self.world.agreements)
            if self.body in stands_for.get(agreement.recipient, set())
            for source in stands_for.get(agreement.source, set())
            for category in agreement.covers
            | (agreement.trial if self.asked.membership in agreement.testers else frozenset())
        }
