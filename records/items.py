"""One entry as a page shows it: what, how much, when, where it stands, who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from access.facts import Source
from organisations.categories import Category
from records.entries import EntrySeen
from records.sections import SECTION_OF
from records.statuses import EntryStatus
from ui.formatting import clinical_date, clinical_time, number


@dataclass(frozen=True, slots=True)
class Flag:
    """That a result is out of its range: a symbol, and the same in words."""

    symbol: str
    words: str


class ItemView(NamedTuple):
    """One entry of a list. ``source`` is never empty; empty words are left out.

    ``reported`` says that somebody has reported it as wrong. A tuple, which a template takes apart
    once instead of asking it for each of its fields.
    """

    public_id: UUID
    what: str
    value: str
    flag: Flag | None
    normal: str
    detail: str
    when: str
    status: str
    source: str
    author: str
    place: str
    phone: str
    notes: tuple[str, ...]
    reported: bool = False


#: Entries that are likely the same, or one alone.
Alike = tuple[ItemView, ...]

#: HL7 v3 ObservationInterpretation, as far as it says high, low or abnormal.
_FLAGS: Mapping[str, Flag] = {
    "H": Flag("▲", "High"),
    "HU": Flag("▲", "High, significantly"),
    "HH": Flag("▲▲", "High, critically"),
    "L": Flag("▼", "Low"),
    "LU": Flag("▼", "Low, significantly"),
    "LL": Flag("▼▼", "Low, critically"),
    "A": Flag("◆", "Abnormal"),
    "AA": Flag("◆◆", "Abnormal, critically"),
    "POS": Flag("◆", "Positive"),
}
#: The codes of those.
OUT_OF_RANGE = tuple(_FLAGS)
_ABOVE = Flag("▲", "High: above the range given")
_BELOW = Flag("▼", "Low: below the range given")
#: A value with one of these is a bound: it is compared with no range.
COMPARATORS = ("<", ">", "≤", "≥", "~")


def flag_of(seen: EntrySeen) -> Flag | None:
    """High or low, as the source interprets it; else by the range it gave, if it gave one."""
    if seen.interpretation:
        return _FLAGS.get(seen.interpretation)
    if seen.value is None or seen.value_text.strip().startswith(COMPARATORS):
        return None
    if seen.range_high is not None and seen.value > seen.range_high:
        return _ABOVE
    if seen.range_low is not None and seen.value < seen.range_low:
        return _BELOW
    return None


def normal_range(seen: EntrySeen) -> str:
    """The reference range in words: the source's own, or made of its limits."""
    unit = f" {seen.unit}" if seen.unit else ""
    if seen.range_text:
        return seen.range_text
    if seen.range_low is not None and seen.range_high is not None:
        return f"{number(seen.range_low)} to {number(seen.range_high)}{unit}"
    if seen.range_high is not None:
        return f"{number(seen.range_high)}{unit} or lower"
    if seen.range_low is not None:
        return f"{number(seen.range_low)}{unit} or higher"
    return ""


def value_of(seen: EntrySeen) -> str:
    """The value with its unit, as the source gave it."""
    if seen.value_text:
        return seen.value_text
    return f"{number(seen.value)} {seen.unit}".strip() if seen.value is not None else ""


def when_of(effective: datetime | None, precision: str, ends: datetime | None) -> str:
    """When it was, no more precisely than the source said, and until when."""
    if effective is None and ends is None:
        return "Date not recorded"
    start = clinical_time(effective, precision or "time")
    if ends is None:
        return start
    end = clinical_date(ends)
    if effective is None:
        return f"Until {end}"
    return start if clinical_date(effective) == end else f"{start} to {end}"


#: The sources' own words that say no more than ours do.
_SAYS_NO_MORE = frozenset({"active", "in progress", "completed", "finished", "unknown"})
#: Codes of FHIR that are not yet English.
_IN_ENGLISH = {"onhold": "on hold", "noshow": "did not attend", "waitlist": "waiting list"}
#: Our own words.
_WORDS: Mapping[str, str] = {
    **{str(each): str(each.label) for each in EntryStatus},
    str(EntryStatus.UNKNOWN): "Status not known",
}
_PLAIN = frozenset({str(EntryStatus.CURRENT), str(EntryStatus.PAST)})


def status_of(seen: EntrySeen) -> str:
    """Where the entry stands, in our word and the source's; for a result the source's alone."""
    own = seen.source_status.replace("-", " ").strip()
    own = _IN_ENGLISH.get(own.casefold(), own)
    word = _WORDS[seen.status]
    section = SECTION_OF[seen.category]
    if not section.status_matters and seen.status in _PLAIN:
        return own[:1].upper() + own[1:]
    if not own or own.casefold() in _SAYS_NO_MORE | {word.casefold()}:
        return word
    return f"{word} ({own})"


def item_of(seen: EntrySeen, sources: Mapping[int, Source]) -> ItemView:
    """An entry for a list."""
    people = seen.category == Category.PEOPLE_INVOLVED
    return ItemView(
        public_id=seen.public_id,
        what=seen.display or "Not named by its source",
        value=value_of(seen),
        flag=flag_of(seen),
        normal=normal_range(seen),
        detail=seen.detail,
        when=when_of(seen.effective, seen.precision, seen.ends),
        status=status_of(seen),
        source=sources[seen.source_id].name,
        author="" if people else _author(seen),
        place=seen.place,
        phone=seen.phone,
        notes=tuple(seen.notes),
        reported=seen.reported,
    )


def _author(seen: EntrySeen) -> str:
    named = [part for part in (seen.author, seen.author_role) if part]
    return ", ".join(named) or "Author not recorded"
