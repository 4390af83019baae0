"""Asking with the web's own login, out of a worker that has the pipeline's.

The pipeline's login bypasses row security, so nothing that it is shown proves a wall. Whoever runs
probes is given the web's address as well (``WEB_DATABASE``), and nothing more can be read with it
than the worker could read before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, transaction


@contextmanager
def as_web() -> Iterator[None]:
    """Statements of the block, in this thread, are the web's login's, on a connection of its own.

    :raises ImproperlyConfigured: if this process was not given the web's address.
    """
    if settings.WEB_DATABASE is None:
        raise ImproperlyConfigured(
            "Set DATABASE_WEB_URL (or DATABASE_WEB_URL_FILE) for the workers as well: a choice is "
            "proven with the web's own login."
        )
    before = connections[DEFAULT_DB_ALIAS]
    asking = type(before)(
        {
            **before.settings_dict,
            **settings.WEB_DATABASE,
            "ATOMIC_REQUESTS": False,
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": False,
            # PostgreSQL logs each opening; by this its log tells probes from people.
            "OPTIONS": {
                **before.settings_dict.get("OPTIONS", {}),
                "application_name": "connectcare probe",
            },
        },
        DEFAULT_DB_ALIAS,
    )
    connections[DEFAULT_DB_ALIAS] = asking
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = before
        asking.close()


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that is always rolled back: what is opened in it leaves no trace."""
    with transaction.atomic(durable=True):
        yield
        transaction.set_rollback(True)
