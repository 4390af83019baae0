"""Writes of deliveries: giving in, loading, and what is set aside.

The batch row is the job. Loading goes on where it stopped: each chunk of items is one transaction
that writes entries, tallies, holds and how far it got, so a worker that is killed loses nothing
and doubles nothing. The command line and the browser's upload run the same two actions,
:func:`receive` and :func:`load`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from access.acting import Acting
from audit import actions as audit
from audit.models import Action
from feeds.deciding import mapping_of
from feeds.formats import FORMATS
from feeds.loading import Loader
from feeds.looking_over import is_looked_over, limits_of, look_over
from feeds.models import AT_REST, Batch, BatchState, Delivery
from feeds.raw import keep_piece
from feeds.replaying import copy_bytes
from identity.sealed import seal
from organisations.models import Feed, Organisation

CHUNK_BYTES = 1_048_576
#: So often a batch is taken up by itself where the database is away, before a person is asked.
MOST_ATTEMPTS = 20


class DeliveryRefused(Exception):
    """A delivery that cannot be taken in. The message says what to do, and names nobody."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to be given in."""

    name: str
    content: BinaryIO


def feed_of(ods_code: str, format_code: str) -> Feed:
    """The feed in force of an organisation.

    :raises DeliveryRefused: if the organisation, the format or the feed is not there.
    """
    if format_code not in FORMATS:
        raise DeliveryRefused(f"The format must be one of: {', '.join(FORMATS)}.")
    organisation = Organisation.objects.current().filter(ods_code=ods_code.upper()).first()
    if organisation is None:
        raise DeliveryRefused(
            "No organisation in force has this ODS code. Load it with bin/manage load_registry, "
            "or look the code up on the registry's pages."
        )
    feed: Feed | None = (
        Feed.objects.current().filter(organisation=organisation, format=format_code).first()
    )
    if feed is None:
        raise DeliveryRefused(
            f"{organisation.name} has no {format_code} feed in the registry. Add one with "
            f"bin/manage add_feed --source {organisation.ods_code} --format {format_code}."
        )
    return feed


@transaction.atomic
def receive(
    files: Iterable[File],
    *,
    feed: Feed,
    by: Acting | None,
    request_id: str | None = None,
    preview_first: bool = False,
) -> Batch:
    """Keep the raw bytes of a delivery, encrypted, as a batch that waits to be loaded.

    :param preview_first: it is looked over, and waits for a person before anything is loaded; for
        the forms that are looked over.
    :raises DeliveryRefused: if there is no file.
    """
    batch = Batch.objects.create(
        feed=feed,
        given_in_by=by.staff_id if by else None,
        mapping=mapping_of(feed),
        preview_first=preview_first,
    )
    total = 0
    count = 0
    for file in files:
        total += _keep(batch, count, file)
        count += 1
    if not count:
        raise DeliveryRefused("Give at least one file.")
    Batch.objects.filter(pk=batch.pk).update(total_bytes=total)
    batch.total_bytes = total
    audit.record(
        Action.IMPORT_RECEIVED,
        request=request_id,
        detail={"batch": str(batch.public_id), "files": count, "bytes": total},
        **(by.for_audit() if by else {"organisation_id": feed.organisation_id}),
    )
    return batch


def _keep(batch: Batch, position: int, file: File) -> int:
    """One file's bytes in sealed chunks; how many bytes there were."""
    delivery = Delivery.objects.create(
        batch=batch,
        position=position,
        name=seal(file.name.encode(errors="replace"), purpose="name"),
    )
    size = 0
    for number, piece in enumerate(iter(lambda: file.content.read(CHUNK_BYTES), b"")):
        size += len(piece)
        keep_piece(delivery, number, piece)
    Delivery.objects.filter(pk=delivery.pk).update(size=size)
    return size


Progress = Callable[[Batch], None]


def load(batch_id: int, *, progress: Progress | None = None) -> Batch | None:
    """Load a batch to its end, from wherever it stands; ``None`` if another worker has it.

    :raises Exception: whatever stopped it; the batch then says that it failed, and where it
        stood is kept. Where the database was away it does not, and is taken up again.
    """
    with _held(batch_id) as mine:
        if not mine:
            return None
        batch = Batch.objects.select_related("feed__organisation", "mapping", "replays").get(
            pk=batch_id
        )
        if batch.state in AT_REST:
            return batch
        Batch.objects.filter(pk=batch_id).update(
            state=BatchState.LOADING,
            started=batch.started or timezone.now(),
            heartbeat=timezone.now(),
            attempts=F("attempts") + 1,
            fault="",
        )
        try:
            copy_bytes(batch)
            if _waits(batch):
                return Batch.objects.get(pk=batch_id)
            Loader(batch, progress).run()
        except (OperationalError, InterfaceError) as error:
            # With the connection went the hold on the batch, and another worker may have it now:
            # it stays as it is, and the sweeper finds it. What always fails ends some time.
            if (batch.attempts + 1) % MOST_ATTEMPTS:
                raise
            _failed(batch_id, error)
            raise
        except Exception as error:
            _failed(batch_id, error)
            raise
        return Batch.objects.get(pk=batch_id)


def _failed(batch_id: int, error: Exception) -> None:
    """Say that a fault stopped a batch."""
    # The class only: a database's message may quote a value.
    Batch.objects.filter(pk=batch_id).update(state=BatchState.FAILED, fault=type(error).__name__)


def _waits(batch: Batch) -> bool:
    """Look a batch over, if it is to be; whether it waits for a person now."""
    if not is_looked_over(batch):
        return False
    findings, limits = look_over(batch), limits_of(batch)
    too_much = findings.is_too_low(limits) or findings.retires_too_much(limits)
    waits = batch.preview_first or too_much
    batch.findings = findings.as_json(limits)
    Batch.objects.filter(pk=batch.pk).update(
        findings=batch.findings,
        **({"state": BatchState.WAITING} if waits else {}),
    )
    return waits


class _held:  # noqa: N801 - used as a context manager, read as a word
    """Holds the batch for this connection; let go by PostgreSQL itself if the worker dies."""

    _SPACE = 7301  # any constant of ours, so that batches collide with no other lock

    def __init__(self, batch_id: int) -> None:
        self._key = batch_id

    def __enter__(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s, %s)", [self._SPACE, self._key % 2**31])
            (self._mine,) = cursor.fetchone()
        return bool(self._mine)

    def __exit__(self, *_: object) -> None:
        if self._mine:
            with connection.cursor() as cursor:
                cursor.execute(
                    "select pg_advisory_unlock(%s, %s)", [self._SPACE, self._key % 2**31]
                )


@transaction.atomic
def put_back(batch: Batch, *, by: Acting, request_id: str) -> bool:
    """Put a batch that a fault stopped back among those that wait; whether it was such a one."""
    changed = Batch.objects.filter(pk=batch.pk, state=BatchState.FAILED).update(
        state=BatchState.RECEIVED
    )
    if changed:
        audit.record(
            Action.IMPORT_RECEIVED,
            reason="put-back",
            request=request_id,
            detail={"batch": str(batch.public_id)},
            **by.for_audit(),
        )
    return bool(changed)


def batches_to_do() -> Iterator[int]:
    """Batches that wait, or whose worker may have died, oldest first."""
    yield from (
        Batch.objects.filter(state__in=[BatchState.RECEIVED, BatchState.LOADING])
        .order_by("id")
        .values_list("pk", flat=True)
    )
