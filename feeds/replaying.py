"""Reading a delivery again from the bytes that were kept of it, and how long they are kept.

A replay is a batch of its own, with counts of its own. It counts as received when the batch was
whose bytes it reads, and its entries name that batch: so it makes no source look fresher, brings
nothing back that a later delivery replaced, and leaves the state that was there.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from access.acting import Acting
from audit import actions as audit
from audit.models import Action
from feeds.models import Batch, BatchState, Chunk, Delivery, HeldContent
from identity.sealed import seal

#: Deleted in one transaction, so that none lasts long.
_AT_A_TIME = 100


class CannotReplay(Exception):
    """A batch that cannot be read again. The message says why, and what to do."""


@transaction.atomic
def replay(batch: Batch, *, by: Acting | None, request_id: str | None = None) -> Batch:
    """Have a batch read again from its kept bytes, by the mapping file that it was read by.

    What residents who object have had taken out of them stays out.

    :returns: the batch that does it; the worker that takes it copies the bytes.
    :raises CannotReplay: if it was not loaded, or its bytes are kept no longer.
    """
    if batch.state != BatchState.LOADED:
        raise CannotReplay("Only a delivery that is loaded can be replayed.")
    first = batch if batch.replays is None else batch.replays
    if first.raw_deleted is not None:
        raise CannotReplay(
            "Its bytes are no longer kept (RAW_KEPT_DAYS). Ask the source to send it again."
        )
    made = Batch.objects.create(
        feed_id=first.feed_id,
        given_in_by=by.staff_id if by else None,
        mapping_id=batch.mapping_id,
        received=first.received,
        total_bytes=first.total_bytes,
        findings=batch.findings,
        decided=first.decided,
        decided_by=first.decided_by,
        replays=first,
    )
    audit.record(
        Action.IMPORT_RECEIVED,
        reason="replay",
        request=request_id,
        detail={"batch": str(made.public_id), "replays": str(first.public_id)},
        **(by.for_audit() if by else {"organisation_id": first.feed.organisation_id}),
    )
    return made


@transaction.atomic
def copy_bytes(batch: Batch) -> None:
    """Give a replay the bytes of the batch that it replays, once.

    :raises CannotReplay: if they were deleted meanwhile.
    """
    first = batch.replays
    if first is None or Delivery.objects.filter(batch=batch).exists():
        return
    if Batch.objects.select_for_update().get(pk=first.pk).raw_deleted is not None:
        raise CannotReplay("Its bytes are no longer kept. Ask the source to send it again.")
    for delivery in first.deliveries.all():
        copy = Delivery.objects.create(
            batch=batch, position=delivery.position, name=delivery.name, size=delivery.size
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into feeds_chunk (delivery_id, position, content) "
                "select %s, position, content from feeds_chunk where delivery_id = %s",
                [copy.pk, delivery.pk],
            )


def delete_old_bytes(*, spared: Collection[int]) -> int:
    """Delete the raw bytes of deliveries whose time is over; of how many batches they were.

    ``RAW_KEPT_DAYS`` after they were finished or refused; what of them is held stays until it is
    resolved, and so long after. A replay's copy goes with its day's end. Short transactions; safe
    to be killed and to run by several workers.

    :param spared: organisations of whose deliveries all bytes stay: a hold covers them.
    """
    deleted = 0
    while batches := _delete_some(spared):
        deleted += batches
    return deleted


@transaction.atomic
def _delete_some(spared: Collection[int]) -> int:
    over = Batch.objects.filter(
        Exists(Delivery.objects.filter(batch=OuterRef("pk"))),
        raw_deleted=None,
        state__in=[BatchState.LOADED, BatchState.REFUSED],
    )
    copies = over.filter(replays__isnull=False, finished__lt=timezone.now() - timedelta(days=1))
    found = copies
    if settings.RAW_KEPT_DAYS:
        before = timezone.now() - timedelta(days=settings.RAW_KEPT_DAYS)
        of_nobody = over.exclude(feed__organisation__in=spared)
        found = copies | of_nobody.filter(received__lt=before, finished__lt=before)
        found = found | of_nobody.filter(state=BatchState.REFUSED, decided__lt=before)
        HeldContent.objects.filter(hold__resolved__lt=before).exclude(
            hold__batch__feed__organisation__in=spared
        ).delete()
    batches = list(
        found.order_by("pk")
        .select_for_update(skip_locked=True, of=("self",))
        .values_list("pk", flat=True)[:_AT_A_TIME]
    )
    Chunk.objects.filter(delivery__batch__in=batches).delete()
    # The name of a file may name a person.
    Delivery.objects.filter(batch__in=batches).update(name=seal(b"", purpose="name"))
    Batch.objects.filter(pk__in=batches).update(raw_deleted=timezone.now())
    return len(batches)
