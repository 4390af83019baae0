"""Stretches of years that a timeline looks at, and the periods that each is drawn in.

Four sizes: all years by the year, five years by the quarter, a year by the month, a month by the
day. Days are London's. An address names a stretch by its size and where it begins; what cannot be
read, or lies where nothing is, becomes the nearest that there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from ui.formatting import LONDON, clinical_date

#: Nobody lives longer, and nothing is planned further ahead: other dates are mistakes, and would
#: leave no room for the rest. They are counted and listed, and not drawn.
MOST_YEARS_AGO = 125
MOST_YEARS_AHEAD = 5

_AT = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?", re.ASCII)
_MONTHS_OF = {"year": 12, "quarter": 3, "month": 1}
_DECEMBER = 12


class Unit(StrEnum):
    """A period of the calendar. PostgreSQL's ``date_trunc`` knows each by this word."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    DAY = "day"

    def begin(self, day: date) -> date:
        """The first day of the period that a day lies in."""
        if self is Unit.DAY:
            return day
        months = _MONTHS_OF[self]
        return day.replace(month=(day.month - 1) // months * months + 1, day=1)

    def after(self, start: date) -> date:
        """The first day of the next period."""
        if self is Unit.DAY:
            return start + timedelta(days=1)
        month = start.month + _MONTHS_OF[self]
        year = start.year + (month > _DECEMBER)
        return date(year, month - _DECEMBER if month > _DECEMBER else month, 1)

    def words(self, start: date) -> str:
        """``2023``, ``Jan to Mar-2023``, ``Mar-2023`` or ``03-Mar-2023``."""
        if self is Unit.QUARTER:
            last = self.after(start) - timedelta(days=1)
            return f"{clinical_date(start, 'month')[:3]} to {clinical_date(last, 'month')}"
        return clinical_date(start, self)

    @property
    def label(self) -> str:
        """What it is called: ``year``, ``quarter``, ``month``, ``day``."""
        return self.value


class Span(StrEnum):
    """How much time is looked at."""

    ALL = "all"
    FIVE_YEARS = "5-years"
    YEAR = "year"
    MONTH = "month"


UNIT_OF: dict[Span, Unit] = {
    Span.ALL: Unit.YEAR,
    Span.FIVE_YEARS: Unit.QUARTER,
    Span.YEAR: Unit.MONTH,
    Span.MONTH: Unit.DAY,
}
SPAN_TITLES: dict[Span, str] = {
    Span.ALL: "All years",
    Span.FIVE_YEARS: "5 years",
    Span.YEAR: "1 year",
    Span.MONTH: "1 month",
}
#: What one looks at next, closer, from a period of each unit.
CLOSER: dict[Unit, Span] = {
    Unit.YEAR: Span.YEAR,
    Unit.QUARTER: Span.YEAR,
    Unit.MONTH: Span.MONTH,
}
#: The period that a whole stretch of these is.
WHOLE: dict[Span, Unit] = {Span.YEAR: Unit.YEAR, Span.MONTH: Unit.MONTH}
FIVE = 5


@dataclass(frozen=True, slots=True)
class Window:
    """From a day to before another, in periods of one unit. It has at least one."""

    span: Span
    start: date
    end: date

    @property
    def unit(self) -> Unit:
        """What it is drawn in."""
        return UNIT_OF[self.span]

    @property
    def periods(self) -> tuple[date, ...]:
        """The first day of each period, in order."""
        found = [self.unit.begin(self.start)]
        while (after := self.unit.after(found[-1])) < self.end:
            found.append(after)
        return tuple(found)

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """The same in moments: its first, and the first after it."""
        return _midnight(self.start), _midnight(self.end)

    @property
    def words(self) -> str:
        """``2019 to 2023``, ``2023``, ``Mar-2023``."""
        if self.span is Span.MONTH:
            return Unit.MONTH.words(self.start)
        first, last = self.start.year, self.end.year - 1
        return f"{first:04}" if first == last else f"{first:04} to {last:04}"

    @property
    def at(self) -> str:
        """How an address says where it begins."""
        month = f"-{self.start.month:02}" if self.span is Span.MONTH else ""
        return f"{self.start.year:04}{month}"


@dataclass(frozen=True, slots=True)
class Reach:
    """The years that can be looked at, and the day around which one begins to look."""

    first: date
    last: date
    newest: date

    @classmethod
    def of(cls, first: date | None, last: date | None, today: date) -> Reach:
        """Of the first and the last dated entry there is; of today where there is none."""
        earliest = date(today.year - MOST_YEARS_AGO, 1, 1)
        latest = date(today.year + MOST_YEARS_AHEAD, 12, 31)
        first = min(max(first or today, earliest), latest)
        last = min(max(last or today, earliest), latest)
        return cls(first, last, max(first, min(last, today)))

    def window(self, span: Span, at: str = "") -> Window:
        """The stretch of a size that begins where an address says; else the newest one."""
        if span is Span.ALL:
            return Window(span, date(self.first.year, 1, 1), date(self.last.year + 1, 1, 1))
        if span is Span.FIVE_YEARS:
            # Five years may begin before the first entry, and still hold it.
            asked = self._asked(at, before=FIVE - 1)
            year = asked.year if asked else self.newest.year - FIVE + 1
            return Window(span, date(year, 1, 1), date(year + FIVE, 1, 1))
        asked = self._asked(at)
        unit = WHOLE[span]
        start = unit.begin(asked or self.newest)
        return Window(span, start, unit.after(start))

    def around(self, window: Window, span: Span) -> Window:
        """The stretch of another size about where one looks now."""
        newest = max(window.start, min(self.newest, window.end - timedelta(days=1)))
        return Reach(self.first, self.last, newest).window(span)

    def earlier(self, window: Window) -> Window | None:
        """The stretch before, if anything is older."""
        if window.start <= self.first:
            return None
        return self._moved(window, -1)

    def later(self, window: Window) -> Window | None:
        """The stretch after, if anything is newer."""
        if window.end > self.last:
            return None
        return self._moved(window, 1)

    def _moved(self, window: Window, way: int) -> Window:
        if window.span is Span.MONTH:
            before = Unit.MONTH.begin(window.start - timedelta(days=1))
            start = before if way < 0 else window.end
            return Window(window.span, start, Unit.MONTH.after(start))
        years = (window.end.year - window.start.year) * way
        return Window(
            window.span,
            window.start.replace(year=window.start.year + years),
            window.end.replace(year=window.end.year + years),
        )

    def _asked(self, at: str, before: int = 0) -> date | None:
        """The day that an address begins at, brought to where there is something.

        :param before: years before the first that may be asked for.
        """
        found = _AT.fullmatch(at)
        if found is None:
            return None
        month = int(found[2] or 1)
        year = min(max(int(found[1]), self.first.year - before), self.last.year)
        return date(year, month, 1) if 1 <= month <= _DECEMBER else date(year, 1, 1)


def span_called(name: str) -> Span:
    """The size of this name in an address; all years for a name that is none."""
    return Span(name) if name in set(Span) else Span.ALL


def day_of(moment: datetime) -> date:
    """The day in London."""
    return moment.astimezone(LONDON).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LONDON)
