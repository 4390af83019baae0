"""FHIR's date, dateTime and instant: partial ones keep a precision, impossible ones are refused.

Source: https://hl7.org/fhir/R4/datatypes.html#dateTime.
"""

import re
from calendar import month_name
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from feeds.mapped import Precision

LONDON = ZoneInfo("Europe/London")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_DATE_TIME = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?"
)


class When(msgspec.Struct, frozen=True, gc=False):
    """A moment as a source gave it.

    ``instant`` is aware, in UTC. A date alone is midnight in London; a month or a year is
    midnight on its first day, and ``precision`` says so. ``zone_assumed`` marks a time that came
    without its zone and was read as London time.
    """

    instant: datetime
    precision: Precision
    zone_assumed: bool = False


_TIME = Precision.TIME


@lru_cache(maxsize=8192)
def read_when(text: str) -> When | None:
    """Read a FHIR date, dateTime or instant; None where no such moment exists.

    A time without a zone breaks FHIR's rule but is common in real feeds, so it is taken as
    London time and marked.
    """
    try:
        if _INSTANT.fullmatch(text):  # the usual one, and the quickest
            moment = datetime.fromisoformat(text)
            return When(moment if moment.tzinfo is UTC else moment.astimezone(UTC), _TIME)
        match = _DATE_TIME.fullmatch(text)
        if match is None:
            return None
        year, month, day, time, zone = match.groups()
        if time is not None:
            local = datetime.fromisoformat(text).replace(tzinfo=LONDON)
            return When(local.astimezone(UTC), _TIME, zone_assumed=True)
        if zone is not None:
            return None
        local = datetime(int(year), int(month or 1), int(day or 1), tzinfo=LONDON)
        instant = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if day is not None:
        return When(instant, Precision.DAY)
    return When(instant, Precision.MONTH if month is not None else Precision.YEAR)


def read_day(text: str) -> date | None:
    """Read the calendar day of a whole date or of a dateTime, in London.

    None where the text gives no day (a year or a month alone) or no such day exists.
    """
    when = read_when(text)
    if when is None or when.precision in (Precision.YEAR, Precision.MONTH):
        return None
    return when.instant.astimezone(LONDON).date()


def day_words(text: str) -> str:
    """The day of a date or dateTime as people write it, ``4 March 2026``; empty without one."""
    day = read_day(text)
    return f"{day.day} {month_name[day.month]} {day.year}" if day is not None else ""


def part_of_date(text: str) -> str:
    """``YYYY`` or ``YYYY-MM``, where that is all that the text gives; empty otherwise."""
    when = read_when(text)
    partial = when is not None and when.precision in (Precision.YEAR, Precision.MONTH)
    return text if partial else ""
