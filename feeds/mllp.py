"""HL7 v2 over the wire: MLLP frames in, acknowledgements out (HL7 Transport Specification, MLLP).

A message is answered AA once it is committed, encrypted, as a batch that waits to be loaded; AR
where it is no message or its feed takes nothing, AE where it cannot be kept or names nobody, each
with the reason. Whatever many connections bring at one time is committed as one batch, so that
waiting for the disk costs each of them little. A slow, broken or dead peer holds up no other: each
has its own time and its own memory, and there is a limit to all of it together.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from feeds.acknowledging import Answer, answer, judge
from feeds.formats.hl7v2.messages import LONGEST_MESSAGE

log = logging.getLogger(__name__)

START, END = b"\x0b", b"\x1c"
_READ = 65_536
#: Bytes between frames are thrown away; a peer that sends more of them speaks something else.
_MOST_NOISE = 65_536
#: As many messages, or bytes of them, are committed together at most.
_LONG = 65_536
_TOGETHER, _BYTES_TOGETHER = 500, 8 << 20

#: Commits messages together. Raises where they cannot be kept, with words for the senders.
Keeper = Callable[[Sequence[bytes]], None]


class NotKept(Exception):
    """Messages that could not be kept; the words are for whoever sent them."""


class FeedRefuses(NotKept):
    """The feed takes nothing: sending again does not help until somebody changes that."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a peer may take: seconds, connections, and bytes of all unfinished messages."""

    idle: float = 3600.0
    frame: float = 60.0
    answer: float = 30.0
    connections: int = 500
    unfinished: int = 128 << 20


class Broken(Exception):
    """A frame that cannot be read on. The words go to the peer."""


@dataclass(slots=True)
class Waiting:
    """A message that waits to be committed."""

    raw: bytes
    kept: asyncio.Future[None]


