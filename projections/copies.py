"""Copies of a view, folded from the first fact on beside the live one (R10.2, R10.3).

One takes the live view's place, one is compared with it, one tells how it stood at a past moment.

A copy's name is no generation's, so that nobody takes it for a former one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import takewhile

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.fact import LogEntry
from projections.runner import PAGE, Connection, next_page
from projections.views import FactLog, Told, View, nobody, tables_of

COPYING = 0x434F5059  # "COPY": the first half of the advisory locks of those who rebuild or check a view

# The key's columns in its order, then the others. A generated column says what others of its row say.
COLUMNS = """
select attname as name, coalesce(place, 0) as place, attgenerated <> '' as generated
from pg_attribute
left join pg_index on indrelid = attrelid and indisprimary
left join unnest(indkey::int2[]) with ordinality as keys (number, place) on keys.number = attnum
where attrelid = %s::regclass and attnum > 0 and not attisdropped
order by place is null, place, attnum
"""


# These number the facts from the first one on: how they stood is a beginning of the log. To the others a fact that came
# late may tell of an earlier moment, such as the end of a lock.
NUMBERING = ("audit_log", "log_tree")


class CopyUnderWay(Exception):
    """Somebody else rebuilds or checks this view."""


class Table(msgspec.Struct, frozen=True):
    """`part` is what its name says beside the generation: "" for most views' first. The generated columns are left out
    of `columns`; `key` are the first of them."""

    name: str
    part: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier("views", self.name)


def copy_of(view: View, name: str) -> View:
    return type(view)(f"{view.name}_{name}")


@contextmanager
def only_one(connection: Connection, view: View) -> Iterator[None]:
    """At a time, of those who rebuild or check it. Raises CopyUnderWay. It ends with the connection at the latest."""
    won = connection.execute("select pg_try_advisory_lock(%s, hashtext(%s)) as won", [COPYING, view.name]).fetchone()
    if not won or not won["won"]:
        raise CopyUnderWay(view.name)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", [COPYING, view.name])


def passing_copy(cursor: Cursor[DictRow], view: View) -> View:
    """With tables that nobody else ever sees: the transaction that they are made in is to be rolled back."""
    copy = copy_of(view, f"copy_{cursor.connection.info.backend_pid}")
    cursor.execute(copy.tables())  # under a name of its own it races with nobody
    return copy


def fold(
    cursor: Cursor[DictRow], view: View, log: FactLog, last: int, until: datetime | None = None, told: Told = nobody
) -> int:
    """All facts up to position `last`, or those of them not later than `until`; returns how many they were.

    The view's position is not moved: others do not know of it.
    """
    place, limit, folded = 0, PAGE, 0
    while place < last and (entries := log.entries(place, limit)):
        place, limit = entries[-1].position, next_page(len(entries), limit)
        found = [entry for entry in entries if entry.position <= last]
        wanted = [entry for entry in found if _is_by(entry, until)]
        if view.name in NUMBERING and len(wanted) < len(found):
            wanted, place = list(takewhile(lambda entry: _is_by(entry, until), found)), last
        if wanted:
            view.fold(cursor, wanted)
        folded += len(wanted)
        told(min(place, last), last)
    return folded


def _is_by(entry: LogEntry, until: datetime | None) -> bool:
    return until is None or entry.fact.at <= until


def tables(cursor: Cursor[DictRow], view: View) -> list[Table]:
    """Empty where it was never begun."""
    return [_table(cursor, name, view.generation) for name in tables_of(cursor, view.generation)]


def _table(cursor: Cursor[DictRow], name: str, generation: str) -> Table:
    columns = cursor.execute(COLUMNS, [f"views.{name}"]).fetchall()
    return Table(
        name=name,
        part=name.removeprefix(generation).removeprefix("_"),
        key=tuple(column["name"] for column in columns if column["place"]),
        columns=tuple(column["name"] for column in columns if not column["generated"]),
    )
