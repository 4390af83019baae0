"""Loading a batch: chunk by chunk, each a transaction of its own, resumable anywhere."""

from __future__ import annotations

from collections.abc import Callable, Container

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from audit import actions as audit
from audit.models import Action
from feeds import absent
from feeds.ahead import mapped_chunks
from feeds.applying import Applier
from feeds.boundary import answer_requests, cut_out
from feeds.holding import keep, to_be_tried_again, try_again, waiting_elsewhere
from feeds.mapped import Item
from feeds.models import Batch, BatchState, Delivery, Hold, Tally
from feeds.outcomes import add_to_tallies
from organisations.models import Feed
from records import actions as records

_HOLDS_AT_ONCE = 1000


def one_at_a_time(source_id: int) -> None:
    """Wait for one's turn at a source, until the transaction ends.

    Batches of one source take turns, chunk by chunk: no two write one entry at once. Whoever
    destroys what a source sent takes its turn among them.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(7302, %s)", [source_id % 2**31])


class Loader:
    """Loads one batch. Held by its worker alone."""

    def __init__(self, batch: Batch, progress: Callable[[Batch], None] | None) -> None:
        self._batch = batch
        self._feed: Feed = batch.feed
        self._source = batch.feed.organisation
        self._progress = progress
        self._applier = Applier(batch)

    def run(self) -> None:
        """Load what is left, try again what lacked its person, and derive relationships."""
        with transaction.atomic():
            one_at_a_time(self._source.pk)
            absent.begin(self._batch)
        deliveries = list(self._batch.deliveries.filter(position__gte=self._batch.delivery_done))
        for delivery in deliveries:
            self._deliver(delivery)
        self._try_held_again()
        self._retire_absent()
        for _ in records.relationships_renewed():
            self._beat()
        with transaction.atomic():
            one_at_a_time(self._source.pk)
            cut_out(self._batch, self._source)
            answer_requests(self._batch, self._source, self._applier.came)
            now = timezone.now()
            Batch.objects.filter(pk=self._batch.pk).update(
                state=BatchState.LOADED, finished=now, heartbeat=now
            )
            # A batch of which something was tried again may be older than the last one.
            Feed.objects.filter(pk=self._feed.pk).exclude(
                last_received__gte=self._batch.received
            ).update(last_received=self._batch.received)
            audit.record(
                Action.IMPORT_LOADED,
                organisation_id=self._source.pk,
                organisation_name=self._source.name,
                detail={
                    "batch": str(self._batch.public_id),
                    "counts": {
                        tally.outcome: tally.count
                        for tally in Tally.objects.filter(batch=self._batch)
                    },
                },
            )
        self._tell()

    def _deliver(self, delivery: Delivery) -> None:
        """One file, from where a former worker left it: it said so with what it wrote."""
        done = self._batch.items_done
        before = self._bytes_before(delivery)
        seen = 0
        for chunk, read in mapped_chunks(self._batch, delivery):
            left = chunk[max(0, done - seen) :]
            seen += len(chunk)
            if left:
                self._load_chunk(delivery, left, done=seen, done_bytes=before + read)
        self._batch.items_done = 0
        self._note(
            items_done=0,
            delivery_done=delivery.position + 1,
            done_bytes=before + delivery.size,
        )

    def _bytes_before(self, delivery: Delivery) -> int:
        return sum(
            self._batch.deliveries.filter(position__lt=delivery.position).values_list(
                "size", flat=True
            )
        )

    def _note(self, **values: int) -> None:
        Batch.objects.filter(pk=self._batch.pk).update(heartbeat=timezone.now(), **values)
        self._tell()

    def _tell(self) -> None:
        """Whoever watches is told how far the batch is."""
        if self._progress is not None:
            self._progress(Batch.objects.get(pk=self._batch.pk))

    def _beat(self) -> None:
        Batch.objects.filter(pk=self._batch.pk).update(heartbeat=timezone.now())

    def _load_chunk(
        self, delivery: Delivery, items: list[Item], *, done: int, done_bytes: int
    ) -> None:
        """One transaction: entries, tallies, holds, and how far the batch has got.

        It does not wait for the disk, as whatever is lost with it is loaded again: how far the
        batch has got is lost with it too. The batch's last transaction waits for all of them.
        """
        with transaction.atomic():
            one_at_a_time(self._source.pk)
            self._without_waiting_for_the_disk()
            result = self._applier.apply(items, self._batch.brought_by)
            keep(self._batch, delivery, result)
            Batch.objects.filter(pk=self._batch.pk).update(
                items_done=done,
                done_bytes=done_bytes,
                heartbeat=timezone.now(),
                wrappers=F("wrappers") + result.wrappers,
            )
        self._tell()

    @staticmethod
    def _without_waiting_for_the_disk() -> None:
        """This commit does not wait; a later one that does waits for it too."""
        with connection.cursor() as cursor:
            cursor.execute("set local synchronous_commit = off")

    def _try_held_again(self) -> None:
        arrived = self._applier.new_persons
        self._try(
            to_be_tried_again(self._batch, persons_arrived=arrived), self._batch, self._applier
        )
        if arrived:
            for other, waiting in waiting_elsewhere(self._batch):
                self._try(waiting, other, Applier(other), of=self._applier.came)

    def _try(
        self,
        waiting: QuerySet[Hold],
        batch: Batch,
        applier: Applier,
        *,
        of: Container[str] | None = None,
    ) -> None:
        """Try all again, some at a time."""
        last = 0
        while True:
            with transaction.atomic():
                one_at_a_time(self._source.pk)
                holds = list(waiting.filter(pk__gt=last)[:_HOLDS_AT_ONCE])
                if not holds:
                    return
                last = holds[-1].pk
                try_again(holds, batch, applier, of=of)

    def _retire_absent(self) -> None:
        """What a full extract of everybody does not have is no longer in the source's record."""
        if not absent.is_to_be_done(self._batch):
            return
        present = absent.present_of(self._batch)
        with transaction.atomic():
            one_at_a_time(self._source.pk)
            add_to_tallies(absent.retire(self._batch, present), self._batch.pk)
