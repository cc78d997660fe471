"""A view that counts: for tests of how views are kept, not of what they tell."""

from collections.abc import Sequence

from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.fact import LogEntry
from projections.runner import Connection


class Tally:
    """A view that counts the facts it was given, in the database and here; `faults` folds fail before one succeeds."""

    name = "tally"

    def __init__(self, generation: str = "tally_1", faults: int = 0) -> None:
        self.generation = generation
        self.faults = faults
        self.pages: list[int] = []

    def tables(self) -> sql.Composed:
        table = sql.Identifier("views", self.generation)
        return sql.SQL("create table if not exists {} (position bigint primary key)").format(table)

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        self.pages.append(len(entries))
        table = sql.Identifier("views", self.generation)
        query = sql.SQL("insert into {} (position) select position from unnest(%s) as new (position)").format(table)
        cursor.execute(query, [[entry.position for entry in entries]])
        if len(self.pages) <= self.faults:
            raise ZeroDivisionError


def counted(connection: Connection, view: Tally) -> int:
    query = sql.SQL("select count(*) as facts from {}").format(sql.Identifier("views", view.generation))
    (row,) = connection.execute(query)
    return int(row["facts"])
