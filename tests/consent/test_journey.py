"""Which question comes next, for every way through, and what a changed answer takes with it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from uuid import uuid4

import pytest

from consent import journey
from consent.journey import CHECK, STEPS, answered, beginning, complete, next_step, step_before
from consent.vocabulary import (
    ASSESSED,
    THEMSELVES,
    Answer,
    Channel,
    DecidedBy,
    Kind,
    WithdrawnBecause,
)

ANSWERS_TO = {
    "identity": {"identity": "checked"},
    "decider": {"decider_name": "Pat Made-up", "authority_seen": "Order 1234"},
    "assessment": {"assessment": "Dr A Made-up, today"},
    "relayed-by": {"relayer": "nobody"},
    "channel": {"channel": Channel.PHONE},
    "reason": {"not_asked_reason": "unwell"},
}


@dataclass(frozen=True)
class Recorder:
    """As much of an acting membership as a value asks."""

    organisation_id: int = 1


RECORDER = Recorder()


def walk(kind: str, answer: str, decided_by: str) -> tuple[list[str], dict[str, str]]:
    """Answer whatever is asked until nothing is; the steps and what was said."""
    said: dict[str, str] = beginning("")
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
def test_the_residents_own_decision_is_six_questions(kind: str, answer: str) -> None:
    steps, said = walk(kind, answer, DecidedBy.RESIDENT)
    assert steps == ["kind", "answer", "identity", "decided-by", "relayed-by", "channel"]
    assert "not_asked_reason" not in said
    assert "decider_name" not in said
    assert said["start"] == "now"


@pytest.mark.parametrize("decided_by", [who for who in DecidedBy if who != DecidedBy.RESIDENT])
def test_another_deciders_name_and_evidence_are_asked(decided_by: str) -> None:
    steps, said = walk(Kind.CONNECT_CARE, Answer.REFUSES, decided_by)
    assert ("decider" in steps) == (decided_by not in THEMSELVES)
    assert ("assessment" in steps) == (decided_by in ASSESSED)
    assert steps[:4] == ["kind", "answer", "identity", "decided-by"]
    assert steps[-2:] == ["relayed-by", "channel"]
    assert ("authority_seen" in said) == ("decider" in steps)


def test_where_nobody_could_be_asked_only_the_reason_is_asked() -> None:
    steps, said = walk(Kind.SOCIAL_CARE_SHARING, Answer.NOT_ASKED, DecidedBy.RESIDENT)
    assert steps == ["kind", "answer", "reason", "channel"]
    assert not said.keys() & {"decided_by", "relayer", "identity", "start"}


def test_who_passed_it_on_is_named() -> None:
    _, said = walk(Kind.CONNECT_CARE, Answer.REFUSES, DecidedBy.RESIDENT)
    after = answered(said, {"relayer": "carer"})
    assert next_step(after) == "relayer"
    after = answered(after, {"relayed_by": "Jo Made-up"})
    assert next_step(after) == CHECK
    assert "relayed_by" not in answered(after, {"relayer": "nobody"})


def test_from_when_is_asked_only_where_it_is_changed() -> None:
    _, said = walk(Kind.CONNECT_CARE, Answer.REFUSES, DecidedBy.RESIDENT)
    assert step_before(CHECK, said) == "channel"
    later = answered(said, {"start": "later"})
    assert next_step(later) == "start-date"
    assert step_before("start", later) == CHECK
    dated = answered(later, {"start_date": "2027-03-03"})
    assert next_step(dated) == CHECK
    assert "start_date" not in answered(dated, {"start": "now"})


@pytest.mark.parametrize(
    ("because", "asked"),
    [
        (WithdrawnBecause.ASKED, ["because", "identity", "decided-by", "relayed-by", "channel"]),
        (WithdrawnBecause.IN_ERROR, ["because", "channel"]),
    ],
)
def test_taking_an_answer_back_asks_who_decides_unless_it_was_a_mistake(
    because: str, asked: list[str]
) -> None:
    choice = uuid4()
    said = beginning(Kind.CONNECT_CARE, withdraws=choice, taken_back=Answer.CONSENTS)
    steps = []
    while (slug := next_step(said)) != CHECK:
        steps.append(slug)
        given = {
            **ANSWERS_TO,
            "because": {"withdrawn_because": because},
            "decided-by": {"decided_by": DecidedBy.RESIDENT},
        }[slug]
        said = answered(said, given)
    assert steps == asked
    made = complete(said, RECORDER, checked=("name",), explanation="v")
    assert (made.answer, made.withdraws, made.withdrawn_because) == (
        Answer.WITHDRAWN,
        choice,
        because,
    )
    assert made.nobody_decided == (because is WithdrawnBecause.IN_ERROR)
    assert made.identity_checked == (() if made.nobody_decided else ("name",))


def test_changing_one_answer_leads_back_to_the_check() -> None:
    _, said = walk(Kind.CONNECT_CARE, Answer.REFUSES, DecidedBy.RESIDENT)
    assert next_step(answered(said, {"channel": "letter"})) == CHECK


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
    assert answered(after, {"answer": Answer.REFUSES})["start"] == "now"


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
