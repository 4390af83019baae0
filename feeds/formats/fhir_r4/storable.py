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
_MOST_DIGITS = 1000

# A shape of JSON text that can be searched several times faster than the text: digits become
# "0", an exponent's letter "e", whatever may stand before a number ":", all else "x".
_SHAPE = bytes(
    ord(
        "0"
        if chr(code) in "0123456789"
        else "e"
        if chr(code) in "eE"
        else ":"
        if chr(code) in ":,["
        else "x"
    )
    for code in range(256)
)
_LEFT_OUT = b"+-. \t\r\n"
_LONG_EXPONENT = re.compile(rb":0+e0000")
_LONG_DIGITS = b"0" * 4000


def without_unstorable_characters(content: bytes) -> tuple[bytes, int]:
    """Put U+FFFD for every escaped NUL and lone surrogate in JSON text.

    Returns the content and how many characters were lost; content without any is returned as
    it is. (A bare NUL byte is not JSON, and the decoder refuses it.)
    """
    if b"\\" not in content or _SUSPECT.search(content) is None:
        return content, 0
    lost = 0

    def replace(match: re.Match[bytes]) -> bytes:
        nonlocal lost
        if match.group(1) is None:
            return match.group(0)
        lost += 1
        return LOST_CHARACTER

    return _ESCAPES.sub(replace, content), lost


def has_unstorable_number(content: bytes) -> bool:
    """Whether some number in this JSON text is beyond anything measured (10^±1000).

    The scan is cheap and may be wrong about text that looks like a number; only then is the
    JSON decoded to make sure.
    """
    shape = content.translate(_SHAPE, _LEFT_OUT)
    has_exponent = b"0e0000" in shape and _LONG_EXPONENT.search(shape) is not None
    if not has_exponent and _LONG_DIGITS not in shape:
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
