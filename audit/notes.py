"""Signed notes and checkpoints: what the log says of itself, in the form that C2SP gives them.

A note is text that ends with a line end, an empty line, and a signature line (``— name base64``),
as https://c2sp.org/signed-note has it; a checkpoint is a note whose text begins with the log's
origin, its size and its root, as https://c2sp.org/tlog-checkpoint has it. Keys are Ed25519; a
verifier's key is written ``name+hash+base64``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from audit import encoding

KEY_NAME = "connectcare-audit"
_ED25519 = b"\x01"


class NotGenuine(Exception):
    """A note is not in its form, or is not signed by the key that it should be signed by."""


@dataclass(frozen=True)
class Verifier:
    """A public key, and the name under which it signs."""

    name: str
    key: bytes
    """32 bytes."""

    @property
    def hash(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key as ``name+hash+base64``.

        :raises NotGenuine: if it is not such a key.
        """
        name, _, rest = text.strip().partition("+")
        hashed, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        key = cls(name, raw[1:])
        if raw[:1] != _ED25519 or len(key.key) != 32 or key.hash.hex() != hashed:
            raise NotGenuine("A verifier's key is written name+hash+base64, and this is not one.")
        return key

    def __str__(self) -> str:
        encoded = base64.b64encode(_ED25519 + self.key).decode()
        return f"{self.name}+{self.hash.hex()}+{encoded}"

    def text_of(self, note: str) -> str:
        """The text of a note that this key has signed.

        :raises NotGenuine: if the note is malformed, or this key did not sign it.
        """
        text, separator, signatures = note.rpartition("\n\n")
        text += "\n"
        if not separator:
            raise NotGenuine("A note has no signature.")
        for line in signatures.splitlines():
            dash, _, rest = line.partition(" ")
            name, _, encoded = rest.partition(" ")
            if dash != "—" or name != self.name:
                continue
            try:
                raw = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                continue
            if raw[:4] != self.hash:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(self.key).verify(raw[4:], text.encode())
            except InvalidSignature as error:
                raise NotGenuine("The signature of a note does not fit its text.") from error
            return text
        raise NotGenuine(f"A note is not signed by the key {self.name}+{self.hash.hex()}.")


class Signer:
    """A private key: 32 bytes that lie outside the database."""

    def __init__(self, seed: bytes, name: str = KEY_NAME) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note of a text, which ends with a line end and holds no empty line."""
        if not text.endswith("\n") or "\n\n" in text:
            raise ValueError("A note's text ends with a line end and holds no empty line.")
        signature = self.verifier.hash + self._key.sign(text.encode())
        return f"{text}\n— {self.verifier.name} {base64.b64encode(signature).decode()}\n"


@dataclass(frozen=True)
class Checkpoint:
    """What a log was at one moment. The lines that follow the root are this log's own."""

    origin: str
    size: int
    root: bytes
    cluster: str
    """The database cluster whose transaction ids the horizon counts."""
    boundary: int
    """Events up to this id were in the table when the log began, and were sealed first, by id."""
    horizon: int
    """Every event of a transaction below it is sealed: one more than the last sealed event's. (The
    snapshot's own horizon may be higher; after a crash PostgreSQL gives numbers out again that left
    no trace on disk, so only a transaction that did may be gone by.)"""
    ceiling: int
    """Every transaction above it began after this checkpoint."""
    at: datetime
    """By the database's clock, in UTC; nothing that is sealed is later."""
    continues: str = ""
    """For a log that follows another: that one's last ``origin size root``."""
    choices: str = ""
    """Of the chain of choices beside it (:mod:`audit.chain`): its number of links and last hash."""

    def text(self) -> str:
        """The text that is signed."""
        lines = [
            self.origin,
            str(self.size),
            base64.b64encode(self.root).decode(),
            f"form {encoding.FORM}",
            f"cluster {self.cluster}",
            f"boundary {self.boundary}",
            f"horizon {self.horizon}",
            f"ceiling {self.ceiling}",
            f"time {self.at.astimezone(UTC).isoformat(timespec='microseconds')}",
        ]
        if self.continues:
            lines.append(f"continues {self.continues}")
        if self.choices:
            lines.append(f"choices {self.choices}")
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a checkpoint's text.

        :raises NotGenuine: if it is not in this form.
        """
        lines = text.splitlines()
        try:
            origin, size, root = lines[:3]
            said = dict(line.split(" ", 1) for line in lines[3:])
            form = said["form"]
            found = cls(
                origin=origin,
                size=int(size),
                root=base64.b64decode(root, validate=True),
                cluster=said["cluster"],
                boundary=int(said["boundary"]),
                horizon=int(said["horizon"]),
                ceiling=int(said["ceiling"]),
                at=datetime.fromisoformat(said["time"]),
                continues=said.get("continues", ""),
                choices=said.get("choices", ""),
            )
        except (ValueError, KeyError) as error:
            raise NotGenuine("A checkpoint is not in its form.") from error
        if form != encoding.FORM or found.text() != text:
            raise NotGenuine(f"A checkpoint is not of the form {encoding.FORM}.")
        return found


def split(written: str) -> list[str]:
    """The notes of a file that holds one after the other."""
    parts = [part.strip("\n") for part in written.split("\n\n") if part.strip("\n")]
    return [f"{text}\n\n{signed}\n" for text, signed in zip(parts[::2], parts[1::2], strict=True)]
