"""What became of items: counted, and what was set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from feeds.mapped import Item
from feeds.models import Outcome

#: How many items came to an outcome, by (outcome, type, reason).
Counts = Counter[tuple[str, str, str]]


@dataclass(slots=True)
class Outcomes:
    """What became of some items: counts, what was set aside, and where stands what was stopped."""

    counts: Counts = field(default_factory=Counter)
    holds: list[tuple[Item, str]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    wrappers: int = 0

    def count(self, outcome: Outcome, item: Item, reason: str = "") -> None:
        """One item more came to an outcome."""
        self.counts[(outcome, item.resource_type, reason)] += 1

    def count_all(self, outcome: Outcome, items: Iterable[Item]) -> None:
        """Items more came to an outcome."""
        for kind, number in Counter(item.resource_type for item in items).items():
            self.counts[(outcome, kind, "")] += number

    def hold(self, item: Item, reason: str) -> None:
        """Set an item aside for a reason, which names no value."""
        self.count(Outcome.HELD, item, reason)
        self.holds.append((item, reason))

    def stop(self, item: Item) -> None:
        """Of somebody who objects: counted, and nothing of it kept."""
        self.count(Outcome.STOPPED, item)
        self.stopped.append(item.pointer)


def add_to_tallies(counts: Counts, batch_id: int) -> None:
    """Add to a batch's tallies, inside the transaction that writes the items."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into feeds_tally (batch_id, outcome, resource_type, reason, count) "
            "values (%s, %s, %s, %s, %s) "
            "on conflict (batch_id, outcome, resource_type, reason) "
            "do update set count = feeds_tally.count + excluded.count",
            [(batch_id, *key, number) for key, number in sorted(counts.items())],
        )
