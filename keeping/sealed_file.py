"""A file that is encrypted a piece at a time, with the key of the raw deliveries.

A line that names the form, 16 bytes that name the file, then pieces: four bytes of length, and a
sealed value (:mod:`identity.sealed`) of at most four megabytes. Each piece is bound to its file,
its place and whether it is the last, so that nothing can be cut off, exchanged or added.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from identity.sealed import CannotBeOpened, seal, unseal

FORM = b"connectcare-backup/1\n"
PIECE = 4 * 1024 * 1024
_NAME = 16
_LENGTH = 4
_LONGEST = PIECE + 1024


class NotWhole(Exception):
    """The file is not one of this form, was changed, or its end is missing."""


def write_sealed(pieces: Iterable[bytes], to: BinaryIO) -> int:
    """Write pieces of at most :data:`PIECE` bytes; answers how many bytes were sealed."""
    name = os.urandom(_NAME)
    to.write(FORM + name)
    total, place = 0, 0
    waiting = b""
    for piece in pieces:
        if place or waiting:
            _write(to, waiting, name, place, last=False)
            place += 1
        waiting = piece
        total += len(piece)
    _write(to, waiting, name, place, last=True)
    return total


def _write(to: BinaryIO, piece: bytes, name: bytes, place: int, *, last: bool) -> None:
    sealed = seal(piece, purpose=_purpose(name, place, last=last))
    to.write(len(sealed).to_bytes(_LENGTH) + sealed)


def read_sealed(of: BinaryIO) -> Iterator[bytes]:
    """The pieces, in order.

    :raises NotWhole: at the first that is not as it was written, or if the end is missing.
    """
    if of.read(len(FORM)) != FORM:
        raise NotWhole("This is not a backup that was made by manage.py backup.")
    name = of.read(_NAME)
    place = 0
    while True:
        length = int.from_bytes(of.read(_LENGTH))
        sealed = of.read(length) if 0 < length <= _LONGEST else b""
        if not sealed or len(sealed) < length:
            raise NotWhole("The backup's end is missing, or it was changed. Take another copy.")
        more = of.read(1)
        try:
            piece = unseal(sealed, purpose=_purpose(name, place, last=not more))
        except CannotBeOpened as error:
            raise NotWhole(
                "The backup was changed, its end is missing, or the key that sealed it is not "
                "among ENCRYPTION_KEYS. Give the keys of its day, or take another copy."
            ) from error
        yield piece
        if not more:
            return
        of.seek(-1, os.SEEK_CUR)
        place += 1


def _purpose(name: bytes, place: int, *, last: bool) -> str:
    return f"backup {name.hex()} {place} {'last' if last else 'more'}"
