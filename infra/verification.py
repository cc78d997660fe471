"""What a verification finds: that the facts are those that were signed, or the first place where they are not (R10.4).

Facts are compared leaf by leaf with hashes that were seen to come to a signed root. What was done to them is read from
which fact would have been right in whose place.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import zip_longest
from typing import Literal

import msgspec

from domain.tree_head import TreeHead
from infra.export_rows import written_stream
from infra.log_snapshot import Stored
from projections.merkle import CompactRange, leaf

Tampering = Literal["changed", "missing", "cut", "inserted", "moved"]
What = Literal[
    Tampering, "somewhere", "line", "mismatch", "version", "damaged", "manifest", "head", "file", "consistency"
]

SENTENCES: dict[What, str] = {
    "changed": "the fact is not the one recorded",
    "missing": "the fact recorded there is missing",
    "cut": "the facts recorded from there on are missing",
    "inserted": "a fact stands there that was not recorded",
    "moved": "the fact recorded there stands in another place",
    "somewhere": "one of these facts is not the one recorded",
    "line": "the line is not as it was exported",
    "mismatch": "the fact and the hash beside it do not belong together",
    "version": "the version does not follow the one before it in its stream",
    "damaged": "the file cannot be read from there on",
    "manifest": "the manifest is not as it was exported",
    "head": "the head in the export is not one that the log signed",
    "consistency": "the hashes do not lead from the one head to the other",
    "file": "each fact is as signed, but the file is not as it was exported: its SHA-256 differs",
}


class Bad(msgspec.Struct, frozen=True, kw_only=True):
    """The first place: one leaf, or those from `leaf` to `last`, or none where it is not a fact that is bad.

    `position` and `stream` are those of the fact that stands there now, `more` is another sentence.
    """

    what: What
    leaf: int | None = None
    last: int | None = None
    position: int | None = None
    stream: str | None = None
    more: str | None = None

    @property
    def sentence(self) -> str:
        told = f"first bad place: {self._place}{SENTENCES[self.what]}"
        return f"{told}; {self.more}" if self.more else told

    @property
    def _place(self) -> str:
        if self.leaf is None:
            return ""
        if self.last is not None and self.last > self.leaf:
            return f"leaves {self.leaf} to {self.last}: "
        stands = f" (position {self.position}, stream {self.stream})" if self.stream else ""
        return f"leaf {self.leaf}{stands}: "


class Wrong(Exception):
    def __init__(self, bad: Bad) -> None:
        super().__init__(bad.sentence)
        self.bad = bad


class Undecided(Exception):
    """One sentence: nothing could be checked, and what to do about that."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """`facts` are as they were when `head` was signed; so many `heads` were met; `not_covered` facts stand behind."""

    facts: int
    head: TreeHead
    heads: int
    not_covered: int


class Growth:
    """A tree that grows with the facts, held against each signed head on its way.

    `right` is the size of the last one that it met, or its first size; `wrong` the first that it did not meet.
    """

    def __init__(self, tree: CompactRange, heads: Iterable[TreeHead]) -> None:
        """The heads are of this size at least."""
        self.tree, self.right, self.met = tree, tree.size, 0
        self.wrong: TreeHead | None = None
        self._heads = sorted(heads, key=lambda head: head.size, reverse=True)
        self._compare()

    @property
    def due(self) -> TreeHead | None:
        """The next, which it has not come to or does not meet."""
        return self._heads[-1] if self._heads else None

    def extend(self, hashes: Sequence[bytes]) -> None:
        """With the next leaves' hashes."""
        done = 0
        while self.wrong is None and self._heads and self._heads[-1].size <= self.tree.size + len(hashes) - done:
            part = hashes[done : done + self._heads[-1].size - self.tree.size]
            self.tree.extend(part)
            done += len(part)
            self._compare()
        self.tree.extend(hashes[done:])

    def _compare(self) -> None:
        while self._heads and self._heads[-1].size == self.tree.size:
            if self.tree.root() != self._heads[-1].root:
                self.wrong = self._heads[-1]
                return
            self._heads.pop()
            self.right, self.met = self.tree.size, self.met + 1


def first_wrong(first: int, hashes: Sequence[bytes], facts: Sequence[Stored]) -> int | None:
    """The leaf, of facts against the right hashes of the leaves from `first` on."""
    for index, (right, fact) in enumerate(zip_longest(hashes, facts[: len(hashes)]), first):
        if fact is None or hash_of(index, fact) != right:
            return index
    return None


def tampered(at: int, hashes: Sequence[bytes], facts: Sequence[Stored]) -> Bad:
    """What was done to leaf `at`; right hashes and facts from it on, as many as help to tell."""
    if not facts:
        return Bad(what="cut", leaf=at)
    here = facts[0]
    belongs_behind = any(hash_of(at + ahead, here) == right for ahead, right in enumerate(hashes[1:], 1))
    stands_behind = any(hash_of(at, fact) == hashes[0] for fact in facts[1:])
    found: dict[tuple[bool, bool], Tampering] = {
        (False, False): "changed",
        (True, False): "missing",
        (False, True): "inserted",
        (True, True): "moved",
    }
    return bad_fact(found[belongs_behind, stands_behind], at, here)


def bad_fact(what: What, at: int, fact: Stored) -> Bad:
    return Bad(what=what, leaf=at, position=fact.position, stream=written_stream(fact.stream))


def hash_of(index: int, fact: Stored) -> bytes:
    _, stream, version, topic, state = fact
    return sha256(leaf(index, stream, version % 2**64, topic, state)).digest()  # as the server sends a negative one
