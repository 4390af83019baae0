"""What may be looked for, and the words for what may not."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from identity.forms import FindResidentForm, nhs_number_from
from tests.factories import made_up_nhs_number

NUMBER = made_up_nhs_number(1)
BORN = {"birth_date-day": "3", "birth_date-month": "March", "birth_date-year": "1941"}
NEITHER = "Enter an NHS number, or a family name and date of birth"


def spaced(separator: str) -> str:
    return separator.join((NUMBER[:3], NUMBER[3:6], NUMBER[6:]))


@pytest.mark.parametrize(
    "typed",
    [NUMBER, *map(spaced, " -\u2013\u00a0./"), f"  {spaced('  ')}\t", "\uff19" + NUMBER[1:]],
)
def test_a_number_is_read_as_people_type_and_paste_it(typed: str) -> None:
    assert nhs_number_from(typed).digits == NUMBER


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("QQ 12 34 56 C", "This looks like a National Insurance number"),
        ("QQ123456", "This looks like a National Insurance number"),
        ("999 O00 0018", "must only include numbers"),
        ("999 123 456", "has 10 digits"),
        ("999 123 456 78", "has 10 digits"),
        ("999 999 9999", "placeholder"),
        (NUMBER[:9] + str((int(NUMBER[9]) + 1) % 10), "last digit does not fit"),
    ],
)
def test_what_is_no_number_is_said_without_repeating_it(typed: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        nhs_number_from(typed)
    assert typed.replace(" ", "") not in str(refused.value).replace(" ", "")


def test_numbers_for_made_up_people_are_none_in_production(settings) -> None:
    settings.NHS_NUMBER_TEST_RANGES = False
    with pytest.raises(ValidationError, match="not given to people"):
        nhs_number_from(NUMBER)


def test_a_number_is_enough() -> None:
    form = FindResidentForm({"nhs_number": spaced(" ")})
    assert form.is_valid(), form.errors
    assert form.search().nhs_number is not None
    assert form.search().birth_date is None


def test_a_family_name_with_a_birth_date_is_enough() -> None:
    form = FindResidentForm({"family_name": " O'Brien ", **BORN})
    assert form.is_valid(), form.errors
    search = form.search()
    assert (search.family_name, search.birth_date) == ("O'Brien", date(1941, 3, 3))


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({}, {"nhs_number": [NEITHER]}),
        ({"given_name": "Ruth"}, {"nhs_number": [NEITHER]}),
        ({"family_name": "Carter"}, {"birth_date": ["Enter the date of birth"]}),
        (BORN, {"family_name": ["Enter the family name"]}),
        ({"family_name": "--", **BORN}, {"family_name": ["Family name must include letters"]}),
    ],
)
def test_nobody_browses(typed: dict[str, str], errors: dict[str, list[str]]) -> None:
    assert FindResidentForm(typed).errors == errors


def test_a_birth_date_that_is_none_is_said_once() -> None:
    form = FindResidentForm(
        {"family_name": "Carter", **BORN, "birth_date-day": "31", "birth_date-month": "2"}
    )
    assert form.errors == {"birth_date": ["Date of birth must be a real date"]}


def test_a_wrong_number_is_not_searched_by_name_instead() -> None:
    form = FindResidentForm({"nhs_number": "12", "family_name": "Carter", **BORN})
    assert list(form.errors) == ["nhs_number"]
