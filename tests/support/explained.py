"""How PostgreSQL finds the answer to the very question that a view asks."""

from collections.abc import Iterator
from typing import Any, cast

from psycopg import Cursor, sql
from psycopg.rows import DictRow


class Explained:
    """A cursor for one question of a view: it is answered, and `plan` is what the server did for it, or for the last
    part of it; `buffers` are those of all parts."""

    def __init__(self, cursor: Cursor[DictRow]) -> None:
        self._cursor = cursor
        self.plan: dict[str, Any] = {}
        self.buffers = 0  # pages of 8 KiB that were looked at, in memory or not

    def execute(self, query: sql.Composed, parameters: Any) -> Cursor[DictRow]:
        explain = sql.SQL("explain (analyze, buffers, format json) ") + query
        self.plan = self._cursor.execute(explain, parameters).fetchall()[0]["QUERY PLAN"][0]["Plan"]
        self.buffers += int(self.plan["Shared Hit Blocks"] + self.plan["Shared Read Blocks"])
        return self._cursor.execute(query, parameters)

    def as_cursor(self) -> Cursor[DictRow]:
        """For those who ask for one."""
        return cast("Cursor[DictRow]", self)

    @property
    def indexes(self) -> set[str]:
        """Those that were read."""
        return {node["Index Name"] for node in nodes(self.plan) if "Index Name" in node}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
