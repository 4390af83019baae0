"""An event's bytes: every column, and no two events alike."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from audit.encoding import COLUMNS, FORM, fields, leaf
from audit.models import Event

VALUES = st.lists(st.none() | st.binary(max_size=6), min_size=len(COLUMNS), max_size=len(COLUMNS))


def test_every_column_of_an_event_is_sealed() -> None:
    """A new column needs a new form: old events were sealed without it."""
    assert FORM == "connectcare-event/1"
    assert tuple(field.column for field in Event._meta.concrete_fields) == COLUMNS


def test_the_form_is_what_the_document_says() -> None:
    values = [b"7", None, b"", "é".encode(), *[b"x"] * (len(COLUMNS) - 4)]
    written = b"19:connectcare-event/1,1:7,-0:,2:\xc3\xa9," + b"1:x," * (len(COLUMNS) - 4)
    assert leaf(values) == hashlib.sha256(b"\x00" + written).digest()


@given(VALUES, VALUES)
def test_no_two_events_have_the_same_bytes(
    one: list[bytes | None], other: list[bytes | None]
) -> None:
    assert (leaf(one) == leaf(other)) is (one == other)


def test_null_is_not_empty_and_nothing_moves_between_columns() -> None:
    rest = [b"x"] * (len(COLUMNS) - 2)
    told_apart = [[None, b""], [b"", None], [b"", b""], [b"a", b"b"], [b"ab", b""], [b"1:a,", b""]]
    assert len({leaf([*start, *rest]) for start in told_apart}) == len(told_apart)


def test_a_row_is_read_as_copy_writes_it() -> None:
    row = b"1\t\\N\t\tan\\ttab\\\\ and\\nline\t\\\\N\n"
    assert fields(row) == [b"1", None, b"", b"an\ttab\\ and\nline", b"\\N"]
