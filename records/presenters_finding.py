"""What the page of found words shows: each entry, with what was looked for marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from access.gate import Opened
from identity.selectors import ResidentSeen
from organisations.categories import Category
from records.banner import Banner, banner_of, printed_by
from records.entries import EntrySeen
from records.finding import Part, marked
from records.items import Flag, ItemView, item_of
from records.sections import PAGE, SECTION_OF
from ui.formatting import LONDON

Parts = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class FoundItem:
    """One entry, its words in pieces. Empty ones are left out."""

    public_id: UUID
    section: str
    what: Parts
    value: Parts
    flag: Flag | None
    details: tuple[Parts, ...]
    place: Parts
    phone: str
    when: str
    status: Parts
    source: Parts
    author: Parts
    reported: bool


@dataclass(frozen=True, slots=True)
class FoundPage:
    """One page of what was found in what is shown."""

    resident: UUID
    banner: Banner
    is_answer: bool
    words: str
    items: tuple[FoundItem, ...]
    total: int
    page: int
    printed: str

    @property
    def pages(self) -> int:
        """How many pages it takes: at least one, which may be empty."""
        return max(1, -(-self.total // PAGE))


def found_page(
    opened: Opened,
    who: ResidentSeen,
    found: Sequence[EntrySeen] | None,
    *,
    typed: str,
    words: Sequence[str],
    page: int,
    by: str,
    at: datetime,
) -> FoundPage:
    """What was found, or the empty form where nothing was looked for (``None``).

    :param page: the page asked for; the nearest that there is is shown.
    """
    sources = {source.id: source for source in opened.decision.facts.sources}
    entries = found or ()
    number = min(max(page, 1), max(1, -(-len(entries) // PAGE)))
    shown = entries[(number - 1) * PAGE : number * PAGE]
    return FoundPage(
        resident=who.public_id,
        banner=banner_of(who, at.astimezone(LONDON).date()),
        is_answer=found is not None,
        words=typed,
        items=tuple(
            _found(SECTION_OF[Category(entry.category)].title, item_of(entry, sources), words)
            for entry in shown
        ),
        total=len(entries),
        page=number,
        printed=printed_by(by, at),
    )


def _found(section: str, item: ItemView, words: Sequence[str]) -> FoundItem:
    return FoundItem(
        public_id=item.public_id,
        section=section,
        what=marked(item.what, words),
        value=marked(item.value, words),
        flag=item.flag,
        details=tuple(marked(text, words) for text in (item.detail, *item.notes) if text),
        place=marked(item.place, words),
        phone=item.phone,
        when=item.when,
        status=marked(item.status, words),
        source=marked(item.source, words),
        author=marked(item.author, words),
        reported=item.reported,
    )
