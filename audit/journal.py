"""The journal: the sealed log as files, where the owner of the database cannot write.

A folder for each log, ``0001`` and on, of which the last is open::

    leaves        48 bytes for each event in the order of sealing: its public id, its leaf hash
    checkpoints   signed notes, one after the other (audit.notes)
    frontier      what is needed to go on without reading the leaves; made anew where it is lost

The leaves are safe on disk before the checkpoint that counts them is written. Whatever a crash left
behind it (leaves that no checkpoint counts, half a note) was never sealed, and is cut off when the
journal is next opened for writing. Both files only grow.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.merkle import HASH, Frontier
from audit.notes import Checkpoint, Verifier, split

ID = 16
LEAF = ID + HASH
"""Bytes of a leaf in its file."""
_TAIL = 8192
"""Bytes from the end of the checkpoints in which the last one lies whole."""


class JournalDamaged(Exception):
    """The journal's files are not whole; the message says which and what to do."""


class InUse(Exception):
    """Another sealer has the journal."""


@dataclass(frozen=True)
class Log:
    """One log of the journal, for reading."""

    folder: Path

    @property
    def number(self) -> int:
        """Its place among the logs, from 1."""
        return int(self.folder.name)

    @property
    def leaves(self) -> Path:
        """The file of the leaves."""
        return self.folder / "leaves"

    @property
    def checkpoints(self) -> Path:
        """The file of the signed checkpoints."""
        return self.folder / "checkpoints"

    def notes(self) -> list[str]:
        """Every checkpoint's signed note, oldest first, without a half-written last one."""
        return split(_whole(_text(self.checkpoints)))

    def last(self, verifier: Verifier) -> Checkpoint | None:
        """The last checkpoint; None where there is none yet.

        :raises NotGenuine: if it is not signed by this key.
        """
        with contextlib.suppress(FileNotFoundError), self.checkpoints.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read().decode(errors="replace")
            if size > _TAIL:  # begin at the next whole note
                tail = tail[tail.index("\n\n— ") + 2 :].partition("\n\n")[2]
            notes = split(_whole(tail))
            if notes:
                return Checkpoint.parse(verifier.text_of(notes[-1]))
        return None

    @contextlib.contextmanager
    def mapped(self) -> Iterator[Leaves]:
        """The leaves, to be asked for by their place."""
        with self.leaves.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                yield Leaves(b"")
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
                yield Leaves(memory)


class Leaves:
    """The leaves of a log in memory that the system reads as it is asked for."""

    def __init__(self, memory: bytes | mmap.mmap) -> None:
        self._memory = memory

    def __len__(self) -> int:
        return len(self._memory) // LEAF

    def __getitem__(self, index: int) -> tuple[bytes, bytes]:
        """The public id and the leaf hash at a place."""
        start = index * LEAF
        return self._memory[start : start + ID], self._memory[start + ID : start + LEAF]

    def hash(self, index: int) -> bytes:
        """The leaf hash at a place."""
        return self._memory[index * LEAF + ID : (index + 1) * LEAF]

    def find(self, public_id: bytes) -> int | None:
        """Where an event was sealed; None if it was not. Reads the whole log."""
        place = self._memory.find(public_id)
        while place >= 0:
            if place % LEAF == 0:
                return place // LEAF
            place = self._memory.find(public_id, place + 1)
        return None


