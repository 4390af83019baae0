"""An event as the bytes that are sealed: every column, in canonical text, each with its length.

The form is ``connectcare-event/1`` (docs/audit-log.md): a netstring of that name, then for each
column of :data:`COLUMNS` in turn a netstring of its text in UTF-8 (``5:hello,``), or ``-`` where it
is null. So a null is not an empty text, and no two events have the same bytes.

The text is PostgreSQL's own output of a column, under settings that a session here fixes and that
no owner of the database can choose for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg

Connection = psycopg.Connection[Any]

FORM = "connectcare-event/1"
COLUMNS = (
    "id",
    "public_id",
    "at",
    "transaction",
    "action",
    "outcome",
    "reason",
    "staff_id",
    "staff_name",
    "membership_id",
    "role_code",
    "organisation_id",
    "organisation_name",
    "resident_id",
    "residents",
    "look",
    "request",
    "detail",
)
"""Every column of an event, in the order of its table. Another one needs another form."""
ID, PUBLIC_ID, AT, TRANSACTION = range(4)
ORGANISATION_ID = COLUMNS.index("organisation_id")

Values = Sequence[bytes | None]
"""The columns of one event as bytes of UTF-8, None for null."""

_START = b"\x00%d:%s," % (len(FORM), FORM.encode())  # with RFC 6962's mark of a leaf before it
_NULL = b"\\N"
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "search_path": "pg_catalog, pg_temp",
    "client_encoding": "UTF8",
    "row_security": "off",  # a policy that hid events would be an error, not a silence
}


def settle(connection: Connection) -> None:
    """Fix what the text of a column depends on, until the end of the open transaction."""
    for name, value in _SETTINGS.items():
        connection.execute("select pg_catalog.set_config(%s, %s, true)", [name, value])


def leaf(values: Values) -> bytes:
    """The leaf hash of an event."""
    return hashlib.sha256(
        _START + b"".join(b"-" if v is None else b"%d:%s," % (len(v), v) for v in values)
    ).digest()


def events(connection: Connection, condition: str, order: str) -> Iterator[list[bytes | None]]:
    """The events that meet an SQL condition, in an SQL order, streamed.

    Both are written here in the house, from whole numbers: nothing else may be in them.
    """
    columns = ", ".join(COLUMNS)
    statement = (
        f"copy (select {columns} from public.audit_event where {condition}"  # noqa: S608 - see above
        f" order by {order}) to stdout"
    )
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in copy:
            yield fields(bytes(row))


def fields(row: bytes) -> list[bytes | None]:
    """The columns of one row as ``COPY`` writes it in its text form."""
    found = row.rstrip(b"\n").split(b"\t")
    if b"\\" not in row:
        return list(found)
    return [
        None if field == _NULL else _unescaped(field) if b"\\" in field else field
        for field in found
    ]


def _unescaped(field: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), field)


def public_id(values: Values) -> bytes:
    """The 16 bytes of an event's public id.

    :raises ValueError: if it has none, which the table does not allow.
    """
    text = values[PUBLIC_ID]
    if text is None:
        raise ValueError("An event has no public id.")
    return bytes.fromhex(text.replace(b"-", b"").decode())


def shown(identifier: bytes) -> str:
    """A public id as people write it."""
    return str(UUID(bytes=identifier))
