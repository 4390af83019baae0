"""Nudges of the timer. The rows are the jobs."""

from __future__ import annotations

import logging

from celery import shared_task

from consent import drafts, letters, reconciling

log = logging.getLogger(__name__)


@shared_task(name="consent.tasks.sweep_drafts")  # type: ignore[untyped-decorator]  # Celery has no types
def sweep_drafts() -> None:
    """Delete the drafts of choices whose time is over."""
    drafts.sweep()


@shared_task(name="consent.tasks.make_letters")  # type: ignore[untyped-decorator]  # Celery has no types
def make_letters() -> None:
    """Make or hold the letters that are owed, and ask again about those that have not left.

    One that cannot be made stays for the next time, and does not keep the others.
    """
    for letter in letters.due():
        try:
            letters.look_at(letter)
        except Exception as error:  # noqa: BLE001 - whatever stops one must not stop the rest
            # The error's own words may hold what the letter says.
            log.error("Letter %s could not be made: %s", letter, type(error).__name__)  # noqa: TRY400


@shared_task(name="consent.tasks.reconcile_choices")  # type: ignore[untyped-decorator]  # Celery has no types
def reconcile_choices() -> None:
    """Compare choices recorded, choices enforced, and letters sent or held; keep what came."""
    run = reconciling.reconcile()
    if not run.agrees:
        log.error("Choices do not reconcile: see the page of the reconciliation, run %s.", run.pk)
