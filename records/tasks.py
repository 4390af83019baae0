"""Nudges of the proof of effect and of reports of wrong entries.

The rows are the jobs: losing one of these costs seconds.
"""

from __future__ import annotations

import logging
from time import monotonic

from celery import shared_task
from django.db import transaction

from consent.proofs import Why
from records import reporting
from records.probing import jobs

log = logging.getLogger(__name__)

#: A sweep ends in time for the next one, which goes on.
_SECONDS = 50


@shared_task(name="records.tasks.prove")  # type: ignore[untyped-decorator]  # Celery has no types
def prove(choice_id: int) -> None:
    """Ask whether one choice holds, if that is due."""
    jobs.prove(choice_id)


@shared_task(name="records.tasks.sweep_probes")  # type: ignore[untyped-decorator]  # likewise
def sweep_probes() -> None:
    """Ask about what was never nudged, what did not hold, and what begins to hold now."""
    _sweep(jobs.URGENT)


@shared_task(name="records.tasks.prove_canaries")  # type: ignore[untyped-decorator]  # likewise
def prove_canaries() -> None:
    """Ask about the canaries' choices."""
    for choice_id in jobs.want_canaries():
        jobs.prove(choice_id)


@shared_task(name="records.tasks.want_all_in_force")  # type: ignore[untyped-decorator]  # likewise
def want_all_in_force() -> None:
    """Have every choice in force asked about tonight."""
    jobs.want_all_in_force()


@shared_task(name="records.tasks.sweep_nightly_probes")  # type: ignore[untyped-decorator]  # likewise
def sweep_nightly_probes() -> None:
    """Ask about what the night has left."""
    _sweep((Why.NIGHTLY,))


@shared_task(name="records.tasks.tell_of_report")  # type: ignore[untyped-decorator]  # likewise
def tell_of_report(report_id: int) -> None:
    """Tell the source's records officers of one report, unless they have been told."""
    reporting.tell(report_id)


@shared_task(name="records.tasks.sweep_reports")  # type: ignore[untyped-decorator]  # likewise
def sweep_reports() -> None:
    """Tell of whatever report was never nudged, or could not be sent."""
    for report_id in reporting.reports_to_tell():
        reporting.tell(report_id)


def tell_after_commit(report_id: int) -> None:
    """Nudge a worker once the report is committed. If the broker is away, the sweeper finds it."""
    transaction.on_commit(lambda: _nudge_of_report(report_id))


def _nudge_of_report(report_id: int) -> None:
    try:
        tell_of_report.delay(report_id)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: the row waits
        log.warning("No worker was told of report %s: %s", report_id, type(error).__name__)


def _sweep(whys: tuple[Why, ...]) -> None:
    begun = monotonic()
    for choice_id in jobs.due_choices(whys):
        if monotonic() - begun > _SECONDS:
            return
        try:
            jobs.prove(choice_id)
        except Exception as error:  # noqa: BLE001 - one that cannot be asked stops no other
            log.warning("No proof of choice %s: %s", choice_id, type(error).__name__)


def prove_after_commit(choice_id: int) -> None:
    """Nudge a worker once the choice is committed. If the broker is away, the sweeper finds it."""
    transaction.on_commit(lambda: _nudge(choice_id))


def _nudge(choice_id: int) -> None:
    try:
        prove.delay(choice_id)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: the row waits
        log.warning("No worker was told of choice %s: %s", choice_id, type(error).__name__)
