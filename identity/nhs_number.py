"""The NHS number: strict to read, one way to show.

Rules: NHS Data Dictionary, NHS NUMBER (modulus 11; a check digit of 10 is never issued).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]+")
_TEN_DIGITS = re.compile(r"[0-9]{10}", re.ASCII)


class InvalidNhsNumber(ValueError):
    """What was given is not an NHS number. The message never repeats what was given."""


@dataclass(frozen=True, slots=True, order=True)
class NhsNumber:
    """Ten ASCII digits that pass the check. Make one with :meth:`parse`."""

    digits: str

    @classmethod
    def parse(cls, text: str, *, test_ranges: bool) -> Self:
        """Read a number as people type it: spaces and dashes allowed, full-width digits folded.

        :param test_ranges: whether numbers for made-up people (9…, 59…) are numbers here.
        :raises InvalidNhsNumber: with words that say what to do.
        """
        plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text).strip())
        if not _TEN_DIGITS.fullmatch(plain):
            raise InvalidNhsNumber("An NHS number has 10 digits, such as 999 000 0000.")
        if len(set(plain)) == 1 or plain == "1234567890":
            # They pass the arithmetic or are typed as fillers; many people share them.
            raise InvalidNhsNumber("This is a placeholder and nobody's NHS number.")
        if check_digit(plain[:9]) != plain[9]:
            raise InvalidNhsNumber("Check the number: its last digit does not fit the others.")
        if not test_ranges and plain[0] in "59":
            raise InvalidNhsNumber("Numbers beginning 5 or 9 are not given to people.")
        return cls(plain)

    def __str__(self) -> str:
        return f"{self.digits[:3]} {self.digits[3:6]} {self.digits[6:]}"


def check_digit(nine: str) -> str | None:
    """The tenth digit for nine, or ``None`` where no number exists (the remainder is 10)."""
    total = sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True))
    check = (11 - total % 11) % 11
    return None if check == 10 else str(check)
