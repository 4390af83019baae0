"""Names folded for comparing: computed here and stored, so that no database extension is needed."""

from __future__ import annotations

import unicodedata

#: Letters that NFKD leaves as they are.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})


def fold(name: str) -> str:
    """A name without case, accents, hyphens, apostrophes and spaces: ``O'Brien`` → ``obrien``."""
    decomposed = unicodedata.normalize("NFKD", name.casefold()).translate(_LETTERS)
    return "".join(letter for letter in decomposed if letter.isalnum())
