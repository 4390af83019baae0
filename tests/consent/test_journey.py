"""Which question comes next, for every way through, and what a changed answer takes with it."""

from __future__ import annotations

from itertools import product

import pytest

from consent import journey
from consent.journey import CHECK, STEPS, answered, next_step, step_before
from consent.models import Answer, Channel, DecidedBy, Kind

ANSWERS_TO = {
    "decider": {"decider_name": "Pat Made-up", "authority_seen": "Order 1234"},
    "relayed-by": {"relayed_by": ""},
    "channel": {"channel": Channel.PHONE},
    "reason": {"reason": "unwell"},
}


def walk(kind: str, answer: str, decided_by: str) -> tuple[list[str], dict[str, str]]:
    """Answer whatever is asked until nothing is; the steps and what was said."""
    said: dict[str, str] = {}
    steps = []
    while (slug := next_step(said)) != CHECK:
        steps.append(slug)
        given = {
            "kind": {"kind": kind},
            "answer": {"answer": answer},
            "decided-by": {"decided_by": decided_by},
            **ANSWERS_TO,
        }[slug]
        said = answered(said, given)
    return steps, said


@pytest.mark.parametrize(("kind", "answer"), list(product(Kind, [Answer.REFUSES, Answer.CONSENTS])))
def test_the_residents_own_decision_is_five_questions(kind: str, answer: str) -> None:
    steps, said = walk(kind, answer, DecidedBy.RESIDENT)
    assert steps == ["kind", "answer", "decided-by", "relayed-by", "channel"]
    assert "reason" not in said
    assert "decider_name" not in said


@pytest.mark.parametrize("decided_by", [who for who in DecidedBy if who != DecidedBy.RESIDENT])
def test_another_deciders_name_and_evidence_are_asked(decided_by: str) -> None:
    steps, said = walk(Kind.CONNECT_CARE, Answer.REFUSES, decided_by)
    assert steps == ["kind", "answer", "decided-by", "decider", "relayed-by", "channel"]
    assert said["authority_seen"] == "Order 1234"


def test_where_nobody_could_be_asked_only_the_reason_is_asked() -> None:
    steps, said = walk(Kind.SOCIAL_CARE_SHARING, Answer.NOT_ASKED, DecidedBy.RESIDENT)
    assert steps == ["kind", "answer", "reason", "channel"]
    assert not said.keys() & {"decided_by", "relayed_by"}


def test_changing_one_answer_leads_back_to_the_check() -> None:
    _, said = walk(Kind.CONNECT_CARE, Answer.REFUSES, DecidedBy.RESIDENT)
    assert next_step(answered(said, {"relayed_by": "Jo Made-up, daughter"})) == CHECK


def test_another_kind_asks_for_the_answer_again() -> None:
    _, said = walk(Kind.CONNECT_CARE, Answer.REFUSES, DecidedBy.RESIDENT)
    after = answered(said, {"kind": Kind.NHS_NUMBER})
    assert "answer" not in after
    assert next_step(after) == "answer"


def test_another_decider_asks_for_name_and_evidence_again() -> None:
    _, said = walk(Kind.CONNECT_CARE, Answer.REFUSES, DecidedBy.PARENT)
    after = answered(said, {"decided_by": DecidedBy.ATTORNEY})
    assert not after.keys() & {"decider_name", "authority_seen"}
    assert next_step(after) == "decider"


def test_what_no_longer_belongs_is_not_kept() -> None:
    _, said = walk(Kind.SOCIAL_CARE_SHARING, Answer.REFUSES, DecidedBy.PARENT)
    after = answered(said, {"answer": Answer.NOT_ASKED})
    assert set(after) == {"kind", "answer"}


def test_back_leads_through_the_questions_that_were_asked() -> None:
    steps, said = walk(Kind.CONNECT_CARE, Answer.REFUSES, DecidedBy.DEPUTY)
    walked, slug = [], CHECK
    while (before := step_before(slug, said)) is not None:
        walked.append(before)
        slug = before
    assert walked == steps[::-1]


def test_every_step_has_a_question_of_its_own() -> None:
    names = [name for step in STEPS for name in step.fields]
    assert len(names) == len(set(names))
    assert journey.step_called("check") is None
    assert journey.step_called("nothing-such") is None
