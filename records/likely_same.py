"""Entries that likely tell the same thing, because several sources sent it: shown together.

Pure, and careful: nothing is dropped and nothing merged, since what looks the same may not be (two
doses of one medicine). Each entry stays whole, with its own source, within its group. What one
source alone sent twice is left as it sent it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from organisations.categories import Category
from records.entries import EntrySeen
from ui.formatting import LONDON

#: What an entry is about, whatever the day: a substance, a condition, a warning, a person.
_WHATEVER_THE_DAY = frozenset(
    {
        Category.ALLERGIES,
        Category.MEDICATIONS,
        Category.DIAGNOSES,
        Category.ALERTS,
        Category.CARE_PLANS,
        Category.PEOPLE_INVOLVED,
    }
)
#: The same again only if it was on the same day. Contacts and appointments are not here: two of
#: one kind on one day are often two, as are a council's services.
_OF_ONE_DAY = frozenset(
    {
        Category.LAB_RESULTS,
        Category.MEASUREMENTS,
        Category.IMAGING,
        Category.PROCEDURES,
        Category.DOCUMENTS,
    }
)
#: A name shorter than this says too little.
_SHORTEST = 3

Key = tuple[object, ...]


def groups_of(found: Sequence[EntrySeen], *, by_name: bool = True) -> list[list[EntrySeen]]:
    """Entries of one list in its order, those that are likely the same next to the first of them.

    The same substance, condition or person by its code or by its name (letters and digits alone,
    whatever their case and accents); the same test, image, operation or document if it was on one
    day as well, and a result only with the same value. A group of several has two sources or more.

    :param by_name: not for a protected resident's, whose entries may be named by their kind.
    """
    if len({entry.source_id for entry in found}) < 2:
        return [[entry] for entry in found]
    follows = _joined(found, by_name=by_name)
    if len(set(follows)) == len(found):
        return [[entry] for entry in found]
    together: dict[int, list[EntrySeen]] = {}
    for nth, entry in enumerate(found):
        together.setdefault(follows[nth], []).append(entry)
    groups: list[list[EntrySeen]] = []
    placed: set[int] = set()
    for nth, entry in enumerate(found):
        alike = together[follows[nth]]
        if len({each.source_id for each in alike}) < 2:
            groups.append([entry])
        elif follows[nth] not in placed:
            placed.add(follows[nth])
            groups.append(alike)
    return groups


def _joined(found: Sequence[EntrySeen], *, by_name: bool) -> list[int]:
    """For each entry the first one that it is joined with, by any key of either."""
    first = list(range(len(found)))

    def root(nth: int) -> int:
        while first[nth] != nth:
            first[nth] = first[first[nth]]
            nth = first[nth]
        return nth

    having: dict[Key, int] = {}
    for nth, entry in enumerate(found):
        for key in _keys(entry, by_name=by_name):
            had = having.setdefault(key, nth)
            if had != nth:
                other, mine = root(had), root(nth)
                first[max(other, mine)] = min(other, mine)
    return [root(nth) for nth in first]


def _keys(entry: EntrySeen, *, by_name: bool) -> Iterator[Key]:
    category = entry.category
    if category in _WHATEVER_THE_DAY:
        when: tuple[object, ...] = ()
    elif category in _OF_ONE_DAY and entry.effective is not None and _is_a_day(entry.precision):
        when = (entry.effective.astimezone(LONDON).date(),)
    else:
        return
    what = (category, entry.negation, *when, *_value(entry))
    if entry.code and category != Category.PEOPLE_INVOLVED:  # whose code is a role's
        yield ("code", entry.code, *what)
    name = _evened_out(entry.display)
    if by_name and len(name) >= _SHORTEST:
        yield ("name", name, *what)


def _is_a_day(precision: str) -> bool:
    return precision in {"", "day", "time"}


def _value(entry: EntrySeen) -> tuple[object, ...]:
    """A result's value; two of one day that differ are two results."""
    return (entry.value if entry.value is not None else entry.value_text.strip(),)


def _evened_out(name: str) -> str:
    """Letters and digits alone, without case and accents."""
    folded = name.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", folded)
    return "".join(filter(str.isalnum, folded))
