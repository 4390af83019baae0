"""An entry as the row that COPY writes: made once, where it was mapped, without a database.

A row's text has all that the source said, and nothing of whose it is here: that is put before it
when it is written. Two rows say the same if their fingerprints are the same; the source's time for
its version is not in it.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import msgspec

from organisations.categories import Category

#: The columns of a row's text, in order: words, then the rest, then what differs by version.
WORDS = (
    "identifier", "kind", "status", "display", "effective_precision", "code_system", "code",
    "detail", "source_status", "value_text", "unit", "range_text", "interpretation", "author",
    "author_role", "place", "phone", "contact_class", "team_code", "recipient_code",
    "recipient_team",
)  # fmt: skip
OTHERS = (
    "category", "effective", "ends", "recorded", "value", "range_low", "range_high", "negation",
    "sensitive", "notes",
)  # fmt: skip
COLUMNS = (*WORDS, *OTHERS, "version", "fingerprint", "resource")

_NULL = "\\N"
_DRAWN_AT_ONCE = 256
#: What COPY's text form has another meaning for.
_SIGNS = re.compile("[\\\\\t\n\r]")
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_ESCAPES = {b"\\\\": b"\\", b"\\t": b"\t", b"\\n": b"\n", b"\\r": b"\r"}
_ESCAPE = re.compile(rb"\\[\\tnr]")


class EntrySent(Protocol):
    """An entry as a format mapped it; ``feeds.mapped.MappedEntry`` is one."""

    @property
    def identifier(self) -> str: ...
    @property
    def category(self) -> Category: ...
    @property
    def kind(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def display(self) -> str: ...
    @property
    def resource(self) -> bytes: ...
    @property
    def version(self) -> datetime | None: ...
    @property
    def effective(self) -> datetime | None: ...
    @property
    def effective_precision(self) -> str | None: ...
    @property
    def ends(self) -> datetime | None: ...
    @property
    def recorded(self) -> datetime | None: ...
    @property
    def code_system(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def source_status(self) -> str: ...
    @property
    def value(self) -> Decimal | None: ...
    @property
    def value_text(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def range_low(self) -> Decimal | None: ...
    @property
    def range_high(self) -> Decimal | None: ...
    @property
    def range_text(self) -> str: ...
    @property
    def interpretation(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def author_role(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def contact_class(self) -> str | None: ...
    @property
    def team_code(self) -> str | None: ...
    @property
    def recipient_code(self) -> str: ...
    @property
    def recipient_team(self) -> str: ...
    @property
    def negation(self) -> bool: ...
    @property
    def sensitive(self) -> bool: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


class EntryRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One entry's row: ``text`` are the values of :data:`COLUMNS` in COPY's text form."""

    identifier: str
    version: datetime | None
    category: int
    kind: str
    status: str
    effective: datetime | None
    ends: datetime | None
    fingerprint: bytes
    text: bytes

    @property
    def resource(self) -> bytes:
        """The FHIR resource as it was mapped."""
        escaped = self.text.rpartition(b"\t")[2]
        return _ESCAPE.sub(lambda found: _ESCAPES[found[0]], escaped)


def row_of(entry: EntrySent) -> EntryRow:
    """Make the row of an entry. What PostgreSQL cannot keep is for PostgreSQL to refuse."""
    # One after the other, for each entry of each delivery: a loop over names takes three times
    # as long. tests/records/test_rows.py compares the order with COLUMNS.
    words = (
        entry.identifier,
        entry.kind,
        entry.status,
        entry.display,
        entry.effective_precision or "",
        entry.code_system,
        entry.code,
        entry.detail,
        entry.source_status,
        entry.value_text,
        entry.unit,
        entry.range_text,
        entry.interpretation,
        entry.author,
        entry.author_role,
        entry.place,
        entry.phone,
        entry.contact_class or "",
        entry.team_code or "",
        entry.recipient_code,
        entry.recipient_team,
    )
    text = "\t".join(words)
    if "\\" in text or "\n" in text or "\r" in text or text.count("\t") != len(words) - 1:
        text = "\t".join(map(_escaped, words))
    category = int(entry.category)
    said = (
        f"{text}\t{category}\t{_moment(entry.effective)}\t{_moment(entry.ends)}"
        f"\t{_moment(entry.recorded)}\t{_number(entry.value)}\t{_number(entry.range_low)}"
        f"\t{_number(entry.range_high)}\t{'t' if entry.negation else 'f'}"
        f"\t{'t' if entry.sensitive else 'f'}\t{_list(entry.notes) if entry.notes else '{}'}"
    ).encode("utf-8", "surrogatepass")
    resource = entry.resource
    digest = hashlib.sha256(said)
    digest.update(resource)
    fingerprint = digest.digest()
    version = entry.version
    return EntryRow(
        entry.identifier,
        version,
        category,
        entry.kind,
        str(entry.status),
        entry.effective,
        entry.ends,
        fingerprint,
        b"%b\t%b\t\\\\x%b\t%b"
        % (said, _moment(version).encode(), fingerprint.hex().encode(), _escaped_bytes(resource)),
    )


def uuids() -> Iterator[bytes]:
    """New ids in hexadecimal, of version 7 (RFC 9562), as many as are wanted.

    PostgreSQL's own default would do the same, and slow COPY down: with a default that it must ask
    for each row it writes rows one by one.
    """
    while True:
        head = b"%012x7" % (time.time_ns() // 1_000_000)
        drawn = os.urandom(_DRAWN_AT_ONCE * 10).hex().encode()
        for start in range(0, len(drawn), 20):
            variant = b"89ab"[int(drawn[start : start + 1], 16) & 3]
            yield b"%b%b%c%b" % (
                head,
                drawn[start + 1 : start + 4],
                variant,
                drawn[start + 4 : start + 19],
            )


def _escaped(text: str) -> str:
    return _SIGNS.sub(lambda found: _ESCAPED[found[0]], text)


def _escaped_bytes(text: bytes) -> bytes:
    if b"\\" in text:
        text = text.replace(b"\\", b"\\\\")
    if b"\n" in text:
        text = text.replace(b"\n", b"\\n")
    if b"\r" in text:
        text = text.replace(b"\r", b"\\r")
    if b"\t" in text:
        text = text.replace(b"\t", b"\\t")
    return text


def _moment(moment: datetime | None) -> str:
    return _NULL if moment is None else moment.isoformat()


def _number(number: Decimal | None) -> str:
    return _NULL if number is None else str(number)


def _list(texts: Collection[str]) -> str:
    return _escaped(array_of(texts))


def array_of(texts: Collection[str]) -> str:
    """An array of text in PostgreSQL's own notation, for thousands of texts at once."""
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') != 2 * (len(texts) - 1):
        quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
        joined = '","'.join(quoted)
    return f'{{"{joined}"}}' if texts else "{}"