@dataclass(slots=True)
class Listener:
    """Takes messages of one feed from any number of connections.

    Whoever is cut off before its answer sends again, and that changes nothing.
    """

    keep: Keeper
    limits: Limits = field(default_factory=Limits)
    tls: ssl.SSLContext | None = None
    let_go: Callable[[], None] | None = None  # run last, where ``keep`` ran
    taken: int = 0
    refused: int = 0
    _queue: asyncio.Queue[Waiting] = field(default_factory=asyncio.Queue)
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _unfinished: int = 0
    _ending: bool = False
    _server: asyncio.Server | None = None
    _committer: asyncio.Task[None] | None = None
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="mllp-keep")
    )

    async def start(self, host: str, port: int) -> int:
        """Listen; the port that it became (0 chooses one)."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=self.tls)
        self._committer = asyncio.create_task(self._commit_for_ever())
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Take nothing new, answer what was taken, and let go of everybody."""
        if self._server is not None:
            self._server.close()
        self._ending = True
        await self._queue.join()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._committer is not None:
            self._committer.cancel()
            await asyncio.gather(self._committer, return_exceptions=True)
        if self.let_go is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self.let_go)
        self._thread.shutdown(wait=True)

    # ── A connection ────────────────────────────────────────────────────────────────────────

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= self.limits.connections:
            log.warning("a connection was turned away: %s are open", len(self._open))
            writer.transport.abort()
            return
        self._open.add(task)
        # Answers are short: the system is not to keep megabytes of them for whoever reads none.
        wire = writer.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _READ)
        frames = Frames(reader, self.limits, self._grow)
        try:
            await self._talk(frames, writer)
        except Broken as error:
            self.refused += 1
            with contextlib.suppress(OSError, TimeoutError):
                await self._write(writer, judge(b"", str(error)))
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            log.info("a connection ended: %s", type(error).__name__)
            writer.transport.abort()
        finally:
            frames.forget()
            self._open.discard(task)
            # A dead peer would keep what is still to be sent, and the socket, for ever.
            writer.close()
            asyncio.get_running_loop().call_later(self.limits.answer, writer.transport.abort)

    async def _talk(self, frames: Frames, writer: asyncio.StreamWriter) -> None:
        while not self._ending and (raw := await frames.next()) is not None:
            raw = raw.strip(b"\r\n \x00").removeprefix(b"\xef\xbb\xbf")
            # A long one is looked at beside, so that no other waits for it.
            given = judge(raw) if len(raw) < _LONG else await asyncio.to_thread(judge, raw)
            if given.code == "AA":
                given = await self._kept(raw, given)
            if given.code == "AA":
                self.taken += 1
            else:
                self.refused += 1
            await self._write(writer, given)

    async def _kept(self, raw: bytes, given: Answer) -> Answer:
        waiting = Waiting(raw, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        try:
            await waiting.kept
        except FeedRefuses as error:
            return given.instead("AR", str(error))
        except NotKept as error:
            return given.instead("AE", str(error))
        return given

    async def _write(self, writer: asyncio.StreamWriter, given: Answer) -> None:
        writer.write(START + answer(given) + END + b"\r")
        async with asyncio.timeout(self.limits.answer):
            await writer.drain()

    def _grow(self, size: int) -> None:
        """Count bytes of unfinished messages, of all connections together."""
        self._unfinished += size
        if size > 0 and self._unfinished > self.limits.unfinished:
            raise Broken("too much is being sent at once. Send it again later")

    # ── The disk ────────────────────────────────────────────────────────────────────────────

    async def _commit_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            together = [await self._queue.get()]
            size = len(together[0].raw)
            while len(together) < _TOGETHER and size < _BYTES_TOGETHER and not self._queue.empty():
                together.append(self._queue.get_nowait())
                size += len(together[-1].raw)
            fault: NotKept | None = None
            try:
                await loop.run_in_executor(self._thread, self.keep, [one.raw for one in together])
            except NotKept as error:
                fault = error
            except Exception as error:
                # Whatever it is: nobody is told AA, and the next ones are tried.
                log.exception("messages were not kept")
                fault = NotKept(f"it could not be kept ({type(error).__name__}). Send it again")
            for one in together:
                if not one.kept.done():
                    if fault is None:
                        one.kept.set_result(None)
                    else:
                        one.kept.set_exception(fault)
                self._queue.task_done()


class Frames:
    """The messages of one connection, one at a time."""

    def __init__(
        self, reader: asyncio.StreamReader, limits: Limits, grow: Callable[[int], None]
    ) -> None:
        self._reader = reader
        self._limits = limits
        self._grow = grow
        self._ahead = b""
        self._held = 0

    def forget(self) -> None:
        """Count what was held of an unfinished message no more."""
        self._grow(-self._held)
        self._held = 0

    async def next(self) -> bytes | None:
        """The next message; ``None`` when the peer has ended between two of them.

        :raises Broken: if a frame is cut off by another, or too long, or what comes is none.
        :raises TimeoutError: if the peer says nothing for too long.
        """
        async with asyncio.timeout(self._limits.idle):
            if not await self._to_start():
                return None
        async with asyncio.timeout(self._limits.frame):
            return await self._to_end()

    async def _to_start(self) -> bool:
        noise = 0
        while (at := self._ahead.find(START)) < 0:
            noise += len(self._ahead.strip(b"\r\n"))
            if noise > _MOST_NOISE:
                raise Broken("what is sent has no MLLP frame (0x0B … 0x1C 0x0D)")
            self._ahead = await self._reader.read(_READ)
            if not self._ahead:
                return False
        self._ahead = self._ahead[at + 1 :]
        return True

    async def _to_end(self) -> bytes:
        pieces: list[bytes] = []
        piece = self._ahead
        try:
            while (at := piece.find(END)) < 0:
                self._check(piece)
                pieces.append(piece)
                self._held += len(piece)
                self._grow(len(piece))
                if self._held > LONGEST_MESSAGE:
                    raise Broken(f"the message is longer than {LONGEST_MESSAGE >> 20} MiB")
                piece = await self._reader.read(_READ)
                if not piece:
                    raise Broken("the message is cut off: its frame has no end (0x1C)")
            self._check(piece[:at])
            pieces.append(piece[:at])
            self._ahead = piece[at + 1 :]
        finally:
            self.forget()
        return b"".join(pieces)

    @staticmethod
    def _check(piece: bytes) -> None:
        if START in piece:
            raise Broken("a frame begins within another: the message before it is cut off")
