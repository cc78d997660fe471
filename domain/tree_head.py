"""Tree head: size and root of the Merkle tree over the log at one moment, signed and published (R10.4).

Its text is a C2SP checkpoint in a signed note (c2sp.org/tlog-checkpoint, c2sp.org/signed-note): origin, size, root, and
one extension line with the time. Each head has a stream of its own, so of two workers that sign one size one is late.
"""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.fact import Fact

TREE_HEADS = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a07")

UNDER_TRAFFIC = timedelta(minutes=5)  # R10.4
ELSE = timedelta(hours=1)


def head_stream(size: int) -> UUID:
    return uuid5(TREE_HEADS, str(size))


class TreeHead(msgspec.Struct, frozen=True, kw_only=True):
    """`root` is that of the tree of the first `size` facts (RFC 9162 2.1.1); `at` is told in whole seconds."""

    origin: str
    size: int
    root: bytes
    at: datetime

    @property
    def text(self) -> str:
        """What is signed."""
        at = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\ntime {at}\n"


class TreeHeadSigned(Fact, frozen=True):
    """`root`, `key_id` (four octets) and `signature` are hex: the published note can be told from them."""

    TOPIC: ClassVar[str] = "tree-head.signed.1"
    origin: str
    size: int
    root: str
    key_id: str
    signature: str

    @property
    def head(self) -> TreeHead:
        return TreeHead(origin=self.origin, size=self.size, root=bytes.fromhex(self.root), at=self.at)

    @property
    def note(self) -> str:
        """As it is published: the head's text, an empty line, and the signature's."""
        signed = b64encode(bytes.fromhex(self.key_id + self.signature)).decode()
        return f"{self.head.text}\n\N{EM DASH} {self.origin} {signed}\n"


def is_due(last: datetime | None, *, has_news: bool, now: datetime) -> bool:
    """Of the next head, after one signed at `last`; `has_news`: there are facts since, other than heads (R10.4)."""
    return last is None or now - last >= (UNDER_TRAFFIC if has_news else ELSE)
