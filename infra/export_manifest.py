"""What an export says of itself: which leaves it has, and what leads from them to the signed head (R10.5).

A verifier takes none of it on trust: `before`, the facts' own hashes and `behind` must come to the signed root. Where
`blocks` in the facts' place come to it, they tell which block is the first bad one.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import msgspec

from domain.reading import Form
from infra.log_snapshot import next_border
from projections.log_tree import BLOCK
from projections.merkle import Subtree, subtrees

FORMAT = "shomei-export-1"
MANIFEST, HEAD = "manifest.json", "head.txt"

NOTES = {
    "hashes": "SHA-256 in hex; before: of the perfect subtrees over leaves 0 to first, behind: over end to head.size, "
    f"blocks: over first to end, where none reaches over a multiple of {BLOCK} leaves (RFC 9162 2.1)",
    "range": "the smallest range of leaves that holds every fact with from <= at < to; instants rise almost, but not "
    "strictly, from leaf to leaf, so at its ends facts of other instants may stand among them",
    "csv": "a cell that begins with = + - @ or the like, or with an apostrophe, has one apostrophe more in front, so "
    "that no spreadsheet takes it for a formula; without that one the cell is as it was stored",
}

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Asked(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """The instants asked for, None: without bound."""

    since: datetime | None
    until: datetime | None


class Head(msgspec.Struct, frozen=True):
    """That vouches; `note` is what head.txt has."""

    size: Number
    root: Hash
    at: datetime
    note: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The leaves from `first` to before `end` were wanted, `count` were there; `sha256` is that of the file of facts.

    `not_covered` facts were asked for and stand behind the head.
    """

    format: str = FORMAT
    made_at: datetime
    asked: Asked
    form: Form
    file: str
    sha256: Hash
    count: Number
    first: Number
    end: Number
    not_covered: Number
    head: Head
    before: list[Hash]
    behind: list[Hash]
    blocks: list[Hash]
    notes: dict[str, str] = msgspec.field(default_factory=NOTES.copy)


def facts_file(form: Form) -> str:
    return f"facts.{form}"


def pieces(first: int, end: int) -> Iterator[Subtree]:
    """The perfect subtrees of `blocks`."""
    while first < end:
        border = min(end, next_border(first))
        yield from subtrees(first, border)
        first = border
