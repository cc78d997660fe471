"""Whether a live view equals a fresh replay: row by row, in the database (R10.3)."""

from typing import Any

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from projections.copies import Table, fold, only_one, passing_copy, tables
from projections.runner import Connection
from projections.views import FactLog, Told, View, nobody, position, tables_of

DIFFERENCE = """
select to_jsonb(live) as live, to_jsonb(fresh) as fresh from {live} as live full join {fresh} as fresh using ({key})
where row({live_columns}) is distinct from row({fresh_columns}) order by {key} limit 1
"""
COUNT = "select count(*) as rows from {table}"
NAMES = ("user_id", "serial", "code")  # by which people know a row whose key is a stream
UNTOLD = ("name",)  # an organization's: whoever reads what a check says need not know the customers

MISSING = "no row"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Of one row. `key` are its key and its names; where only one side has it, `column` is None, and the value of the
    other `no row`."""

    table: str
    key: dict[str, Any]
    column: str | None
    live: Any
    fresh: Any


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """As they stood at that `position`; `difference` is the first one, in the order of the tables and of their keys."""

    position: int
    facts: int
    rows: int
    difference: Difference | None


class NeverBegun(Exception):
    """The projector has not made this view yet."""


def check(connection: Connection, view: View, log: FactLog, told: Told = nobody) -> Checked:
    """Raises CopyUnderWay, NeverBegun. Nothing stays of the copy, whatever ends this.

    Live rows and position are those of one snapshot, and the copy is folded within it: the projector goes on meanwhile.
    """
    with only_one(connection, view):
        with connection.cursor() as cursor:
            live = [sql.Identifier("views", name) for name in tables_of(cursor, view.generation)]
        if not live:
            raise NeverBegun(view.name)
        with connection.transaction(force_rollback=True), connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read")
            # Before the snapshot, which is taken by the first question: tables are never dropped under our eyes.
            cursor.execute(sql.SQL("lock table {} in access share mode").format(sql.SQL(", ").join(live)))
            place = position(cursor, view)
            copy = passing_copy(cursor, view)
            facts = fold(cursor, copy, log, place, told=told)
            pairs = list(zip(tables(cursor, view), tables(cursor, copy), strict=True))
            found = (first_difference(cursor, *pair) for pair in pairs)
            return Checked(
                position=place,
                facts=facts,
                rows=sum(_count(cursor, table) for table, _ in pairs),
                difference=next((difference for difference in found if difference is not None), None),
            )


def first_difference(cursor: Cursor[DictRow], live: Table, fresh: Table) -> Difference | None:
    query = sql.SQL(DIFFERENCE).format(
        live=live.identifier,
        fresh=fresh.identifier,
        key=sql.SQL(", ").join(map(sql.Identifier, live.key)),
        live_columns=_columns("live", live),
        fresh_columns=_columns("fresh", live),
    )
    row = cursor.execute(query).fetchone()
    if row is None:
        return None
    ours, theirs = row["live"], row["fresh"]
    there = ours or theirs
    named = [*live.key, *(name for name in NAMES if name in there and name not in live.key)]
    key = {name: there[name] for name in named}
    if ours is None or theirs is None:
        known = {True: MISSING, False: "a row"}
        return Difference(table=live.name, key=key, column=None, live=known[ours is None], fresh=known[theirs is None])
    column = next(name for name in live.columns if ours[name] != theirs[name])
    values = ["(not told)"] * 2 if column in UNTOLD else [ours[column], theirs[column]]
    return Difference(table=live.name, key=key, column=column, live=values[0], fresh=values[1])


def _columns(side: str, table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(side, column) for column in table.columns)


def _count(cursor: Cursor[DictRow], table: Table) -> int:
    return int(cursor.execute(sql.SQL(COUNT).format(table=table.identifier)).fetchall()[0]["rows"])
