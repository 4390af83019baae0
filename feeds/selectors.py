"""Reads of batches: how far they are, and what became of each item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Now

from feeds.formats import FORMATS
from feeds.models import Batch, BatchState, ExtractRequest, Hold, Outcome, Tally
from organisations.models import Feed, Organisation


@dataclass(frozen=True, slots=True)
class Line:
    """So many items of a type came to one outcome for one reason."""

    outcome: str
    resource_type: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a batch: ``read`` is the sum of the outcomes, always."""

    batch: Batch
    lines: tuple[Line, ...]

    def total(self, outcome: str) -> int:
        """How many items came to an outcome."""
        return sum(line.count for line in self.lines if line.outcome == outcome)

    @property
    def read(self) -> int:
        """How many items were read; wrappers (bundles) are not items."""
        return sum(line.count for line in self.lines)

    @property
    def seconds(self) -> float | None:
        """How long it took, once it is done."""
        if self.batch.started is None or self.batch.finished is None:
            return None
        return (self.batch.finished - self.batch.started).total_seconds()

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "batch": str(self.batch.public_id),
            "state": self.batch.state,
            "read": self.read,
            **{outcome.value.replace("-", "_"): self.total(outcome) for outcome in Outcome},
            "wrappers": self.batch.wrappers,
            "seconds": self.seconds,
            "lines": [
                {
                    "outcome": line.outcome,
                    "type": line.resource_type,
                    "reason": line.reason,
                    "count": line.count,
                }
                for line in self.lines
            ],
        }

    def as_text(self) -> str:
        """For a terminal: the totals, then every type with its reason."""
        rate = (
            f" in {self.seconds:.1f} s, {self.read / self.seconds:,.0f} a second"
            if (self.seconds)
            else ""
        )
        head = [f"Batch {self.batch.public_id}: {self.read:,} items read{rate}"]
        head += [f"  {outcome.label:<12} {self.total(outcome):>9,}" for outcome in Outcome]
        if self.batch.wrappers:
            head.append(f"  ({self.batch.wrappers:,} bundles, whose entries are counted above)")
        body = [
            f"  {line.count:>9,}  {line.outcome:<12} {line.resource_type:<24} {line.reason}"
            for line in self.lines
        ]
        return "\n".join(line.rstrip() for line in [*head, "", *body])


def report(batch: Batch) -> Report:
    """The report of a batch as it stands."""
    order = {outcome.value: place for place, outcome in enumerate(Outcome)}
    tallies = Tally.objects.filter(batch=batch, count__gt=0)
    lines = sorted(
        (Line(t.outcome, t.resource_type, t.reason, t.count) for t in tallies),
        key=lambda line: (order[line.outcome], -line.count, line.resource_type, line.reason),
    )
    return Report(batch, tuple(lines))


def read_count(batch: Batch) -> int:
    """How many items a batch has read so far."""
    total = Tally.objects.filter(batch=batch).aggregate(total=Sum("count"))["total"]
    return int(total or 0)


def can_be_replayed(feed: Feed) -> QuerySet[Batch]:
    """A feed's batches whose bytes are kept, as they were given in."""
    return (
        Batch.objects.filter(feed=feed, state=BatchState.LOADED, replays=None, raw_deleted=None)
        .select_related("feed")
        .order_by("pk")
    )


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a feed last sent something, and whether it should have since."""

    source: str
    words: str
    last_received: datetime | None
    expected_every: timedelta | None
    late: bool


def freshness(at: datetime) -> list[Freshness]:
    """How fresh each feed in force is, the late ones first."""
    found = [
        Freshness(
            source=feed.organisation.name,
            words=FORMATS[feed.format].words,
            last_received=feed.last_received,
            expected_every=feed.expected_every,
            late=feed.is_late(at),
        )
        for feed in feeds_in_force()
    ]
    return sorted(found, key=lambda one: (not one.late, one.source, one.words))


def extract_requests() -> QuerySet[ExtractRequest]:
    """The sources that are asked for a full extract now, the longest first. They name nobody."""
    return (
        ExtractRequest.objects.filter(answered=None, due__lte=Now())
        .select_related("source")
        .defer("choice_id")
    )


def holds(batch: Batch, limit: int = 100) -> Iterable[Hold]:
    """What a batch set aside and nobody has resolved, in order."""
    return Hold.objects.filter(batch=batch, resolved__isnull=True)[:limit]


def people_of_holds(batch: Batch) -> tuple[int, int]:
    """How many people a batch's held items are about, and of how many items that is not known."""
    found = Hold.objects.filter(batch=batch, resolved__isnull=True).aggregate(
        people=Count("whose", distinct=True, filter=~Q(whose=b"")),
        unknown=Count("pk", filter=Q(whose=b"")),
    )
    return found["people"], found["unknown"]


def held_by_reason(batch: Batch) -> list[tuple[str, int]]:
    """The reasons for which a batch's items are held, with how many, the most first."""
    found = Hold.objects.filter(batch=batch, resolved__isnull=True).values_list("reason")
    return list(found.annotate(count=Count("pk")).order_by("-count", "reason"))


def feeds_in_force() -> QuerySet[Feed]:
    """The feeds that can be given in now, by the name of their organisation."""
    return (
        Feed.objects.current()
        .filter(format__in=FORMATS, organisation__in=Organisation.objects.current())
        .select_related("organisation")
        .order_by("organisation__name", "format")
    )
