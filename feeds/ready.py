"""Items made ready for the loader: entries as rows, as many together as are loaded at once.

Runs wherever items are mapped: in the worker, or in the process that maps ahead of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from feeds.mapped import Item, Mapped, ReadyEntry
from records.rows import row_of

#: What is loaded in one transaction has at most so many items, entries and bytes of them, or a
#: bit more …
CHUNK_ITEMS = 4000
CHUNK_ENTRIES = 4000
CHUNK_BYTES = 6 << 20
#: … and names at most so many people: each takes a lock or two of the some 6,400 that a PostgreSQL
#: with its usual settings has.
CHUNK_PEOPLE = 1000


def ready(item: Item) -> Item:
    """The item with its entries as rows."""
    outcome = item.outcome
    if not isinstance(outcome, Mapped) or not outcome.entries:
        return item
    rows = tuple(
        [
            ReadyEntry(entry.person, entry.person_nhs_number, row_of(entry))
            for entry in outcome.entries
        ]
    )
    # In full: msgspec's replace takes thrice as long, for each item of each delivery.
    made = Mapped(outcome.person, (), outcome.told, outcome.replaces, outcome.ready + rows)
    return Item(item.pointer, item.resource_type, item.resource_id, made, item.raw, item.is_wrapper)


class Share:
    """What is loaded in one transaction, as it fills: how much of each limit is taken.

    ``part`` divides the limits.
    """

    def __init__(self, part: float = 1) -> None:
        self._part = part
        self.items = 0
        self._entries = 0
        self._bytes = 0
        self._people: set[str] = set()

    def is_full_with(self, item: Item) -> bool:
        """Whether one ready item more fills it."""
        self.items += 1
        self._bytes += len(item.raw)
        outcome = item.outcome
        if isinstance(outcome, Mapped):
            for entry in outcome.ready:
                self._entries += 1
                self._bytes += len(entry.row.text)
                if entry.person is not None:
                    self._people.add(entry.person)
            if outcome.person is not None:
                self._people.add(outcome.person.identifier)
        part = self._part
        return (
            self._entries * part >= CHUNK_ENTRIES
            or self.items * part >= CHUNK_ITEMS
            or self._bytes * part >= CHUNK_BYTES
            or len(self._people) * part >= CHUNK_PEOPLE
        )


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Ready items, some at a time, in their order, so that memory is bounded."""
    chunk: list[Item] = []
    share = Share()
    for each in items:
        item = ready(each)
        chunk.append(item)
        if share.is_full_with(item):
            yield chunk
            chunk, share = [], Share()
    if chunk:
        yield chunk
