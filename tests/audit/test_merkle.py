"""The tree against Certificate Transparency's published vectors and the RFC's recursion."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    consistent,
    included,
    leaf_hash,
    node_hash,
    root_of,
)

#: The leaves and roots of the Certificate Transparency project's own tests of RFC 6962.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(data) for data in INPUTS]


def naive(leaves: list[bytes]) -> bytes:
    """MTH, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive(leaves[:k]), naive(leaves[k:]))


def some(count: int) -> list[bytes]:
    return [leaf_hash(str(index).encode()) for index in range(count)]


def test_the_empty_tree_has_the_published_root() -> None:
    published = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert EMPTY_ROOT.hex() == root_of([]).hex() == Frontier().root().hex() == published


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_trees_have_their_roots(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]
    assert Tree(LEAVES.__getitem__, 8).root(size).hex() == ROOTS[size - 1]


def test_a_published_inclusion_proof() -> None:
    tree = Tree(LEAVES.__getitem__, 8)
    assert [each.hex() for each in tree.inclusion(0, 8)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_a_published_consistency_proof() -> None:
    tree = Tree(LEAVES.__getitem__, 8)
    assert [each.hex() for each in tree.consistency(6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(st.integers(0, 300))
def test_the_root_is_that_of_the_rfcs_recursion(count: int) -> None:
    leaves = some(count)
    assert root_of(leaves) == naive(leaves) == Tree(leaves.__getitem__, count).root()


@given(st.data())
def test_every_proof_holds_and_no_other_does(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 200))
    size = data.draw(st.integers(1, count))
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(0, size))
    leaves = some(count)
    tree = Tree(leaves.__getitem__, count)
    root, old = naive(leaves[:size]), naive(leaves[:first])

    proof = tree.inclusion(index, size)
    assert included(leaves[index], index, size, proof, root)
    assert not included(leaf_hash(b"another"), index, size, proof, root)
    assert not included(leaves[index], index, size, proof, leaf_hash(b"another"))
    assert not included(leaves[index], (index + 1) % size, size, proof, root) or size == 1
    assert not included(leaves[index], index, size, [*proof, root], root)

    grown = tree.consistency(first, size)
    assert consistent(first, size, old, root, grown)
    assert not consistent(first, size, leaf_hash(b"another"), root, grown)
    if first < size:
        assert not consistent(first, size, old, root, [*grown, root])
    if 0 < first < size:
        assert not consistent(first, size, old, leaf_hash(b"another"), grown)
        assert not consistent(first, size, old, root, grown[:-1])


def test_large_subtrees_are_hashed_once() -> None:
    leaves = some(5000)
    asked: list[int] = []

    def leaf(index: int) -> bytes:
        asked.append(index)
        return leaves[index]

    tree = Tree(leaf, 5000)
    assert tree.root() == root_of(leaves)
    asked.clear()
    for index in (0, 1, 2):
        assert included(leaves[index], index, 5000, tree.inclusion(index), tree.root())
    assert set(asked) <= set(range(1024))
    assert len(asked) < 3 * 1024


@pytest.mark.parametrize(("size", "peaks"), [(1, []), (3, [b"x" * 32]), (1, [b"short"])])
def test_a_frontier_that_cannot_be_is_refused(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ValueError, match="peaks"):
        Frontier(size, peaks)


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    tree = Tree(LEAVES.__getitem__, 8)
    for ask in (
        lambda: tree.inclusion(8),
        lambda: tree.inclusion(0, 9),
        lambda: tree.consistency(5, 4),
    ):
        with pytest.raises(ValueError, match="tree"):
            ask()
