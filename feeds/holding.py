"""What is set aside: kept with its reason and its bytes, and tried again once its person came."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator

from django.db.models import Max, Q, QuerySet
from msgspec.structs import replace

from feeds.affected import mark_of
from feeds.answers import ANSWER_OF_WHOM
from feeds.applying import PERSON_NOT_KNOWN, Applier, people_of
from feeds.boundary import LOOK
from feeds.joined import replaced_in
from feeds.mapped import Item, Mapped
from feeds.models import Batch, Delivery, HeldContent, Hold, Outcome
from feeds.outcomes import Outcomes, add_to_tallies
from feeds.raw import read_content
from feeds.ready import ready
from identity.sealed import seal, unseal


def keep(batch: Batch, delivery: Delivery, result: Outcomes) -> None:
    """Write tallies and holds, inside the transaction that wrote the entries."""
    add_to_tallies(result.counts, batch.pk)
    take_out_later(delivery, result.stopped)
    holds = Hold.objects.bulk_create(
        Hold(
            batch=batch,
            delivery=delivery,
            pointer=item.pointer,
            resource_type=item.resource_type,
            reason=reason,
            whose=mark_of(item, batch),
        )
        for item, reason in result.holds
    )
    HeldContent.objects.bulk_create(
        HeldContent(hold=hold, raw=seal(_bytes_of(item), purpose="hold"))
        for hold, (item, _) in zip(holds, result.holds, strict=True)
    )


def take_out_later(delivery: Delivery, pointers: list[str]) -> None:
    """Remember where stands what was stopped, until the batch is read to its end."""
    if pointers:
        held = Delivery.objects.select_for_update().get(pk=delivery.pk)
        held.stopped = [*held.stopped, *pointers]
        held.save(update_fields=["stopped"])


#: For want of whom something waits by itself, to be tried again when they come.
_WAITS = Q(reason__in=[PERSON_NOT_KNOWN, ANSWER_OF_WHOM], resolved=None)


def to_be_tried_again(batch: Batch, *, persons_arrived: bool) -> QuerySet[Hold]:
    """What waits for its person, whatever the order of files and of deliveries.

    Of this batch; where persons arrived, of every batch of its feed; and what of this batch
    somebody asked to be tried again.
    """
    by_itself = _WAITS & (Q(batch__feed=batch.feed_id) if persons_arrived else Q(batch=batch))
    asked = Q(batch=batch, asked_again__isnull=False)
    waiting = Hold.objects.filter(by_itself | asked, resolved=None)
    return waiting.select_related("delivery", "content").order_by("pk")


def waiting_elsewhere(batch: Batch) -> Iterator[tuple[Batch, QuerySet[Hold]]]:
    """What of the source's other feeds waits for its person: each feed's, with its newest batch.

    A source has one idea of a person, whichever of its feeds introduced them.
    """
    elsewhere = Hold.objects.filter(_WAITS, batch__feed__organisation=batch.feed.organisation_id)
    elsewhere = elsewhere.exclude(batch__feed=batch.feed_id)
    newest = elsewhere.values("batch__feed").annotate(newest=Max("batch")).order_by("batch__feed")
    for feed, of in newest.values_list("batch__feed", "newest"):
        found = Batch.objects.select_related("feed__organisation", "mapping", "replays").get(pk=of)
        waiting = elsewhere.filter(batch__feed=feed)
        yield found, waiting.select_related("delivery", "content").order_by("pk")


def try_again(
    holds: Iterable[Hold], batch: Batch, applier: Applier, *, of: Container[str] | None = None
) -> None:
    """Read and apply items that are held; each goes, or is held for what stands in its way now.

    Those of one batch together: where entries came before their people, they are as many as a
    delivery. An item that is read as several stands by itself.

    :param batch: one of their feed, by whose mapping they are read.
    :param of: only what names one of these people.
    """
    together: dict[int, list[tuple[Hold, Item]]] = defaultdict(list)
    alone: list[tuple[Hold, list[Item]]] = []
    for hold in holds:
        raw = unseal(hold.content.raw, purpose="hold")
        items = [
            ready(item)
            for item in read_content(batch, io.BytesIO(raw), hold.pointer)
            if not item.is_wrapper
        ]
        if of is not None and not any(one in of for one in people_of(items) | replaced_in(items)):
            continue
        if len(items) == 1:
            together[hold.batch_id].append((hold, items[0]))
        else:
            alone.append((hold, items))
    for batch_id, pairs in together.items():
        # Known again by their place in this list, whatever becomes of them.
        items = [replace(item, pointer=str(place)) for place, (_, item) in enumerate(pairs)]
        result = applier.apply(items, batch_id)
        _settle([hold for hold, _ in pairs], result, batch_id)
    for hold, items in alone:
        result = applier.apply(items, hold.batch_id)
        if result.holds or not items:
            _still_held(hold, result.holds[0][1] if result.holds else hold.reason)
        else:
            result.stopped = [f"{_mark(place)}0" for place in result.stopped]
            _settle([hold], result, hold.batch_id)


def _settle(holds: list[Hold], result: Outcomes, batch_id: int) -> None:
    """Let go of what is held no longer, by the places in ``holds`` that the outcomes point to."""
    still = {int(item.pointer): reason for item, reason in result.holds}
    for item, reason in result.holds:
        result.counts[(Outcome.HELD, item.resource_type, reason)] -= 1
    gone = [hold for place, hold in enumerate(holds) if place not in still]
    for hold in gone:
        result.counts[(Outcome.HELD, hold.resource_type, hold.reason)] -= 1
    add_to_tallies(result.counts, batch_id)
    stopped: dict[int, list[str]] = defaultdict(list)
    deliveries = {hold.delivery_id: hold.delivery for hold in holds}
    for pointer in result.stopped:
        hold = holds[int(pointer.removeprefix(LOOK))]
        stopped[hold.delivery_id].append(f"{_mark(pointer)}{hold.pointer}")
    for delivery_id, pointers in stopped.items():
        take_out_later(deliveries[delivery_id], pointers)
    for place, reason in still.items():
        _still_held(holds[place], reason)
    Hold.objects.filter(pk__in=[hold.pk for hold in gone]).delete()


def _mark(place: str) -> str:
    return LOOK if place.startswith(LOOK) else ""


def _still_held(hold: Hold, reason: str) -> None:
    kind = hold.resource_type
    if reason != hold.reason:
        counts = Counter({(str(Outcome.HELD), kind, reason): 1})
        counts[(Outcome.HELD, kind, hold.reason)] = -1
        add_to_tallies(counts, hold.batch_id)
    if reason != hold.reason or hold.asked_again is not None:
        Hold.objects.filter(pk=hold.pk).update(asked_again=None, reason=reason)


def _bytes_of(item: Item) -> bytes:
    """A held item's bytes: as they were read, or the resource that its entry was made of."""
    if not item.raw and isinstance(item.outcome, Mapped):
        if item.outcome.ready:
            return item.outcome.ready[0].row.resource
        if item.outcome.entries:
            return item.outcome.entries[0].resource
    return item.raw
