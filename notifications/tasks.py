"""Sweeps of notices. The rows are the jobs: losing one of these costs seconds, never a notice."""

from __future__ import annotations

import logging

from celery import shared_task

from notifications import making, telling

log = logging.getLogger(__name__)


@shared_task(name="notifications.tasks.make_notices")  # type: ignore[untyped-decorator]  # Celery has no types
def make_notices() -> None:
    """Make the notices about whomever something changed."""
    while making.make_due_notices():
        pass


@shared_task(name="notifications.tasks.tell_teams")  # type: ignore[untyped-decorator]  # likewise
def tell_teams() -> None:
    """Send each team that has something new its message."""
    for mail_id in telling.due():
        try:
            telling.tell(mail_id)
        except Exception as error:  # noqa: BLE001 - one that cannot be told stops no other
            log.warning("Team mail %s waits: %s", mail_id, type(error).__name__)
