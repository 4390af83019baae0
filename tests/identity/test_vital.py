"""Births and deaths as far as they are known, as values and in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from identity.presenters import person
from identity.vital import DeathNotice, PartialDate
from identity.vital_words import age_on, born_with_age, death_known
from records.banner import banner_of
from tests.identity.test_presenters import RUTH, TODAY

UNSURE = replace(RUTH, birth_date=None, birth_date_part="1941-12")


def parsed(*texts: str) -> list[PartialDate]:
    return [PartialDate.parse(text) for text in texts]


def test_a_date_is_held_as_a_day_or_as_its_part() -> None:
    day, month, year = parsed("2010-10-22", "2010-10", "2010")
    assert PartialDate.held(date(2010, 10, 22), "") == day
    assert PartialDate.held(None, "2010-10") == month
    assert PartialDate.held(None, "") is None
    assert [each.part() for each in (day, month, year)] == ["", "2010-10", "2010"]
    assert [each.precision for each in (day, month, year)] == ["day", "month", "year"]


def test_parts_can_be_one_day_where_they_overlap() -> None:
    day, month, year, other = parsed("2010-10-22", "2010-10", "2010", "2011")
    for one in (day, month, year):
        assert year.can_be(one)
        assert one.can_be(year)
        assert not one.can_be(other)
        assert not other.can_be(one)
    assert not month.can_be(date(2010, 11, 1))
    assert month.can_be(date(2010, 10, 31))


def test_a_birth_that_is_not_known_to_the_day_shows_what_is_known_and_no_age() -> None:
    assert person(UNSURE, today=TODAY).born == "Dec-1941"
    assert banner_of(UNSURE, TODAY).born == "Dec-1941"
    assert born_with_age(replace(RUTH, birth_date=None, birth_date_part="1941"), TODAY) == "1941"
    assert age_on(UNSURE, TODAY) == ""


@pytest.mark.parametrize(
    ("notice", "words"),
    [
        (DeathNotice.INFORMAL, "informal notice, not confirmed by the registrar"),
        (DeathNotice.FORMAL, "confirmed by the registrar"),
    ],
)
def test_a_death_shows_how_it_is_known(notice: DeathNotice, words: str) -> None:
    dead = replace(RUTH, deceased=True, deceased_on=date(2020, 12, 2), death_notice=notice)
    assert person(dead, today=TODAY).died == f"02-Dec-2020, {words}"
    assert banner_of(dead, TODAY).died == f"02-Dec-2020 (age at death 78y), {words}"
    month = replace(dead, deceased_on=None, deceased_on_part="2020-12")
    assert banner_of(month, TODAY).died == f"Dec-2020 (age at death not known), {words}"
    assert person(month, today=TODAY).died == f"Dec-2020, {words}"
    assert person(month, today=TODAY).born == "03-Dec-1941"


def test_the_living_have_no_notice_not_even_a_withdrawn_one() -> None:
    alive = replace(RUTH, death_notice=DeathNotice.WITHDRAWN)
    assert death_known(alive) == ""
    assert banner_of(alive, TODAY).died == ""
    assert person(alive, today=TODAY).died == ""
