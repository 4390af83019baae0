"""What reads a delivery of one form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from feeds.mapped import Item


class Reader(Protocol):
    """Reads one delivery: its bytes, its file's name, and what its feed says of its source."""

    def __call__(
        self,
        content: BinaryIO,
        *,
        name: str,
        source_kind: str = "",
        sensitive_codes: frozenset[str] = frozenset(),
    ) -> Iterator[Item]:
        """Give the delivery's items. Never raises for what it contains."""
        ...
