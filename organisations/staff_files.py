"""A file of joiners: CSV with a header, one person and role a line.

Columns: ``user_name`` and ``role`` (its code or name); and, where wanted, ``name``, ``email``,
``team`` (its code or name), ``first_day`` and ``last_day`` (YYYY-MM-DD or DD/MM/YYYY). Pure: it
knows roles and teams as they are given to it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from organisations.staffing import Joiner
from ui.formatting import LONDON

#: A file of more lines is cut up by whoever sends it: everybody of it is shown before it counts.
MOST_LINES = 500
NEEDED = ("user_name", "role")
KNOWN = (*NEEDED, "name", "email", "team", "first_day", "last_day")


class NotAStaffFile(ValueError):
    """The file cannot be read as one. The message says why, without what it holds."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file (the header is 1): somebody, or what is wrong with it."""

    number: int
    joiner: Joiner | None
    wrong: str = ""
    #: User name and name, as a line that is wrong gives them.
    whose: tuple[str, str] = ("", "")


def read(text: str, *, roles: Mapping[str, str], teams: Mapping[str, int]) -> list[Line]:
    """The lines of a file.

    :param roles: role codes by code and by name, in lower case.
    :param teams: ids of teams by code and by name, in lower case.
    :raises NotAStaffFile: if a column is wanting, or there are too many lines.
    """
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    if not rows:
        raise NotAStaffFile("The file has no lines")
    header = [cell.strip().casefold().replace(" ", "_") for cell in rows[0][1]]
    for needed in NEEDED:
        if needed not in header:
            raise NotAStaffFile(f"The file has no column {needed}")
    if len(rows) - 1 > MOST_LINES:
        raise NotAStaffFile(f"The file has more than {MOST_LINES} people: send it in parts")
    if len(rows) == 1:
        raise NotAStaffFile("The file names nobody")
    return [_line(number, header, row, roles, teams) for number, row in rows[1:]]


def _line(
    number: int,
    header: list[str],
    row: list[str],
    roles: Mapping[str, str],
    teams: Mapping[str, int],
) -> Line:
    given = {name: cell.strip() for name, cell in zip(header, row, strict=False) if name in KNOWN}
    whose = given.get("user_name", "")[:150], given.get("name", "")[:200]
    role, team = given.get("role", "").casefold(), given.get("team", "").casefold()
    if role not in roles:
        return Line(number, None, "No such role", whose)
    if team and team not in teams:
        return Line(number, None, "No such team of this organisation", whose)
    try:
        first, last = _day(given.get("first_day", "")), _day(given.get("last_day", ""))
    except ValueError:
        return Line(number, None, "A date is not YYYY-MM-DD or DD/MM/YYYY", whose)
    return Line(
        number,
        Joiner(
            username=whose[0],
            role=roles[role],
            name=whose[1],
            email=given.get("email", "")[:254],
            team=teams[team] if team else None,
            valid_from=begins(first),
            valid_until=ends_after(last),
        ),
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    if "/" in text:
        day, month, year = text.split("/")
        return date(int(year), int(month), int(day))
    return date.fromisoformat(text)


def begins(day: date | None) -> datetime | None:
    """The first moment of a day in London; ``None`` for none, which is now."""
    return datetime.combine(day, time(), tzinfo=LONDON) if day else None


def ends_after(day: date | None) -> datetime | None:
    """The first moment after a last day in London."""
    return begins(day + timedelta(days=1)) if day else None
