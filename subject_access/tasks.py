"""Nudges of subject access. The rows are the jobs: losing one of these costs time, never a pack."""

from __future__ import annotations

from celery import shared_task

from subject_access import packing


@shared_task(name="subject_access.tasks.prepare")  # type: ignore[untyped-decorator]  # Celery has no types
def prepare(request_id: int) -> None:
    """Do what one request waits for."""
    packing.prepare(request_id)


@shared_task(name="subject_access.tasks.sweep")  # type: ignore[untyped-decorator]  # likewise
def sweep() -> None:
    """Do what nobody was nudged for, and have no more of what was not fetched in time."""
    for request_id in packing.to_do():
        packing.prepare(request_id)
    packing.expire()
