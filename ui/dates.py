"""A date in three parts, as people type it: day, month (a number or its name), year.

The words of the errors follow the NHS.UK and GOV.UK date input patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

PARTS = ("day", "month", "year")
_MONTH_NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
_SHORTEST_MONTH_NAME = 3


class DateParts(forms.Widget):
    """Reads ``name-day``, ``name-month`` and ``name-year``; the values are what was typed."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> tuple[str, str, str]:  # noqa: ARG002 - Django's
        """The three parts as they were typed."""
        day, month, year = (str(data.get(f"{name}-{part}", "")).strip() for part in PARTS)
        return day, month, year

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:  # noqa: ARG002 - Django's
        """Whether no part was sent at all."""
        return not any(f"{name}-{part}" in data for part in PARTS)


def parts_of(value: Any) -> tuple[str, str, str]:
    """A date, or what was typed, as three texts."""
    if isinstance(value, date):
        return str(value.day), str(value.month), f"{value.year:04}"
    if isinstance(value, (tuple, list)):
        day, month, year = (str(part) for part in value)
        return day, month, year
    return "", "", ""


def read_date(parts: tuple[str, str, str], *, what: str) -> date:
    """The date that three texts name.

    :param what: what the date is, as a sentence begins with it: "Date of birth".
    :raises ValidationError: with words that say what to do, and ``params["parts"]`` the parts
        that are wrong.
    """
    absent = [part for part, text in zip(PARTS, parts, strict=True) if not text]
    if absent:
        raise _wrong(what, "must include a " + " and ".join(absent), absent)
    day, month, year = parts
    if not _YEAR.fullmatch(year):
        raise _wrong("Year", "must include 4 numbers", ["year"])
    number = _month(month)
    if number is None:
        raise _wrong(what, "must be a real date", ["month"])
    if not day.isascii() or not day.isdecimal():
        raise _wrong(what, "must be a real date", ["day"])
    try:
        return date(int(year), number, int(day))
    except (ValueError, OverflowError) as error:
        raise _wrong(what, "must be a real date", PARTS) from error


def check_limits(
    value: date, *, what: str, in_past: bool = False, earliest: date | None = None
) -> None:
    """Refuse a date after today, or before the earliest that makes sense.

    :raises ValidationError: with words that say which.
    """
    if in_past and value > timezone.localdate():
        raise _wrong(what, "must be today or in the past", PARTS)
    if earliest is not None and value < earliest:
        raise _wrong(what, "must be after " + str(earliest.year - 1), ["year"])


def wrong_parts(error: ValidationError) -> tuple[str, ...]:
    """Which parts of a date an error is about; all of them if it does not say."""
    params = getattr(error, "params", None) or {}
    return tuple(params.get("parts", PARTS))


def _month(text: str) -> int | None:
    if text.isascii() and text.isdecimal():
        return int(text) if 1 <= int(text) <= len(_MONTH_NAMES) else None
    folded = text.casefold().rstrip(".")
    if len(folded) < _SHORTEST_MONTH_NAME:
        return None
    for number, name in enumerate(_MONTH_NAMES, start=1):
        if name.startswith(folded) or folded == f"{name[:4]}":
            return number
    return None


def _wrong(what: str, words: str, parts: Iterable[str]) -> ValidationError:
    # Django formats a message that has parameters, so a per cent sign in a label is doubled.
    message = f"{what} {words}".replace("%", "%%")
    return ValidationError(message, code="date", params={"parts": tuple(parts)})
