"""The timer's part of keeping and deleting. The rows are the jobs: the next night goes on."""

from __future__ import annotations

from celery import shared_task

from keeping import retention


@shared_task(name="keeping.tasks.list_due")  # type: ignore[untyped-decorator]  # Celery has no types
def list_due() -> None:
    """Put on the review list what is due since yesterday."""
    retention.list_due()


@shared_task(name="keeping.tasks.destroy_confirmed")  # type: ignore[untyped-decorator]  # likewise
def destroy_confirmed() -> None:
    """Destroy what two officers confirmed, and what the portal itself wrote and needs no longer.

    What was killed in the middle is finished first.
    """
    for _outcome in retention.destroy_confirmed():
        pass  # each is a transaction of its own, with its event and its stub
    retention.destroy_portal_rows()
