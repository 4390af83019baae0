"""Joined records, in words: what moved, what was said since, and who saw which parts."""

from __future__ import annotations

from dataclasses import dataclass

from access.joining import MergeInFull, Saw
from access.presenters_sides import Details, Row, compare, of_side

#: What was moved, in words; a table that is not here is one of the system's own.
_MOVED = {
    "identity_sourceperson": ("source’s record", "sources’ records"),
    "identity_residentnhsnumber": ("NHS number", "NHS numbers"),
    "access_carerelationship": ("care relationship", "care relationships"),
    "access_brokenglass": ("emergency opening", "emergency openings"),
    "access_alert": ("alert", "alerts"),
    "identity_linkquestion": ("question of the work list", "questions of the work list"),
}


@dataclass(frozen=True, slots=True)
class MergePage:
    """A merge in words."""

    merge: MergeInFull
    one: Details
    other: Details
    rows: list[Row]
    moved: list[str]
    since: list[str]
    seen: tuple[Saw, ...]


def merge_page(merge: MergeInFull) -> MergePage:
    """What was joined, what moved, and what happened since."""
    one = of_side(merge.survivor, "The record that stayed")
    other = of_side(merge.merged, "The record that was joined with it")
    moved = [
        f"{count} {_MOVED[table][count != 1]}"
        for table, count in sorted(merge.moved.items())
        if table in _MOVED
    ]
    since = []
    if merge.choices_since:
        since.append(
            f"{_times(merge.choices_since, 'choice')} recorded. Refusals hold for both people "
            "until each is asked again: ask them both."
        )
    if merge.declared_since:
        since.append(
            f"{_times(merge.declared_since, 'care relationship')} declared by staff. They stay "
            "with the record that stayed."
        )
    return MergePage(merge, one, other, compare(one, other), moved, since, merge.seen)


def _times(count: int, what: str) -> str:
    return f"{count} {what} was" if count == 1 else f"{count} {what}s were"
