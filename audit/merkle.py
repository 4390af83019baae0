"""A Merkle tree over what is only ever added to, as RFC 6962 (section 2.1) defines it.

Pure: bytes in, bytes out. Every hash is the 32 bytes of SHA-256. A *leaf hash* is that of one
event; a tree is described by its size and its root, and two things can be shown of it without
handing over the rest: that a leaf is in it (inclusion), and that a larger tree begins with it
(consistency). The verification follows RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH = 32
"""Bytes of a hash."""
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""
_KEPT_FROM = 1 << 10
"""Hashes of complete subtrees of so many leaves and more are remembered, smaller ones made anew;
those of incomplete ones, of which a tree has few, always."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the two trees below a node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The least that must be kept of a tree to add to it: the roots of its complete subtrees.

    They stand largest first, one for each binary digit 1 of the size.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """:raises ValueError: if there are not as many peaks as the size has."""
        if size.bit_count() != len(peaks) or any(len(peak) != HASH for peak in peaks):
            msg = f"a tree of {size} leaves has {size.bit_count()} peaks of {HASH} bytes"
            raise ValueError(msg)
        self.size = size
        self.peaks = list(peaks)

    def add(self, leaf: bytes) -> None:
        """Add one leaf's hash at the end."""
        peaks, digits = self.peaks, self.size
        while digits & 1:
            leaf = hashlib.sha256(b"\x01" + peaks.pop() + leaf).digest()
            digits >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self.peaks:
            return EMPTY_ROOT
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node_hash(peak, found)
        return found


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


class Tree:
    """A tree whose leaf hashes can be asked for by their place; it gives proofs.

    ``leaf`` answers the hash at an index below ``size``. Large complete subtrees are hashed once.
    """

    def __init__(self, leaf: Callable[[int], bytes], size: int) -> None:
        self.size = size
        self._leaf = leaf
        self._kept: dict[tuple[int, int], bytes] = {}

    def root(self, size: int | None = None) -> bytes:
        """The root of the first ``size`` leaves, of all where no size is given."""
        size = self._checked(self.size if size is None else size)
        return self._hash(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The hashes that show the leaf at ``index`` to be in the tree of the first ``size``."""
        size = self._checked(self.size if size is None else size)
        if not 0 <= index < size:
            msg = f"there is no leaf {index} in a tree of {size}"
            raise ValueError(msg)
        proof: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, first: int, second: int | None = None) -> list[bytes]:
        """The hashes that show the tree of ``second`` leaves to begin with that of ``first``.

        Empty for the empty tree, with which every tree begins.
        """
        second = self._checked(self.size if second is None else second)
        if not 0 <= first <= second:
            msg = f"a tree of {second} leaves does not begin with one of {first}"
            raise ValueError(msg)
        if first in {0, second}:
            return []
        proof: list[bytes] = []
        start, end, whole = 0, second, True
        while first != end:
            middle = start + _split(end - start)
            if first <= middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(start, middle))
                start, whole = middle, False
        if not whole:
            proof.append(self._hash(start, end))
        return proof[::-1]

    def _checked(self, size: int) -> int:
        if not 0 <= size <= self.size:
            msg = f"the tree has {self.size} leaves, not {size}"
            raise ValueError(msg)
        return size

    def _hash(self, start: int, end: int) -> bytes:
        count = end - start
        complete = count & (count - 1) == 0
        if complete and count < _KEPT_FROM:
            return root_of(self._leaf(index) for index in range(start, end))
        kept = self._kept.get((start, end))
        if kept is None:
            middle = start + _split(count)
            kept = node_hash(self._hash(start, middle), self._hash(middle, end))
            self._kept[start, end] = kept
        return kept


def _split(count: int) -> int:
    """The largest power of two below ``count`` (two or more)."""
    return 1 << ((count - 1).bit_length() - 1)


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows ``leaf`` at ``index`` in the tree of that size and root."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def consistent(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the second tree begins with the first."""
    if not 0 <= first <= second:
        return False
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    if first == second:
        return not proof and first_root == second_root
    hashes = list(proof)
    if first & (first - 1) == 0:
        hashes.insert(0, first_root)
    if not hashes:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
