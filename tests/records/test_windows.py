"""Stretches of time: whole periods of the calendar, and always one that holds something."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.windows import CLOSER, WHOLE, Reach, Span, Unit, Window, span_called

TODAY = date(2026, 11, 23)
REACH = Reach.of(date(2003, 5, 4), date(2026, 12, 1), TODAY)

days = st.dates(min_value=date(1850, 1, 1), max_value=date(2150, 1, 1))
texts = st.text(max_size=8) | st.from_regex(r"[0-9]{4}(-[0-9]{2})?", fullmatch=True)


def test_all_years_are_those_that_hold_something() -> None:
    window = REACH.window(Span.ALL)
    assert (window.start, window.end) == (date(2003, 1, 1), date(2027, 1, 1))
    assert len(window.periods) == 24
    assert window.words == "2003 to 2026"


@pytest.mark.parametrize(
    ("span", "at", "words", "periods"),
    [
        (Span.FIVE_YEARS, "", "2022 to 2026", 20),
        (Span.FIVE_YEARS, "2010", "2010 to 2014", 20),
        (Span.YEAR, "", "2026", 12),
        (Span.YEAR, "2019", "2019", 12),
        (Span.MONTH, "", "Nov-2026", 30),
        (Span.MONTH, "2024-02", "Feb-2024", 29),
        (Span.MONTH, "2024-13", "Jan-2024", 31),
        # What lies where nothing is, or cannot be read.
        (Span.YEAR, "1066", "2003", 12),
        (Span.YEAR, "9999", "2026", 12),
        (Span.YEAR, "last", "2026", 12),
        (Span.YEAR, "２０２０", "2026", 12),
    ],
)
def test_a_window_begins_where_the_address_says(
    span: Span, at: str, words: str, periods: int
) -> None:
    window = REACH.window(span, at)
    assert window.words == words
    assert len(window.periods) == periods


def test_earlier_and_later_lead_through_all_years_and_end() -> None:
    for span in (Span.FIVE_YEARS, Span.YEAR, Span.MONTH):
        window: Window | None = REACH.window(span)
        seen = []
        while window is not None:
            assert REACH.window(span, window.at) == window, "an address leads back to it"
            seen.append(window)
            earlier = REACH.earlier(window)
            assert earlier is None or earlier.end == window.start
            window = earlier
        assert seen[-1].start <= REACH.first < seen[-1].end
    assert REACH.later(REACH.window(Span.YEAR)) is None
    assert REACH.later(REACH.window(Span.YEAR, "2025")) == REACH.window(Span.YEAR, "2026")


def test_a_mistaken_date_does_not_push_the_others_together() -> None:
    window = Reach.of(date(1, 1, 1), date(9999, 12, 31), TODAY).window(Span.ALL)
    assert (window.start.year, window.end.year - 1) == (1901, 2031)


def test_nothing_at_all_has_the_present_year() -> None:
    window = Reach.of(None, None, TODAY).window(Span.ALL)
    assert window.words == "2026"
    assert REACH.earlier(REACH.window(Span.ALL)) is None


def test_closer_is_about_where_one_looks() -> None:
    five = REACH.window(Span.FIVE_YEARS, "2010")
    assert REACH.around(five, Span.YEAR).words == "2014"
    assert REACH.around(five, Span.MONTH).words == "Dec-2014"
    assert REACH.around(REACH.window(Span.YEAR, "2012"), Span.FIVE_YEARS).words == "2008 to 2012"


@given(days, days, st.sampled_from(Span), texts)
def test_periods_follow_each_other_from_the_first_day_to_the_last(
    one: date, other: date, span: Span, at: str
) -> None:
    reach = Reach.of(min(one, other), max(one, other), TODAY)
    window = reach.window(span, at)
    periods = window.periods
    assert periods[0] == window.start
    assert [window.unit.after(each) for each in periods] == [*periods[1:], window.end]
    assert len(periods) <= 131
    if window.unit in CLOSER:
        assert CLOSER[window.unit] in WHOLE


@given(days, st.sampled_from(Unit))
def test_a_day_lies_in_its_period(day: date, unit: Unit) -> None:
    assert unit.begin(day) <= day < unit.after(unit.begin(day))
    assert unit.begin(unit.begin(day)) == unit.begin(day)


def test_a_name_that_is_none_is_all_years() -> None:
    assert span_called("century") is Span.ALL
    assert [span_called(str(span)) for span in Span] == list(Span)
