"""The Merkle tree's hashes and its ranges of leaves (RFC 9162 2.1.1; R10.4)."""

from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.merkle import EMPTY, CompactRange, leaf_hash, node_hash, subtrees

# The entries that the implementations of Certificate Transparency test with, and the roots of their first 1 to 8.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
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
STREAM = UUID("00112233-4455-6677-8899-aabbccddeeff")
SIZES = st.integers(0, 200)


def hashes(size: int) -> list[bytes]:
    """Of so many leaves, each another one."""
    return [sha256(b"\x00%d" % leaf).digest() for leaf in range(size)]


def merkle_tree_hash(leaves: list[bytes]) -> bytes:
    """RFC 9162 2.1.1 as it is written: split before the largest power of two smaller than the number of leaves."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + merkle_tree_hash(leaves[:split]) + merkle_tree_hash(leaves[split:])).digest()


def grown(leaves: list[bytes]) -> CompactRange:
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf)
    return tree


def roots_of(leaves: list[bytes], begin: int, end: int) -> list[bytes]:
    """Of the subtrees of a part of them."""
    return [merkle_tree_hash(leaves[place << level : (place + 1) << level]) for level, place in subtrees(begin, end)]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_reference_tests_of_certificate_transparency(size: int) -> None:
    leaves = [sha256(b"\x00" + bytes.fromhex(entry)).digest() for entry in ENTRIES[:size]]

    assert grown(leaves).root().hex() == ROOTS[size - 1]


def test_the_root_of_no_leaves_is_the_hash_of_nothing() -> None:
    assert CompactRange().root() == EMPTY
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_leaf_is_hashed_from_exactly_these_octets() -> None:
    octets = bytes.fromhex(
        "00"  # a leaf, not a node
        "00000008 0102030405060708"  # its place in the tree
        "00000010 00112233445566778899aabbccddeeff"  # its stream
        "00000008 0000000000000002"  # its version
        "00000006 612e62e8a8bc"  # its topic, in UTF-8
        "00000003 7b7d00"  # its state
    )

    hashed = leaf_hash(0x0102030405060708, STREAM, 2, "a.b証", b"{}\x00")

    assert hashed == sha256(octets).digest()


def test_no_part_of_a_leaf_can_be_taken_for_another_part() -> None:
    hashed = {
        leaf_hash(1, STREAM, 1, "ab", b"c"),
        leaf_hash(1, STREAM, 1, "a", b"bc"),
        leaf_hash(1, STREAM, 1, "abc", b""),
        leaf_hash(1, STREAM, 1, "", b"abc"),
    }

    assert len(hashed) == 4


def test_a_node_is_hashed_from_its_children_in_their_order() -> None:
    left, right = hashes(2)

    assert node_hash(left, right) == sha256(b"\x01" + left + right).digest()
    assert node_hash(left, right) != node_hash(right, left)


@given(SIZES)
def test_the_root_of_any_size_is_that_of_the_definition(size: int) -> None:
    leaves = hashes(size)

    assert grown(leaves).root() == merkle_tree_hash(leaves)


@given(SIZES, SIZES)
def test_subtrees_are_perfect_and_cover_their_leaves_from_the_left_each_once(one: int, other: int) -> None:
    begin, end = sorted((one, other))

    covered = [leaf for level, place in subtrees(begin, end) for leaf in range(place << level, (place + 1) << level)]

    assert covered == list(range(begin, end))


@given(SIZES, SIZES)
def test_there_are_few_subtrees(one: int, other: int) -> None:
    begin, end = sorted((one, other))

    assert len(list(subtrees(begin, end))) <= 2 * end.bit_length()


@given(SIZES, SIZES, SIZES)
def test_a_tree_cut_anywhere_is_put_together_again(one: int, other: int, third: int) -> None:
    first, second, size = sorted((one, other, third))
    leaves = hashes(size)

    tree = CompactRange(first, roots_of(leaves, 0, first))
    for leaf in leaves[first:second]:
        tree.append(leaf)
    for subtree, root in zip(subtrees(second, size), roots_of(leaves, second, size), strict=True):
        tree.append(root, subtree.level)

    assert tree.size == size
    assert tree.root() == merkle_tree_hash(leaves)
    assert list(tree.roots) == roots_of(leaves, 0, size)


@given(st.integers(0, 2**64), st.integers(0, 70))
def test_another_number_of_roots_than_the_leaves_have_is_refused(size: int, roots: int) -> None:
    refused = roots != size.bit_count()

    try:
        CompactRange(size, [EMPTY] * roots)
        taken = True
    except ValueError:
        taken = False

    assert taken is not refused


def test_a_subtree_that_does_not_begin_behind_the_last_leaf_is_refused() -> None:
    tree = grown(hashes(6))

    with pytest.raises(ValueError, match="no subtree of level 2 begins at leaf 6"):
        tree.append(EMPTY, 2)

    tree.append(EMPTY, 1)
    assert tree.size == 8
