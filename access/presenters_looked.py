"""What the pages and files of "Who looked" say."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from itertools import groupby
from uuid import UUID

from access.look_words import because, done_otherwise, listed, opened
from access.looked import Looks, LookSeen
from identity.presenters import person
from identity.selectors import ResidentSeen
from ui.formatting import LONDON, clinical_time, prose_date
from ui.spreadsheets import cell

#: Above so many times of one person at one record the table marks the line.
OFTEN = 5
COLUMNS = ("From", "To", "Who", "Organisation", "Resident", "What", "Why", "Pages", "Time")


@dataclass(frozen=True, slots=True)
class LookLine:
    """One look in a table or a timeline. ``again`` says which time this is, of more than one."""

    id: UUID
    when: str
    time: str
    who: str
    staff: int | None
    organisation: str
    resident: str
    what: tuple[str, ...]
    why: str
    pages: int
    again: str
    often: bool


def line(look: LookSeen, people: Mapping[int, ResidentSeen]) -> LookLine:
    """A look in words. A resident whom the gate does not show is not named."""
    seen = people.get(look.resident) if look.resident else None
    why = because(look)
    return LookLine(
        id=look.line,
        when=_when(look),
        time=f"{look.first.astimezone(LONDON):%H:%M}",
        who=", ".join(part for part in (look.staff_name, look.role) if part) or "A staff member",
        staff=look.staff,
        organisation=look.organisation,
        resident=person(seen).name if seen else _several(look),
        what=_what(look),
        why=why[:1].upper() + why[1:],
        pages=look.pages,
        again=f"{_nth(look.nth)} of {look.times} times" if look.pages and look.times > 1 else "",
        often=look.pages > 0 and look.times >= OFTEN,
    )


def _several(look: LookSeen) -> str:
    if look.resident is not None or not look.listed:
        return ""
    return "1 person in a list" if look.listed == 1 else f"{look.listed} people in a list"


def _when(look: LookSeen) -> str:
    first, last = clinical_time(look.first), clinical_time(look.last)
    if first == last:
        return first
    same_day = first.split()[0] == last.split()[0]
    return f"{first} to {last.split()[1] if same_day else last}"


def _what(look: LookSeen) -> tuple[str, ...]:
    seen = opened(look)
    return (
        *((f"Opened the {listed(seen)}",) if seen else ()),
        *map(_sentence, done_otherwise(look)),
    )


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:]


def _nth(number: int) -> str:
    ending = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def by_day(looks: Looks, people: Mapping[int, ResidentSeen]) -> list[tuple[str, list[LookLine]]]:
    """The lines under their days, the latest day first, and within a day by the clock."""
    days = groupby(looks.lines, key=lambda look: look.last.astimezone(LONDON).date())
    return [
        (prose_date(day), [line(each, people) for each in sorted(found, key=_began)])
        for day, found in days
    ]


def _began(look: LookSeen) -> datetime:
    return look.first


def as_csv(looks: Looks, people: Mapping[int, ResidentSeen], *, cut: int) -> str:
    """The lines as a file for a spreadsheet program: no cell of it is a formula.

    Times are UTC. ``cut`` is how many lines a file holds; where there are more, its last says so.
    """
    out = StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for row in _rows(looks, people):
        rows.writerow([cell(each) for each in row])
    if looks.total > cut:
        rows.writerow([f"Only the latest {cut} of {looks.total} lines. Choose a shorter time."])
    return out.getvalue()


def _rows(looks: Looks, people: Mapping[int, ResidentSeen]) -> Iterator[tuple[str, ...]]:
    """The cells of each line; of one resident's looks each line names that resident."""
    whose = people.get(looks.resident) if looks.resident is not None else None
    for look in looks.lines:
        told = line(look, people)
        yield (
            look.first.isoformat(timespec="seconds"),
            look.last.isoformat(timespec="seconds"),
            told.who,
            told.organisation,
            person(whose).name if whose else told.resident,
            ". ".join(told.what),
            told.why,
            str(told.pages),
            told.again,
        )
