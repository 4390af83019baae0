"""Nudges of the work list's jobs and of traces. The rows are the jobs: losing one costs seconds."""

from __future__ import annotations

import os
from functools import lru_cache

from celery import shared_task
from django.conf import settings

from consent import selectors as consent
from identity import bulk, retrying, wanting
from identity.pds.client import PdsClient
from identity.tracing import Tracer, questions_out

#: How many questions one task asks at most, so that a worker is never away for long.
_AT_A_TIME = 60
#: Questions that one task has out at one time: at 300 a minute one is due every 0.2 s, and asking
#: it, with the answer's way and all that is written, may take several times that.
AT_ONCE = 4
#: Questions that are out over all tasks at most: more would wait for the agreed rate, and keep the
#: workers of an ordinary queue from what else is to be done.
MOST_OUT = 2 * AT_ONCE


@shared_task(name="identity.tasks.sweep_questions")  # type: ignore[untyped-decorator]  # Celery has no types
def sweep_questions() -> None:
    """Carry out what was decided, and try again what somebody asked to be tried again."""
    for question in retrying.questions_to_carry_out():
        retrying.carry_out(question)
    for question in retrying.questions_to_try_again():
        retrying.try_again(question)


@shared_task(name="identity.tasks.trace")  # type: ignore[untyped-decorator]  # Celery has no types
def trace() -> None:
    """Want the traces that are called for, and ask those that are due. Without a PDS, nothing.

    It goes on in a new task while there is something to ask. The timer's nudge would begin one
    more each time: it finds that enough ask already.
    """
    if settings.PDS is None:
        return
    wanting.arrivals_and_changes()
    wanting.given_numbers()
    wanting.retries()
    bulk.begin(per_minute=settings.PDS.per_minute)
    if questions_out() + AT_ONCE > MOST_OUT:
        return
    tracer = Tracer(_client(), may_use_number=consent.may_trace)
    asked = tracer.run_due(_AT_A_TIME, at_once=AT_ONCE)
    bulk.end()
    if asked == _AT_A_TIME:
        trace.delay()


@shared_task(name="identity.tasks.want_retraces")  # type: ignore[untyped-decorator]  # Celery has no types
def want_retraces() -> None:
    """Want anew the traces of those never verified, and of those verified long ago."""
    if settings.PDS is not None:
        wanting.retraces(limit=settings.PDS.per_minute)


def _client() -> PdsClient:
    """This process's client, kept from task to task with its token and its connections."""
    kept = _client_of(os.getpid())
    if kept.closed:
        _client_of.cache_clear()
        kept = _client_of(os.getpid())
    return kept


@lru_cache(maxsize=1)
def _client_of(_process: int) -> PdsClient:
    return PdsClient.from_settings()
