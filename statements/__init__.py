"""How statements reach PostgreSQL: Django's engine, quicker where every page of a record asks.

``ENGINE`` is this package (:mod:`statements.base`). docs/adr/0038 says what it saves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper


def prepared() -> CursorWrapper:
    """A cursor of the default connection whose statements PostgreSQL plans once a connection.

    For statements written in SQL that pages ask again and again: their text is the same each time
    and all that differs is a parameter, bound by PostgreSQL and not written into the text. So each
    ``%s`` needs a cast where its type does not follow from what it is compared with. Rows come in
    PostgreSQL's binary form. A plan is no answer: what a statement asks, row security included, it
    asks of the database at each execution.

    Behind a pool that cannot keep prepared statements (``PREPARED_STATEMENTS``) each is sent as it
    is.
    """
    wrapper: Any = connection
    return wrapper.prepared_cursor()  # type: ignore[no-any-return]  # statements.base has it


def array_of(values: Iterable[int | str]) -> str:
    """An array in PostgreSQL's own words, to be cast where it stands (``%s::bigint[]``).

    Sooner made than one of psycopg's, which asks each element for its type.
    """
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: int | str) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(int(value))
