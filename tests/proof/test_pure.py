"""What mutants of the pure modules must not survive, and other tests do not ask: no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from access.decision import Basis, Decision, Grant, SectionState
from access.facts import Facts, from_json
from access.models import BasisKind
from access.relationships import Derived, Evidence, closes_after_death, derive
from access.rules import decide
from organisations.categories import Category
from tests.proof.as_facts import facts_json, moment
from tests.proof.comparing import Tally, compare
from tests.proof.making import make_world
from tests.proof.worlds import (
    NOW,
    Agreement,
    Asked,
    Body,
    Care,
    Choice,
    Feed,
    Glass,
    Member,
    Person,
    Role,
    Span,
    Team,
    World,
)

ALL = frozenset(range(1, 17))
TRUST, COUNCIL = 1, 2
#: A member of each body, a resident whom both know and care for, and sharing both ways.
PLAIN = World(
    staff={1: True, 2: True},
    residents={1: True},
    bodies=(
        Body(TRUST, "nhs_trust", True, Span()),
        Body(COUNCIL, "adult_social_care", True, Span()),
    ),
    groups=(),
    grouped=(),
    teams=(Team(101, TRUST, False, Span()), Team(102, COUNCIL, False, Span())),
    roles=(Role(1, ALL, frozenset({"read-records", "break-glass"}), Span()),),
    members=(Member(1, 1, TRUST, 101, 1, Span()), Member(2, 2, COUNCIL, 102, 1, Span())),
    agreements=(
        Agreement(TRUST, COUNCIL, ALL, Span()),
        Agreement(COUNCIL, TRUST, ALL, Span()),
    ),
    feeds=(Feed(1, TRUST, ALL, Span()), Feed(2, COUNCIL, ALL, Span())),
    persons=(Person(1, 1, TRUST, "linked"), Person(2, 1, COUNCIL, "linked")),
    choices=(),
    care=(
        Care(7, 1, TRUST, 101, "admission", 0, NOW + 5, None),
        Care(8, 1, COUNCIL, 102, "allocated-worker", 0, None, None),
    ),
    glasses=(),
    entries=(),
)
NURSE, SOCIAL_WORKER = Asked(1, 1, 1, NOW), Asked(2, 2, 1, NOW)
BROKEN = Glass(3, 1, 1, 1, NOW - 1, NOW + 2, ended=False)


def known(world: World = PLAIN, asked: Asked = NURSE, **changed: Any) -> Facts:
    return replace(from_json(facts_json(world, asked)), **changed)


@pytest.mark.parametrize("seed", range(6))
def test_the_rule_and_its_second_model_agree_in_a_few_worlds(seed: int) -> None:
    """A seeded handful of :mod:`tests.proof.test_reference`, quick enough to run per mutant."""
    tally = Tally()
    compare(make_world(Random(seed)), tally, most=1_000)
    assert tally.disagreements == []
    assert tally.asked > 50


# ── The decision ────────────────────────────────────────────────────────────────────────────


def test_a_relationship_is_named_as_the_basis_though_glass_is_broken_as_well() -> None:
    decision = decide(known(replace(PLAIN, glasses=(BROKEN,))))
    assert decision.glass is None
    until = datetime.fromisoformat(moment(NOW + 5))
    assert decision.basis == Basis(BasisKind.RELATIONSHIP, 7, until)


def test_glass_is_the_basis_where_there_is_no_relationship() -> None:
    decision = decide(known(replace(PLAIN, care=(), glasses=(BROKEN,))))
    assert decision.relationship is None
    until = datetime.fromisoformat(moment(NOW + 2))
    assert decision.basis == Basis(BasisKind.BREAK_GLASS, 3, until)


def test_a_refused_record_stands_on_nothing() -> None:
    assert decide(known(replace(PLAIN, care=()))).basis is None


def test_a_council_keeps_its_own_entries_after_a_refusal_of_sharing() -> None:
    said = (Choice(1, "social-care-sharing", COUNCIL, "refuses", 10),)
    world = replace(PLAIN, choices=said)
    own, others = decide(known(world, SOCIAL_WORKER)), decide(known(world, NURSE))
    assert own.sections[Category.DIAGNOSES][COUNCIL] is SectionState.SHOWN
    assert others.sections[Category.DIAGNOSES][COUNCIL] is SectionState.WITHHELD


def test_what_the_opening_keeps_of_an_open_record() -> None:
    kept = decide(known()).as_json()
    assert kept["basis"] == {"kind": "relationship", "id": 7}
    assert kept["relationship"] == {"id": 7, "kind": "admission", "team": 101}
    assert kept["role"] == "role-1"
    assert (kept["outcome"], kept["reason"]) == ("open", "relationship")
    assert (kept["rules_epoch"], kept["resident_epoch"], kept["at"]) == (1, 1, moment(NOW))
    every = sum(1 << number for number in ALL)
    assert kept["grants"] == {f"{every} {every}": str(TRUST), f"{every} 0": str(COUNCIL)}


def test_what_the_opening_keeps_says_where_each_category_of_each_source_stands() -> None:
    said = (Choice(1, "social-care-sharing", COUNCIL, "refuses", 10),)
    decision = decide(known(replace(PLAIN, choices=said)))
    kept = {
        (int(source), int(category)): state
        for sources, states in decision.as_json()["sections"].items()
        for state, categories in states.items()
        for source in sources.split()
        for category in categories.split()
    }
    assert kept == {
        (source, category): state
        for category, states in decision.sections.items()
        for source, state in states.items()
    }
    assert len({*kept.values()}) > 1


def test_what_is_kept_of_a_refusal() -> None:
    kept = decide(known(asked=Asked(1, 9, 1, NOW))).as_json()
    assert (kept["basis"], kept["relationship"], kept["role"]) == (None, None, None)
    assert (kept["grants"], kept["sections"]) == ({}, {})


def test_sources_are_found_by_their_id_and_say_since_when_they_are_late() -> None:
    since = datetime(2026, 11, 20, tzinfo=UTC)
    facts = known()
    late = tuple(
        replace(source, late_since=since) if source.id == COUNCIL else source
        for source in facts.sources
    )
    decision = decide(replace(facts, sources=late))
    assert decision.source(COUNCIL).id == COUNCIL
    assert decision.late_since(COUNCIL) == since
    assert decision.late_since(TRUST) is None
    with pytest.raises(KeyError):
        decision.source(99)


# ── Relationships at their edges ────────────────────────────────────────────────────────────

_AT = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
_DAY = timedelta(days=1)
_PERIODS = {
    "after_discharge": 28 * _DAY,
    "after_attendance": 14 * _DAY,
    "before_appointment": 14 * _DAY,
    "after_appointment": 28 * _DAY,
    "out_of_hours": 3 * _DAY,
    "temporary_registration": 91 * _DAY,
    "after_death": 28 * _DAY,
}
_CASELOAD = Evidence(
    what="caseload",
    reference="Encounter/1",
    organisation=1,
    organisation_kind="nhs_trust",
    begins=_AT - 2 * _DAY,
    ends=None,
    is_open=True,
    team=5,
)


def derived(
    item: Evidence,
    died_on: date | None = None,
    *,
    deceased: bool = False,
    heard: datetime | None = None,
) -> Any:
    found = derive(
        [item], periods=_PERIODS, died_on=died_on, deceased=deceased, heard=heard, now=_AT
    )
    return found[0] if found else None


def test_after_a_death_on_an_unknown_day_it_lasts_28_days_from_when_it_was_heard_of() -> None:
    found = derived(_CASELOAD, deceased=True, heard=_AT - 3 * _DAY)
    assert found.valid_until == _AT + 25 * _DAY
    assert derived(_CASELOAD, deceased=True).valid_until == _AT + 28 * _DAY


def test_the_days_after_a_death_are_those_of_the_clock_in_london() -> None:
    """Summer time ends in between: the last day is whole all the same."""
    last = closes_after_death(date(2026, 10, 20), None, after_death=28 * _DAY)
    assert last == datetime(2026, 11, 18, tzinfo=UTC)
    in_summer = closes_after_death(date(2026, 5, 1), None, after_death=_DAY)
    assert in_summer == datetime(2026, 5, 2, 23, tzinfo=UTC)
    heard = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert closes_after_death(None, heard, after_death=28 * _DAY) == heard + 28 * _DAY
    assert closes_after_death(None, None, after_death=_DAY) is None


def test_what_ends_this_instant_is_over() -> None:
    item = replace(_CASELOAD, what="out-of-hours", begins=_AT - 3 * _DAY, is_open=False)
    assert derived(item) is None
    assert derived(replace(item, begins=item.begins + timedelta(seconds=1))) is not None


# ── Values do not change under anyone ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "value",
    [
        Grant(Category.ALLERGIES, 3, sensitive=False),
        Basis(BasisKind.RELATIONSHIP, 1, None),
        decide(known()),
        _CASELOAD,
        derived(_CASELOAD),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_frozen_and_hold_no_more_than_they_say(value: Any) -> None:
    assert isinstance(value, Basis | Decision | Derived | Evidence | Grant)
    name = value._fields[0] if isinstance(value, Grant) else type(value).__slots__[0]
    with pytest.raises(AttributeError):  # a frozen data class raises one of these
        setattr(value, name, None)
    assert not hasattr(value, "__dict__")
