"""The process that maps a large delivery while the worker writes what was mapped before.

``python -m feeds.mapping_process``, started by :mod:`feeds.ahead`. It has neither an address of the
database nor a key: bytes come in, items go out, and it ends with its input or its reader. Both ways
go messages with their length before them (four bytes, big-endian). In comes one :class:`Task`, then
the delivery's bytes, then an empty message; out go :class:`Chunk` after :class:`Chunk`, and at the
end :class:`End`.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterable, Iterator
from typing import IO

import msgspec

from feeds.formats import reader_of
from feeds.mapped import Item
from feeds.ready import Share, ready

LENGTH = struct.Struct(">I")
#: A list of so many in MessagePack (array 32), before what is in it.
_LIST_OF = struct.Struct(">BI")
_LIST = 0xDD
#: The first items that are loaded together are this part of what may be, and each time more follow:
#: as many as are mapped while those before are loaded, so that neither end waits for the other.
_FIRST_ARE_A_PART = (8, 4.5, 3, 2, 1.4)
_BUFFER = 1 << 20


class Task(msgspec.Struct, frozen=True):
    """What is to be mapped, and how: what a reader is told, and the feed's mapping file."""

    format: str
    name: str
    source_kind: str
    sensitive_codes: frozenset[str]
    mapping: str | None


class Chunk(msgspec.Struct, frozen=True, tag=True):
    """Items that are loaded together, and how many of the delivery's bytes were read so far.

    ``items`` is a list of :class:`feeds.mapped.Item` as MessagePack.
    """

    items: msgspec.Raw
    read: int


class End(msgspec.Struct, frozen=True, tag=True):
    """All is mapped; or a fault stopped it, of which only the class is told."""

    fault: str = ""


def read_message(stream: IO[bytes]) -> bytes | None:
    """One message; ``None`` at the end of the stream, wherever that is."""
    length = stream.read(LENGTH.size)
    if len(length) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(length)
    content = stream.read(size)
    return content if len(content) == size else None


def write_message(stream: IO[bytes], content: bytes) -> None:
    """Send one message."""
    stream.write(LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


class _Incoming(io.RawIOBase):
    """The delivery's bytes as they come in."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._rest = memoryview(b"")
        self._ended = False
        self.read_so_far = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer will do
        """Fill the buffer from the next message; 0 at the end."""
        if not self._rest and not self._ended:
            message = read_message(self._stream)
            if message is None:
                raise EOFError
            self._rest = memoryview(message)
            self._ended = not message
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        self.read_so_far += taken
        return taken


def _encoded(items: Iterable[Item]) -> Iterator[msgspec.Raw]:
    """Ready items, as many as are loaded together, in their order.

    Each is encoded as soon as it is mapped and let go: what the processor has at hand is then the
    next one's memory, and not that of thousands. The first ones are fewer, so that whoever loads
    them need not wait for many.
    """
    encode_into = msgspec.msgpack.Encoder().encode_into
    parts = iter(_FIRST_ARE_A_PART)
    share, encoded = Share(next(parts)), bytearray(_LIST_OF.size)
    for each in items:
        item = ready(each)
        encode_into(item, encoded, len(encoded))
        if share.is_full_with(item):
            yield _list_of(share.items, encoded)
            share, encoded = Share(next(parts, 1)), bytearray(_LIST_OF.size)
    if share.items:
        yield _list_of(share.items, encoded)


def _list_of(length: int, encoded: bytearray) -> msgspec.Raw:
    _LIST_OF.pack_into(encoded, 0, _LIST, length)
    return msgspec.Raw(encoded)


def main(incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Map one delivery."""
    head = read_message(incoming)
    if head is None:
        return
    task = msgspec.msgpack.decode(head, type=Task)
    encode = msgspec.msgpack.Encoder().encode
    content = _Incoming(incoming)
    fault = ""
    try:
        items = reader_of(task.format, task.mapping)(
            io.BufferedReader(content, buffer_size=_BUFFER),
            name=task.name,
            source_kind=task.source_kind,
            sensitive_codes=task.sensitive_codes,
        )
        for chunk in _encoded(items):
            write_message(outgoing, encode(Chunk(chunk, content.read_so_far)))
    except BrokenPipeError:
        return  # the worker is gone, and whoever takes its place begins anew
    except Exception as error:  # noqa: BLE001 - whatever it is, its words may quote a value
        fault = type(error).__name__
    write_message(outgoing, encode(End(fault)))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
