"""Who may send and follow a referral, as truth tables: what every rule but a choice says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from access.facts import Disclosure, Glass, OrganisationFacts, Refusal
from access.referring import may_follow, may_refer
from access.rules import decide
from organisations.activities import Activity
from organisations.categories import Category
from tests.access.test_rules import AGO, COUNCIL, IN_FORCE, NOT_IN_FORCE, NOW, SOON, facts

OPT_OUT = Refusal("connect-care", None)
OBJECTION = Refusal("nhs-number", COUNCIL)
SHARING = Refusal("social-care-sharing", COUNCIL)
CHOICES = [
    frozenset({OPT_OUT}),
    frozenset({OBJECTION}),
    frozenset({SHARING}),
    frozenset({OPT_OUT, OBJECTION, SHARING}),
]


def at_council() -> dict[str, Any]:
    membership = facts().membership
    assert membership is not None
    council = OrganisationFacts(COUNCIL, "Council", "adult_social_care", IN_FORCE)
    return {"membership": replace(membership, organisation=council)}


@pytest.mark.parametrize("refusals", CHOICES)
def test_no_choice_takes_it_from_who_is_involved(refusals: frozenset[Refusal]) -> None:
    ward = decide(facts(refusals=refusals))
    assert may_follow(ward)
    assert may_refer(ward)
    team = decide(facts(refusals=refusals, **at_council()))
    assert may_follow(team)
    assert not may_refer(team)


@pytest.mark.parametrize("refusals", [frozenset[Refusal](), *CHOICES])
def test_nobody_without_a_care_relationship(refusals: frozenset[Refusal]) -> None:
    for reader in ({}, at_council()):
        decision = decide(facts(refusals=refusals, relationships=(), **reader))
        assert not may_refer(decision)
        assert not may_follow(decision)


def _not_in_force() -> list[dict[str, Any]]:
    """The facts that the other rules refuse, each by itself."""
    given = facts()
    assert given.membership is not None
    assert given.membership.team is not None
    assert given.resident is not None
    member, resident = given.membership, given.resident
    ended = NOT_IN_FORCE[2]
    died = replace(resident, deceased=True, deceased_on=(NOW - timedelta(days=60)).date())
    return [
        {"staff_active": False},
        {"membership": None},
        {"membership": replace(member, period=ended)},
        {"membership": replace(member, organisation=replace(member.organisation, period=ended))},
        {"membership": replace(member, team=replace(member.team, period=ended))},
        {"membership": replace(member, role=replace(member.role, period=ended))},
        {"membership": replace(member, role=replace(member.role, activities=frozenset()))},
        {"resident": None},
        {"resident_epoch": None},
        {"resident": replace(resident, may_be_known=False)},
        {"resident": died, "after_death": timedelta(days=28)},
        {"relationships": (replace(given.relationships[0], valid_until=NOW),)},
        {"relationships": (replace(given.relationships[0], valid_from=SOON),)},
        {"relationships": (replace(given.relationships[0], team=71),)},
    ]


@pytest.mark.parametrize("refusals", [frozenset[Refusal](), *CHOICES])
@pytest.mark.parametrize("changed", _not_in_force())
def test_every_other_rule_holds(changed: dict[str, Any], refusals: frozenset[Refusal]) -> None:
    decision = decide(facts(refusals=refusals, **changed))
    assert not may_refer(decision)
    assert not may_follow(decision)


def test_glass_and_a_disclosure_let_nobody_refer() -> None:
    given = facts()
    assert given.membership is not None
    role = replace(
        given.membership.role,
        activities=frozenset({Activity.READ_RECORDS, Activity.BREAK_GLASS}),
    )
    glass = {
        "relationships": (),
        "membership": replace(given.membership, role=role),
        "glasses": (Glass(1, AGO, SOON),),
    }
    disclosed = {
        "relationships": (),
        "disclosures": (Disclosure(1, frozenset(Category), AGO, SOON, AGO, None),),
    }
    for reason in (glass, disclosed):
        decision = decide(facts(**reason))
        assert may_follow(decision), "the record is open"
        assert not may_refer(decision)
    # Where a choice closed the record, glass does not let a referral be followed either.
    closed = decide(facts(refusals=frozenset({OPT_OUT}), **glass))
    assert not may_follow(closed)
