"""Telling a worker of an alert, once what raised it has been committed."""

from __future__ import annotations

import logging

from django.db import transaction

from access import tasks

log = logging.getLogger(__name__)


def tell_of(alert_id: int | None) -> None:
    """Nudge a worker after the commit. If the broker is away, the sweeper finds the row."""
    if alert_id is not None:
        transaction.on_commit(lambda: _nudge(alert_id))


def _nudge(alert_id: int) -> None:
    try:
        tasks.notify.delay(alert_id)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: the row waits
        log.warning("No worker was told of alert %s: %s", alert_id, type(error).__name__)
