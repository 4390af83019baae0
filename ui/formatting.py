"""One way to show a date, a time, an age, a name and an NHS number: for every page.

Rules: the NHS's common user interface guidance (dates ``dd-Mmm-yyyy``, 24-hour times, the patient
banner), and the NHS.UK style of dates in prose.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
NOT_RECORDED = "Not recorded"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def clinical_date(value: date | datetime | None, precision: str = "day") -> str:
    """``03-Mar-2026``; ``Mar-2026`` or ``2026`` where the source knew no more."""
    if value is None:
        return NOT_RECORDED
    day = value.astimezone(LONDON) if isinstance(value, datetime) else value
    if precision == "year":
        return f"{day.year:04}"
    if precision == "month":
        return f"{_MONTHS[day.month - 1]}-{day.year:04}"
    return f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year:04}"


def clinical_time(value: datetime | None, precision: str = "time") -> str:
    """``03-Mar-2026 14:02``; the date alone where the source gave no time."""
    if value is None or precision not in {"time", ""}:
        return clinical_date(value, precision)
    local = value.astimezone(LONDON)
    day = f"{local.day:02}-{_MONTHS[local.month - 1]}-{local.year:04}"
    return f"{day} {local.hour:02}:{local.minute:02}"


def prose_date(value: date | datetime | None) -> str:
    """``3 March 2026``, for sentences."""
    if value is None:
        return NOT_RECORDED
    day = value.astimezone(LONDON).date() if isinstance(value, datetime) else value
    return f"{day.day} {_LONG_MONTHS[day.month - 1]} {day.year}"


def prose_time(value: datetime | None) -> str:
    """``3 March 2026 at 14:02``, for sentences."""
    if value is None:
        return NOT_RECORDED
    local = value.astimezone(LONDON)
    return f"{prose_date(local)} at {local:%H:%M}"


def age(born: date | None, on: date) -> str:
    """An age as the patient banner gives it: ``84y``, ``3y 4m``, ``5m 2d``, ``3w``, ``6d``."""
    if born is None or on < born:
        return "Not known"
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    days = (on - born).days
    years = months // 12
    if years >= 18:  # adults in years
        return f"{years}y"
    if years >= 2:  # children in years and months
        return f"{years}y {months % 12}m"
    if months >= 12:  # the second year in months and days
        return f"{months}m"
    if days >= 28:  # infants in weeks
        return f"{days // 7}w {days % 7}d"
    return f"{days}d"


def nhs_number(digits: str | None, *, verified: bool = True) -> str:
    """``943 476 5919`` with spaces that do not break, or ``Not known``; unverified ones say so."""
    if not digits:
        return "Not known"
    shown = f"{digits[:3]}\N{NO-BREAK SPACE}{digits[3:6]}\N{NO-BREAK SPACE}{digits[6:]}"
    return shown if verified else f"{shown} (not verified)"


def banner_name(family: str, given: str, title: str = "") -> str:
    """``CARTER, Ruth (Mrs)``: family name in capitals, given names, title."""
    name = f"{family.upper() or 'NOT KNOWN'}, {given or 'Not known'}"
    return f"{name} ({title})" if title else name


def number(value: Decimal | float | None) -> str:
    """A figure with a leading zero and no trailing ones."""
    if value is None:
        return ""
    plain = format(Decimal(value), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def count(value: int) -> str:
    """``28,989``."""
    return f"{value:,}"


def size(value: int) -> str:
    """Bytes in words: ``3.7 MB``."""
    if value < 1000:  # SI
        return f"{value} bytes"
    if value < 1_000_000:  # SI
        return f"{value / 1000:.0f} kB"
    return f"{value / 1_000_000:.1f} MB"


FILTERS: dict[str, Callable[..., Any]] = {
    "clinical_date": clinical_date,
    "clinical_time": clinical_time,
    "prose_date": prose_date,
    "prose_time": prose_time,
    "nhs_number": nhs_number,
    "number": number,
    "count": count,
    "size": size,
}
