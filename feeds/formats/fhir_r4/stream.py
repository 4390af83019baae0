"""Deliveries as streams of bytes: a start to look at, lines one by one, or all within a limit."""

from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 1 << 20
#: One document, and one line of NDJSON, may be this long (64 MiB).
LARGEST_DOCUMENT = 64 << 20

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Stream:
    """A binary stream of which the start can be looked at before it is read."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self._ahead = b""
        self._started = False

    def _more(self) -> bytes:
        chunk = self._content.read(CHUNK)
        if not self._started and chunk:
            self._started = True
            while len(chunk) < len(_BYTE_ORDER_MARK) and (further := self._content.read(CHUNK)):
                chunk += further
            chunk = chunk.removeprefix(_BYTE_ORDER_MARK)
            return chunk or self._more()
        return chunk

    def head(self, size: int = CHUNK) -> bytes:
        """Give up to ``size`` first bytes without consuming them; a byte order mark is dropped."""
        pieces = [self._ahead]
        length = len(self._ahead)
        while length < size and (chunk := self._more()):
            pieces.append(chunk)
            length += len(chunk)
        self._ahead = b"".join(pieces)
        return self._ahead[:size]

    def rest(self, limit: int) -> bytes | None:
        """Read all that is left; None where it is more than ``limit`` bytes."""
        whole = self.head(limit + 1)
        if len(whole) > limit:
            return None
        self._ahead = b""
        return whole

    def chunks(self) -> Iterator[bytes]:
        """Give all that is left, piece by piece."""
        while chunk := self._take():
            yield chunk

    def lines(self, limit: int) -> Iterator[bytes | None]:
        """Read line by line, without line ends; None in place of a line longer than ``limit``."""
        pieces: list[bytes] = []
        length = 0
        while chunk := self._take():
            first, *others = chunk.split(b"\n")
            length += len(first)
            if length <= limit:
                pieces.append(first)
            if not others:
                continue
            yield b"".join(pieces) if length <= limit else None
            *whole, last = others
            yield from (line if len(line) <= limit else None for line in whole)
            pieces, length = [last], len(last)
        if length:
            yield b"".join(pieces) if length <= limit else None

    def _take(self) -> bytes:
        if self._ahead:
            taken, self._ahead = self._ahead, b""
            return taken
        return self._more()
