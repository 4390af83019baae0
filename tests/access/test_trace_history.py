"""The history of traces on the page of a question, and trying again."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import transaction

from access.acting import Acting
from access.traced import traces
from identity.actions import ask, ask_about
from identity.models import (
    LinkQuestion,
    SourcePerson,
)
from identity.pds.outcomes import OutcomeKind
from identity.questions import ASKED, QuestionReason
from identity.settling import ABOUT_TRACES
from identity.traces import Ended, Step, Trace, TraceStep, Why
from identity.wanting import retries
from tests.access.records_officer import Officer, Region, _words
from tests.conftest import AsLogin


def traced(known: SourcePerson, *steps: tuple[Step, OutcomeKind, list[str]]) -> Trace:
    """A trace that ended with these steps, as the pipeline writes it."""
    trace = Trace.objects.create(
        source_person=known,
        why=Why.ARRIVAL,
        ended=Ended.TO_BE_DECIDED,
        finished=datetime(2026, 2, 1, 9, tzinfo=UTC),
    )
    for step, outcome, disagrees in steps:
        TraceStep.objects.create(
            trace=trace,
            step=step,
            asked_by=["family name", "given name", "date of birth"],
            request=uuid4(),
            service="stand-in",
            outcome=outcome,
            disagrees=disagrees,
        )
    return trace


def test_the_history_of_a_trace_is_told_in_words(region: Region, officer: Officer) -> None:
    asked = region.question().public_id
    assert "What the trace did" not in officer.gets("identity-question", asked).get_text()
    traced(region.doubted, (Step.EXACT, OutcomeKind.NONE, []))
    traced(
        region.doubted,
        (Step.NAME, OutcomeKind.ONE, []),
        (Step.VERIFY, OutcomeKind.DISAGREEING, ["date of birth", "postcode"]),
    )
    said = _words(officer.gets("identity-question", asked))
    assert "What the trace did" in said
    assert "By name and date of birth (asked by family name, given name and date of birth)" in said
    assert "Found, and it does not agree: date of birth and postcode." in said
    assert "Answers come from a stand-in for PDS: nobody here is real." in said
    assert "Ended 01-Feb-2026 09:00: On the work list." in said
    assert said.index("One person found") < said.index("it does not agree")
    # The latest trace comes first.
    assert said.index("it does not agree") < said.index("Nobody found")


def test_every_step_and_outcome_of_a_trace_has_words(region: Region, officer: Officer) -> None:
    traced(region.doubted, *((step, kind, []) for step in Step for kind in OutcomeKind))
    Trace.objects.create(source_person=region.doubted, why=Why.RETRY)
    said = _words(officer.gets("identity-question", region.question().public_id))
    assert all(step.label in said for step in Step)
    assert "Not finished. It is asked next" in said


def test_the_history_of_a_resident_names_other_sources_by_their_kind(
    region: Region, officer: Officer, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        ask_about(region.ruth, QuestionReason.INVALIDATED)
    theirs = SourcePerson.objects.get(resident=region.ruth)
    traced(theirs, (Step.NUMBER, OutcomeKind.INVALIDATED, []))
    asked = LinkQuestion.objects.get(resident=region.ruth).public_id
    said = _words(officer.gets("identity-question", asked))
    assert "The number has been withdrawn" in said
    assert "another source: A GP practice" in said
    assert region.practice.name not in said


def test_the_history_of_a_trace_is_for_who_may_see_the_question(
    region: Region, as_login: AsLogin
) -> None:
    traced(region.doubted, (Step.EXACT, OutcomeKind.NONE, []))
    asked = region.question().public_id
    with as_login("web"), transaction.atomic():
        for membership, count in ((region.officer, 1), (region.elsewhere, 0), (region.nurse, 0)):
            seen = traces(Acting.of(membership), asked, request_id=str(uuid4()))
            assert len(seen) == count


@pytest.mark.parametrize("reason", sorted(ABOUT_TRACES))
def test_what_a_trace_asked_is_tried_again_at_the_press_of_a_button(
    region: Region, officer: Officer, reason: QuestionReason
) -> None:
    ask(region.doubted, reason, candidate=None)
    question = LinkQuestion.objects.get(reason=reason)
    page = officer.gets("identity-question", question.public_id)
    assert ("Try again" in page.get_text()) is ASKED[reason].retry
    assert ASKED[reason].retry is (reason != QuestionReason.PROTECTED)
    officer.posts("retry-question", question.public_id)
    assert retries() == 1
    wanted = Trace.objects.get(source_person=region.doubted)
    assert (wanted.why, wanted.urgency) == (Why.RETRY, 0)
