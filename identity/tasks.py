"""Nudges of the work list's jobs and of traces. The rows are the jobs: losing one costs seconds."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from consent import selectors as consent
from identity import bulk, retrying, wanting
from identity.pds.client import PdsClient
from identity.tracing import Tracer, workers_asking

#: How many questions one task asks at most, so that a worker is never away for long.
_AT_A_TIME = 30
#: So many tasks ask at once at most: more would wait for the agreed rate, and keep the workers of
#: an ordinary queue from what else is to be done.
MOST_ASKING = 2


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
    if workers_asking() >= MOST_ASKING:
        return
    with PdsClient.from_settings() as client:
        asked = Tracer(client, may_use_number=consent.may_trace).run_due(_AT_A_TIME)
    bulk.end()
    if asked == _AT_A_TIME:
        trace.delay()


@shared_task(name="identity.tasks.want_retraces")  # type: ignore[untyped-decorator]  # Celery has no types
def want_retraces() -> None:
    """Want anew the traces of those never verified, and of those verified long ago."""
    if settings.PDS is not None:
        wanting.retraces(limit=settings.PDS.per_minute)
