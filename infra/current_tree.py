"""The log's Merkle tree as it stands in PostgreSQL, for who signs it or watches it (R10.4)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from psycopg import Cursor
from psycopg.rows import DictRow

from domain.tree_head import TreeHeadSigned
from infra.clock import sleep
from infra.postgres import Database
from infra.questions import HEAD, asking
from projections.log_tree import LogTree
from projections.views import has_reached, position


class CurrentTree:
    """application.head_ports.Tree. Raises Unavailable while the projector has not made the view's tables."""

    def __init__(self, database: Database, snapshot: Cursor[DictRow] | None = None) -> None:
        """`snapshot` is within a transaction that sees one moment; else each question sees its own."""
        self._database = database
        self._snapshot = snapshot
        self._view = LogTree()

    @contextmanager
    def still(self) -> Iterator["CurrentTree"]:
        with asking(self._database) as cursor, cursor.connection.transaction():
            cursor.execute("set transaction isolation level repeatable read, read only")
            yield CurrentTree(self._database, cursor)

    def settle(self, bound: float) -> bool:
        target = int(self._database.execute(HEAD)[0]["head"])
        return has_reached(target, self._position, bound, sleep)

    def size(self) -> int:
        with self._asking() as cursor:
            return self._view.size(cursor)

    def root_at(self, size: int) -> bytes:
        with self._asking() as cursor:
            return self._view.range_at(cursor, size).root()

    def newest(self) -> TreeHeadSigned | None:
        with self._asking() as cursor:
            return self._view.newest_head(cursor)

    def later(self, size: int, limit: int) -> list[TreeHeadSigned]:
        with self._asking() as cursor:
            return self._view.later_heads(cursor, size, limit)

    def has_news(self, size: int) -> bool:
        with self._asking() as cursor:
            return self._view.has_news(cursor, size)

    def _asking(self) -> AbstractContextManager[Cursor[DictRow]]:
        return asking(self._database) if self._snapshot is None else nullcontext(self._snapshot)

    def _position(self) -> int:
        with self._asking() as cursor:
            return position(cursor, self._view)
