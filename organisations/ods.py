"""GP practices in the published ODS layout (``epraccur``: 27 columns, no header), and a
membership file that says to which group each belongs, for the published file does not.

Unknown codes in columns that we do not use are tolerated; a row that cannot be used is reported
by its line, with the reason, and its neighbours are read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from django.core.exceptions import ValidationError

from organisations.periods import State
from organisations.places import ODS_CODE

#: The columns of the published file.
COLUMNS = 27
_CODE, _NAME, _POSTCODE, _OPENED, _CLOSED, _STATUS, _PHONE = 0, 1, 9, 10, 11, 12, 17

#: Status code of the published file → state here. Dormant practices see nobody for now.
STATES = {"A": State.ACTIVE, "C": State.ENDED, "D": State.SUSPENDED, "P": State.DRAFT}

_KEPT_IN_CAPITALS = frozenset({"GP", "NHS", "PMS", "APMS", "PCN", "II", "III"})
_SMALL_WORDS = frozenset({"and", "of", "the", "at", "in", "on", "for"})


@dataclass(frozen=True, slots=True)
class Practice:
    """One practice of the file. ``closed`` is its last day."""

    code: str
    name: str
    postcode: str
    phone: str
    opened: date
    closed: date | None
    state: State


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: its line in the file (the first is 1), and why."""

    line: int
    reason: str


@dataclass(slots=True)
class PracticeFile:
    """What a practices file holds."""

    practices: list[Practice] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)


def read_practices(path: Path) -> PracticeFile:
    """Read a practices file in the published layout, UTF-8 or Windows-1252."""
    return practices_in(path.read_bytes())


def practices_in(content: bytes) -> PracticeFile:
    """The practices of such a file's content."""
    found = PracticeFile()
    seen: set[str] = set()
    for line, row in _rows(content):
        try:
            practice = _practice(row)
        except ValueError as error:
            found.bad_rows.append(BadRow(line, str(error)))
            continue
        if practice.code in seen:
            found.bad_rows.append(BadRow(line, "the code is there already"))
            continue
        seen.add(practice.code)
        found.practices.append(practice)
    return found


def read_membership(path: Path) -> tuple[dict[str, str], list[BadRow]]:
    """Read a membership file: ODS code → borough or name of the group.

    With a header the columns ``ods_code`` and ``group`` (or ``borough``) are taken; without one
    the first two.
    """
    groups: dict[str, str] = {}
    bad: list[BadRow] = []
    code_at, group_at = 0, 1
    for number, (line, row) in enumerate(_rows(path.read_bytes())):
        header = [cell.strip().casefold() for cell in row]
        if number == 0 and "ods_code" in header:
            code_at = header.index("ods_code")
            named = [name for name in ("group", "borough") if name in header]
            if not named:
                bad.append(BadRow(line, "the header has neither group nor borough"))
                break
            group_at = header.index(named[0])
            continue
        try:
            code, group = _code(row[code_at]), row[group_at].strip()
        except IndexError:
            bad.append(BadRow(line, "too few columns"))
            continue
        except ValueError as error:
            bad.append(BadRow(line, str(error)))
            continue
        if group:
            groups[code] = group
        else:
            bad.append(BadRow(line, "no group"))
    return groups, bad


def is_ods_code(text: str) -> bool:
    """Whether a text is shaped as an ODS code: the registry's own rule."""
    try:
        ODS_CODE(text)
    except ValidationError:
        return False
    return True


def in_words(name: str) -> str:
    """``THE ALBION SURGERY`` → ``The Albion Surgery``; a name in mixed case stays as it is."""
    if name != name.upper():
        return name
    first = True

    def cased(match: re.Match[str]) -> str:
        nonlocal first
        word, was_first, first = match.group(), first, False
        if word in _KEPT_IN_CAPITALS:
            return word
        if word.lower() in _SMALL_WORDS and not was_first:
            return word.lower()
        return word.capitalize()

    return re.sub(r"[^\W\d_](?:[^\W\d_]|['\u2019])*", cased, name)


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    reader = csv.reader(io.StringIO(text, newline=""))
    for row in reader:
        if any(cell.strip() for cell in row):
            yield reader.line_num, row


def _practice(row: list[str]) -> Practice:
    if len(row) != COLUMNS:
        raise ValueError(f"{len(row)} columns instead of {COLUMNS}")
    code, name, status = _code(row[_CODE]), row[_NAME].strip(), row[_STATUS].strip().upper()
    if not name:
        raise ValueError("no name")
    if status not in STATES:
        raise ValueError("the status is none of A, C, D, P")
    opened, closed = _day(row[_OPENED], "open"), _day(row[_CLOSED], "close")
    if opened is None:
        raise ValueError("no open date")
    if closed is not None and closed < opened:
        raise ValueError("closed before it opened")
    return Practice(
        code=code,
        name=in_words(name)[:200],
        postcode=row[_POSTCODE].strip()[:8],
        phone=row[_PHONE].strip()[:30],
        opened=opened,
        closed=closed,
        state=STATES[status],
    )


def _code(text: str) -> str:
    code = text.strip().upper()
    if not is_ods_code(code):
        raise ValueError("the code is not 1 to 10 letters and digits")
    return code


def _day(text: str, which: str) -> date | None:
    if not text.strip():
        return None
    try:
        return datetime.strptime(text.strip(), "%Y%m%d").date()  # noqa: DTZ007 - a day, no time
    except ValueError as error:
        raise ValueError(f"the {which} date is not YYYYMMDD") from error
