"""Many rows in one statement: Django makes each field of each row an expression, and this does not.

A delivery brings thousands of people, and ``bulk_create`` took longer for them than PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Field, Model
from django.db.models.expressions import DatabaseDefault


def insert_together(rows: Sequence[Model]) -> None:
    """Insert rows of one model, in their order, as its ``bulk_create`` would.

    Each gets its id, and what PostgreSQL filled in. What a model does when it is saved does not
    happen, and nobody is told of it by a signal.

    :raises django.db.DatabaseError: if PostgreSQL refuses one; none is there then.
    """
    if not rows:
        return
    options = rows[0]._meta  # noqa: SLF001 - documented by Django
    sent = [field for field in options.concrete_fields if not _is_left_out(field, rows)]
    names = ", ".join(f'"{field.column}"' for field in sent)
    types = ", ".join(f'"{field.column}" {field.db_type(connection)}' for field in sent)
    returned = options.db_returning_fields or [options.pk]
    made = ", ".join(f'"{field.column}"' for field in returned)
    content = msgspec.json.encode(
        [{field.column: _value(getattr(row, field.attname)) for field in sent} for row in rows]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f'insert into "{options.db_table}" ({names})'  # noqa: S608 - names of a model
            f" select {names} from json_to_recordset(%s::json) as sent ({types})"
            f" returning {made}",
            [content.decode()],
        )
        found = cursor.fetchall()
    for row, values in zip(rows, found, strict=True):
        for field, value in zip(returned, values, strict=True):
            setattr(row, field.attname, value)
        row._state.adding = False  # noqa: SLF001 - documented by Django
        row._state.db = connection.alias  # noqa: SLF001 - likewise


def _is_left_out(field: Field[Any, Any], rows: Sequence[Model]) -> bool:
    """Whether PostgreSQL fills a column in."""
    if getattr(field, "generated", False):
        return True
    left_out = [
        (value is None and field.primary_key) or isinstance(value, DatabaseDefault)
        for row in rows
        for value in [getattr(row, field.attname)]
    ]
    if any(left_out) and not all(left_out):
        raise ValueError(f"Give {field.name} for every row, or for none.")
    return left_out[0]


def _value(value: Any) -> Any:
    """As JSON has it, in the words that PostgreSQL reads."""
    return f"\\x{bytes(value).hex()}" if isinstance(value, bytes | memoryview) else value
