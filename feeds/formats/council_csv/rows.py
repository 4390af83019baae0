"""CSV as councils send it: its encoding and delimiter found out, its rows with where they stand.

A row that cannot be read is given as such and its neighbours are read: a quotation mark that is
opened and never closed costs its own line, not the rest of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from feeds.formats.fhir_r4.stream import LARGEST_DOCUMENT, Stream
from feeds.formats.other_forms import no_text, packed_form

#: One line may be so long (1 MiB), and one row have so many lines.
LONGEST_LINE = 1 << 20
MOST_LINES = 100
_DELIMITERS = (",", ";", "\t", "|")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BLANK_LINES_FIRST = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells, or ``fault``; where it stands; and its bytes as they were sent."""

    pointer: str
    cells: tuple[str, ...]
    raw: bytes
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A file: its first row with words, and the rows that follow."""

    header: Row
    rows: Iterator[Row]


@dataclass(frozen=True, slots=True)
class NoTable:
    """Why a file is none."""

    reason: str
    raw: bytes = b""


def read_table(stream: Stream) -> Table | NoTable:
    """Read a file's header, and its rows as they are asked for. Never raises for what it has."""
    head = stream.head()
    if not head.strip():
        return NoTable("the file is empty")
    if head[:4] == b"PK\x03\x04":
        return NoTable("a workbook, not CSV: in Excel, save it as CSV UTF-8")
    if (packed := packed_form(head)) is not None:
        return NoTable(packed)
    lines = _by_line_feed(stream)
    if head[:2] in _UTF_16 or (b"\n" not in head and b"\r" in head):
        whole = stream.rest(LARGEST_DOCUMENT)
        if whole is None:
            return NoTable("more than 64 MiB in UTF-16 or with bare returns: save it as CSV UTF-8")
        lines = _of_a_whole(whole)
    for _ in range(_BLANK_LINES_FIRST):
        first = next(lines, None)
        if first is None:
            break
        place, line = first
        text = _text(line)
        if text is None:
            words = no_text(head) or "the first line is no text: send CSV in UTF-8"
            return NoTable(words, line or b"")
        if not text.strip(' ,;\t|"\x1a') or text.lower().startswith("sep="):
            continue
        delimiter = max(_DELIMITERS, key=text.count)
        header = _row([place], [line or b""], text, delimiter)
        return Table(header, _rows(lines, delimiter))
    return NoTable("the file has no row of column names")


def _by_line_feed(stream: Stream) -> Iterator[tuple[str, bytes | None]]:
    for number, line in enumerate(stream.lines(LONGEST_LINE), start=1):
        yield f"line {number}", line


def _of_a_whole(content: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Lines of a file that cannot be split as bytes; they are named otherwise for that reason."""
    if content[:2] in _UTF_16:
        content = content.decode("utf-16", errors="replace").encode()
    for number, line in enumerate(content.splitlines(), start=1):
        yield f"row {number}", line


def _text(line: bytes | None) -> str | None:
    """A line as text: UTF-8, else what Excel writes in western Europe; ``None`` if neither."""
    if line is None or b"\x00" in line:
        return None
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return None


def _rows(lines: Iterator[tuple[str, bytes | None]], delimiter: str) -> Iterator[Row]:
    """The rows; a quoted cell may hold line ends."""
    waiting: list[tuple[str, bytes | None]] = []

    def following() -> tuple[str, bytes | None] | None:
        return waiting.pop(0) if waiting else next(lines, None)

    while (first := following()) is not None:
        place, line = first
        text = _text(line)
        if text is None or line is None:
            yield Row(place, (), line or b"", "not text, or a line of more than 1 MiB")
            continue
        places, taken = [place], [line]
        while _is_open(text, delimiter) and len(places) < MOST_LINES:
            more = following()
            more_text = _text(more[1]) if more is not None else None
            if more is None or more[1] is None or more_text is None:
                waiting[:0] = [more] if more is not None else []
                break
            places.append(more[0])
            taken.append(more[1])
            text = f"{text}\n{more_text}"
        if _is_open(text, delimiter):
            waiting[:0] = list(zip(places[1:], taken[1:], strict=True))
            yield Row(place, (), line, "a quotation mark is opened and not closed")
            continue
        yield _row(places, taken, text, delimiter)


def _row(places: list[str], lines: list[bytes], text: str, delimiter: str) -> Row:
    unit = places[0].partition(" ")[0]
    last = places[-1].partition(" ")[2]
    pointer = places[0] if len(places) == 1 else f"{unit}s {places[0].partition(' ')[2]}-{last}"
    raw = b"\n".join(lines)
    text = text.rstrip("\r")
    try:
        cells = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return Row(pointer, (), raw, "a cell of more than 128 KiB, or no CSV")
    return Row(pointer, tuple(cells), raw)


def _is_open(text: str, delimiter: str) -> bool:
    """Whether a quoted cell goes on after the end. A quotation mark opens only a cell's start."""
    if '"' not in text:
        return False
    at = 0
    while True:
        if text.startswith('"', at):
            at += 1
            while True:
                at = text.find('"', at)
                if at < 0:
                    return True
                if text.startswith('""', at):
                    at += 2
                    continue
                break
        at = text.find(delimiter, at)
        if at < 0:
            return False
        at += 1
