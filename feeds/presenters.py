"""What a page says of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from feeds import days, selectors
from feeds.formats import FORMATS
from feeds.models import Batch, BatchState, Hold
from organisations.models import Feed


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look over a batch found, in figures; ``held`` by reason, the most first."""

    read: int
    would_load: int
    passed_over: int
    match: str
    lowest_match: str
    too_low: bool
    held: tuple[tuple[str, int], ...]
    would_retire: int
    retired_share: str
    highest_retired: str
    retires_too_much: bool

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Findings:
        """What is kept with the batch, for its page."""
        held = sorted(kept["held"].items(), key=lambda one: (-one[1], one[0]))
        return cls(
            read=kept["read"],
            would_load=kept["would_load"],
            passed_over=kept["passed_over"],
            match=_percent(kept["match"]),
            lowest_match=_percent(kept["lowest_match"]),
            too_low=kept["too_low"],
            held=tuple(held),
            would_retire=kept["would_retire"],
            retired_share=_percent(kept["retired_share"]),
            highest_retired=_percent(kept["highest_retired"]),
            retires_too_much=kept["retires_too_much"],
        )


def _percent(share: float) -> str:
    """A share, cut off and never rounded up: 99.96 % is not all."""
    return f"{int(share * 1000) / 10:g}%"


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A held item. ``person`` counts the people of those shown, from 1; 0 where nobody is known."""

    pk: int
    resource_type: str
    pointer: str
    reason: str
    person: int


def hold_rows(holds: Iterable[Hold]) -> list[HoldRow]:
    """Held items as a page shows them: which of them are of one person, and never of whom."""
    people: dict[bytes, int] = {}
    rows = []
    for hold in holds:
        whose = bytes(hold.whose)
        person = people.setdefault(whose, len(people) + 1) if whose else 0
        rows.append(HoldRow(hold.pk, hold.resource_type, hold.pointer, hold.reason, person))
    return rows


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch in words and figures. ``seconds_left`` only while there is something to go by."""

    public_id: UUID
    source: str
    format: str
    words: str
    state: str
    state_words: str
    colour: str
    received: datetime
    finished: datetime | None
    percent: int
    read: int
    rate: int | None
    seconds_left: int | None
    is_running: bool
    fault: str
    findings: Findings | None
    replays: UUID | None
    raw_deleted: datetime | None
    can_be_replayed: bool


@dataclass(frozen=True, slots=True)
class DayRow:
    """What a feed sent by itself on one day; ``query`` leads to each of its batches."""

    source: str
    words: str
    day: date
    last: datetime
    batches: int
    read: int
    running: int
    for_somebody: int
    query: str


def day_row(one: days.Day) -> DayRow:
    """A day of a feed as the page of deliveries shows it."""
    return DayRow(
        source=one.feed.organisation.name,
        words=words_of(one.feed),
        day=one.day,
        last=one.last,
        batches=one.batches,
        read=one.read,
        running=one.running,
        for_somebody=one.for_somebody,
        query=query_of(one.feed, one.day),
    )


def query_of(feed: Feed | None, day: date) -> str:
    """The filter of a feed and a day, as a link has it; its last part is the page."""
    parts = {"day-day": day.day, "day-month": day.month, "day-year": day.year}
    return urlencode({"feed": feed.pk if feed else "", **parts})


def words_of(feed: Feed) -> str:
    """What a feed sends; its code, where that form is read no longer."""
    form = FORMATS.get(feed.format)
    return form.words if form else feed.format


_COLOURS = {
    BatchState.RECEIVED: "grey",
    BatchState.LOADING: "blue",
    BatchState.WAITING: "orange",
    BatchState.REFUSED: "grey",
    BatchState.LOADED: "green",
    BatchState.FAILED: "red",
}


def batch_row(batch: Batch) -> BatchRow:
    """A batch as its page and the list show it."""
    read = selectors.read_count(batch)
    first = batch.replays or batch
    end = batch.finished or batch.heartbeat
    elapsed = (end - batch.started).total_seconds() if batch.started and end else 0.0
    rate = read / elapsed if elapsed else None
    left = None
    if batch.state == BatchState.LOADING and batch.done_bytes and elapsed:
        left = round(elapsed * (batch.total_bytes - batch.done_bytes) / batch.done_bytes)
    percent = 100 if batch.state == BatchState.LOADED else 0
    if batch.state != BatchState.LOADED and batch.total_bytes:
        percent = min(99, batch.done_bytes * 100 // batch.total_bytes)
    return BatchRow(
        public_id=batch.public_id,
        source=batch.feed.organisation.name,
        format=batch.feed.format,
        words=words_of(batch.feed),
        state=batch.state,
        state_words=BatchState(batch.state).label,
        colour=_COLOURS[BatchState(batch.state)],
        received=batch.received,
        finished=batch.finished,
        percent=percent,
        read=read,
        rate=round(rate) if rate else None,
        seconds_left=left,
        is_running=batch.state in {BatchState.RECEIVED, BatchState.LOADING},
        fault=batch.fault,
        findings=Findings.of(batch.findings) if batch.findings else None,
        replays=batch.replays.public_id if batch.replays else None,
        raw_deleted=first.raw_deleted,
        can_be_replayed=batch.state == BatchState.LOADED and first.raw_deleted is None,
    )


@dataclass(frozen=True, slots=True)
class SourceRow:
    """How fresh a feed is, in words."""

    source: str
    words: str
    last_received: datetime | None
    expected: str
    late: bool


def source_row(one: selectors.Freshness) -> SourceRow:
    """A feed as the page of deliveries shows it."""
    return SourceRow(one.source, one.words, one.last_received, _every(one.expected_every), one.late)


def _every(interval: timedelta | None) -> str:
    """``every 2 days``, ``every 12 hours``; "at no set time" where nothing is expected."""
    if interval is None:
        return "at no set time"
    hours = round(interval.total_seconds() / 3600)
    number, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"every {unit}" if number == 1 else f"every {number} {unit}s"
