"""The reference number of a choice: short enough to read out, with a check for what is misheard.

``CC-`` and eight characters of an alphabet of 29 without those that are taken for one another
(0/O, 1/I/L, 5/S, U/V). The last is a check character: a weighted sum modulo 29, a prime, so that
any one wrong character and any two swapped neighbours are noticed.
"""

from __future__ import annotations

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRTVWXYZ"
PREFIX = "CC-"
_BODY = 7


def new_reference() -> str:
    """A reference that nobody can guess; 29⁷ (17 thousand million) are possible."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_BODY))
    return f"{PREFIX}{body}{check_character(body)}"


def check_character(body: str) -> str:
    """The character that makes the weighted sum of all eight a multiple of 29.

    :raises ValueError: if a character is not of the alphabet.
    """
    total = sum(
        ALPHABET.index(character) * weight
        for character, weight in zip(body, range(_BODY + 1, 1, -1), strict=True)
    )
    return ALPHABET[-total % len(ALPHABET)]


def is_reference(text: str) -> bool:
    """Whether this is a reference as people copy it: any case, with or without spaces."""
    plain = text.upper().replace(" ", "")
    body = plain.removeprefix(PREFIX)
    if not plain.startswith(PREFIX) or len(body) != _BODY + 1 or not set(body) <= set(ALPHABET):
        return False
    return check_character(body[:-1]) == body[-1]
