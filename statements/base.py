"""Django's engine for PostgreSQL with two things made cheaper: see :class:`DatabaseWrapper`."""

from __future__ import annotations

import select
from typing import Any, Self

import psycopg
from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper
from psycopg.abc import Params


class _Prepared(psycopg.Cursor[Any]):
    """A cursor that has each statement prepared, and its rows in binary form."""

    def execute(self, query: Any, params: Params | None = None, **_: Any) -> Self:
        """Run a statement, by its plan if this connection has one already."""
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, prepare=True, binary=True)
        finally:
            self.connection.prepare_threshold = None


class _AsItIs(psycopg.Cursor[Any]):
    """A cursor of statements that nobody can keep prepared; its rows in binary form."""

    def execute(self, query: Any, params: Params | None = None, **_: Any) -> Self:
        """Run a statement."""
        return super().execute(query, params, binary=True)


class DatabaseOperations(operations.DatabaseOperations):
    """Django's, but that it can say what a prepared statement was."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """The statement with its parameters: asked by tests, and where statements are logged."""
        if isinstance(cursor, _Prepared | _AsItIs):
            return self.compose_sql(sql, params)
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    """Gives cursors of prepared statements, and asks an idle connection nothing that it can see."""

    ops_class = DatabaseOperations
    _prepares = False

    def get_new_connection(self, conn_params: Any) -> Any:
        """Connect. Only :meth:`prepared_cursor` has statements prepared, where it may.

        While psycopg may prepare, it keeps the text of the last hundred statements of whatever
        cursor, so as to count them: of a delivery that is given in these are 200 MiB.
        """
        made = super().get_new_connection(conn_params)
        self._prepares = made.prepare_threshold is not None
        made.prepare_threshold = None
        return made

    def prepared_cursor(self) -> CursorWrapper:
        """A cursor as :func:`statements.prepared` describes it."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        # As Django prepares its own: with its errors, and with what tests and logs see of it.
        kind = _Prepared if self._prepares else _AsItIs
        return self._prepare_cursor(kind(self.connection))  # type: ignore[attr-defined,no-any-return]  # not in the stubs

    def is_usable(self) -> bool:
        """Whether a connection that was idle can still be used.

        Django asks the server at each request. A server that ended the connection has said so,
        and what it said waits to be read: only where something waits is the server asked.
        """
        if self.connection is None or self.connection.closed:
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return super().is_usable() if waiting.poll(0) else True
