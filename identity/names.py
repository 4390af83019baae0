"""Names folded for comparing, and the keys under which a resident is found.

Computed here and stored, so that no database extension is needed and one place decides. A name
that is typed and a name that is held are made into keys by the same functions; they meet where
they share one.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import cache
from pathlib import Path

#: Letters that NFKD leaves as they are.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})
_BETWEEN_WORDS = re.compile(r"[\s\-\u2010-\u2015/]+")
#: O'Brien, D'Souza, L'Estrange: what stands before the apostrophe is a word of its own.
_ELIDED = re.compile(r"^(o|d|l|dell|dall)['\u2019\u02bc`\u00b4](?=\w)", re.IGNORECASE)
#: Words that stand before a family name and are left out, or written together with it, at will.
# fmt: off
_PARTICLES = frozenset((
    "a", "al", "ap", "ben", "bin", "bint", "d", "da", "dal", "dall", "de", "del", "della", "dell",
    "den", "der", "des", "di", "do", "dos", "du", "e", "el", "ibn", "l", "la", "las", "le", "lo",
    "los", "o", "op", "t", "te", "ten", "ter", "the", "van", "vande", "vander", "ver", "von",
    "vom", "y", "zu", "zum", "zur",
))
# fmt: on
#: Written with one word or two; "Mac" and "Mc" are one.
_MAC = re.compile(r"^mac(?=[a-z]{3})")
#: More words than any family name has; what is beyond them makes no more keys.
_MOST_WORDS = 8
_EPOCH = date(1970, 1, 1)
_VARIANTS_FILE = Path(__file__).with_name("given-names.txt")


def fold(name: str) -> str:
    """A name without case, accents, hyphens, apostrophes and spaces: ``O'Brien`` → ``obrien``."""
    # Twice: styled capitals are decomposed into plain ones, and some letters into what has case.
    plain = unicodedata.normalize("NFKD", name).casefold()
    decomposed = unicodedata.normalize("NFKD", plain).translate(_LETTERS)
    return "".join(letter for letter in decomposed if letter.isalnum())


def family_keys(name: str) -> frozenset[str]:
    """What a family name may be looked for by, folded; empty for a name without letters.

    The whole name; each part of a double-barrelled one; without the words before it (``van der
    Berg`` → ``berg``, ``O'Brien`` → ``brien``); ``Mac`` as ``Mc`` and ``St`` as ``Saint``. Only
    whole words: there is no key for the beginning of one.
    """
    whole = fold(name)
    if not whole:
        return frozenset()
    words = _joined(_words(name))
    keys = {whole, _spelt("".join(words))}
    before = ""
    for nth, word in enumerate(words):
        if word in _PARTICLES and nth < len(words) - 1:
            before += word
            continue
        keys |= {_spelt(word), _spelt(before + word)}
        before = ""
    # One letter (an initial) would bring everyone with it.
    return frozenset(key for key in keys if len(key) > 1 or key == whole)


def _words(name: str) -> list[str]:
    words = []
    for part in _BETWEEN_WORDS.split(name.strip())[:_MOST_WORDS]:
        elided = _ELIDED.match(part)
        pieces = [elided[1], part[elided.end() :]] if elided else [part]
        words += [folded for piece in pieces if (folded := fold(piece))]
    return words


def _joined(words: list[str]) -> list[str]:
    """``Mc Donald`` and ``St John`` as one word each."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in {"mc", "mac", "saint"}:
            joined[-1] += word
        else:
            joined.append("saint" if word == "st" and len(words) > 1 else word)
    return joined


def _spelt(word: str) -> str:
    return _MAC.sub("mc", word)


def given_keys(names: str) -> tuple[str, ...]:
    """Each of the given names, folded, in the order in which they stand: ``("mary", "ann")``."""
    words = [fold(word) for word in _BETWEEN_WORDS.split(names.strip())]
    return tuple(dict.fromkeys(word for word in words if word))


def search_keys(family_name: str, *birth_dates: date | None) -> list[str]:
    """The keys by which somebody of this name, born on one of these days, is found.

    ``"carter -10532"``: a key of the family name, and the days since 1970. One key holds both, so
    that one index answers for both and nobody is listed by a name alone.
    """
    days = sorted({(born - _EPOCH).days for born in birth_dates if born})
    return [f"{key} {day}" for key in sorted(family_keys(family_name)) for day in days]


def transposed(born: date) -> date | None:
    """The date with day and month the other way round; ``None`` where that is none, or the same."""
    if born.day > 12 or born.day == born.month:  # there are twelve months
        return None
    return born.replace(month=born.day, day=born.month)


def given_variants(name: str) -> frozenset[str]:
    """The given names that may stand for a folded one, and itself: ``bill`` → ``william``.

    Read from ``given-names.txt``: who stands on a line with a name may stand for it. It holds both
    ways, and never across two lines: Alex may be Alexander or Alexandra, who are two people.
    """
    return _variants().get(name, frozenset()) | {name}


@cache
def _variants() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _VARIANTS_FILE.read_text(encoding="utf-8").splitlines():
        together = line.split("#")[0].split()
        for name in together:
            found.setdefault(name, set()).update(together)
    return {name: frozenset(names) for name, names in found.items()}
