"""What is sent again of somebody whose record was destroyed when its time was over.

It stays out, in a delivery that is sent again and in one that is replayed: what is of no later day
than what was destroyed. What is later is new care, and comes in with its person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from feeds.boundary import Boundary, bytes_of, keep_bytes, without
from feeds.mapped import Item, Mapped, MappedPerson
from feeds.models import Batch, BatchState, Chunk, Delivery, HeldContent
from feeds.raw import read_delivery
from identity.sealed import unseal
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Of one name: the last moment that the destroyed record told of, and when it went."""

    until: datetime
    since: datetime


def stopped_among(items: list[Item], source_id: int) -> set[int]:
    """The positions of what is of a destroyed record, among items of a source."""
    known = _known(_names_in(items), source_id)
    if not known:
        return set()
    back = {name for item in items for name in _back_in_care(item, known)}
    return {
        position
        for position, item in enumerate(items)
        if isinstance(item.outcome, Mapped) and _is_of_old(item.outcome, known, back)
    }


def _names_in(items: Iterable[Item]) -> set[str]:
    """Of whom items are, by every name that they give: asked of each item of each delivery."""
    found: set[str | None] = set()
    for item in items:
        outcome = item.outcome
        if isinstance(outcome, Mapped):
            if outcome.person is not None:
                found.update(_names_of(outcome.person))
            for ready in outcome.ready:
                found.add(ready.person)
            for entry in outcome.entries:
                found.add(entry.person)
    return {name for name in found if name}


def _names_of(person: MappedPerson | None) -> Iterable[str]:
    return [person.identifier, *person.local_identifiers] if person else []


def _back_in_care(item: Item, known: dict[str, Destroyed]) -> Iterator[str]:
    """Whoever has something later than what was destroyed."""
    if isinstance(item.outcome, Mapped):
        for name, last in _moments(item.outcome):
            if name in known and last is not None and last > known[name].until:
                yield name


def _is_of_old(mapped: Mapped, known: dict[str, Destroyed], back: set[str]) -> bool:
    moments = list(_moments(mapped))
    if moments:
        return any(
            name in known and (last is None or last <= known[name].until) for name, last in moments
        )
    person = mapped.person
    if person is None:
        return False
    names = list(_names_of(person))
    if back & {*names}:
        return False
    return any(
        name in known and (person.version is None or person.version <= known[name].since)
        for name in names
    )


def _moments(mapped: Mapped) -> Iterator[tuple[str | None, datetime | None]]:
    """Of each entry: whose it is, and the last moment that it tells of (else its version's)."""
    for entry in mapped.entries:
        yield entry.person, _latest(entry.effective, entry.ends) or entry.version
    for ready in mapped.ready:
        yield ready.person, _latest(ready.row.effective, ready.row.ends) or ready.row.version


def _latest(*moments: datetime | None) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)


# ── The raw bytes ───────────────────────────────────────────────────────────────────────────


class _Shares(Boundary):
    """What is of destroyed persons in one delivery; it notes nothing in the database."""

    def note(self, identifier: str, resident: int) -> None:
        """Another name of theirs that the delivery gives."""
        self.identifiers.setdefault(identifier, resident)


def take_out_of_bytes(source: Organisation) -> int:
    """Take destroyed persons out of the raw bytes that are kept of a source; of how many files.

    Others' share of a file stays. Each file is a transaction of its own, and what is taken out
    already is not found again: safe to be killed and to be repeated. A file of which nothing less
    is sure (neither lines nor a JSON bundle) goes as a whole.
    """
    kept = Delivery.objects.filter(
        Exists(Chunk.objects.filter(delivery=OuterRef("pk"))),
        batch__feed__organisation=source,
        batch__state__in=[BatchState.LOADED, BatchState.REFUSED],
    )
    return sum(_take_out_of(delivery) for delivery in kept.select_related("batch").order_by("pk"))


@transaction.atomic
def _take_out_of(delivery: Delivery) -> bool:
    batch = Batch.objects.select_for_update().get(pk=delivery.batch_id)
    items = list(read_delivery(batch, delivery))
    source = batch.feed.organisation_id
    shares = _Shares(source)
    for name, destroyed in _known(_names_in(items), source).items():
        if batch.received <= destroyed.since:
            shares.identifiers[name] = 0
    if not shares:
        return False
    shares.numbers = {
        digits: 0
        for item in items
        if isinstance(item.outcome, Mapped) and item.outcome.person is not None
        for digits in ["".join(filter(str.isdigit, item.outcome.person.nhs_number or ""))]
        if digits and {*_names_of(item.outcome.person)} & {*shares.identifiers}
    }
    pointers = [item.pointer for item in items if shares.stops(item)]
    keep_bytes(delivery, without(bytes_of(delivery), pointers, shares))
    for held in HeldContent.objects.filter(hold__delivery=delivery):
        if shares.mentions(unseal(held.raw, purpose="hold")):
            held.delete()
    return True


def _known(names: set[str], source_id: int) -> dict[str, Destroyed]:
    if not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select name, until, since from feeds.destroyed_among(%s, %s)", [source_id, list(names)]
        )
        return {name: Destroyed(until, since) for name, until, since in cursor}
