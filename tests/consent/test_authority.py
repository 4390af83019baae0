"""Who may decide, and who may lift a refusal: every decider against every refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from consent import authority
from consent.authority import LIFTED_BY, RULES, Before, age_on, may_decide, objection, review_on
from consent.said import Said
from consent.vocabulary import Answer, DecidedBy, Kind, WithdrawnBecause
from tests.consent.conftest import what_is_said

R, CH, P = DecidedBy.RESIDENT, DecidedBy.COMPETENT_CHILD, DecidedBy.PARENT
A, D, B = DecidedBy.ATTORNEY, DecidedBy.DEPUTY, DecidedBy.BEST_INTERESTS

#: Who refused, and who may lift it. Written out: this is the promise, the code only keeps it.
MAY_LIFT: dict[DecidedBy, set[DecidedBy]] = {
    R: {R, A, D},
    CH: {R, CH, A, D},
    P: {R, CH, P, A, D, B},
    A: {R, A, D},
    D: {R, A, D},
    B: {R, A, D, B},
}


def by(who: DecidedBy, answer: Answer = Answer.CONSENTS, **changed: object) -> Said:
    """What this decider says, with everything that is asked of them."""
    named = {} if who in (R, CH) else {"decider_name": "Pat", "authority_seen": "Order 1"}
    assessed = {"assessment": "Dr A"} if who in (CH, A, D, B) else {}
    return what_is_said(answer=answer, decided_by=who, **{**named, **assessed, **changed})


def rule_of(said: Said, before: Before) -> str:
    found = objection(said, before)
    return found.rule if found else ""


@pytest.mark.parametrize("refuser", DecidedBy)
@pytest.mark.parametrize("decider", DecidedBy)
def test_who_lifts_whose_refusal(refuser: DecidedBy, decider: DecidedBy) -> None:
    expected = "" if decider in MAY_LIFT[refuser] else "C7"
    assert rule_of(by(decider), Before(refused_by=(refuser,))) == expected


def test_every_decider_has_a_row() -> None:
    assert set(LIFTED_BY) == set(DecidedBy) == set(MAY_LIFT)


@pytest.mark.parametrize("decider", DecidedBy)
def test_a_refusal_is_anybodys_who_may_decide(decider: DecidedBy) -> None:
    """Whatever was said before: a refusal beats."""
    for refused_by in [(), (R,), (P, CH)]:
        assert rule_of(by(decider, Answer.REFUSES), Before(refused_by=refused_by)) == ""


def test_all_refusals_since_the_last_agreement_must_be_liftable() -> None:
    assert rule_of(by(B), Before(refused_by=(B,))) == ""
    assert rule_of(by(B), Before(refused_by=(B, R))) == "C7"
    assert rule_of(by(P), Before(refused_by=(P, CH))) == "C7"
    assert rule_of(by(R), Before(refused_by=(P, CH, A, B))) == ""


@pytest.mark.parametrize("before", [Before(refused_by=(R,)), Before(by_setting=True)])
def test_a_message_lifts_nothing(before: Before) -> None:
    relayed = {"relayer": "carer", "relayed_by": "Jo"}
    assert rule_of(by(R, **relayed), before) == "C6"
    assert rule_of(by(R), before) == ""
    assert rule_of(by(R, **relayed), Before()) == ""
    assert rule_of(by(R, Answer.REFUSES, **relayed), before) == ""


@pytest.mark.parametrize(
    ("age", "may"),
    [
        (0, {CH, P}),
        (15, {CH, P}),
        (16, {R, D, B}),
        (17, {R, D, B}),
        (18, {R, A, D, B}),
        (99, {R, A, D, B}),
        (None, set(DecidedBy)),
    ],
)
def test_who_may_decide_at_an_age(age: int | None, may: set[DecidedBy]) -> None:
    assert set(may_decide(age)) == may
    for decider in DecidedBy:
        expected = "" if decider in may else "C1"
        assert rule_of(by(decider, Answer.REFUSES), Before(age=age)) == expected


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(2010, 11, 22), date(2026, 11, 21), 15),
        (date(2010, 11, 22), date(2026, 11, 22), 16),
        (date(2008, 2, 29), date(2024, 2, 28), 15),
        (date(2008, 2, 29), date(2024, 2, 29), 16),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_birthdays(born: date, day: date, years: int) -> None:
    assert age_on(born, day) == years
    assert age_on(None, day) is None


def test_a_parents_choice_is_asked_again_at_sixteen() -> None:
    assert review_on(date(2012, 6, 3), P) == date(2028, 6, 3)
    assert review_on(date(2008, 2, 29), P) == date(2024, 2, 29)
    assert review_on(date(2084, 2, 29), P) == date(2100, 2, 28)
    assert review_on(None, P) is None
    for other in DecidedBy:
        if other is not P:
            assert review_on(date(2012, 6, 3), other) is None


@pytest.mark.parametrize("decider", [P, A, D, B])
def test_whoever_decides_for_another_shows_authority(decider: DecidedBy) -> None:
    whole = by(decider, Answer.REFUSES)
    assert rule_of(replace(whole, decider_name=""), Before()) == "C2"
    assert rule_of(replace(whole, authority_seen=""), Before()) == "C2"
    assert rule_of(replace(whole, decided_by=""), Before()) == "C2"


@pytest.mark.parametrize("decider", [CH, A, D, B])
def test_capacity_is_assessed(decider: DecidedBy) -> None:
    assert rule_of(replace(by(decider, Answer.REFUSES), assessment=""), Before()) == "C3"


def test_who_passed_it_on_is_named_with_what_they_are() -> None:
    for relayed in (
        {"relayer": "carer"},
        {"relayed_by": "Jo"},
        {"relayer": "?", "relayed_by": "J"},
    ):
        assert rule_of(by(R, Answer.REFUSES, **relayed), Before()) == "C5"


def test_fewer_than_three_details_are_no_check() -> None:
    for checked in ((), ("name", "postcode"), ("name", "name", "postcode")):
        assert rule_of(by(R, Answer.REFUSES, identity_checked=checked), Before()) == "C9"


def test_where_nobody_was_asked_only_the_reason_is_asked() -> None:
    said = Said(kind=Kind.NHS_NUMBER, answer=Answer.NOT_ASKED, channel="phone", explanation="v")
    assert rule_of(said, Before(refused_by=(R,), by_setting=True, age=3)) == "C4"
    assert rule_of(replace(said, not_asked_reason="urgent"), Before(refused_by=(R,))) == ""


def taken_back(who: DecidedBy, because: str = WithdrawnBecause.ASKED, **changed: object) -> Said:
    return by(who, Answer.WITHDRAWN, withdrawn_because=because, **changed)


@pytest.mark.parametrize("refuser", DecidedBy)
@pytest.mark.parametrize("decider", DecidedBy)
def test_taking_a_refusal_back_is_lifting_it(refuser: DecidedBy, decider: DecidedBy) -> None:
    before = Before(refused_by=(refuser,), taken_back=Answer.REFUSES)
    expected = "" if decider in MAY_LIFT[refuser] else "C7"
    assert rule_of(taken_back(decider), before) == expected
    relayed = taken_back(decider, relayer="carer", relayed_by="Jo")
    assert rule_of(relayed, before) == "C6"


def test_an_agreement_is_taken_back_by_whoever_may_decide() -> None:
    for decider in DecidedBy:
        assert rule_of(taken_back(decider), Before(taken_back=Answer.CONSENTS)) == ""


def test_without_a_decision_only_what_is_safe_is_taken_back() -> None:
    mistake = replace(taken_back(R, WithdrawnBecause.IN_ERROR), decided_by="")
    assert rule_of(mistake, Before(taken_back=Answer.CONSENTS)) == ""
    assert rule_of(mistake, Before(taken_back=Answer.REFUSES, refused_by=(R,))) == "C8"
    unverified = replace(taken_back(R, WithdrawnBecause.NOT_VERIFIED), decided_by="")
    refusal = Before(taken_back=Answer.REFUSES, refused_by=(R,))
    assert rule_of(unverified, refusal) == "C8"
    assert rule_of(unverified, replace(refusal, taken_back_is_provisional=True)) == ""
    assert rule_of(taken_back(R), Before()) == "C8"


def test_every_rule_has_an_id_of_its_own_and_says_what_it_is() -> None:
    ids = [(rule.__doc__ or "").split(" ", 1)[0] for rule in RULES]
    assert sorted(ids) == [f"C{number}" for number in range(1, len(RULES) + 1)]
    assert len({rule.__name__ for rule in RULES}) == len(RULES)


def test_what_lifts_is_told_from_what_does_not() -> None:
    refused = Before(refused_by=(R,))
    assert authority.lifts(by(R), refused)
    assert authority.lifts(by(R), Before(by_setting=True))
    assert not authority.lifts(by(R), Before())
    assert not authority.lifts(by(R, Answer.REFUSES), refused)
