"""The rule as truth tables: every refusal with its reason, and every state of a section."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.decision import Grant, Reason, SectionState
from access.facts import (
    Facts,
    MembershipFacts,
    OrganisationFacts,
    Period,
    Refusal,
    Relationship,
    ResidentFacts,
    RoleFacts,
    Source,
    TeamFacts,
)
from access.rules import RECORD_RULES, decide
from organisations.activities import Activity
from organisations.categories import CLINICIANS_READ, Category

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
AGO, SOON = NOW - timedelta(days=1), NOW + timedelta(days=1)
IN_FORCE = Period("active", AGO, None)
NOT_IN_FORCE = [
    Period("draft", AGO, None),
    Period("suspended", AGO, None),
    Period("ended", AGO, None),
    Period("active", SOON, None),
    Period("active", AGO, NOW),
]
TRUST, PRACTICE, COUNCIL = 1, 2, 3
ALL = frozenset(Category)


def source(number: int, kind: str, **changed: Any) -> Source:
    return replace(
        Source(number, f"Source {number}", kind, "", "", ALL, CLINICIANS_READ, None, NOW),
        **changed,
    )


def facts(**changed: Any) -> Facts:
    role = RoleFacts(
        "nurse", "Nurse", CLINICIANS_READ, frozenset({Activity.READ_RECORDS}), IN_FORCE
    )
    membership = MembershipFacts(
        7,
        IN_FORCE,
        OrganisationFacts(TRUST, "Trust", "nhs_trust", IN_FORCE),
        TeamFacts(70, serves_whole_site=False, period=IN_FORCE),
        role,
    )
    return replace(
        Facts(
            at=NOW,
            rules_epoch=5,
            resident_epoch=9,
            staff_active=True,
            membership=membership,
            resident=ResidentFacts(
                11,
                known_to_all=True,
                may_be_known=True,
                protection="U",
                deceased=False,
                deceased_on=None,
            ),
            links={TRUST: True, PRACTICE: True, COUNCIL: True},
            refusals=frozenset(),
            relationships=(Relationship(21, "admission", 70, AGO, None),),
            sources=(
                source(TRUST, "nhs_trust"),
                source(PRACTICE, "gp_practice"),
                source(COUNCIL, "adult_social_care"),
            ),
        ),
        **changed,
    )


def member(**changed: Any) -> MembershipFacts:
    membership = facts().membership
    assert membership is not None
    return replace(membership, **changed)


def test_the_world_of_these_tests_opens() -> None:
    decision = decide(facts())
    assert decision.is_open
    assert decision.reason is Reason.RELATIONSHIP
    assert decision.relationship is not None
    assert decision.relationship.id == 21


def _periods(reason: Reason, part: str) -> list[Any]:
    found = []
    for number, period in enumerate(NOT_IN_FORCE):
        current = facts().membership
        assert current is not None
        changed = (
            member(period=period)
            if part == "membership"
            else member(**{part: replace(getattr(current, part), period=period)})
        )
        found.append(pytest.param({"membership": changed}, reason, id=f"{part}-{number}"))
    return found


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"staff_active": False}, Reason.STAFF_NOT_ACTIVE, id="staff"),
        pytest.param({"membership": None}, Reason.NO_MEMBERSHIP, id="no-membership"),
        *_periods(Reason.MEMBERSHIP_NOT_IN_FORCE, "membership"),
        *_periods(Reason.ORGANISATION_NOT_IN_FORCE, "organisation"),
        *_periods(Reason.TEAM_NOT_IN_FORCE, "team"),
        *_periods(Reason.ROLE_NOT_IN_FORCE, "role"),
        pytest.param(
            {
                "membership": member(
                    role=RoleFacts("x", "X", ALL, frozenset({"find-residents"}), IN_FORCE)
                )
            },
            Reason.ROLE_READS_NO_RECORD,
            id="activity",
        ),
        pytest.param({"resident": None}, Reason.RESIDENT_NOT_KNOWN, id="no-resident"),
        pytest.param({"resident_epoch": None}, Reason.RESIDENT_NOT_KNOWN, id="no-epoch"),
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
        pytest.param({"relationships": ()}, Reason.NO_RELATIONSHIP, id="none"),
        pytest.param(
            {"relationships": (Relationship(21, "admission", 71, AGO, None),)},
            Reason.NO_RELATIONSHIP,
            id="another-team",
        ),
        pytest.param(
            {"relationships": (Relationship(21, "admission", 70, SOON, None),)},
            Reason.NO_RELATIONSHIP,
            id="not-yet",
        ),
        pytest.param(
            {"relationships": (Relationship(21, "admission", 70, AGO, NOW),)},
            Reason.NO_RELATIONSHIP,
            id="over-this-instant",
        ),
    ],
)
def test_each_fact_that_is_missing_or_wrong_refuses(
    changed: dict[str, Any], reason: Reason
) -> None:
    decision = decide(facts(**changed))
    assert not decision.is_open
    assert decision.reason is reason
    assert decision.grants == frozenset()
    assert decision.keys == []


def test_every_rule_states_itself_in_one_sentence_with_an_id() -> None:
    for rule in RECORD_RULES:
        words = (rule.__doc__ or "").strip()
        assert words.startswith("R"), rule.__name__
        assert words.split()[0][1:].replace(".", "").isdigit(), rule.__name__
        assert words.endswith("."), rule.__name__


@pytest.mark.parametrize(
    ("category", "of", "changed", "state"),
    [
        (Category.DIAGNOSES, TRUST, {}, SectionState.SHOWN),
        (Category.DIAGNOSES, PRACTICE, {}, SectionState.SHOWN),
        (Category.SAFEGUARDING, TRUST, {}, SectionState.NOT_FOR_ROLE),
        (Category.DIAGNOSES, PRACTICE, {"agreed": frozenset()}, SectionState.NOT_HELD),
        (Category.DIAGNOSES, PRACTICE, {"sends": frozenset()}, SectionState.NOT_HELD),
        (Category.DIAGNOSES, TRUST, {"agreed": frozenset()}, SectionState.SHOWN),
        (Category.DIAGNOSES, COUNCIL, {}, SectionState.SHOWN),
    ],
)
def test_section_states_follow_role_agreement_and_feed(
    category: Category, of: int, changed: dict[str, Any], state: SectionState
) -> None:
    sources = tuple(replace(one, **changed) if one.id == of else one for one in facts().sources)
    assert decide(facts(sources=sources)).sections[category][of] is state


def test_a_source_that_holds_nothing_of_the_resident_has_recorded_none() -> None:
    decision = decide(facts(links={TRUST: True}))
    assert decision.sections[Category.DIAGNOSES][PRACTICE] is SectionState.NONE_RECORDED
    assert all(grant.source == TRUST for grant in decision.grants)


def test_doubt_about_a_link_withholds_that_source_and_not_the_record() -> None:
    decision = decide(facts(links={TRUST: True, PRACTICE: False, COUNCIL: True}))
    assert decision.is_open
    assert decision.sections[Category.DIAGNOSES][PRACTICE] is SectionState.UNAVAILABLE
    assert {grant.source for grant in decision.grants} == {TRUST, COUNCIL}


def test_a_source_in_doubt_still_sees_its_own() -> None:
    decision = decide(facts(links={TRUST: False}))
    assert {grant.source for grant in decision.grants} == {TRUST}


@pytest.mark.parametrize("kind", ["social-care-sharing", "nhs-number"])
def test_a_council_that_was_refused_is_withheld_in_every_section(kind: str) -> None:
    decision = decide(facts(refusals=frozenset({Refusal(kind, COUNCIL)})))
    assert COUNCIL not in {grant.source for grant in decision.grants}
    for category in CLINICIANS_READ:
        assert decision.sections[category][COUNCIL] is SectionState.WITHHELD


def test_a_refusal_about_another_council_changes_nothing() -> None:
    other = decide(facts(refusals=frozenset({Refusal("social-care-sharing", 99)})))
    assert other.grants == decide(facts()).grants


def test_sensitive_entries_stay_with_their_source() -> None:
    sensitive = {grant.source for grant in decide(facts()).grants if grant.sensitive}
    assert sensitive == {TRUST}


def test_a_grant_key_is_the_entrys_own() -> None:
    assert Grant(Category.ALLERGIES, 3, sensitive=True).key == 3 * 64 + 5 * 2 + 1


@given(st.permutations(facts().sources), st.booleans())
def test_the_order_of_facts_never_matters(sources: list[Source], refused: bool) -> None:
    refusals = frozenset({Refusal("social-care-sharing", COUNCIL)} if refused else set())
    shuffled = decide(facts(sources=tuple(sources), refusals=refusals))
    assert shuffled.grants == decide(facts(refusals=refusals)).grants


REFUSALS = [
    Refusal("connect-care", None),
    Refusal("social-care-sharing", COUNCIL),
    Refusal("nhs-number", COUNCIL),
    Refusal("nhs-number", TRUST),
]


def test_adding_a_refusal_never_widens() -> None:
    for order in permutations(REFUSALS):
        said: frozenset[Refusal] = frozenset()
        before = decide(facts()).grants
        for refusal in order:
            said |= {refusal}
            after = decide(facts(refusals=said)).grants
            assert after <= before
            before = after


@given(
    st.frozensets(st.sampled_from(list(Category))),
    st.frozensets(st.sampled_from(list(Category))),
)
def test_taking_a_category_from_role_or_agreement_never_widens(
    of_role: frozenset[Category], of_agreement: frozenset[Category]
) -> None:
    whole = decide(facts()).grants
    current = member()
    narrower = decide(
        facts(
            membership=replace(
                current, role=replace(current.role, categories=current.role.categories - of_role)
            ),
            sources=tuple(
                replace(one, agreed=one.agreed - of_agreement) for one in facts().sources
            ),
        )
    ).grants
    assert narrower <= whole


# ── A later decision about a page that an earlier one made ──────────────────────────────────


def _resident_of(changed: dict[str, Any]) -> Facts:
    known = facts().resident
    assert known is not None
    return facts(resident=replace(known, **changed))


def test_a_page_may_leave_under_a_decision_that_grants_as_much() -> None:
    less = frozenset({Refusal("social-care-sharing", COUNCIL)})
    opens, withholds = decide(facts()), decide(facts(refusals=less))
    assert opens.shows_as_much_as(opens)
    assert opens.shows_as_much_as(withholds)
    assert not withholds.shows_as_much_as(opens)


def test_a_page_of_whom_was_refused_leaves_while_the_reason_is_the_same() -> None:
    restricted = decide(facts(relationships=()))
    opted_out = decide(facts(refusals=frozenset({Refusal("connect-care", None)})))
    assert restricted.shows_as_much_as(restricted)
    assert decide(facts()).shows_as_much_as(restricted)
    assert not opted_out.shows_as_much_as(restricted)
    assert not restricted.shows_as_much_as(opted_out)
    assert not opted_out.shows_as_much_as(decide(facts()))


@pytest.mark.parametrize("changed", [{"protection": "S"}, {"id": 99}])
def test_a_page_about_somebody_who_is_shown_differently_does_not_leave(
    changed: dict[str, Any],
) -> None:
    other = decide(_resident_of(changed))
    assert other.is_open
    assert not other.shows_as_much_as(decide(facts()))
    assert not decide(facts()).shows_as_much_as(other)


def test_a_page_of_nobody_leaves_as_a_page_of_nobody() -> None:
    nobody = decide(facts(resident=None))
    assert nobody.shows_as_much_as(nobody)
    assert not nobody.shows_as_much_as(decide(facts()))
