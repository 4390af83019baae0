"""What PostgreSQL can keep: text without NUL or half characters, numbers of a sane size.

``text`` and ``jsonb`` refuse U+0000 and lone surrogates, and ``jsonb`` refuses numbers with
more digits than ``numeric`` has. One such character would otherwise stop a whole batch.
"""

import json
import re
from decimal import Decimal

#: What a reader sees where a character could not be kept (U+FFFD, as Unicode advises).
LOST_CHARACTER = b"\\ufffd"
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\u0000)"  # half a pair, or NUL
    rb"|\\[^u]|\\u[0-9a-fA-F]{4}"  # any other escape, so that an escaped backslash is not misread
)
_LONG_EXPONENT = re.compile(rb"[eE][+-]?[0-9]{4}")
_LONG_DIGITS = re.compile(rb"[0-9.]{4000}")
_MOST_DIGITS = 1000


def without_unstorable_characters(content: bytes) -> tuple[bytes, int]:
    """Put U+FFFD for every escaped NUL and lone surrogate in JSON text.

    Returns the content and how many characters were lost; content without any is returned as
    it is. (A bare NUL byte is not JSON, and the decoder refuses it.)
    """
    if _SUSPECT.search(content) is None:
        return content, 0
    lost = 0

    def replace(match: re.Match[bytes]) -> bytes:
        nonlocal lost
        if match.group(1) is None:
            return match.group(0)
        lost += 1
        return LOST_CHARACTER

    return _ESCAPES.sub(replace, content), lost


def _is_number(content: bytes, exponent: re.Match[bytes]) -> bool:
    """Whether what stands before an exponent is a number's start, not the middle of a word."""
    before = content[max(0, exponent.start() - 40) : exponent.start()]
    mantissa = before.rstrip(b"0123456789.")
    return len(mantissa) < len(before) and mantissa[-1:] in (b"", b"-", b":", b",", b"[", b" ")


def has_unstorable_number(content: bytes) -> bool:
    """Whether some number in this JSON text is beyond anything measured (10^±1000).

    The scan is cheap and may be wrong about text that looks like a number; only then is the
    JSON decoded to make sure.
    """
    suspect = any(_is_number(content, match) for match in _LONG_EXPONENT.finditer(content))
    if not suspect and (len(content) < 4000 or _LONG_DIGITS.search(content) is None):
        return False
    found = False

    def check(number: str) -> None:
        nonlocal found
        mantissa, _, exponent = number.lower().partition("e")
        if len(mantissa) > _MOST_DIGITS or len(exponent.lstrip("+-0")) > 3:
            found = True

    json.loads(content, parse_float=check, parse_int=check)
    return found


def is_plain_number(value: Decimal) -> bool:
    """Whether a value can be kept, sorted and plotted: finite, and within 10^±20."""
    return value.is_finite() and (not value or -20 <= value.adjusted() <= 20)
