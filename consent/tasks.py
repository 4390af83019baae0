"""Nudges of the timer. The rows are the jobs."""

from __future__ import annotations

from celery import shared_task

from consent import drafts


@shared_task(name="consent.tasks.sweep_drafts")  # type: ignore[untyped-decorator]  # Celery has no types
def sweep_drafts() -> None:
    """Delete the drafts of choices whose time is over."""
    drafts.sweep()
