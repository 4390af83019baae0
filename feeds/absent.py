"""What a full extract has no more: an extract of everybody is a snapshot, as one person's is.

What it has is read a second time once it is loaded, and noted outside this process, so that memory
is bounded. Its date is written down before its first row is loaded, so that an older extract, at
whatever moment it comes, neither retires what the newer one has nor brings back what it has not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from feeds.ahead import mapped_chunks
from feeds.boundary import boundary_of
from feeds.mapped import EntryStatus, Held, Item, Mapped, WholeExtract
from feeds.models import Batch, FullExtract, Outcome
from identity.models import SourcePerson
from organisations.models import Organisation
from records import retiring
from records.rows import EntryRow

NOT_NAMED = (
    "A full extract with something in it whose person cannot be told: nothing is retired by it. "
    "Put that right at the source."
)
NOT_DATED = (
    "A full extract that does not say when it was taken: nothing is retired by it. "
    "Send Extract_Date, and Reporting_Period_End_Date with events."
)


@dataclass(slots=True)
class Present:
    """What a batch has of everything, and whose rows it could not read."""

    source: Organisation
    wholes: list[WholeExtract] = field(default_factory=list)
    all_named: bool = True
    _unread: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        retiring.begin_present()

    def take(self, items: Iterable[Item]) -> None:
        """Note some items, made ready."""
        identifiers = []
        for item in items:
            match item.outcome:
                case WholeExtract() as whole:
                    self.wholes.append(whole)
                case Mapped(ready=ready):
                    identifiers += [entry.row.identifier for entry in ready]
                case Held() if item.resource_id:
                    self._unread.add(f"Patient/{item.resource_id}")
                case Held():
                    self.all_named = False
                case _:
                    pass
        retiring.note_present(identifiers)

    def covers(self) -> Iterator[tuple[str, datetime | None, datetime | None]]:
        """By kind of entry: when the batch was taken, and how far back it goes."""
        by_kind = sorted(
            ((kind, whole) for whole in self.wholes for kind in whole.kinds), key=lambda one: one[0]
        )
        for kind, group in groupby(by_kind, key=lambda one: one[0]):
            wholes = [whole for _, whole in group]
            days = [whole.since for whole in wholes if whole.since is not None]
            since = min(days) if len(days) == len(wholes) else None
            dated = [whole.taken for whole in wholes if whole.taken is not None]
            yield kind, max(dated) if len(dated) == len(wholes) else None, since

    def not_looked_at(self) -> tuple[int, ...]:
        """Those of whom a row could not be read, and those of whom nothing may come in."""
        objecting = boundary_of(self.source).identifiers
        persons = SourcePerson.objects.filter(
            source=self.source, identifier__in={*self._unread, *objecting}
        )
        return tuple(persons.values_list("pk", flat=True))


def present_of(batch: Batch) -> Present:
    """Read a batch for what it has."""
    present = Present(batch.feed.organisation)
    for delivery in batch.deliveries.all():
        for items, _read in mapped_chunks(batch, delivery):
            present.take(items)
    return present


def would_retire(batch: Batch, present: Present) -> retiring.Retirement:
    """What a batch would retire as a full extract, by what it has."""
    held = absent = 0
    but_of = present.not_looked_at()
    newer = newer_than(batch)
    for kind, taken, since in present.covers() if present.all_named else ():
        if taken is None or (kind in newer and _taken(newer[kind]) >= taken):
            continue
        found = retiring.would_retire_of(_whole(batch, kind, taken, since, but_of))
        held, absent = held + found.held, absent + found.absent
    return retiring.Retirement(held, absent)


def as_json(present: Present) -> list[dict[str, Any]]:
    """What a batch is a full extract of, as it is kept with the batch until it is loaded."""
    return [
        {
            "kind": kind,
            "taken": taken.isoformat() if taken else None,
            "since": since.isoformat() if since else None,
        }
        for kind, taken, since in present.covers()
    ]


def begin(batch: Batch) -> None:
    """Write down what a batch is a full extract of, before anything of it is loaded.

    Run inside a transaction that holds the source's lock.
    """
    FullExtract.objects.bulk_create(
        [
            FullExtract(
                feed_id=batch.feed_id,
                batch=batch,
                brought_by=batch.brought_by,
                kind=each["kind"],
                taken=parse_datetime(each["taken"]) if each["taken"] else None,
                since=parse_datetime(each["since"]) if each["since"] else None,
            )
            for each in (batch.findings or {}).get("extract", [])
        ],
        ignore_conflicts=True,
    )


def newer_than(batch: Batch) -> dict[str, FullExtract]:
    """By kind of entry: the newest full extract of a batch's feed, where it is another one.

    Loaded or being loaded. Of two of one day the one that was given in later is newer.
    """
    found = FullExtract.objects.filter(feed=batch.feed_id, taken__isnull=False)
    newest = found.order_by("kind", "-taken", "-brought_by", "-pk").distinct("kind")
    return {each.kind: each for each in newest if each.brought_by != batch.brought_by}


def is_older(entries: Iterable[EntryRow], newer: Mapping[str, FullExtract]) -> bool:
    """Whether entries are of before a full extract that covers them: then that counts."""
    return any(
        (extract := newer.get(entry.kind)) is not None
        and entry.version is not None
        and entry.version < _taken(extract)
        and retiring.is_covered(
            since=extract.since,
            ends=entry.ends,
            effective=entry.effective,
            is_current=entry.status == EntryStatus.CURRENT,
        )
        for entry in entries
    )


def _taken(extract: FullExtract) -> datetime:
    """When it was taken; only of those that say so."""
    if extract.taken is None:
        raise ValueError("This full extract does not say when it was taken.")
    return extract.taken


def is_to_be_done(batch: Batch) -> bool:
    """Whether a batch is a full extract by which nothing was retired yet."""
    return FullExtract.objects.filter(batch=batch, done=None).exists()


def retire(batch: Batch, present: Present) -> Counter[tuple[str, str, str]]:
    """Retire what a full extract has no more, once; the counts by outcome, type and reason.

    Run inside a transaction that holds the source's lock.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    newer = newer_than(batch)
    but_of = present.not_looked_at()
    why_not = "" if present.all_named else NOT_NAMED
    for extract in FullExtract.objects.filter(batch=batch, done=None):
        if extract.taken is None:
            why_not = why_not or NOT_DATED
        elif not why_not and extract.kind not in newer:
            whole = _whole(batch, extract.kind, extract.taken, extract.since, but_of)
            retired = retiring.retire_absent_of(whole)
            counts[(Outcome.RETIRED, extract.kind, "")] += retired
    FullExtract.objects.filter(batch=batch, done=None).update(done=Now())
    if why_not:
        counts[(Outcome.PASSED_OVER, "Extract", why_not)] += 1
    return +counts


def _whole(
    batch: Batch, kind: str, taken: datetime, since: datetime | None, but_of: tuple[int, ...]
) -> retiring.Whole:
    return retiring.Whole(
        source_id=batch.feed.organisation_id,
        brought_by=batch.brought_by,
        feed_id=batch.feed_id,
        kind=kind,
        taken=taken,
        since=since,
        but_of=but_of,
    )
