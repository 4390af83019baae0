"""One calendar month, and two more."""

from __future__ import annotations

from datetime import date

import pytest

from organisations.categories import Category
from subject_access.clock import MONTHS_EXTENDED, due
from subject_access.parts import Aside, PartKey, set_aside


@pytest.mark.parametrize(
    ("received", "by"),
    [
        (date(2026, 9, 3), date(2026, 10, 5)),  # the third is a Saturday
        (date(2026, 9, 2), date(2026, 10, 2)),
        (date(2026, 1, 31), date(2026, 3, 2)),  # the last of February is a Saturday
        (date(2026, 3, 31), date(2026, 4, 30)),
        (date(2026, 11, 25), date(2026, 12, 29)),  # Christmas, Boxing Day in lieu, a weekend
        (date(2026, 12, 14), date(2027, 1, 14)),
    ],
)
def test_a_month_ends_on_its_day_or_the_next_working_day(received: date, by: date) -> None:
    assert due(received) == by


def test_the_extension_is_counted_from_the_same_day() -> None:
    assert due(date(2026, 11, 30), MONTHS_EXTENDED) == date(2027, 3, 1)


@pytest.mark.parametrize(
    ("category", "sensitive", "certain", "why"),
    [
        (Category.MEDICATIONS, False, True, ""),
        (Category.MEDICATIONS, True, True, Aside.SERIOUS_HARM),
        (Category.MEDICATIONS, False, False, Aside.NOT_CERTAIN),
        (Category.SAFEGUARDING, False, True, Aside.SERIOUS_HARM),
        (Category.PEOPLE_INVOLVED, False, True, Aside.THIRD_PARTY),
        (99, False, True, Aside.THIRD_PARTY),
    ],
)
def test_what_is_set_aside(category: int, sensitive: bool, certain: bool, why: str) -> None:
    assert set_aside(PartKey(1, category, sensitive, certain)) == why
