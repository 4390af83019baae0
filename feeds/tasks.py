"""Nudges. The rows are the jobs: losing one of these costs time, never work."""

from __future__ import annotations

from celery import shared_task

from feeds import actions, replaying
from keeping import retention
from records.actions import renew_due_relationships


@shared_task(name="feeds.tasks.load")  # type: ignore[untyped-decorator]  # Celery has no types
def load(batch_id: int) -> None:
    """Load one batch, unless another worker has it."""
    actions.load(batch_id)


@shared_task(name="feeds.tasks.sweep")  # type: ignore[untyped-decorator]  # likewise
def sweep() -> None:
    """Pick up whatever was never nudged, or whose worker died."""
    for batch_id in actions.batches_to_do():
        load.delay(batch_id)
    while renew_due_relationships():
        pass


@shared_task(name="feeds.tasks.delete_old_bytes")  # type: ignore[untyped-decorator]  # likewise
def delete_old_bytes() -> None:
    """Delete the raw bytes of deliveries whose time is over, unless a hold covers their source."""
    replaying.delete_old_bytes(spared=retention.controllers_on_hold())