class Writing:
    """A log that is open for adding; made by :meth:`Journal.writing`."""

    def __init__(self, log: Log, verifier: Verifier) -> None:
        self.log = log
        self.last = log.last(verifier)
        self.frontier = self._repaired()
        self._pending: list[bytes] = []

    def add(self, public_id: bytes, leaf: bytes) -> None:
        """Add a leaf. It is part of the log once :meth:`commit` has returned."""
        self._pending.append(public_id + leaf)
        self.frontier.add(leaf)
        if len(self._pending) >= 10_000:
            self._write_leaves(sync=False)

    def commit(self, checkpoint: Checkpoint, note: str) -> None:
        """Make the leaves and then the checkpoint safe on disk."""
        self._write_leaves(sync=True)
        _append(self.log.checkpoints, note.encode() + b"\n")
        draft = self.log.folder / ".frontier"
        draft.write_bytes(self.frontier.size.to_bytes(8) + b"".join(self.frontier.peaks))
        draft.replace(self.log.folder / "frontier")
        self.last = checkpoint

    def rewind(self) -> None:
        """Forget what was added since the last commit."""
        self._pending.clear()
        self.frontier = self._repaired()

    def _write_leaves(self, *, sync: bool) -> None:
        if self._pending:
            _append(self.log.leaves, b"".join(self._pending), sync=sync)
        elif sync and self.log.leaves.exists():
            _append(self.log.leaves, b"")
        self._pending.clear()

    def _repaired(self) -> Frontier:
        """Cut off what no checkpoint counts, and give the frontier of the rest."""
        self.log.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log.leaves.touch(mode=0o600)
        self.log.checkpoints.touch(mode=0o600)
        _sync_folder(self.log.folder)
        _cut(self.log.checkpoints, len(_whole(_text(self.log.checkpoints)).encode()))
        size = self.last.size if self.last else 0
        if self.log.leaves.stat().st_size < size * LEAF:
            msg = (
                f"{self.log.leaves} holds fewer leaves than the last checkpoint counts ({size:,}). "
                "Put back the journal's copy; nothing is sealed meanwhile."
            )
            raise JournalDamaged(msg)
        _cut(self.log.leaves, size * LEAF)
        return self._frontier(size)

    def _frontier(self, size: int) -> Frontier:
        if self.last is None:
            return Frontier()
        with contextlib.suppress(FileNotFoundError, ValueError):
            kept = (self.log.folder / "frontier").read_bytes()
            peaks = [kept[start : start + HASH] for start in range(8, len(kept), HASH)]
            frontier = Frontier(int.from_bytes(kept[:8]), peaks)
            if frontier.size == size and frontier.root() == self.last.root:
                return frontier
        frontier = Frontier()
        with self.log.mapped() as leaves:
            for index in range(size):
                frontier.add(leaves.hash(index))
        if frontier.root() != self.last.root:
            msg = (
                f"{self.log.leaves} is not what its last checkpoint signed. "
                "Put back the journal's copy; nothing is sealed meanwhile."
            )
            raise JournalDamaged(msg)
        return frontier


class Journal:
    """The folder of all logs. ``path`` need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def logs(self) -> list[Log]:
        """Every log that has begun, oldest first."""
        if not self.path.is_dir():
            return []
        found = [Log(each) for each in sorted(self.path.iterdir()) if each.name.isdecimal()]
        return [log for log in found if _whole(_beginning(log.checkpoints))]

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other sealer away meanwhile; the lock goes with the process.

        :raises InUse: if another one has it.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InUse(f"Another sealer writes to {self.path}; there is one.") from None
            yield

    def mark(self) -> None:
        """Note that a look has just come to its end, for a health check."""
        (self.path / "looked").touch()

    def writing(self, verifier: Verifier, *, new: bool = False) -> Writing:
        """The last log, or a new one after it, open for adding. The caller holds the journal.

        :raises JournalDamaged: if its files are not whole.
        :raises NotGenuine: if its last checkpoint is not signed by this key.
        """
        logs = self.logs()
        if not logs or new:
            return Writing(Log(self.path / f"{len(logs) + 1:04d}"), verifier)
        return Writing(logs[-1], verifier)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _beginning(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_TAIL).decode(errors="replace")
    except FileNotFoundError:
        return ""


def _whole(written: str) -> str:
    """What was written up to the end of the last note that is whole."""
    signature = written.rfind("\n\n— ")
    while signature >= 0:
        end = written.find("\n\n", signature + 2)
        if end >= 0:
            return written[: end + 2]
        signature = written.rfind("\n\n— ", 0, signature)
    return ""


def _append(path: Path, content: bytes, *, sync: bool = True) -> None:
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())


def _cut(path: Path, size: int) -> None:
    if path.stat().st_size > size:
        os.truncate(path, size)


def _sync_folder(folder: Path) -> None:
    for each in (folder, folder.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
