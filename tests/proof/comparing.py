"""The rule beside its second model: how many questions were asked, and where they disagree.

``bin/manage check_rule`` runs this by the million, ``tests/proof/test_reference.py`` in every run
of the tests. The facts go in as JSON, so that their parsing is compared with them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from access.decision import Decision, Reason
from access.facts import from_json
from access.rules import decide
from tests.proof.as_facts import facts_json
from tests.proof.making import Size, make_world
from tests.proof.reference import Answer, answer
from tests.proof.worlds import Asked, World

#: The step of the design that each refusal of the rule belongs to.
STEP = {
    Reason.STAFF_NOT_ACTIVE: "1 in force",
    Reason.NO_MEMBERSHIP: "1 in force",
    Reason.MEMBERSHIP_NOT_IN_FORCE: "1 in force",
    Reason.ORGANISATION_NOT_IN_FORCE: "1 in force",
    Reason.TEAM_NOT_IN_FORCE: "1 in force",
    Reason.ROLE_NOT_IN_FORCE: "1 in force",
    Reason.ROLE_READS_NO_RECORD: "1 in force",
    Reason.RESIDENT_NOT_KNOWN: "2 known",
    Reason.OPTED_OUT: "3 opted out",
    Reason.COUNCIL_MAY_NOT_USE_NUMBER: "3 number",
    Reason.CLOSED_AFTER_DEATH: "4 death",
    Reason.NO_RELATIONSHIP: "4 relationship",
    Reason.WATCHED: "4 watched",
}

#: Worlds as Hypothesis makes them: what it finds it makes small.
worlds = st.builds(
    make_world, st.randoms(use_true_random=False), st.just(Size(bodies=5, members=6, residents=4))
)


@dataclass
class Tally:
    """What a run asked: how many questions ended where, and the first that were answered twice."""

    asked: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    disagreements: list[tuple[Asked, Answer, Answer]] = field(default_factory=list)


def decided(world: World, asked: Asked) -> Decision:
    """The rule's own decision, its facts read out of JSON text."""
    return decide(from_json(json.loads(json.dumps(facts_json(world, asked)))))


def as_answer(decision: Decision) -> Answer:
    """A decision in the words of the second model."""
    if not decision.is_open:
        return Answer(STEP[decision.reason], frozenset(_keys(decision)))
    return Answer(
        "",
        frozenset(_keys(decision)),
        frozenset(
            (int(category), source, str(state))
            for category, states in decision.sections.items()
            for source, state in states.items()
        ),
        str(decision.reason),
    )


def _keys(decision: Decision) -> list[tuple[int, int, bool]]:
    return [(int(grant.category), grant.source, grant.sensitive) for grant in decision.grants]


def compare(world: World, tally: Tally, *, most: int, at_first: bool = False) -> None:
    """Ask every question of a world of both, as long as ``most`` are not reached."""
    for asked in world.questions():
        if tally.asked >= most or (at_first and tally.disagreements):
            return
        ours, theirs = as_answer(decided(world, asked)), answer(world, asked)
        tally.asked += 1
        tally.ended[theirs.refused or f"open by {theirs.basis}"] += 1
        if ours != theirs:
            tally.disagreements.append((asked, ours, theirs))


def run(decisions: int, *, first: int = 0, at_first: bool = False) -> Tally:
    """Ask this many questions, of as many worlds as that takes.

    :param first: the seed of the worlds; runs with different ones ask different questions.
    :param at_first: stop at the first disagreement.
    """
    tally = Tally()
    while tally.asked < decisions and not (at_first and tally.disagreements):
        before = tally.asked

        # A few worlds at a time: Hypothesis keeps in memory what it tried.
        @seed(first)
        @settings(
            max_examples=10 if at_first else 100,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(worlds)
        def one(world: World) -> None:
            compare(world, tally, most=decisions, at_first=at_first)

        one()
        first += 1_000_003
        if tally.asked == before:
            raise RuntimeError("The worlds ask no questions.")
    return tally
