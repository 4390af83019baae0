"""Looks that a privacy officer should see: rules that are each one sentence, and weighed together.

No rule proves anything: a nurse called Smith nurses patients called Smith. So each rule that holds
of a look adds its weight, and a look whose weights together reach the threshold is a case. The
weights are an installation's to tune (``DETECTOR_WEIGHTS``); the officer is shown which rules held.

Pure functions over :class:`Sight`; what they are asked of is made in :mod:`access.detecting`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from access.models import BasisKind, RelationshipKind

#: Bases that somebody gave themselves.
_OWN_WORD = (RelationshipKind.SELF_DECLARED, RelationshipKind.EXPRESS_CONSENT)


class Rule(StrEnum):
    """The rules, by the codes that alerts and settings name."""

    ONESELF = "oneself"
    NAMESAKE_IN_CARE = "namesake-in-care"
    SAME_HOUSEHOLD = "same-household"
    COLLEAGUE = "colleague"
    SAME_SURNAME = "same-surname"
    NO_CARE = "no-care"
    FORMER_TEAM = "former-team"
    OUT_OF_HOURS = "out-of-hours"
    MANY_VIEWERS = "many-viewers"
    UNUSUAL_SECTION = "unusual-section"


@dataclass(frozen=True, slots=True)
class Sight:
    """One look with all that the rules ask about it.

    Names are folded; ``of_that_name`` and ``of_that_family`` are how many residents bear the
    resident's, themselves among them; ``of_working_age`` is whether the resident can be somebody
    who works, by their age at the look (true where it is not known). ``household_names`` are the
    names of those who live where the resident lives; ``colleagues`` of those who work at the
    reader's organisation, without the reader's own.
    ``cared_for``: evidence of care by the reader's organisation within weeks of the look, before or
    after; ``former_team``: of a team that the reader has left, and of none that they are in;
    ``own_team_cares``: at the look, of a team that they are in.
    ``usual_hours`` are those of the clock in which the reader has looked at anything in the weeks
    before, and ``looks_before`` how often. ``viewers`` are the staff who opened the record within
    the day. ``rare_parts`` are sections that hardly anybody of the role opens.
    """

    look: UUID
    staff: int
    membership: int
    organisation: int
    resident: int
    at: datetime
    hour: int
    reader: str
    reader_family: str
    resident_name: str
    resident_family: str
    basis: str
    care: str
    of_that_name: int = 1
    of_that_family: int = 1
    of_working_age: bool = True
    household_names: frozenset[str] = frozenset()
    colleagues: frozenset[str] = frozenset()
    cared_for: bool = True
    former_team: bool = False
    own_team_cares: bool = False
    usual_hours: frozenset[int] = frozenset()
    looks_before: int = 0
    viewers: int = 1
    rare_parts: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Tuning:
    """How much each rule weighs, from how much on a look is a case, and what is usual.

    A name says something of who bears it where at most ``rare_name`` residents do, a family name
    where at most ``rare_family`` do. ``enough_looks`` are needed before anybody's hours are called
    usual; ``many_viewers`` are more than care of one person takes in a day.
    """

    weights: Mapping[Rule, int]
    threshold: int = 3
    enough_looks: int = 30
    rare_name: int = 1
    rare_family: int = 20
    many_viewers: int = 25


#: What ships: one alone of the first two is a case, of the others two or three together.
#: Who comes to a reader by their team's work comes by chance of that name: of the many whom a team
#: cares for, some bear a name of its staff.
SHIPPED = Tuning(
    {
        Rule.ONESELF: 3,
        Rule.SAME_HOUSEHOLD: 3,
        Rule.NAMESAKE_IN_CARE: 2,
        Rule.NO_CARE: 2,
        Rule.COLLEAGUE: 2,
        Rule.FORMER_TEAM: 2,
        Rule.SAME_SURNAME: 1,
        Rule.OUT_OF_HOURS: 1,
        Rule.MANY_VIEWERS: 1,
        Rule.UNUSUAL_SECTION: 1,
    }
)


def oneself(sight: Sight, tuning: Tuning) -> bool:
    """The resident, of an age to work, has the reader's own name, and nobody else here has it."""
    return _has_own_name(sight, tuning) and not sight.own_team_cares


