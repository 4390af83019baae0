"""Reading a raw delivery as it is kept: sealed, in chunks."""

from __future__ import annotations

import io

from feeds.models import Chunk, Delivery
from identity.sealed import unseal


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

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer will do
        """Fill the buffer from the next chunk; 0 at the end."""
        if not self._rest:
            chunk = Chunk.objects.filter(delivery=self._delivery, position=self._next).first()
            if chunk is None:
                return 0
            self._next += 1
            self._rest = memoryview(unseal(chunk.content, purpose="delivery"))
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        self.given_out += taken
        return taken
