"""Mapping ahead: a large delivery is mapped by a process of its own while its worker writes.

So both halves of the work go on at once, and what reads others' bytes has no login and no key. The
worker unseals the bytes and hands them over; nothing of them touches a disk. Small deliveries are
mapped by the worker itself: starting a process takes longer than they do.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import IO, Self

import msgspec
from django.conf import settings

from feeds.mapped import Item
from feeds.mapping_process import Chunk, End, Task, read_message, write_message
from feeds.models import Batch, Delivery
from feeds.raw import DeliveryStream, name_of, read_delivery
from feeds.ready import chunks
from feeds.sensitive import codes_kept_by_their_source

#: A delivery of so many bytes is mapped ahead.
AHEAD_FROM = 2 << 20
#: Pieces of a mebibyte that wait for the process, and messages that wait for the worker. Their
#: sizes bound the worker's memory.
_PIECES_AHEAD = 8
_MESSAGES_AHEAD = 1
_DECODER = msgspec.msgpack.Decoder(Chunk | End)
_ITEMS = msgspec.msgpack.Decoder(list[Item])
#: What each pipe holds: as much as anybody may have, so that its ends wait less for each other.
_PIPE_BYTES = 1 << 20

#: Some items, and how many of the delivery's bytes were read by then.
Mapped = tuple[list[Item], int]


class MappingStopped(Exception):
    """The process that maps ended before its work did. Names a class, never a value."""


def mapped_chunks(batch: Batch, delivery: Delivery) -> Iterator[Mapped]:
    """The items of a delivery, ready, as many together as are loaded at once.

    :raises MappingStopped: if the process that maps it is stopped, or meets a fault.
    """
    raw = DeliveryStream(delivery)
    if delivery.size < AHEAD_FROM:
        for chunk in chunks(read_delivery(batch, delivery, raw)):
            yield chunk, raw.given_out
        return
    task = Task(
        format=batch.feed.format,
        name=name_of(delivery),
        source_kind=batch.feed.organisation.kind,
        sensitive_codes=codes_kept_by_their_source(),
        mapping=batch.mapping.text if batch.mapping else None,
    )
    with MappingProcess(task, raw) as process:
        yield from process.chunks()


#: A process that was started before there was anything to map, at most one.
_waiting: list[subprocess.Popen[bytes]] = []


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "feeds.mapping_process"],
        cwd=settings.BASE_DIR,
        env={},  # no address, no key
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what it says there may quote a value
        pipesize=_PIPE_BYTES,
    )


def _started_already() -> subprocess.Popen[bytes] | None:
    while _waiting:
        process = _waiting.pop()
        if process.poll() is None:
            return process
        with process:
            pass  # it is gone: its pipes are closed
    return None


@contextmanager
def started_early(size: int) -> Iterator[None]:
    """Start the process that maps now, for the first delivery of the block that is mapped ahead.

    It is ready by the time that a delivery of ``size`` bytes is taken in. Where none is mapped
    ahead, it ends with the block.
    """
    if size >= AHEAD_FROM:
        _waiting.append(_started())
    try:
        yield
    finally:
        while _waiting:
            with _waiting.pop() as unused:
                unused.kill()


class MappingProcess:
    """The worker's end: two threads move bytes; the worker's own reads the database."""

    def __init__(self, task: Task, raw: DeliveryStream) -> None:
        self._task = task
        self._raw = raw
        self._changed = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._messages: deque[Mapped | End | None] = deque()
        self._all_given = False
        self._stopped = False

    def __enter__(self) -> Self:
        self._process = _started_already() or _started()
        self._threads = [
            threading.Thread(target=self._give, args=[self._process.stdin], daemon=True),
            threading.Thread(target=self._take, args=[self._process.stdout], daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()

    def chunks(self) -> Iterator[Mapped]:
        """What was mapped, in order."""
        while True:
            message = self._next()
            if message is None:
                raise MappingStopped("The process that maps the delivery was stopped.")
            if isinstance(message, End):
                if message.fault:
                    raise MappingStopped(f"Mapping the delivery met a fault: {message.fault}.")
                return
            yield message

    def _next(self) -> Mapped | End | None:
        """The next message; until it is there the process is given more to do."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._messages or self._is_hungry())
                if not self._is_hungry():
                    message = self._messages.popleft()
                    self._changed.notify_all()
                    return message
            piece = self._raw.piece()
            with self._changed:
                self._pieces.append(piece)
                self._all_given = not piece
                self._changed.notify_all()

    def _is_hungry(self) -> bool:
        return not self._all_given and len(self._pieces) < _PIECES_AHEAD

    def _give(self, stream: IO[bytes]) -> None:
        """Hand over the task and the bytes, as fast as they are taken."""
        try:
            write_message(stream, msgspec.msgpack.encode(self._task))
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._pieces or self._stopped)
                    if self._stopped:
                        return
                    piece = self._pieces.popleft()
                    self._changed.notify_all()
                write_message(stream, piece)
                if not piece:
                    return
        except OSError:
            return  # it ended: that is seen where its messages are taken
        finally:
            _close(stream)

    def _take(self, stream: IO[bytes]) -> None:
        """Take messages in, few of them ahead of the worker, which waits for PostgreSQL."""
        try:
            while True:
                message = _decoded(read_message(stream))
                if message is None:
                    return
                with self._changed:
                    self._messages.append(message)
                    self._changed.notify_all()
                    self._changed.wait_for(
                        lambda: len(self._messages) <= _MESSAGES_AHEAD or self._stopped
                    )
                    if self._stopped:
                        return
        finally:
            with self._changed:
                self._messages.append(None)  # nothing comes after it, whatever ended it
                self._changed.notify_all()
            _close(stream)


def _decoded(message: bytes | None) -> Mapped | End | None:
    """Items, or the end; ``None`` for what is neither, as of a process that is gone."""
    if message is None:
        return None
    try:
        said = _DECODER.decode(message)
        return said if isinstance(said, End) else (_ITEMS.decode(said.items), said.read)
    except msgspec.MsgspecError:
        return None


def _close(stream: IO[bytes]) -> None:
    with suppress(OSError):  # what was left to write has no reader
        stream.close()
