"""What giving a delivery in takes of memory, whatever its size. bench.memory measures the whole."""

from __future__ import annotations

import io
import tracemalloc
from typing import Any

from feeds import actions
from feeds.models import Chunk
from organisations.models import Feed

_PIECES = 24


class _Upload(io.RawIOBase):
    """A file that is nowhere as a whole: its pieces are made as they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._given = 0

    def read(self, size: int = -1) -> bytes:
        """One piece more, until there are enough."""
        self._given += 1
        return b"%d" % (self._given % 10) * size if self._given <= _PIECES else b""


def test_giving_in_keeps_no_piece_of_a_delivery(feed: Feed, as_login: Any) -> None:
    with as_login("pipeline"):
        tracemalloc.start()
        try:
            batch = actions.receive([actions.File("f", _Upload())], feed=feed, by=None)  # type: ignore[arg-type]  # read alone is asked of it
            kept, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert Chunk.objects.filter(delivery__batch=batch).count() == _PIECES
        assert batch.total_bytes == _PIECES * actions.CHUNK_BYTES

    assert kept < 2 << 20
    assert most < 12 << 20
