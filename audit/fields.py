"""Column types and defaults that PostgreSQL has and Django does not name."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Func


class Xid8Field(models.Field):  # type: ignore[type-arg]  # stubs: generic over set/get types
    """A transaction's id (``xid8``), as ``pg_current_xact_id()`` gives it. Read and shown only."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 - Django's signature
        """The column's type."""
        return "xid8"

    def from_db_value(self, value: Any, *_: Any) -> int | None:
        """psycopg hands xid8 over as text."""
        return None if value is None else int(value)


class CurrentTransaction(Func):
    """The id of the transaction that writes."""

    function = "pg_current_xact_id"
    output_field = Xid8Field()


class UuidV7(Func):
    """A time-ordered unique id, made by the database: fit for being shown, telling nothing."""

    function = "uuidv7"
    output_field = models.UUIDField()


class ClockTimestamp(Func):
    """The time of the clock, not of the transaction's start."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()
