"""Lawful disclosures and death in the rule: what they open, and what stays shut."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from access.decision import Decision, Grant, Reason, SectionState
from access.facts import Disclosure, Facts, Glass, Refusal, ResidentFacts
from access.models import BasisKind
from access.rules import decide
from organisations.activities import Activity
from organisations.categories import Category
from tests.access.test_rules import AGO, COUNCIL, NOW, PRACTICE, SOON, TRUST, facts, member

NAMED = frozenset({Category.DIAGNOSES, Category.SOCIAL_CARE_SERVICES})
DISCLOSURE = Disclosure(51, NAMED, AGO, SOON, AGO, None)
OPT_OUT = Refusal("connect-care", None)


def disclosed(*disclosures: Disclosure, **changed: Any) -> Facts:
    """A reader without a care relationship, to whom two categories are disclosed."""
    return replace(facts(relationships=()), disclosures=disclosures or (DISCLOSURE,), **changed)


def categories(decision: Decision) -> set[Category]:
    return {grant.category for grant in decision.grants}


# ── What it opens ───────────────────────────────────────────────────────────────────────────


def test_a_disclosure_opens_what_has_no_relationship_and_says_so() -> None:
    decision = decide(disclosed())
    assert decision.is_open
    assert decision.reason is Reason.LAWFUL_DISCLOSURE
    assert decision.is_disclosed
    assert decision.basis is not None
    assert (decision.basis.kind, decision.basis.id) == (BasisKind.LAWFUL_DISCLOSURE, 51)
    assert decision.basis.valid_until == SOON
    kept = decision.as_json()
    assert kept["disclosures"] == [51]
    assert kept["basis"] == {"kind": "lawful-disclosure", "id": 51}


@pytest.mark.parametrize("refusals", [(), (OPT_OUT,), (Refusal("nhs-number", TRUST),)])
def test_alone_it_opens_what_it_names_from_every_source_and_nothing_else(
    refusals: tuple[Refusal, ...],
) -> None:
    decision = decide(disclosed(refusals=frozenset(refusals)))
    assert categories(decision) == NAMED
    assert {grant.source for grant in decision.grants} == {TRUST, PRACTICE, COUNCIL}
    for source in (TRUST, PRACTICE, COUNCIL):
        assert decision.sections[Category.ALLERGIES][source] is SectionState.WITHHELD
        assert decision.sections[Category.SAFEGUARDING][source] is SectionState.NOT_FOR_ROLE


@pytest.mark.parametrize("kind", ["social-care-sharing", "nhs-number"])
def test_beside_a_relationship_it_opens_what_was_refused_and_takes_nothing_away(kind: str) -> None:
    refused = facts(refusals=frozenset({Refusal(kind, COUNCIL)}))
    before = decide(refused)
    after = decide(replace(refused, disclosures=(DISCLOSURE,)))
    assert after.reason is Reason.RELATIONSHIP
    assert not after.is_disclosed
    assert after.grants - before.grants == {
        Grant(category, COUNCIL, sensitive=False) for category in NAMED
    }
    assert before.grants < after.grants
    assert after.sections[Category.ALLERGIES][COUNCIL] is SectionState.WITHHELD


def test_an_opt_out_takes_the_relationship_away_and_leaves_the_disclosure() -> None:
    decision = decide(replace(facts(), disclosures=(DISCLOSURE,), refusals=frozenset({OPT_OUT})))
    assert decision.reason is Reason.LAWFUL_DISCLOSURE
    assert decision.relationship is None
    assert categories(decision) == NAMED


def test_the_number_refused_to_the_reader_leaves_the_disclosure_alone() -> None:
    refused = frozenset({Refusal("nhs-number", TRUST)})
    decision = decide(replace(facts(), disclosures=(DISCLOSURE,), refusals=refused))
    assert decision.reason is Reason.LAWFUL_DISCLOSURE
    assert categories(decision) == NAMED


def test_another_refusal_to_the_reader_leaves_the_relationship() -> None:
    refused = frozenset({Refusal("social-care-sharing", TRUST)})
    decision = decide(replace(facts(), disclosures=(DISCLOSURE,), refusals=refused))
    assert decision.reason is Reason.RELATIONSHIP


def test_an_opt_out_takes_broken_glass_away_and_leaves_the_disclosure() -> None:
    role = member().role
    may = replace(role, activities=role.activities | {Activity.BREAK_GLASS})
    broken = disclosed(membership=member(role=may), glasses=(Glass(31, AGO, SOON),))
    assert decide(broken).reason is Reason.BREAK_GLASS
    decision = decide(replace(broken, refusals=frozenset({OPT_OUT})))
    assert decision.reason is Reason.LAWFUL_DISCLOSURE
    assert decision.glass is None


def test_several_disclosures_open_what_each_names() -> None:
    other = replace(
        DISCLOSURE,
        id=52,
        categories=frozenset({Category.ALLERGIES}),
        valid_until=SOON + (SOON - NOW),
    )
    decision = decide(disclosed(DISCLOSURE, other, refusals=frozenset({OPT_OUT})))
    assert categories(decision) == NAMED | {Category.ALLERGIES}
    assert decision.as_json()["disclosures"] == [51, 52]
    assert decision.basis is not None
    assert (decision.basis.id, decision.basis.valid_until) == (52, other.valid_until)


# ── When it does not ────────────────────────────────────────────────────────────────────────

NOT_IN_FORCE = [
    pytest.param({"valid_from": SOON, "valid_until": SOON + (SOON - NOW)}, id="not-yet"),
    pytest.param({"valid_until": NOW}, id="over-this-instant"),
    pytest.param({"ended": AGO}, id="ended"),
    pytest.param({"confirmed": None}, id="not-confirmed"),
    pytest.param({"confirmed": None, "confirm_by": NOW}, id="not-confirmed-in-time"),
]


@pytest.mark.parametrize("changed", NOT_IN_FORCE)
@pytest.mark.parametrize(
    ("refusals", "reason"),
    [
        ((), Reason.NO_RELATIONSHIP),
        ((OPT_OUT,), Reason.OPTED_OUT),
        ((Refusal("nhs-number", TRUST),), Reason.COUNCIL_MAY_NOT_USE_NUMBER),
    ],
)
def test_one_that_is_not_in_force_opens_nothing(
    changed: dict[str, Any], refusals: tuple[Refusal, ...], reason: Reason
) -> None:
    answer = decide(disclosed(replace(DISCLOSURE, **changed), refusals=frozenset(refusals)))
    assert answer.reason is reason
    assert answer.grants == frozenset()
    assert answer.basis is None
    assert answer.disclosures == ()


@pytest.mark.parametrize("changed", NOT_IN_FORCE)
@pytest.mark.parametrize("kind", ["social-care-sharing", "nhs-number"])
def test_one_that_is_not_in_force_leaves_a_refused_councils_entries_withheld(
    changed: dict[str, Any], kind: str
) -> None:
    refused = facts(refusals=frozenset({Refusal(kind, COUNCIL)}))
    answer = decide(replace(refused, disclosures=(replace(DISCLOSURE, **changed),)))
    assert answer.grants == decide(refused).grants


def test_made_out_of_hours_it_opens_at_once_and_until_it_must_be_confirmed() -> None:
    on_call = replace(DISCLOSURE, confirmed=None, confirm_by=NOW + timedelta(hours=1))
    decision = decide(disclosed(on_call))
    assert decision.is_open
    assert decision.basis is not None
    assert decision.basis.valid_until == NOW + timedelta(hours=1)
    confirmed = replace(on_call, confirmed=AGO)
    assert confirmed.ends == SOON
    late = replace(on_call, confirm_by=SOON + timedelta(days=1))
    assert late.ends == SOON
    after = disclosed(confirmed, at=NOW + timedelta(hours=2))
    assert decide(after).is_open


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"staff_active": False}, Reason.STAFF_NOT_ACTIVE),
        ({"membership": None}, Reason.NO_MEMBERSHIP),
        ({"resident": None}, Reason.RESIDENT_NOT_KNOWN),
        (
            {"membership": member(role=replace(member().role, activities=frozenset()))},
            Reason.ROLE_READS_NO_RECORD,
        ),
    ],
)
def test_who_asks_and_whom_about_hold_of_a_disclosure_too(
    changed: dict[str, Any], reason: Reason
) -> None:
    assert decide(disclosed(**changed)).reason is reason


def test_role_agreement_feed_link_and_sensitivity_hold_of_a_disclosure_too() -> None:
    wide = replace(DISCLOSURE, categories=frozenset(Category))
    before = disclosed(wide, refusals=frozenset({OPT_OUT}))
    decision = decide(before)
    assert Category.SAFEGUARDING not in categories(decision), "the role does not read it"
    assert {grant.source for grant in decision.grants if grant.sensitive} == {TRUST}
    for changed, state in (
        ({"agreed": frozenset()}, SectionState.NOT_HELD),
        ({"sends": frozenset()}, SectionState.NOT_HELD),
    ):
        sources = tuple(
            replace(each, **changed) if each.id == PRACTICE else each for each in before.sources
        )
        answer = decide(replace(before, sources=sources))
        assert answer.sections[Category.DIAGNOSES][PRACTICE] is state
    doubt = decide(replace(before, links={**before.links, PRACTICE: False}))
    assert doubt.sections[Category.DIAGNOSES][PRACTICE] is SectionState.UNAVAILABLE


# ── After a death ───────────────────────────────────────────────────────────────────────────

PERIOD = timedelta(days=28)
#: The 25th of October's 28 days end with the 22nd of November.
LAST, OVER = date(2026, 10, 25), date(2026, 10, 24)


def dead(died_on: date | None, heard: Any = AGO, **changed: Any) -> Facts:
    living = facts().resident
    assert living is not None
    resident = ResidentFacts(
        living.id,
        known_to_all=True,
        may_be_known=True,
        protection="U",
        deceased=True,
        deceased_on=died_on,
        deceased_since=heard,
    )
    return replace(facts(), resident=resident, after_death=PERIOD, **changed)


def examiner(**changed: Any) -> Facts:
    """A medical examiner without a care relationship."""
    role = member().role
    may = replace(role, activities=role.activities | {Activity.READ_AFTER_DEATH})
    return dead(OVER, membership=member(role=may), relationships=(), **changed)


def test_care_goes_on_for_28_days_after_the_day_of_a_death() -> None:
    assert decide(dead(LAST)).reason is Reason.RELATIONSHIP
    assert decide(dead(OVER)).reason is Reason.CLOSED_AFTER_DEATH


def test_where_the_day_is_not_known_it_goes_on_for_28_days_after_the_news() -> None:
    assert decide(dead(None, NOW - PERIOD + timedelta(seconds=1))).is_open
    assert decide(dead(None, NOW - PERIOD)).reason is Reason.CLOSED_AFTER_DEATH


def test_without_either_a_death_closes_at_once() -> None:
    assert decide(dead(None, None)).reason is Reason.CLOSED_AFTER_DEATH


def test_a_day_that_is_known_counts_and_not_the_news() -> None:
    assert decide(dead(OVER, AGO)).reason is Reason.CLOSED_AFTER_DEATH
    assert decide(dead(LAST, NOW - 2 * PERIOD)).is_open


def test_a_death_that_is_withdrawn_restores() -> None:
    closed = dead(OVER)
    assert closed.resident is not None
    alive = replace(closed.resident, deceased=False, deceased_on=None, deceased_since=None)
    assert decide(replace(closed, resident=alive)).reason is Reason.RELATIONSHIP


def test_glass_ends_with_care_after_a_death() -> None:
    role = member().role
    may = member(role=replace(role, activities=role.activities | {Activity.BREAK_GLASS}))
    glass = {"relationships": (), "membership": may, "glasses": (Glass(31, AGO, SOON),)}
    assert decide(dead(LAST, **glass)).reason is Reason.BREAK_GLASS
    assert decide(dead(OVER, **glass)).reason is Reason.CLOSED_AFTER_DEATH


def test_a_medical_examiner_reads_after_a_death_without_a_relationship() -> None:
    decision = decide(examiner())
    assert decision.reason is Reason.AFTER_DEATH
    assert decision.basis is not None
    assert (decision.basis.kind, decision.basis.id) == (BasisKind.AFTER_DEATH, 11)
    assert decision.basis.valid_until is None
    assert decision.grants == decide(facts()).grants
    related = decide(replace(examiner(), relationships=facts().relationships))
    assert related.reason is Reason.AFTER_DEATH, "care is over, whoever it was"
    assert related.relationship is None


def test_a_medical_examiner_reads_nobody_who_lives() -> None:
    living = replace(examiner(), resident=facts().resident)
    assert decide(living).reason is Reason.NO_RELATIONSHIP


def test_choices_stand_after_a_death() -> None:
    assert decide(examiner(refusals=frozenset({OPT_OUT}))).reason is Reason.OPTED_OUT
    shared = decide(examiner(refusals=frozenset({Refusal("social-care-sharing", COUNCIL)})))
    assert COUNCIL not in {grant.source for grant in shared.grants}


def test_a_lawful_disclosure_opens_after_a_death_what_it_names() -> None:
    """To a coroner's officer, say: nobody else's care is left."""
    decision = decide(dead(OVER, disclosures=(DISCLOSURE,)))
    assert decision.reason is Reason.LAWFUL_DISCLOSURE
    assert decision.relationship is None
    assert categories(decision) == NAMED


def test_an_examiner_to_whom_something_is_disclosed_reads_all_that_is_not_withheld() -> None:
    decision = decide(examiner(disclosures=(DISCLOSURE,)))
    assert decision.reason is Reason.AFTER_DEATH
    assert decision.grants == decide(examiner()).grants
    refused = {"refusals": frozenset({OPT_OUT}), "disclosures": (DISCLOSURE,)}
    assert categories(decide(examiner(**refused))) == NAMED
