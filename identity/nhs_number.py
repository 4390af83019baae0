"""The NHS number: strict to read, and never written out by itself.

Rules: NHS Data Dictionary, NHS NUMBER (modulus 11; a check digit of 10 is never issued). The one
formatter of what pages show is ``ui.formatting.nhs_number``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Self

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]+")
_TEN_DIGITS = re.compile(r"[0-9]{10}", re.ASCII)

#: The first three digits of numbers given to people in England, Wales and the Isle of Man.
#: Scotland (010–311) and Northern Ireland (320–399) have numbers of their own, which pass the same
#: check and are no NHS numbers here; the rest has never been given to anybody.
ISSUED = (range(400, 500), range(600, 800))
#: Numbers for made-up people: the 999s and their neighbours, and the test records of the Personal
#: Demographics Service, some of which begin with 59.
FOR_TESTS = (range(590, 600), range(900, 1000))


class InvalidNhsNumber(ValueError):
    """What was given is not an NHS number. The message never repeats what was given."""


@dataclass(frozen=True, slots=True, order=True)
class NhsNumber:
    """Ten ASCII digits that pass the check. Make one with :meth:`parse`.

    Neither ``str`` nor ``repr`` tells the digits: a log line or an exception would.
    """

    digits: str = field(repr=False)

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
        begins = int(plain[:3])
        if any(begins in span for span in FOR_TESTS):
            if not test_ranges:
                raise InvalidNhsNumber("Numbers beginning 59 or 9 are not given to people.")
        elif not any(begins in span for span in ISSUED):
            raise InvalidNhsNumber(
                "This is not a number of England or Wales. Those begin with 4, 6 or 7."
            )
        return cls(plain)

    def __str__(self) -> str:
        return "an NHS number"


def check_digit(nine: str) -> str | None:
    """The tenth digit for nine, or ``None`` where no number exists (the remainder is 10)."""
    total = sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True))
    check = (11 - total % 11) % 11
    return None if check == 10 else str(check)
