"""Faults at random: no question is lost, none is answered twice, the rate is never passed.

Twenty faults, and as many as ``PDS_FAULTS`` says where it is given::

    PDS_FAULTS=500 bin/test -n 0 tests/identity/pds/test_faults.py

The workers are the client as it is, on real sockets; meanwhile the server of the rate is emptied.
Who judges is the stand-in, by its own log: when each request arrived, and under which id.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4

from identity.nhs_number import NhsNumber
from identity.pds.circuit import Circuit
from identity.pds.client import Call, PdsClient
from identity.pds.comparing import Evidence, Held
from identity.pds.outcomes import Malformation, Malformed, NotNow, OutcomeKind
from identity.pds.questions import Search
from identity.pds.rate import RateLimit
from region.pds_stand_in.serving import Pace
from tests.identity.pds.conftest import World
from tests.identity.pds.test_rate import most_in_a_window

FAULTS = int(os.environ.get("PDS_FAULTS", "20"))
LIMIT, WINDOW, LEASE = 40, 1.0, 4.0
WORKERS = 4
NUMBERS = {
    "9990001022": OutcomeKind.AGREEING,
    "9990001057": OutcomeKind.DISAGREEING,
    "9990001243": OutcomeKind.SUPERSEDED,
    "9990001251": OutcomeKind.INVALIDATED,
    "9990001227": OutcomeKind.RESTRICTED,
    "9990001278": OutcomeKind.VERY_RESTRICTED,
    "9990001286": OutcomeKind.NONE,
    "search one": OutcomeKind.ONE,
    "search many": OutcomeKind.MANY,
}
HELD = Held("Patel", "Rajesh", date(1967, 9, 2))
SEARCHES = {
    "search one": Search(family="Patel", given="Rajesh", birth_date=date(1967, 9, 2)),
    "search many": Search(family="Hussain", birth_date=date(1974, 6, 2)),
}


@dataclass
class Question:
    """What a row of the registry would hold: what is asked, its id, and its one outcome."""

    about: str
    request_id: UUID = field(default_factory=uuid4)
    outcomes: list[OutcomeKind] = field(default_factory=list)


def ask(client: PdsClient, question: Question) -> OutcomeKind | None:
    """The outcome; ``None`` where the question is to be asked again."""
    call = Call(request_id=question.request_id, correlation_id=uuid4(), organisation="RJ2")
    outcome = (
        client.search(SEARCHES[question.about], call=call, may_send=lambda: True, patience=0.5)
        if question.about in SEARCHES
        else client.retrieve(
            NhsNumber(question.about), held=HELD, by=Evidence.NUMBER, call=call,
            may_send=lambda: True, patience=0.5,
        )
    )  # fmt: skip
    passing = isinstance(outcome, NotNow) or outcome == Malformed(Malformation.UNREADABLE)
    return None if passing else outcome.kind


@dataclass
class Workers:
    """Threads that ask what waits, each with a client of its own, until they are told to stop."""

    waiting: queue.Queue[Question] = field(default_factory=queue.Queue)
    done: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, client: PdsClient) -> None:
        thread = threading.Thread(target=self._work, args=(client,))
        self.threads.append(thread)
        thread.start()

    def _work(self, client: PdsClient) -> None:
        while not self.done.is_set():
            try:
                question = self.waiting.get(timeout=0.05)
            except queue.Empty:
                continue
            outcome = ask(client, question)
            if outcome is None:
                self.waiting.put(question)
                time.sleep(0.02)
            else:
                question.outcomes.append(outcome)

    def stop(self) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join()


def patient_client(world: World) -> PdsClient:
    """A client as it is, but for shorter rests and pauses."""
    return world.client(
        rate=RateLimit(world.server, name="test", limit=LIMIT, window=WINDOW, lease=LEASE),
        circuit=Circuit(world.server, name="test", first_rest=0.05, longest_rest=0.2, probe=2),
        sleep=lambda seconds: time.sleep(min(seconds, 0.05)),
    )


def go_through_faults(world: World, workers: Workers) -> tuple[list[Question], int]:
    """Ask until so many faults were met and all is answered; every tenth fault Redis is emptied."""
    questions: list[Question] = []
    emptied, met = 0, 0
    while met < FAULTS or not all(question.outcomes for question in questions):
        if met < FAULTS and workers.waiting.qsize() < WORKERS:
            fresh = [Question(about) for about in NUMBERS]
            questions += fresh
            for question in fresh:
                workers.waiting.put(question)
        if met >= (emptied + 1) * max(10, FAULTS // 10):
            emptied += 1
            world.server.flushall()
        time.sleep(0.05)
        assert all(thread.is_alive() for thread in workers.threads)
        met = sum(line["fault"] is not None for line in world.asked.questions())
        if met >= FAULTS:
            world.fault()
    return questions, emptied


def test_nothing_is_lost_and_the_rate_is_kept(world: World) -> None:
    world.stand_in.pace = Pace(slow=0.05, stalled=0.05)
    world.stand_in.service.quota.limit = LIMIT
    world.stand_in.service.quota.window = WINDOW
    world.fault(share=0.4)
    workers = Workers()
    for _ in range(WORKERS):
        workers.start(patient_client(world))
    try:
        questions, emptied = go_through_faults(world, workers)
    finally:
        workers.stop()

    assert [question.outcomes for question in questions] == [
        [NUMBERS[question.about]] for question in questions
    ]
    asked = world.asked.questions()
    most = most_in_a_window([line["at"] for line in asked], WINDOW)
    assert most <= LIMIT
    assert [line for line in asked if line["status"] == 429 and not line["fault"]] == []
    assert {line["request_id"] for line in asked} == {str(each.request_id) for each in questions}
    assert emptied
    faults = sum(line["fault"] is not None for line in asked)
    print(  # noqa: T201 - the figures of a run by hand
        f"{len(questions)} questions, {len(asked)} requests, {faults} faults, Redis emptied "
        f"{emptied} times: none lost, at most {most} of {LIMIT} in {WINDOW:g} s."
    )
