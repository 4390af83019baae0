"""Working days of England, against the dates that gov.uk/bank-holidays has published."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from organisations.working_days import is_working_day, more_working_days_than, working_day_after


@pytest.mark.parametrize(
    "holiday",
    [
        date(2022, 9, 19),  # the state funeral
        date(2023, 5, 8),  # the coronation
        date(2026, 1, 1),
        date(2026, 4, 3),  # Good Friday
        date(2026, 4, 6),  # Easter Monday
        date(2026, 5, 4),
        date(2026, 5, 25),
        date(2026, 8, 31),
        date(2026, 12, 25),
        date(2026, 12, 28),  # for Boxing Day, a Saturday
        date(2027, 12, 27),  # for Christmas Day, a Saturday
        date(2027, 12, 28),  # for Boxing Day, a Sunday
    ],
)
def test_a_bank_holiday_is_no_working_day(holiday: date) -> None:
    assert holiday.weekday() < 5
    assert not is_working_day(holiday)


@pytest.mark.parametrize("day", [date(2026, 11, 21), date(2026, 11, 22)])
def test_a_weekend_has_no_working_day(day: date) -> None:
    assert not is_working_day(day)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 11, 23),
        date(2026, 12, 24),
        date(2026, 1, 2),  # a holiday in Scotland
        date(2026, 3, 17),  # a holiday in Northern Ireland
        date(2026, 8, 3),  # a holiday in Scotland
    ],
)
def test_other_days_and_other_nations_holidays_are(day: date) -> None:
    assert is_working_day(day)


@pytest.mark.parametrize(
    ("day", "count", "after"),
    [
        (date(2026, 11, 23), 1, date(2026, 11, 24)),
        (date(2026, 11, 23), 5, date(2026, 11, 30)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
        (date(2026, 4, 2), 1, date(2026, 4, 7)),
        (date(2026, 12, 24), 5, date(2027, 1, 5)),
    ],
)
def test_so_many_working_days_after_a_day(day: date, count: int, after: date) -> None:
    assert working_day_after(day, count) == after


@pytest.mark.parametrize("count", [0, -1])
def test_none_or_fewer_cannot_be_counted(count: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        working_day_after(date(2026, 11, 23), count)


def test_the_last_day_is_whole_and_days_are_londons() -> None:
    monday = datetime(2026, 11, 16, 9, tzinfo=UTC)
    assert not more_working_days_than(
        5, since=monday, at=datetime(2026, 11, 23, 23, 59, tzinfo=UTC)
    )
    assert more_working_days_than(5, since=monday, at=datetime(2026, 11, 24, tzinfo=UTC))
    # In summer the day begins an hour before the universal one.
    before_midnight = datetime(2026, 7, 6, 22, 59, tzinfo=UTC)
    after_midnight = datetime(2026, 7, 6, 23, 0, tzinfo=UTC)
    last = datetime(2026, 7, 13, 23, 0, tzinfo=UTC)
    assert more_working_days_than(5, since=before_midnight, at=last)
    assert not more_working_days_than(5, since=after_midnight, at=last)
