"""England's working days: Monday to Friday, without bank holidays.

Days are those of the calendar in London. Bank holidays are those of the library ``holidays`` for
England; one that is announced at short notice counts once the library is brought up to date.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

from django.utils import timezone
from holidays import HolidayBase, country_holidays

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


def is_working_day(day: date) -> bool:
    """Whether a day is a working day."""
    return day.weekday() < _SATURDAY and day not in _bank_holidays()


def working_day_after(day: date, count: int = 1) -> date:
    """The ``count``-th working day after a day, which itself is not counted.

    >>> working_day_after(date(2026, 12, 24))  # Christmas, Boxing Day in lieu, a weekend
    datetime.date(2026, 12, 29)

    :raises ValueError: if ``count`` is less than one.
    """
    if count < 1:
        raise ValueError("Count at least one working day.")
    while count:
        day += _ONE_DAY
        count -= is_working_day(day)
    return day


def more_working_days_than(count: int, *, since: datetime, at: datetime) -> bool:
    """Whether more than so many working days have gone by since a moment.

    The day of ``since`` is not counted, and the last of the days is whole: what came on a Monday
    has waited for more than five from the Tuesday of the next week, if neither has a holiday.

    :raises ValueError: if ``count`` is less than one.
    """
    return timezone.localdate(at) > working_day_after(timezone.localdate(since), count)


@cache
def _bank_holidays() -> HolidayBase:
    """The holidays; each year's are worked out when first asked about, and kept."""
    return country_holidays("GB", subdiv="ENG")
