"""The NHS number: what is one, what is none, and that it never tells itself."""

from __future__ import annotations

import unicodedata

import nhs_number as package
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nhs_number import constants

from identity.nhs_number import InvalidNhsNumber, NhsNumber, check_digit
from tests.factories import made_up_nhs_number

TEN_DIGITS = st.text("0123456789", min_size=10, max_size=10)
NINE_DIGITS = st.text("0123456789", min_size=9, max_size=9)
SEPARATORS = st.sampled_from(["", " ", "-", "  ", "\u2013", "\u00a0", "\t"])


def is_one(text: str, *, test_ranges: bool = True) -> bool:
    try:
        NhsNumber.parse(text, test_ranges=test_ranges)
    except InvalidNhsNumber:
        return False
    return True


@given(st.sampled_from("46789"), st.text("0123456789", min_size=8, max_size=8))
def test_the_check_digit_is_the_packages(first: str, eight: str) -> None:
    """Of numbers below 4 the package asks more: Scotland's begin with a date."""
    nine = first + eight
    digit = check_digit(nine)
    for last in "0123456789":
        assert package.is_valid(nine + last) == (last == digit)


@given(TEN_DIGITS)
def test_a_number_of_england_is_what_the_package_says_it_is(digits: str) -> None:
    repeats = len(set(digits)) == 1
    expected = package.is_valid(digits, for_region=constants.REGION_ENGLAND) and not repeats
    assert is_one(digits, test_ranges=False) == expected


@given(NINE_DIGITS)
def test_with_made_up_people_only_their_ranges_are_added(nine: str) -> None:
    digit = check_digit(nine)
    if digit is None or len(set(nine + digit)) == 1:
        return
    made_up = nine[0] == "9" or nine[:2] == "59"
    assert is_one(nine + digit) == (is_one(nine + digit, test_ranges=False) or made_up)


@given(
    st.integers(0, 10**6),
    st.tuples(SEPARATORS, SEPARATORS, SEPARATORS, SEPARATORS),
    st.booleans(),
)
def test_spaces_dashes_and_full_width_digits_are_read(
    start: int, between: tuple[str, str, str, str], wide: bool
) -> None:
    digits = made_up_nhs_number(start % 40_000)
    typed = digits.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"}) if wide else digits
    text = between[0].join((typed[:3], typed[3:6])) + between[1] + typed[6:] + between[2]
    assert NhsNumber.parse(between[3] + text, test_ranges=True).digits == digits


@given(st.text(max_size=14))
def test_whatever_is_given_is_read_as_ten_ascii_digits_or_refused(text: str) -> None:
    plain = unicodedata.normalize("NFKC", text)
    if not is_one(text):
        with pytest.raises(InvalidNhsNumber) as refused:
            NhsNumber.parse(text, test_ranges=True)
        typed = "".join(character for character in plain if character.isdigit())
        assert len(typed) < 4 or typed not in str(refused.value)
        return
    digits = NhsNumber.parse(text, test_ranges=True).digits
    assert digits.isascii()
    assert digits.isdigit()
    assert len(digits) == 10


@pytest.mark.parametrize(
    "text",
    [
        "",
        "999 000 001",
        "0000000000",
        "4444444444",
        "9999999999",
        "1234567890",
        "\u0669\u0669\u0669\u0660\u0660\u0660\u0660\u0660\u0660\u0660",  # Arabic-Indic digits
        "9434765919x",
        "943/476/5919",
        "0103000009",  # a Scottish one
        "3200000009",  # a Northern Irish one
        "9000000015",  # the example of a published contract: its check digit is wrong
    ],
)
def test_what_looks_like_one_and_is_none(text: str) -> None:
    assert not is_one(text)


def test_made_up_people_have_no_numbers_where_people_are_real() -> None:
    with pytest.raises(InvalidNhsNumber, match="not given to people"):
        NhsNumber.parse(made_up_nhs_number(1), test_ranges=False)
    assert is_one("9434765919")
    assert is_one("5900059073")
    assert not is_one("5900059073", test_ranges=False)


def test_a_number_does_not_tell_itself() -> None:
    digits = made_up_nhs_number(3)
    number = NhsNumber.parse(digits, test_ranges=True)
    assert digits[3:6] not in f"{number} {number!r} {[number]} {ValueError(number)}"
