"""Whoever writes who somebody is takes locks in one order: numbers, persons, epochs, questions.

Each test stops one piece of work where another holds what it needs, and lets the other go on. In
another order both would wait for each other, and PostgreSQL would end one of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from feeds.mapped import MappedPerson
from identity import retrying, tracing, wanting
from identity.actions import ask, receive_persons
from identity.asking import Question
from identity.models import (
    LinkQuestion,
    LinkState,
    NumberStatus,
    QuestionReason,
    SourcePerson,
    Trace,
)
from identity.nhs_number import NhsNumber
from identity.pds.outcomes import NoMatch
from identity.traces import Step, Why
from tests import factories
from tests.identity.pds.town import Town, by_word_of_mouth, ruth

pytestmark = pytest.mark.filterwarnings("error")

Connect = Callable[[str], psycopg.Connection]
NUMBER = factories.made_up_nhs_number(7301)


@dataclass
class Beside:
    """Somebody else's transaction, and work that goes on in a thread beside it."""

    other: psycopg.Connection
    watching: psycopg.Connection

    def holds_still(self, resident: int) -> None:
        """As a merge, a decision, and whoever enters a number do first."""
        self.other.execute("select identity.hold_still(array[%s]::bigint[])", [resident])

    @contextmanager
    def waits(self, work: Callable[[], object]) -> Iterator[None]:
        """Begin work that comes to wait; once the block has ended and committed, it is done."""
        settings = connections["default"].settings_dict
        failed: list[BaseException] = []

        def run() -> None:
            connections["default"].settings_dict = settings
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - told to the test's own thread
                failed.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            self._until_it_waits(thread, failed)
            yield
            self.other.commit()
        finally:
            self.other.rollback()
            thread.join()
        assert not failed, failed

    def _until_it_waits(self, thread: threading.Thread, failed: list[BaseException]) -> None:
        waiting = (
            "select exists (select from pg_stat_activity where %s = any (pg_blocking_pids(pid)))"
        )
        while True:
            (stands,) = self.watching.execute(
                waiting, [self.other.info.backend_pid]
            ).fetchone() or (False,)
            if stands:
                return
            assert thread.is_alive(), failed or "the work never waited, so it proves nothing"
            time.sleep(0.01)


@pytest.fixture
def beside(run_sql: Connect) -> Beside:
    watching = run_sql("admin")
    watching.autocommit = True
    return Beside(run_sql("admin"), watching)


def known_by_word(town: Town) -> SourcePerson:
    """Somebody with a number on a carer's word."""
    known = town.send(ruth(town))
    by_word_of_mouth(known, NUMBER)
    return known


def enters_it_again(beside: Beside, known: SourcePerson) -> None:
    """As whoever holds the resident still goes on to write of the number."""
    beside.other.execute(
        "update identity_residentnhsnumber set given_by = given_by where resident_id = %s",
        [known.resident_id],
    )


def test_a_number_is_marked_as_sent_after_whoever_holds_the_resident(
    town: Town, beside: Beside
) -> None:
    known = known_by_word(town)
    assert wanting.given_numbers() == 1
    beside.holds_still(known.resident_id)
    with beside.waits(lambda: town.tracer().run_due(1)):
        enters_it_again(beside, known)
    status = known.resident.nhs_numbers.get().status
    assert status != NumberStatus.TRACE_REQUIRED


def test_an_answer_is_written_after_whoever_holds_the_resident(town: Town, beside: Beside) -> None:
    known = known_by_word(town)
    wanting.given_numbers()
    trace = tracing._take()
    assert trace is not None
    asked = Question(Step.NUMBER, number=NhsNumber.parse(NUMBER, test_ranges=True))
    service = town.world.client().service
    beside.holds_still(known.resident_id)
    with beside.waits(lambda: tracing._write(trace, asked, NoMatch(), service)):
        enters_it_again(beside, known)
    assert known.resident.nhs_numbers.get().status == NumberStatus.NO_MATCH


def test_given_numbers_are_wanted_after_whoever_holds_the_resident(
    town: Town, beside: Beside
) -> None:
    known = known_by_word(town)
    beside.holds_still(known.resident_id)
    with beside.waits(wanting.given_numbers):
        enters_it_again(beside, known)
    assert known.resident.nhs_numbers.get().status == NumberStatus.TRACE_REQUIRED


@pytest.mark.parametrize("job", ["retry", "split"])
def test_a_decisions_job_waits_for_who_decides_and_not_the_other_way_round(
    town: Town, beside: Beside, job: str
) -> None:
    owner, known = town.send(ruth(town)), town.send(ruth(town), family_name="Otherwise")
    SourcePerson.objects.filter(pk=known.pk).update(
        resident=owner.resident_id, link=LinkState.IN_DOUBT
    )
    known.refresh_from_db()
    question = ask(known, QuestionReason.DISAGREES_WITH_RESIDENT, candidate=owner.resident)
    assert question is not None
    now = timezone.now()
    if job == "split":
        question.settled, question.decision, question.split_due = now, "different", True
        question.save()
    else:
        LinkQuestion.objects.filter(pk=question.pk).update(retry_asked=now)
    work = retrying.carry_out if job == "split" else retrying.try_again
    beside.holds_still(owner.resident_id)
    with beside.waits(lambda: work(question.pk)):
        beside.other.execute(
            "select from identity_linkquestion where id = %s for update", [question.pk]
        )
    question.refresh_from_db()
    assert (question.retry_asked, question.split_due) == (None, False)


def test_a_trace_is_wanted_again_after_its_answer_is_written(town: Town, beside: Beside) -> None:
    known = town.send(ruth(town))
    question = ask(known, QuestionReason.NO_MATCH, candidate=None)
    assert question is not None
    LinkQuestion.objects.filter(pk=question.pk).update(retry_asked=timezone.now())
    trace = Trace.objects.create(source_person=known, why=Why.ARRIVAL)
    beside.other.execute("select from identity_trace where id = %s for update", [trace.pk])
    with beside.waits(wanting.retries):
        beside.other.execute(
            "select from identity_linkquestion where id = %s for update", [question.pk]
        )
    trace.refresh_from_db()
    question.refresh_from_db()
    assert (trace.urgency, question.retry_asked) == (0, None)


def test_whoever_arrives_waits_for_every_number_of_the_resident_first(
    town: Town, beside: Beside
) -> None:
    """A merge takes the numbers of both before their persons: so does an arrival that merges."""
    held = ruth(town)
    town.send(held, of=town.trust, nhs_number=held.number, nhs_number_status="01", trusted=True)
    known = known_by_word(town)
    sent: dict[str, Any] = {
        "identifier": known.identifier, "family_name": held.family,
        "given_names": " ".join(held.given), "birth_date": held.birth_date, "sex": held.gender,
        "nhs_number": held.number, "nhs_number_status": "01",
    }  # fmt: skip

    def arrives() -> None:
        with transaction.atomic():
            receive_persons([MappedPerson(**sent)], source=town.council, trusted_for_numbers=True)

    beside.other.execute("select pg_advisory_xact_lock(identity.number_lock(%s))", [NUMBER])
    with beside.waits(arrives):
        beside.other.execute(
            "select from identity_sourceperson where id = %s for update", [known.pk]
        )
    known.refresh_from_db()
    assert known.link == LinkState.LINKED
