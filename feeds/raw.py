"""Reading a raw delivery as it is kept: sealed, in chunks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from feeds.formats import reader_of
from feeds.mapped import Item
from feeds.models import Batch, Delivery
from feeds.sensitive import codes_kept_by_their_source
from identity.sealed import seal, unseal
from statements import prepared

_KEEP = "insert into feeds_chunk (delivery_id, position, content) values (%s, %s, %s)"
_PIECE = "select content from feeds_chunk where delivery_id = %s and position = %s"


def keep_piece(delivery: Delivery, position: int, content: bytes) -> None:
    """Keep a piece of a delivery, sealed. Inside the transaction that is open."""
    with prepared() as cursor:
        cursor.execute(_KEEP, [delivery.pk, position, seal(content, purpose="delivery")])


class DeliveryStream(io.RawIOBase):
    """A delivery's bytes, unsealed a chunk at a time, so that memory is bounded."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__()
        self._delivery = delivery
        self._next = 0
        self._rest = memoryview(b"")
        self.given_out = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def piece(self) -> bytes:
        """The next chunk's bytes; none at the end."""
        # As bytes: Django's own cursor gets them as hexadecimal text, twice as long.
        with prepared() as cursor:
            cursor.execute(_PIECE, [self._delivery.pk, self._next])
            found = cursor.fetchone()
        if found is None:
            return b""
        self._next += 1
        return unseal(found[0], purpose="delivery")

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer will do
        """Fill the buffer from the next chunk; 0 at the end."""
        if not self._rest:
            self._rest = memoryview(self.piece())
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        self.given_out += taken
        return taken


def read_delivery(
    batch: Batch, delivery: Delivery, raw: DeliveryStream | None = None
) -> Iterator[Item]:
    """The items of one file of a batch, by the mapping that it came with."""
    stream = io.BufferedReader(raw or DeliveryStream(delivery), buffer_size=1_048_576)
    return read_content(batch, stream, name_of(delivery))


def name_of(delivery: Delivery) -> str:
    """The name of a file as it was given in."""
    return unseal(delivery.name, purpose="name").decode(errors="replace")


def read_content(batch: Batch, content: BinaryIO, name: str) -> Iterator[Item]:
    """The items of some bytes as those of a batch are read."""
    reader = reader_of(batch.feed.format, batch.mapping.text if batch.mapping else None)
    return reader(
        content,
        name=name,
        source_kind=batch.feed.organisation.kind,
        sensitive_codes=codes_kept_by_their_source(),
    )