def namesake_in_care(sight: Sight, tuning: Tuning) -> bool:
    """The resident alone here has the reader's own name, and is in their team's care."""
    return _has_own_name(sight, tuning) and sight.own_team_cares


def _has_own_name(sight: Sight, tuning: Tuning) -> bool:
    same = bool(sight.reader) and sight.reader == sight.resident_name
    return same and sight.of_working_age and sight.of_that_name <= tuning.rare_name


def same_household(sight: Sight, _: Tuning) -> bool:
    """Somebody with the reader's name lives where the resident lives."""
    return sight.reader in sight.household_names and sight.reader != sight.resident_name


def colleague(sight: Sight, tuning: Tuning) -> bool:
    """The resident, of an age to work, alone here has the name of a colleague of the reader."""
    works_there = sight.resident_name in sight.colleagues and sight.reader != sight.resident_name
    return works_there and sight.of_working_age and sight.of_that_name <= tuning.rare_name


def same_surname(sight: Sight, tuning: Tuning) -> bool:
    """The resident has the reader's family name, which few people here have, and another first."""
    same = bool(sight.reader_family) and sight.reader_family == sight.resident_family
    # Of their whole name it is told already: one likeness is not counted twice.
    another = sight.reader != sight.resident_name
    return same and another and sight.of_that_family <= tuning.rare_family


def no_care(sight: Sight, _: Tuning) -> bool:
    """The reader opened it on their own word, and their organisation shows no care about then."""
    own_word = sight.basis == BasisKind.BREAK_GLASS or sight.care in _OWN_WORD
    return own_word and not sight.cared_for


def former_team(sight: Sight, _: Tuning) -> bool:
    """A team that the reader has left cares for the resident, and none that they are in."""
    return sight.former_team


def out_of_hours(sight: Sight, tuning: Tuning) -> bool:
    """The reader has not looked at anything at this time of day in the weeks before."""
    about = {(sight.hour + each) % 24 for each in (-1, 0, 1)}
    return sight.looks_before >= tuning.enough_looks and not about & sight.usual_hours


def many_viewers(sight: Sight, tuning: Tuning) -> bool:
    """More staff opened this record within a day than care of one person takes."""
    return sight.viewers > tuning.many_viewers


def unusual_section(sight: Sight, _: Tuning) -> bool:
    """The reader opened a section that hardly anybody of the role opens."""
    return bool(sight.rare_parts)


RULES: Mapping[Rule, Callable[[Sight, Tuning], bool]] = {
    Rule.ONESELF: oneself,
    Rule.NAMESAKE_IN_CARE: namesake_in_care,
    Rule.SAME_HOUSEHOLD: same_household,
    Rule.COLLEAGUE: colleague,
    Rule.SAME_SURNAME: same_surname,
    Rule.NO_CARE: no_care,
    Rule.FORMER_TEAM: former_team,
    Rule.OUT_OF_HOURS: out_of_hours,
    Rule.MANY_VIEWERS: many_viewers,
    Rule.UNUSUAL_SECTION: unusual_section,
}


def sentence(rule: str) -> str:
    """The rule as officers read it: the first line of its docstring."""
    found = RULES.get(Rule(rule)) if rule in set(Rule) else None
    return (found.__doc__ or "").strip() if found else "The look was unusual."


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which rules held of a look, the weightiest first, and what they weigh together."""

    sight: Sight
    held: tuple[tuple[Rule, int], ...]

    @property
    def weight(self) -> int:
        """All weights together."""
        return sum(weight for _, weight in self.held)


def judge(sight: Sight, tuning: Tuning = SHIPPED) -> Verdict:
    """Ask every rule of one look."""
    held = [
        (rule, tuning.weights.get(rule, 0)) for rule, holds in RULES.items() if holds(sight, tuning)
    ]
    return Verdict(sight, tuple(sorted(held, key=lambda each: -each[1])))


def cases(sights: Iterable[Sight], tuning: Tuning = SHIPPED) -> list[Verdict]:
    """The looks whose rules together reach the threshold."""
    verdicts = (judge(sight, tuning) for sight in sights)
    return [each for each in verdicts if each.held and each.weight >= tuning.threshold]
