"""What tree heads need from the world (R10.4). `infra/` implements it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from domain.tree_head import TreeHead, TreeHeadSigned


class Tree(Protocol):
    """The Merkle tree over the log, as the read model has it."""

    def still(self) -> AbstractContextManager["Tree"]:
        """As it stands at one moment, though another be put in its place meanwhile."""

    def settle(self, bound: float) -> bool:
        """Whether it has what is in the log now; waits for that so many seconds at most."""

    def size(self) -> int: ...

    def root_at(self, size: int) -> bytes:
        """Of the first `size` facts. Raises ValueError where there are fewer."""

    def newest(self) -> TreeHeadSigned | None: ...

    def later(self, size: int, limit: int) -> list[TreeHeadSigned]:
        """The heads of more facts than that, the smallest first."""

    def has_news(self, size: int) -> bool:
        """Whether there are other facts than heads behind the first `size`."""


class LogKey(Protocol):
    def sign(self, size: int, root: bytes, now: datetime) -> TreeHeadSigned: ...


class Outside(Protocol):
    """The heads as they are published outside the database."""

    def last(self) -> TreeHead | None: ...

    def append(self, heads: Sequence[TreeHeadSigned]) -> None:
        """Those larger than the last one; on the disk when it returns."""


class Auditors(Protocol):
    def __call__(self) -> list[str]:
        """The user IDs of those who may log in."""
