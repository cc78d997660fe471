"""What is to be watched of the tree heads: how old the last is, and whether the log still has their trees (R10.4)."""

from datetime import datetime

import msgspec

from application.head_ports import Outside, Tree
from application.tree_heads import lost


class HeadFigures(msgspec.Struct, frozen=True):
    """Of the last head; None where there is none yet."""

    signed_at: datetime | None
    size: int | None
    broken: bool


class HeadWatch:
    def __init__(self, tree: Tree, outside: Outside) -> None:
        self._tree = tree
        self._outside = outside

    def look(self) -> HeadFigures:
        """Raises Unavailable."""
        newest = self._tree.newest()
        broken = lost(self._tree, self._outside) is not None
        return HeadFigures(newest.at, newest.size, broken) if newest else HeadFigures(None, None, broken)
