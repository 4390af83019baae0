"""Telling a worker of a batch, once it has been committed."""

from __future__ import annotations

import logging

from celery.exceptions import CeleryError
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from feeds import tasks

log = logging.getLogger(__name__)


def tell_of(batch_id: int) -> None:
    """Nudge a worker after the commit. If the broker is away, the sweeper finds the row."""
    transaction.on_commit(lambda: _nudge(batch_id))


def _nudge(batch_id: int) -> None:
    try:
        tasks.load.delay(batch_id)
    except (CeleryError, KombuError, RedisError, OSError) as error:
        log.warning("batch %s was not nudged: %s", batch_id, type(error).__name__)
