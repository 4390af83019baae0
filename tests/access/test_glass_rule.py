"""Broken glass and declared relationships in the rule: what they open, and what they never do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from access.decision import Reason
from access.facts import Facts, Glass, Refusal, Relationship
from access.models import BasisKind
from access.reasons import AGREED, EMERGENCY, INVOLVED, AccessReason
from access.rules import decide
from organisations.activities import Activity
from tests.access.test_rules import AGO, COUNCIL, NOW, SOON, TRUST, facts, member

GLASS = Glass(31, AGO, SOON)


def emergency(**changed: Any) -> Facts:
    """A reader with no relationship, whose role may break glass and who has."""
    role = member().role
    may = replace(role, activities=role.activities | {Activity.BREAK_GLASS})
    return replace(
        facts(relationships=(), membership=member(role=may)), glasses=(GLASS,), **changed
    )


def test_broken_glass_opens_what_has_no_relationship_and_says_so() -> None:
    decision = decide(emergency())
    assert decision.is_open
    assert decision.reason is Reason.BREAK_GLASS
    assert decision.basis is not None
    assert (decision.basis.kind, decision.basis.id) == (BasisKind.BREAK_GLASS, 31)
    assert decision.basis.valid_until == SOON
    assert decision.as_json()["reason"] == "break-glass"
    assert decision.as_json()["basis"] == {"kind": "break-glass", "id": 31}


def test_broken_glass_grants_what_a_relationship_would_and_no_more() -> None:
    by_relationship = decide(replace(emergency(), relationships=facts().relationships, glasses=()))
    assert decide(emergency()).grants == by_relationship.grants


def test_a_relationship_comes_before_glass() -> None:
    decision = decide(replace(emergency(), relationships=facts().relationships))
    assert decision.reason is Reason.RELATIONSHIP
    assert decision.glass is None
    assert decision.as_json()["basis"] == {"kind": "relationship", "id": 21}


@pytest.mark.parametrize(
    "glass",
    [
        pytest.param(replace(GLASS, began=SOON), id="not-yet"),
        pytest.param(replace(GLASS, ends_at=NOW), id="over-this-instant"),
        pytest.param(replace(GLASS, ended_at=AGO), id="ended-with-the-sitting"),
    ],
)
def test_glass_that_is_not_in_force_opens_nothing(glass: Glass) -> None:
    decision = decide(replace(emergency(), glasses=(glass,)))
    assert decision.reason is Reason.NO_RELATIONSHIP
    assert decision.keys == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"staff_active": False}, Reason.STAFF_NOT_ACTIVE, id="staff"),
        pytest.param({"membership": None}, Reason.NO_MEMBERSHIP, id="membership"),
        pytest.param({"resident": None}, Reason.RESIDENT_NOT_KNOWN, id="unknown"),
        pytest.param(
            {"resident": replace(facts().resident, may_be_known=False)},  # type: ignore[type-var]
            Reason.RESIDENT_NOT_KNOWN,
            id="not-to-be-known",
        ),
        pytest.param(
            {"refusals": frozenset({Refusal("connect-care", None)})}, Reason.OPTED_OUT, id="opt-out"
        ),
        pytest.param(
            {"refusals": frozenset({Refusal("nhs-number", TRUST)})},
            Reason.COUNCIL_MAY_NOT_USE_NUMBER,
            id="number",
        ),
    ],
)
def test_glass_never_opens_what_is_withheld(changed: dict[str, Any], reason: Reason) -> None:
    decision = decide(replace(emergency(), **changed))
    assert decision.reason is reason
    assert decision.grants == frozenset()
    assert decision.basis is None


@pytest.mark.parametrize("kind", ["social-care-sharing", "nhs-number"])
def test_glass_leaves_a_refused_councils_entries_withheld(kind: str) -> None:
    decision = decide(replace(emergency(), refusals=frozenset({Refusal(kind, COUNCIL)})))
    assert decision.is_open
    assert COUNCIL not in {grant.source for grant in decision.grants}


@pytest.mark.parametrize(
    ("without", "reason"),
    [
        (Activity.BREAK_GLASS, Reason.NO_RELATIONSHIP),
        (Activity.READ_RECORDS, Reason.ROLE_READS_NO_RECORD),
    ],
)
def test_glass_opens_for_roles_that_may_and_read_records(without: str, reason: Reason) -> None:
    membership = emergency().membership
    assert membership is not None
    role = replace(membership.role, activities=membership.role.activities - {without})
    decision = decide(replace(emergency(), membership=replace(membership, role=role)))
    assert decision.reason is reason


def test_a_declared_relationship_is_its_declarers_alone() -> None:
    mine = Relationship(41, "self-declared", 70, AGO, SOON, membership=7)
    assert decide(facts(relationships=(mine,))).is_open
    theirs = replace(mine, membership=8)
    assert decide(facts(relationships=(theirs,))).reason is Reason.NO_RELATIONSHIP


def test_a_declared_relationship_follows_its_declarer_to_no_other_membership() -> None:
    mine = Relationship(41, "self-declared", None, AGO, SOON, membership=7)
    elsewhere = facts(relationships=(mine,), membership=member(id=9))
    assert decide(elsewhere).reason is Reason.NO_RELATIONSHIP


def test_a_declared_relationship_ends_by_itself() -> None:
    mine = Relationship(41, "self-declared", 70, NOW - timedelta(days=7), NOW, membership=7)
    assert decide(facts(relationships=(mine,))).reason is Reason.NO_RELATIONSHIP


def test_reasons_are_the_nations_and_only_those_of_care_are_offered() -> None:
    assert [reason.value for reason in AccessReason] == [f"{nth:02}" for nth in range(1, 18)]
    offered = {option[0] for options in (EMERGENCY, INVOLVED, AGREED) for option in options}
    assert offered.isdisjoint({f"{nth:02}" for nth in range(7, 13)})
    assert {option[0] for option in EMERGENCY} == {"01", "02", "03", "04"}
