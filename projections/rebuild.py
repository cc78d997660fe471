"""A view folded anew beside the live one, which is read all the while, and then put in its place (R10.3)."""

import logging
from collections.abc import Callable

from psycopg import Cursor, sql
from psycopg.errors import LockNotAvailable
from psycopg.rows import DictRow

from projections.copies import copy_of, only_one
from projections.former_generations import drop
from projections.runner import PAGE, WAIT_FOR_READERS, Connection, catch_up, start
from projections.views import PREPARING, FactLog, Told, View, nobody, position, tables_of

NAME = "rebuilt"
# Seconds between the tries of the switch, each of which may keep readers waiting for WAIT_FOR_READERS.
PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6)

# Tables and indexes, by their names; an index's constraint is renamed with it.
RELATIONS = """
select relname as name, relkind = 'i' as is_index from pg_class
where relnamespace = 'views'::regnamespace and relkind in ('r', 'i')
    and (relname = %(generation)s or starts_with(relname, %(generation)s || '_'))
"""
# What is left: of the newer servers each `not null` has a name too.
CONSTRAINTS = """
select conname as name, relname as table from pg_constraint join pg_class on pg_class.oid = conrelid
where connamespace = 'views'::regnamespace and starts_with(conname, %(generation)s || '_')
"""

logger = logging.getLogger(__name__)


class InUse(Exception):
    """Somebody reads the live tables without an end: nothing was switched."""


def rebuild(
    connection: Connection, view: View, log: FactLog, sleep: Callable[[float], object], told: Told = nobody
) -> int:
    """Returns the position it was switched at. Raises CopyUnderWay, InUse.

    What a killed one leaves behind the next one throws away.
    """
    copy = copy_of(view, NAME)
    with only_one(connection, view):
        start(connection, view)
        _throw_away(connection, copy)
        try:
            return _in_turn(connection, view, copy, log, sleep, told)
        finally:
            if not connection.closed:
                _throw_away(connection, copy)


def _in_turn(
    connection: Connection, view: View, copy: View, log: FactLog, sleep: Callable[[float], object], told: Told
) -> int:
    for pause in (*PAUSES, None):
        while log.head() - catch_up(connection, copy, log, told) > PAGE:
            pass  # more has come meanwhile than should be folded while the projector waits
        for name in _tables(connection, copy):  # or else the first questions would be planned blindly
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier("views", name)))
        try:
            return switch(connection, view, copy, log)
        except LockNotAvailable:
            if pause is not None:
                sleep(pause)
    raise InUse(view.name)


def switch(connection: Connection, live: View, copy: View, log: FactLog) -> int:
    """In one transaction. Whoever leads the live view finds its position moved, is Overtaken, and begins anew there."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(f"set local lock_timeout = '{WAIT_FOR_READERS}'")
        # In the order of those who make and fold a view: the tables come last, so that readers wait for nothing else.
        cursor.execute("select pg_advisory_xact_lock(%s)", [PREPARING])
        cursor.execute("select from views.positions where view = %s for update", [live.generation])
        place, head = position(cursor, copy), log.head()
        while place < head and (entries := log.entries(place, PAGE)):
            copy.fold(cursor, entries)
            place = entries[-1].position
        drop(cursor, live.generation)
        _rename(cursor, copy.generation, live.generation)
        cursor.execute("delete from views.positions where view = %s", [copy.generation])
        cursor.execute("insert into views.positions (view, position) values (%s, %s)", [live.generation, place])
    logger.info("view %s: rebuilt at position %d", live.generation, place)
    return place


def _rename(cursor: Cursor[DictRow], before: str, after: str) -> None:
    def renamed(name: str) -> sql.Identifier:
        return sql.Identifier(after + name.removeprefix(before))

    for row in cursor.execute(RELATIONS, {"generation": before}).fetchall():
        query = "alter index {} rename to {}" if row["is_index"] else "alter table {} rename to {}"
        cursor.execute(sql.SQL(query).format(sql.Identifier("views", row["name"]), renamed(row["name"])))
    for row in cursor.execute(CONSTRAINTS, {"generation": before}).fetchall():
        query = "alter table {} rename constraint {} to {}"
        table, name = sql.Identifier("views", row["table"]), sql.Identifier(row["name"])
        cursor.execute(sql.SQL(query).format(table, name, renamed(row["name"])))


def _tables(connection: Connection, view: View) -> list[str]:
    with connection.cursor() as cursor:
        return tables_of(cursor, view.generation)


def _throw_away(connection: Connection, copy: View) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        drop(cursor, copy.generation)
