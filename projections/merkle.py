"""The Merkle tree over the stored events: hashes, and ranges of it kept small (RFC 9162 2.1; R10.4).

A range of leaves is held as the roots of the few perfect subtrees that it falls into, so a tree of any size grows leaf
by leaf, is cut anywhere, and is put together again from what lies before, the leaves, and what lies behind.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from struct import Struct
from typing import NamedTuple
from uuid import UUID

LEAF, NODE = b"\x00", b"\x01"
EMPTY = sha256().digest()  # the root of a tree without leaves

# What stands before the topic: RFC 9162's 0x00, then each field behind its length.
BEFORE_TOPIC = Struct(">cIQI16sIQI").pack
LENGTH = Struct(">I").pack


def leaf(position: int, stream: bytes, version: int, topic: str, state: bytes) -> bytes:
    """Of the event as it is stored; `position` is the leaf's index in the tree, from 0.

    These five fields, each behind its length in octets: position and version as unsigned integers of eight octets, the
    stream as its sixteen, the topic in UTF-8. Lengths have four octets, numbers their first octet first.
    """
    named = topic.encode()
    before = BEFORE_TOPIC(LEAF, 8, position, 16, stream, 8, version, len(named))
    return b"".join((before, named, LENGTH(len(state)), state))


def leaf_hash(position: int, stream: UUID, version: int, topic: str, state: bytes) -> bytes:
    return sha256(leaf(position, stream.bytes, version, topic, state)).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"".join((NODE, left, right))).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Over a power of two of leaf hashes or roots of one level: level by level, for whole logs are hashed by it."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [sha256(NODE + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


class Subtree(NamedTuple):
    """The perfect one over the 2**level leaves from place * 2**level on."""

    level: int
    place: int


def subtrees(begin: int, end: int) -> Iterator[Subtree]:
    """Those that leaves `begin` to `end`, without it, fall into, from the left; some 2 * log2(end) at most."""
    while begin < end:
        largest = (end - begin).bit_length() - 1
        level = min(largest, (begin & -begin).bit_length() - 1) if begin else largest
        yield Subtree(level, begin >> level)
        begin += 1 << level


class CompactRange:
    """The first leaves of a tree, as the roots of their subtrees."""

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        """`roots` are those of `subtrees(0, size)`. Raises ValueError where their number is another."""
        self.size = size
        self._roots = list(roots)
        if len(self._roots) != size.bit_count():
            raise ValueError(f"{size} leaves have {size.bit_count()} subtrees, not {len(self._roots)}")

    @property
    def roots(self) -> tuple[bytes, ...]:
        return tuple(self._roots)

    def append(self, root: bytes, level: int = 0) -> None:
        """The next leaf's hash, or the root of the subtree of that level that begins behind the last leaf."""
        if self.size & ((1 << level) - 1):
            raise ValueError(f"no subtree of level {level} begins at leaf {self.size}")
        size = self.size >> level
        while size & 1:
            root = node_hash(self._roots.pop(), root)
            size >>= 1
        self._roots.append(root)
        self.size += 1 << level

    def extend(self, hashes: Sequence[bytes]) -> None:
        """The next leaves' hashes; what `append` does one by one, and faster."""
        begin, done = self.size, 0
        for level, _ in subtrees(begin, begin + len(hashes)):
            self.append(perfect_root(hashes[done : done + (1 << level)]), level)
            done += 1 << level

    def root(self) -> bytes:
        """Of the tree of exactly these leaves (RFC 9162 2.1.1)."""
        if not self._roots:
            return EMPTY
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = node_hash(left, root)
        return root
