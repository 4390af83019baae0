"""Telling a worker of an alert or a disclosure, once what made it has been committed."""

from __future__ import annotations

import logging

from celery import Task
from django.db import transaction

from access import tasks

log = logging.getLogger(__name__)


def tell_of(alert_id: int | None) -> None:
    """Nudge a worker after the commit. If the broker is away, the sweeper finds the row."""
    if alert_id is not None:
        transaction.on_commit(lambda: _nudge(tasks.notify, alert_id))


def tell_of_disclosure(disclosure_id: int) -> None:
    """The same, of a disclosure that waits for a second officer."""
    transaction.on_commit(lambda: _nudge(tasks.notify_of_disclosure, disclosure_id))


def tell_of_draft(proposal_id: int) -> None:
    """The same, of a drafted change of the registry, whose effect is to be computed."""
    transaction.on_commit(lambda: _nudge(tasks.preview_draft, proposal_id))


def tell_of_invitation(invitation_id: int) -> None:
    """The same, of a link for a first sign-in, which is to be sent."""
    transaction.on_commit(lambda: _nudge(tasks.send_invitation, invitation_id))


def _nudge(task: Task, row: int) -> None:
    try:
        task.delay(row)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: the row waits
        log.warning("No worker was told by %s of row %s: %s", task.name, row, type(error).__name__)
