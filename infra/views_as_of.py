"""Read models as they stood at a past moment: folded anew of the facts up to it, and gone with the answer (R10.2)."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from application.ports import Busy, Unavailable
from application.replay import check_past
from domain.errors import NotFound, ReplayTooLong
from projections.answers import PastTable, PastView
from projections.copies import Table, fold, passing_copy, tables
from projections.runner import Connection, connect
from projections.views import FactLog, Told, View, nobody

PAGE_SECONDS = 5.0  # that a page may fold: as long as it may wait for a password's turn
BATCH = 1000  # rows in memory at a time

COUNT = "select count(*) as total from {table}"
ROWS = "select {columns} from {table} order by {key}"


@contextmanager
def straight_connection(dsn: str, name: str) -> Iterator[Connection]:
    """Beside the pool, whose bounds are those of visitors. Raises Unavailable."""
    try:
        with connect(dsn, f"shomei {name}") as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise Unavailable(f"database: {type(error).__name__}") from error


class FoldedView:
    """`facts` were folded. It lives as long as its transaction, and nobody else sees it."""

    def __init__(self, connection: Connection, facts: int, found: Sequence[Table]) -> None:
        self._connection = connection
        self.facts = facts
        self.tables = found

    def total(self, table: Table) -> int:
        found = self._connection.execute(sql.SQL(COUNT).format(table=table.identifier)).fetchall()
        return int(found[0]["total"])

    def rows(self, table: Table, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """In the order of the key; instants are UTC, octets in hex."""
        query = sql.SQL(ROWS).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, table.columns)),
            table=table.identifier,
            key=sql.SQL(", ").join(map(sql.Identifier, table.key)),
        )
        if limit is not None:
            query += sql.SQL(" limit {}").format(limit)
        with self._connection.cursor(name="rows") as cursor:
            cursor.itersize = BATCH
            for row in cursor.execute(query):
                yield {name: _shown(value) for name, value in row.items()}


class ViewsAsOf:
    def __init__(self, dsn: str, log: FactLog, views: Sequence[View], page_seconds: float = PAGE_SECONDS) -> None:
        self._dsn = dsn
        self._log = log
        self._views = {view.name: view for view in views}
        self._page_seconds = page_seconds
        self._turn = threading.Lock()

    @property
    def names(self) -> list[str]:
        return list(self._views)

    @contextmanager
    def folded(self, name: str, as_of: datetime, now: datetime, told: Told = nobody) -> Iterator[FoldedView]:
        """Raises NotFound, Unavailable, InvalidInput for a moment to come. Nothing stays, whatever ends this."""
        check_past(as_of, now)
        if name not in self._views:
            raise NotFound("read model")
        with (
            straight_connection(self._dsn, f"replay {name}") as connection,
            connection.transaction(force_rollback=True),
            connection.cursor() as cursor,
        ):
            copy = passing_copy(cursor, self._views[name])
            facts = fold(cursor, copy, self._log, self._log.head(), as_of, told)
            yield FoldedView(connection, facts, tables(cursor, copy))

    def first_rows(self, name: str, as_of: datetime, now: datetime, limit: int) -> PastView:
        """For a page: of each table so many. One fold at a time in a process, for it takes a processor.

        Raises Busy, ReplayTooLong, and what `folded` raises.
        """
        if not self._turn.acquire(blocking=False):
            raise Busy("another replay is under way")
        try:
            with self.folded(name, as_of, now, self._bound()) as found:
                return PastView(
                    view=name,
                    as_of=as_of,
                    facts=found.facts,
                    tables=[
                        PastTable(
                            part=table.part,
                            columns=table.columns,
                            total=found.total(table),
                            rows=list(found.rows(table, limit)),
                        )
                        for table in found.tables
                    ],
                )
        finally:
            self._turn.release()

    def _bound(self) -> Told:
        deadline = time.monotonic() + self._page_seconds

        def told(place: int, last: int) -> None:
            if place < last and time.monotonic() > deadline:
                raise ReplayTooLong

        return told


def _shown(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC)
        case bytes():
            return value.hex()
        case _:
            return value
