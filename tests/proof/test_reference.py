"""The rule and its second model give the same answers: 20,000 in every run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access import rules
from access.decision import Decision
from tests.proof import comparing
from tests.proof.comparing import STEP, run

DECISIONS = 20_000


def test_the_rule_and_its_second_model_never_disagree() -> None:
    tally = run(DECISIONS)
    assert tally.disagreements == []
    assert tally.asked == DECISIONS
    # A comparison of refusals alone, or without one of the steps, would prove little.
    assert tally.ended["open by relationship"] > DECISIONS / 8
    bases = {f"open by {basis}" for basis in ("break-glass", "after-death", "lawful-disclosure")}
    for step in {*STEP.values(), *bases}:
        assert tally.ended[step] > DECISIONS / 500, step


@pytest.mark.parametrize("rule", rules.SECTION_RULES, ids=lambda rule: rule.__name__)
def test_a_rule_that_is_left_out_is_noticed(rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        rules, "SECTION_RULES", tuple(each for each in rules.SECTION_RULES if each is not rule)
    )
    assert run(20_000, at_first=True).disagreements


@pytest.mark.parametrize("rule", rules.RECORD_RULES, ids=lambda rule: rule.__name__)
def test_a_record_rule_that_is_left_out_is_noticed(
    rule: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        rules, "RECORD_RULES", tuple(each for each in rules.RECORD_RULES if each is not rule)
    )
    assert run(20_000, at_first=True).disagreements


def test_a_grant_too_many_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = comparing.decided

    def one_more(*asked: object) -> Decision:
        decision = whole(*asked)  # type: ignore[arg-type]  # handed on as it came
        few = sorted(decision.grants, key=lambda grant: grant.key)
        return replace(
            decision, grants=frozenset({*few, *(g._replace(sensitive=True) for g in few[:1])})
        )

    monkeypatch.setattr(comparing, "decided", one_more)
    assert run(500, at_first=True).disagreements
