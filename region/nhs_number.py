"""NHS numbers for people who do not exist: they begin 999 and carry a valid check digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    from region.chance import Chance

_DIGITS_BEFORE_CHECK = 9
_ELEVEN = 11
_NO_DIGIT = 10


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


def make_nhs_number(chance: Chance, taken: Container[str]) -> str:
    """A number beginning 999 that is valid and not yet ``taken``.

    The range 999 1xx xxxx to 999 8xx xxxx is used, which leaves 999 0xx xxxx to the people of
    note and never meets 999 999 9999, a well-known dummy that passes the check.
    """
    while True:
        nine = f"999{chance.randrange(100_000, 900_000)}"
        check = check_digit(nine)
        if check is None:
            continue
        number = f"{nine}{check}"
        if number not in taken:
            return number
