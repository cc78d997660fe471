"""Leaves by the block: the same tree as leaf by leaf (RFC 9162 2.1.1; R10.4, P10)."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from projections.merkle import CompactRange, leaf, leaf_hash, node_hash, perfect_root
from tests.projections.test_merkle import hashes


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_range_extended_by_a_block_is_the_one_that_its_leaves_were_appended_to(size: int, more: int) -> None:
    extended, appended = CompactRange(), CompactRange()

    extended.extend(hashes(size + more)[:size])
    extended.extend(hashes(size + more)[size:])
    for each in hashes(size + more):
        appended.append(each)

    assert (extended.size, extended.roots) == (appended.size, appended.roots)


def test_a_perfect_tree_of_four_is_the_node_over_two_nodes() -> None:
    one, two, three, four = hashes(4)

    assert perfect_root([one, two, three, four]) == node_hash(node_hash(one, two), node_hash(three, four))


def test_a_perfect_tree_of_one_is_its_leaf() -> None:
    assert perfect_root(hashes(1)) == hashes(1)[0]


def test_a_leaf_is_its_five_fields_each_behind_its_length() -> None:
    stream = UUID("00112233-4455-6677-8899-aabbccddeeff")

    octets = leaf(1, stream.bytes, 2, "あ", b"{}")

    assert octets.hex(" ", 4) == bytes.fromhex(
        "00 00000008 0000000000000001 00000010 00112233445566778899aabbccddeeff"
        "00000008 0000000000000002 00000003 e38182 00000002 7b7d"
    ).hex(" ", 4)


def test_one_bit_in_any_octet_makes_another_leaf() -> None:
    stream, state = UUID(int=1), b'{"at":"2026-11-23T00:00:00Z"}'

    changed = {
        leaf_hash(0, stream, 1, "a.b.1", state[:place] + bytes([state[place] ^ 1]) + state[place + 1 :])
        for place in range(len(state))
    }

    assert len(changed | {leaf_hash(0, stream, 1, "a.b.1", state)}) == len(state) + 1
