"""Births and deaths as far as they are known: dates that need not be whole, and how a death is.

Pure. A date is whole, or a month, or a year; what is not whole is kept as it was said, shown as
that, and compared as that: it can agree with a day, and never proves one.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Protocol, Self

from django.db import models

_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T.*)?)?)?", re.ASCII)
#: What a column of a date that is not whole may hold: a year, or a month of a year.
PART_OF_A_DATE = r"^[0-9]{4}(-(0[1-9]|1[0-2]))?$"


class DeathNotice(models.TextChoices):
    """How a death is known (UKCore-DeathNotificationStatus), by its code there.

    Informal: a notice by an NHS organisation or another source. Formal: by the registrar of
    deaths. Withdrawn: the person has not died after all.
    """

    INFORMAL = "1", "Informal notice: not confirmed by the registrar"
    FORMAL = "2", "Formal notice by the registrar"
    WITHDRAWN = "U", "Death notice withdrawn"


@dataclass(frozen=True, slots=True, repr=False)
class PartialDate:
    """A year, a month of a year, or a day: FHIR's ``date``. Make one with :meth:`parse`."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2010``, ``2010-10``, ``2010-10-22``, or a time, of which the day as written.

        :raises ValueError: if it is none of these; the message does not repeat it.
        """
        parts = _PARTIAL_DATE.fullmatch(text)
        if parts is None:
            raise ValueError("This is not a FHIR date.")
        year, month, day = (int(part) if part else None for part in parts.groups())
        found = cls(year or 0, month, day)
        try:
            found.first()
        except ValueError:
            raise ValueError("There is no such day.") from None
        return found

    @classmethod
    def held(cls, day: date | None, part: str) -> Self | None:
        """A date as two columns hold it: the whole day, or the part that is known of it."""
        if day is not None:
            return cls(day.year, day.month, day.day)
        return cls.parse(part) if part else None

    def exact(self) -> date | None:
        """The day, where it is one."""
        return self.first() if self.day else None

    def part(self) -> str:
        """``2010`` or ``2010-10``; empty where it is whole, so that the day says it."""
        if self.day:
            return ""
        return f"{self.year:04}-{self.month:02}" if self.month else f"{self.year:04}"

    @property
    def precision(self) -> str:
        """How much is known: ``day``, ``month`` or ``year``."""
        return "day" if self.day else "month" if self.month else "year"

    def first(self) -> date:
        """The earliest day that it can be."""
        return date(self.year, self.month or 1, self.day or 1)

    def last(self) -> date:
        """The latest day that it can be."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def can_be(self, other: date | PartialDate) -> bool:
        """Whether this and the other can be one day."""
        if isinstance(other, PartialDate):
            return self.first() <= other.last() and other.first() <= self.last()
        return self.first() <= other <= self.last()


class Lived(Protocol):
    """Whoever has a birth and perhaps a death: a resident, as stored or as seen."""

    @property
    def birth_date(self) -> date | None: ...
    @property
    def birth_date_part(self) -> str: ...
    @property
    def deceased_on(self) -> date | None: ...
    @property
    def deceased_on_part(self) -> str: ...


def born(of: Lived) -> PartialDate | None:
    """When somebody was born, as far as it is known."""
    return PartialDate.held(of.birth_date, of.birth_date_part)


def died_on(of: Lived) -> PartialDate | None:
    """When somebody died, as far as it is known; ``None`` for the living too."""
    return PartialDate.held(of.deceased_on, of.deceased_on_part)
