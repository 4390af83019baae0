"""Tracing source persons: taking a trace, asking, and what becomes of each answer.

Asked outside any transaction, written in one. Nothing is believed that was not retrieved by its
number and compared field by field; whatever disagrees, or agrees only nearly, goes to a person.
Runs as the pipeline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import uuid4

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils import timezone

from audit import actions as audit
from audit.models import Action
from identity.actions import ask, owner_of
from identity.asking import Question, held_of, next_question, number_to_ask
from identity.locks import lock
from identity.models import (
    NumberStatus,
    QuestionReason,
    Resident,
    SourcePerson,
    Trace,
    TraceStep,
)
from identity.nhs_number import NhsNumber
from identity.pds.client import Call
from identity.pds.comparing import Agreement, Comparison, Evidence, Held, Verdict
from identity.pds.configuration import Service
from identity.pds.outcomes import (
    Agreeing,
    Delay,
    Disagreeing,
    Invalidated,
    Malformation,
    Malformed,
    Many,
    NotNow,
    NotSent,
    OneMatch,
    Restricted,
    Retrieved,
    Searched,
    Superseded,
    VeryRestricted,
)
from identity.pds.questions import Search
from identity.settling import (
    invalidate,
    mark_number,
    protect,
    replace_number,
    settle_questions,
    verify,
)
from identity.standing import after_answer, may_verify
from identity.traces import Ended, Step

#: Longer than a call can take with all its tries and waits.
LEASE = timedelta(minutes=6)
#: How long a trace waits where the service does not say: doubled with every delay up to the last.
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
#: So often an answer may be unreadable before somebody is asked to look.
_MOST_UNREADABLE = 5
#: Delays that hold for every question, and not for one alone.
_NOBODY_ASKS = frozenset({Delay.RATE, Delay.CIRCUIT, Delay.ACCESS_REFUSED, Delay.BROKER_DOWN})

Outcome = Retrieved | Searched
MayUseNumber = Callable[[int, int], bool]


class Asks(Protocol):
    """What tracing needs of a client; ``identity.pds.client.PdsClient`` is one."""

    @property
    def service(self) -> Service:
        """Which service answers."""
        ...

    def retrieve(
        self,
        number: NhsNumber,
        *,
        held: Held,
        by: Evidence,
        call: Call,
        may_send: Callable[[], bool],
        patience: float = 30.0,
    ) -> Retrieved:
        """Ask for the person with this number."""
        ...

    def search(
        self, search: Search, *, call: Call, may_send: Callable[[], bool], patience: float = 30.0
    ) -> Searched:
        """Search for one person."""
        ...


class Tracer:
    """Carries out traces that are due, one question after another.

    :param may_use_number: by resident and organisation, whether the organisation may use the
        resident's NHS number. Asked at the moment of each sending.
    """

    def __init__(self, client: Asks, *, may_use_number: MayUseNumber) -> None:
        self._client = client
        self._may_use_number = may_use_number

    def run_due(self, limit: int = 100, *, at_once: int = 1) -> int:
        """Ask the questions that are due, at most so many; how many were asked.

        It stops where nothing can be asked now: the others would be put off for nothing.

        :param at_once: questions that are out at one time. One after another, a worker asks as
            often as an answer takes with all that is written about it, which may be less than is
            permitted. Each further one has a connection of its own, of the caller's login.
        """
        turns = _Turns(limit)
        if at_once == 1:
            self._run(turns)
            return turns.taken
        another = connection.copy
        with ThreadPoolExecutor(at_once, thread_name_prefix="trace") as pool:
            for done in [pool.submit(self._run_apart, turns, another) for _ in range(at_once)]:
                done.result()
        return turns.taken

    def _run_apart(self, turns: _Turns, another: Callable[[], BaseDatabaseWrapper]) -> None:
        """Ask in a thread of its own, by a connection that is made and closed there."""
        ours = connections[DEFAULT_DB_ALIAS] = another()
        try:
            self._run(turns)
        finally:
            ours.close()

    def _run(self, turns: _Turns) -> None:
        while turns.take():
            trace = _take()
            if trace is None:
                turns.give_back()
                break
            outcome = self._ask(trace)
            if isinstance(outcome, NotNow) and outcome.why in _NOBODY_ASKS:
                turns.stop()

    def _ask(self, trace: Trace) -> Outcome | None:
        """One question of a trace that this worker holds, and what came of it."""
        known = trace.source_person
        question = next_question(trace)
        organisation = known.source.ods_code
        if organisation is None or (question.number is None and question.search is None):
            _write(trace, question, None, self._client.service)
            return None
        call = Call(
            request_id=trace.asked_as,
            correlation_id=trace.public_id,
            organisation=organisation,
        )

        def may_send() -> bool:
            return self._may_send(trace, question)

        outcome: Outcome
        if question.number is not None:
            outcome = self._client.retrieve(
                question.number,
                held=held_of(known),
                by=Evidence.SEARCH if trace.step == Step.VERIFY else Evidence.NUMBER,
                call=call,
                may_send=may_send,
            )
        else:
            assert question.search is not None  # noqa: S101 - one of the two, asked above
            outcome = self._client.search(question.search, call=call, may_send=may_send)
        _write(trace, question, outcome, self._client.service)
        return outcome

    @transaction.atomic
    def _may_send(self, trace: Trace, question: Question) -> bool:
        """Ask once more, and write down that it is sent before it is."""
        _hold(trace.source_person, question.number)
        known = SourcePerson.objects.select_related("source").get(pk=trace.source_person_id)
        if not self._may_use_number(known.resident_id, known.source_id):
            return False
        if question.step == Step.NUMBER and question.number is not None:
            mark_number(known, question.number, NumberStatus.IN_PROGRESS)
        audit.record(
            Action.TRACE_SENT,
            reason=trace.why,
            organisation_id=known.source_id,
            organisation_name=known.source.name,
            resident_id=known.resident_id,
            request=trace.asked_as,
            detail={
                "trace": trace.pk,
                "step": question.step,
                "asked_by": question.asked_by,
                "service": self._client.service,
            },
        )
        return True


class _Turns:
    """So many questions, counted over threads, until somebody says that no more can be asked."""

    def __init__(self, limit: int) -> None:
        self._lock, self._left, self.taken = threading.Lock(), limit, 0

    def take(self) -> bool:
        with self._lock:
            if self._left <= 0:
                return False
            self._left -= 1
            self.taken += 1
            return True

    def give_back(self) -> None:
        with self._lock:
            self._left += 1
            self.taken -= 1

    def stop(self) -> None:
        with self._lock:
            self._left = 0


def questions_out() -> int:
    """How many questions are out now; those of a worker that died count until its lease ends."""
    return Trace.objects.filter(leased_until__gt=timezone.now(), finished__isnull=True).count()


@transaction.atomic
def _take() -> Trace | None:
    """The most urgent trace that is due and that nobody holds, held for a lease."""
    now = timezone.now()
    trace = (
        Trace.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("source_person__source")
        .filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))
        .filter(finished__isnull=True, due__lte=now)
        .order_by("urgency", "due", "pk")
        .first()
    )
    if trace is not None:
        trace.lease, trace.leased_until = uuid4(), now + LEASE
        trace.save(update_fields=["lease", "leased_until"])
    return trace


def _hold(known: SourcePerson, *numbers: NhsNumber | None) -> None:
    """Hold somebody still before anything of them is written, as whoever joins them does."""
    lock(
        numbers=[number.digits for number in numbers if number is not None],
        source=known.source_id,
        identifiers=[known.identifier],
    )


# ── What becomes of an answer ───────────────────────────────────────────────────────────────


@transaction.atomic
def _write(held: Trace, question: Question, outcome: Outcome | None, service: Service) -> None:
    """Write what came of a question, if the trace is still this worker's."""
    trace = (
        Trace.objects.select_for_update(of=("self",))
        .select_related("source_person__source", "source_person__resident")
        .filter(pk=held.pk, lease=held.lease, finished__isnull=True)
        .first()
    )
    if trace is None:
        return
    desk = _Desk(trace, question, service)
    trace.lease = trace.leased_until = None
    if outcome is None:
        desk.to_a_person(QuestionReason.NO_MATCH, Ended.NOT_ENOUGH)
    elif isinstance(outcome, NotNow):
        _put_off(trace, outcome.after)
    elif _is_passing(outcome) and trace.delays < _MOST_UNREADABLE:
        _put_off(trace, None)
    else:
        found = getattr(outcome, "demographics", None)
        _hold(trace.source_person, question.number, found.number if found else None)
        desk.known.refresh_from_db()
        desk.keep(outcome)
        desk.apply(outcome)
    trace.save()


