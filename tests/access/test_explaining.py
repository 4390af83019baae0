"""The answers to "Why can't I see this?": one for everything, and one alone where it would tell."""

from __future__ import annotations

import inspect
from itertools import product

import pytest

from access import rules
from access.decision import Reason, SectionState
from access.explaining import Ask, Explanation, Place, of_refusal, of_section, rule_id, whom
from organisations.categories import SOCIAL_CARE, Category
from organisations.models import OrganisationKind

KINDS = [kind for kind in OrganisationKind if kind is not OrganisationKind.GROUP]
COUNCIL = OrganisationKind.ADULT_SOCIAL_CARE
OPEN = {
    Reason.RELATIONSHIP,
    Reason.BREAK_GLASS,
    Reason.AFTER_DEATH,
    Reason.LAWFUL_DISCLOSURE,
}
NOT_SHOWN = [state for state in SectionState if state is not SectionState.SHOWN]


def known_ids() -> set[str]:
    return {
        (rule.__doc__ or "").split()[0]
        for rule in (*rules.RECORD_RULES, *rules.SECTION_RULES, rules.grants_of)
    }


def assert_whole(explained: Explanation) -> None:
    assert explained.stops.endswith((".", "!")), explained
    assert explained.opens, explained
    assert all(sentence.endswith(".") for sentence in explained.opens), explained
    assert explained.ask, explained
    assert set(explained.rules) <= known_ids(), explained
    assert len(explained.rules) == len(set(explained.rules)), explained


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("state", NOT_SHOWN)
def test_every_state_of_every_category_and_kind_is_explained_whole(
    state: SectionState, own: bool, late: bool
) -> None:
    for category, kind in product(Category, KINDS):
        explained = of_section(state, category, kind, own=own, late=late)
        assert explained is not None, (category, kind)
        assert_whole(explained)


def test_what_is_shown_in_time_needs_no_explanation_and_late_names_no_rule() -> None:
    for category, kind, own in product(Category, KINDS, (False, True)):
        assert of_section(SectionState.SHOWN, category, kind, own=own) is None
        late = of_section(SectionState.SHOWN, category, kind, own=own, late=True)
        assert late is not None
        assert late.rules == ()


@pytest.mark.parametrize("category", Category)
def test_of_another_councils_part_every_state_has_one_explanation(category: Category) -> None:
    """What was refused, doubted, sent to nobody or never known is told in the same words."""
    states = {SectionState.WITHHELD, SectionState.NONE_RECORDED, SectionState.UNAVAILABLE}
    if category in SOCIAL_CARE:
        states |= {SectionState.NOT_HELD, SectionState.NOT_FOR_ROLE}
    said = {
        of_section(state, category, COUNCIL, own=False, late=late)
        for state in states
        for late in (False, True)
    }
    assert len(said) == 1
    (explained,) = said
    assert explained is not None
    assert Ask.DUTY_TEAM in explained.ask
    assert {rule_id(rules.council_may_share), rule_id(rules.source_knows_resident)} <= set(
        explained.rules
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not COUNCIL])
def test_nothing_sent_and_nothing_that_leaves_are_explained_alike(kind: str) -> None:
    """Sensitive entries are no state: their sections say none, for the same two reasons."""
    for category in Category:
        explained = of_section(SectionState.NONE_RECORDED, category, kind, own=False)
        assert explained is not None
        assert {rule_id(rules.source_knows_resident), "R6"} == set(explained.rules)


def test_each_state_names_the_rules_that_make_it() -> None:
    for state in NOT_SHOWN:
        making = {
            rule_id(rule)
            for rule in rules.SECTION_RULES
            if f"SectionState.{state.name}" in inspect.getsource(rule)
        }
        for category, kind in product(Category, KINDS):
            explained = of_section(state, category, kind, own=False)
            assert explained is not None
            if state is SectionState.WITHHELD and kind is not COUNCIL:
                # A choice withholds a council's entries alone; all else was not disclosed.
                assert explained.rules == (rule_id(rules.disclosure_names_category),)
            else:
                assert making <= set(explained.rules), (state, category, kind)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in OPEN])
def test_every_refusal_is_explained_by_the_rule_that_makes_it(reason: Reason) -> None:
    making = {
        rule_id(rule)
        for rule in rules.RECORD_RULES
        if f"Reason.{reason.name}" in inspect.getsource(rule)
    }
    for kind in KINDS:
        explained = of_refusal(reason, kind)
        if reason is Reason.RESIDENT_NOT_KNOWN:
            assert explained is None, "who may not know of somebody is told nothing"
            continue
        assert explained is not None
        assert_whole(explained)
        assert set(explained.rules) <= making


@pytest.mark.parametrize("reason", sorted(OPEN))
def test_an_open_record_is_not_explained_as_refused(reason: Reason) -> None:
    assert of_refusal(reason, OrganisationKind.NHS_TRUST) is None


def test_whom_to_ask_has_the_registrys_numbers_and_names_nobody_twice() -> None:
    explained = of_section(SectionState.WITHHELD, Category.SOCIAL_CARE_SERVICES, COUNCIL, own=False)
    assert explained is not None
    council = Place("Test council", "020 7946 0200", "020 7946 0123")
    assert whom(explained, Place("Test trust", "020 7946 0101"), (council, council)) == (
        (
            "The adult social care duty team, Test council: ring 020\N{NO-BREAK SPACE}7946"
            "\N{NO-BREAK SPACE}0123"
        ),
        "The privacy officer of Test trust: ring 020\N{NO-BREAK SPACE}7946\N{NO-BREAK SPACE}0101",
    )
    assert whom(explained, Place("Test trust"), (Place("Council adult social care"),)) == (
        "The adult social care duty team, Council adult social care",
        "The privacy officer of Test trust",
    )
