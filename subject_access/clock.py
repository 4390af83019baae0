"""The law's clock of a subject access request: one calendar month, and two more with a reason.

UK GDPR Article 12(3). A month ends on the corresponding day of the next one, or on its last day
where it has no such day; where that is no working day, on the next that is (ICO, "How long do we
have to comply?"). Pure.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from organisations.working_days import is_working_day, working_day_after

MONTHS = 1
#: All in all, where the request is complex or one of many; told within the first month.
MONTHS_EXTENDED = 3
_MONTHS_OF_A_YEAR = 12


def due(received: date, months: int = MONTHS) -> date:
    """The day by which a request that was received on a day is answered.

    >>> due(date(2026, 1, 30))  # February has no such day; its last is a Saturday
    datetime.date(2026, 3, 2)
    """
    month = received.month - 1 + months
    year, month = received.year + month // _MONTHS_OF_A_YEAR, month % _MONTHS_OF_A_YEAR + 1
    last = date(year, month, min(received.day, monthrange(year, month)[1]))
    return last if is_working_day(last) else working_day_after(last)