def _is_passing(outcome: Outcome) -> bool:
    """Whether it is an answer broken on its way, which the next one need not be."""
    return isinstance(outcome, Malformed) and outcome.why is Malformation.UNREADABLE


def _put_off(trace: Trace, after: float | None) -> None:
    """Not now: the same question later, under the same request id. No attempt is lost by it.

    :param after: in how many seconds the service may be asked, where it is known.
    """
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(trace.delays, 10))
    if after is not None:
        wait = max(timedelta(seconds=after), _FIRST_WAIT if trace.delays else timedelta())
    trace.delays += 1
    trace.due = timezone.now() + wait


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where one answer is dealt with."""

    trace: Trace
    question: Question
    service: Service

    @property
    def known(self) -> SourcePerson:
        """Who is traced."""
        return self.trace.source_person

    def keep(self, outcome: Outcome) -> None:
        """The step for the history. A request that was answered already makes this fail."""
        why = getattr(outcome, "why", "")
        comparison: Comparison | None = getattr(outcome, "comparison", None)
        TraceStep.objects.create(
            trace=self.trace,
            step=self.question.step,
            asked_by=self.question.asked_by,
            request=self.trace.asked_as,
            service=self.service,
            outcome=outcome.kind,
            why=str(why),
            disagrees=[
                field
                for field, agreement in (comparison.fields if comparison else ())
                if agreement in (Agreement.DISAGREES, Agreement.INEXACT)
            ],
        )

    def apply(self, outcome: Outcome) -> None:
        """Do what the outcome says, exactly, and note with the number what it came to."""
        by_number = self.question.step == Step.NUMBER
        if by_number and not may_verify(outcome):
            mark_number(self.known, self._number, after_answer(outcome))
        self._apply(outcome)
        if by_number and may_verify(outcome) and self.trace.ended != Ended.VERIFIED:
            mark_number(self.known, self._number, after_answer(outcome))

    def _apply(self, outcome: Outcome) -> None:
        match outcome:
            case Agreeing() | Restricted(comparison=Comparison(verdict=Verdict.AGREEING)):
                self._verified(outcome)
            case Disagreeing(demographics=demographics):
                self._conflict(demographics.number)
            case Restricted() | VeryRestricted():
                if self.question.step == Step.NUMBER:
                    protect(self.known, outcome.demographics.protection)
                self.to_a_person(QuestionReason.PROTECTED)
            case Superseded():
                self._superseded(outcome)
            case Invalidated():
                invalidate(self.known, self._number)
                self.to_a_person(QuestionReason.INVALIDATED, Ended.INVALIDATED)
            case OneMatch(demographics=demographics):
                self._go_on(Step.VERIFY, found=demographics.number.digits)
            case NotSent():
                self._end(Ended.NOT_ALLOWED)
            case _:
                self._found_nobody(outcome)

    def _conflict(self, number: NhsNumber | None = None) -> None:
        """What disagrees is decided with whoever has the number beside them, if we know anybody."""
        owner = owner_of(number) if number is not None else None
        candidate = None if owner is None or owner.pk == self.known.resident_id else owner
        self.to_a_person(QuestionReason.TRACE_CONFLICT, candidate=candidate)

    def _found_nobody(self, outcome: Outcome) -> None:
        searched = self.question.search is not None
        match outcome:
            case Many():
                self.to_a_person(QuestionReason.MANY_MATCHES, Ended.MANY)
            case Malformed(why=Malformation.QUESTION_REFUSED) if searched:
                self._climb()
            case Malformed():
                self.to_a_person(QuestionReason.TRACE_CONFLICT)
            case _:
                self._climb()

    @property
    def _number(self) -> NhsNumber:
        assert self.question.number is not None  # noqa: S101 - only retrievals answer so
        return self.question.number

    def _verified(self, outcome: Agreeing | Restricted) -> None:
        asked = number_to_ask(self.trace)
        searched = self.question.step == Step.VERIFY
        if searched and asked is not None and asked != self._number:
            # Nobody has the number asked for, and the search found somebody: which is wrong?
            self._conflict(self._number)
        elif verify(self.known, outcome.demographics, service=self.service):
            settle_questions(self.known)
            self._end(Ended.VERIFIED)
        else:
            # The question about whose number it is stands on the work list already.
            self._end(Ended.TO_BE_DECIDED)

    def _superseded(self, outcome: Superseded) -> None:
        if outcome.comparison.verdict is not Verdict.AGREEING:
            self._conflict(outcome.demographics.number)
        elif replace_number(
            self.known, old=outcome.asked, said=outcome.demographics, service=self.service
        ):
            settle_questions(self.known)
            self._end(Ended.VERIFIED)
        else:
            self._end(Ended.TO_BE_DECIDED)

    def _climb(self) -> None:
        """Nobody was found: the next step of the ladder, or nobody at all."""
        has_postcode = bool(self.question.search and self.question.search.postcode)
        match self.question.step:
            case Step.NUMBER:
                self._go_on(Step.EXACT)
            case Step.EXACT:
                self._go_on(Step.WILDCARDS if has_postcode else Step.NAME)
            case Step.WILDCARDS:
                self._go_on(Step.NAME)
            case Step.NAME:
                self.to_a_person(QuestionReason.NO_MATCH, Ended.NO_MATCH)
            case Step.VERIFY:
                # A search found a number that nobody has: that is for somebody to look at.
                self.to_a_person(QuestionReason.TRACE_CONFLICT)

    def _go_on(self, step: Step, *, found: str = "") -> None:
        self.trace.step, self.trace.found = step, found
        self.trace.asked_as, self.trace.due = uuid4(), timezone.now()
        self.trace.delays = 0

    def to_a_person(
        self,
        reason: QuestionReason,
        ended: Ended = Ended.TO_BE_DECIDED,
        *,
        candidate: Resident | None = None,
    ) -> None:
        """Put it on the work list, and end the trace."""
        ask(self.known, reason, candidate=candidate)
        self._end(ended)

    def _end(self, ended: Ended) -> None:
        self.trace.ended, self.trace.finished = ended, timezone.now()
        self.trace.found = ""


def history(known: SourcePerson) -> list[tuple[Trace, list[TraceStep]]]:
    """Every trace of a source person with its steps, the latest first."""
    traces = Trace.objects.filter(source_person=known).prefetch_related("steps").order_by("-pk")
    return [(trace, sorted(trace.steps.all(), key=lambda step: step.pk)) for trace in traces]
