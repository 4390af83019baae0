"""Finding words in an open record: what matches, and which of its letters to mark.

Pure. It is given what may be shown and nothing else, so that it cannot tell of anything withheld:
a protected resident's entries are looked through as they are shown. Case and accents make no
difference; every word has to be somewhere in the entry, as a part of what stands there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from records.entries import EntrySeen

#: Letters of a search, and words that are looked for: more is no search for words.
MOST_LETTERS = 100
MOST_WORDS = 10
#: A single letter stands in nearly everything.
FEWEST_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text, and whether it is what was looked for."""

    text: str
    is_marked: bool


def words_of(typed: str) -> tuple[str, ...]:
    """The words to look for, without case and accents, each once."""
    return tuple(dict.fromkeys(folded(typed).split()))[:MOST_WORDS]


def folded(text: str) -> str:
    """Without case and accents: what one looks for, and in, is compared so."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))


def matches(entry: EntrySeen, source: str, words: Sequence[str]) -> bool:
    """Whether every word stands somewhere in an entry's words, its source's name among them."""
    text = folded("\n".join(_texts(entry, source)))
    return all(word in text for word in words)


def marked(text: str, words: Sequence[str]) -> tuple[Part, ...]:
    """A text in pieces, those that are one of the words marked; together they are the text."""
    if not text:
        return ()
    pairs = list(_folded_with_places(text))
    plain = "".join(character for character, _ in pairs)
    found = bytearray(len(text))
    for start, end in _places_of(words, plain):
        first, last = pairs[start][1], pairs[end - 1][1]
        found[first : last + 1] = b"\x01" * (last + 1 - first)
        # What is written over a letter goes with it.
        following = last + 1
        while following < len(text) and unicodedata.combining(text[following]):
            found[following] = 1
            following += 1
    return tuple(_pieces(text, found))


def _texts(entry: EntrySeen, source: str) -> Iterator[str]:
    yield from (entry.display, entry.detail, entry.value_text, entry.source_status)
    yield from (entry.author, entry.author_role, entry.place, *entry.notes, source)


def _places_of(words: Iterable[str], plain: str) -> Iterator[tuple[int, int]]:
    for word in words:
        start = plain.find(word)
        while start >= 0:
            yield start, start + len(word)
            start = plain.find(word, start + 1)


def _pieces(text: str, found: bytearray) -> Iterator[Part]:
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or found[end] != found[start]:
            yield Part(text[start:end], bool(found[start]))
            start = end


def _folded_with_places(text: str) -> Iterator[tuple[str, int]]:
    """Each letter that is compared, and the place of the letter that it came from."""
    for place, character in enumerate(text):
        apart = unicodedata.normalize("NFKD", character.casefold())
        for each in apart:
            if not unicodedata.combining(each):
                yield each, place
