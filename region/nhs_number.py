"""NHS numbers for people who do not exist: they begin 999 and carry a valid check digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from region.taken import Taken

if TYPE_CHECKING:
    from collections.abc import Container

    from region.chance import Chance

_DIGITS_BEFORE_CHECK = 9
_ELEVEN = 11
_NO_DIGIT = 10
#: The last six of the first nine figures, which leave 999 0xx xxxx to the people of note and
#: never meet 999 999 9999, a well-known dummy that passes the check.
_FIRST, _END = 100_000, 900_000


def check_digit(nine: str) -> int | None:
    """The modulus-11 check digit of the first nine digits, or None where none exists.

    NHS Data Dictionary, NHS NUMBER: weights 10 down to 2; eleven less the remainder; eleven
    counts as nought, and a number that would need ten is not issued.
    """
    if len(nine) != _DIGITS_BEFORE_CHECK or not nine.isdecimal():
        message = "the check digit is computed from exactly nine digits"
        raise ValueError(message)
    total = sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True))
    check = (_ELEVEN - total % _ELEVEN) % _ELEVEN
    return None if check == _NO_DIGIT else check


def make_nhs_number(chance: Chance, taken: Container[int]) -> str:
    """A number beginning 999 that is valid, and whose figures 4 to 9 are not yet ``taken``."""
    while True:
        figures = chance.randrange(_FIRST, _END)
        check = check_digit(f"999{figures}")
        if check is not None and figures not in taken:
            return f"999{figures}{check}"


def taken_numbers() -> Taken:
    """Nobody's numbers yet: a place for the figures 4 to 9 of each that is given."""
    return Taken(_FIRST, _END)


def figures_of(number: str) -> int:
    """The figures of a made-up number that tell it from others: 4 to 9."""
    return int(number[3:9])
