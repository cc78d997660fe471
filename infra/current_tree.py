"""The log's Merkle tree as it stands in PostgreSQL, for who signs it or watches it (R10.4)."""

from domain.tree_head import TreeHeadSigned
from infra.clock import sleep
from infra.postgres import Database
from infra.questions import HEAD, asking
from projections.log_tree import LogTree
from projections.views import has_reached, position


class CurrentTree:
    """application.head_ports.Tree. Raises Unavailable while the projector has not made the view's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._view = LogTree()

    def settle(self, bound: float) -> bool:
        target = int(self._database.execute(HEAD)[0]["head"])
        return has_reached(target, self._position, bound, sleep)

    def size(self) -> int:
        with asking(self._database) as cursor:
            return self._view.size(cursor)

    def root_at(self, size: int) -> bytes:
        with asking(self._database) as cursor:
            return self._view.range_at(cursor, size).root()

    def newest(self) -> TreeHeadSigned | None:
        with asking(self._database) as cursor:
            return self._view.newest_head(cursor)

    def later(self, size: int, limit: int) -> list[TreeHeadSigned]:
        with asking(self._database) as cursor:
            return self._view.later_heads(cursor, size, limit)

    def has_news(self, size: int) -> bool:
        with asking(self._database) as cursor:
            return self._view.has_news(cursor, size)

    def _position(self) -> int:
        with asking(self._database) as cursor:
            return position(cursor, self._view)
