"""Codes whose entries stay with their source (rule R6): the exclusion sets, as configured.

The four national sets are licensed, so an installation brings its own list: ``SENSITIVE_CODES``,
or a file in ``SENSITIVE_CODES_FILE``. Where none is given the example beside this module stands,
which shows the form and little more. A change holds for what is loaded after it: load a source's
full extract again to mark what is held already.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

EXAMPLE = Path(__file__).with_name("sensitive-codes.example.txt")


@cache
def codes_kept_by_their_source() -> frozenset[str]:
    """The configured codes.

    :raises ImproperlyConfigured: naming the line that holds no code.
    """
    return read_codes(settings.SENSITIVE_CODES or EXAMPLE.read_text(encoding="utf-8"))


def read_codes(text: str) -> frozenset[str]:
    """Codes out of a list: one to a line, words after it, ``#`` for remarks.

    :raises ImproperlyConfigured: naming the line that holds no code.
    """
    codes = set()
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if not words[0].isalnum():
            raise ImproperlyConfigured(f"SENSITIVE_CODES, line {number}: that is not a code.")
        codes.add(words[0])
    return frozenset(codes)
