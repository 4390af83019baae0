"""A chain: sealed notes beside the checkpoints, each of which names the one before it.

One file, which only grows. A link is a signed note (:mod:`audit.notes`)::

    connectcare-chain/1
    number 7
    before (SHA-256 of the link before it, or of nothing)
    sealed (what it holds, encrypted, in base64)

Whoever cuts a link out or puts one in breaks the chain. That its end was cut off is told by the
audit's checkpoints, which name how many links there were and the last one's hash.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from audit.notes import NotGenuine, Signer, Verifier, split

FORM = "connectcare-chain/1"
_TAIL_STARTS = b"\n\n\xe2\x80\x94 "  # an empty line, a dash: a signature follows


class ChainBroken(Exception):
    """A chain is not whole; the message says where and what to do."""


@dataclass(frozen=True)
class End:
    """How many links a chain has, and the last one's hash."""

    count: int = 0
    hash: bytes = hashlib.sha256(b"").digest()

    def __str__(self) -> str:
        return f"{self.count} {self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what :meth:`__str__` wrote.

        :raises ChainBroken: if it is not that.
        """
        count, _, digest = text.partition(" ")
        try:
            return cls(int(count), bytes.fromhex(digest))
        except ValueError:
            raise ChainBroken("The end of a chain is written as a number and a hash.") from None


@dataclass(frozen=True)
class Link:
    """One link, as it was read."""

    end: End
    """Of the chain that ends with it."""
    sealed: bytes


class Chain:
    """The file of a chain; it need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def links(self, verifier: Verifier) -> Iterator[Link]:
        """Every link, oldest first, each signed by this key and following the one before.

        A half-written last link was never there: it is passed over.

        :raises ChainBroken: at the first link that does not follow.
        """
        end = End()
        for note in split(_whole(self._bytes()).decode(errors="replace")):
            number = end.count + 1
            try:
                said = verifier.text_of(note).splitlines()
                form, counted, before, sealed = said
                content = base64.b64decode(sealed.removeprefix("sealed "), validate=True)
            except (NotGenuine, ValueError, binascii.Error):
                raise ChainBroken(self._broken(number, "is not as it was signed")) from None
            if [form, counted, before] != [FORM, f"number {number}", f"before {end.hash.hex()}"]:
                raise ChainBroken(self._broken(number, "does not follow the one before it"))
            end = End(number, hashlib.sha256(note.encode()).digest())
            yield Link(end, content)

    def add(self, signer: Signer, sealed: Sequence[bytes], end: End) -> End:
        """Add links after ``end``, safe on disk when this returns; answers the new end.

        The caller keeps other writers away, and opened the chain with :meth:`mended`.
        """
        written = []
        for content in sealed:
            text = (
                f"{FORM}\nnumber {end.count + 1}\nbefore {end.hash.hex()}\n"
                f"sealed {base64.b64encode(content).decode()}\n"
            )
            note = signer.sign(text)
            end = End(end.count + 1, hashlib.sha256(note.encode()).digest())
            written.append(note.encode() + b"\n")
        if written:
            self.path.touch(mode=0o600)
            with self.path.open("ab") as file:
                file.write(b"".join(written))
                file.flush()
                os.fsync(file.fileno())
        return end

    def mended(self, verifier: Verifier) -> End:
        """Cut off a half-written last link, and answer the end of the rest.

        :raises ChainBroken: if the rest is not whole.
        """
        content = self._bytes()
        whole = len(_whole(content))
        if whole < len(content):
            os.truncate(self.path, whole)
        end = End()
        for link in self.links(verifier):
            end = link.end
        return end

    def _bytes(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""

    def _broken(self, number: int, what: str) -> str:
        return f"Link {number:,} of {self.path} {what}. Put back the journal's copy."


def _whole(content: bytes) -> bytes:
    """What was written up to the end of the last link that is whole."""
    signature = content.rfind(_TAIL_STARTS)
    while signature >= 0:
        end = content.find(b"\n\n", signature + 2)
        if end >= 0:
            return content[: end + 2]
        signature = content.rfind(_TAIL_STARTS, 0, signature)
    return b""
