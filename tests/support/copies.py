"""The views that the projector keeps, their rows, and whether each equals a fresh replay (R10.3)."""

from typing import Any

from psycopg import sql

from infra.event_store import EventStore
from infra.postgres import Database
from infra.views import CurrentViews
from projections import comparison
from projections.runner import Connection
from projections.views import View, position, tables_of

Kind = type[View]
KINDS: tuple[Kind, ...] = tuple(type(view) for view in CurrentViews(Database("")).all)


def rows_of(connection: Connection, view: View) -> list[Any]:
    """All its rows, whole."""
    found: list[Any] = []
    with connection.cursor() as cursor:
        for name in tables_of(cursor, view.generation):
            table = sql.Identifier("views", name)
            query = sql.SQL("select to_jsonb(each) as row from {} as each order by 1").format(table)
            found += [row["row"] for row in cursor.execute(query)]
    return found


def empty_tables(connection: Connection, *kinds: Kind) -> list[str]:
    """Those without a row, of which a comparison says nothing; of all views, or of these."""
    with connection.cursor() as cursor:
        names = [name for kind in kinds or KINDS for name in tables_of(cursor, kind().generation)]
    query = sql.SQL("select 1 from {} limit 1")
    return [name for name in names if not connection.execute(query.format(sql.Identifier("views", name))).fetchall()]


def check(connection: Connection, store: EventStore) -> int:
    """Each view, as it stands at one moment, equals its copy at that position; returns the rows compared."""
    compared = 0
    for kind in KINDS:
        found = comparison.check(connection, kind(), store)
        assert found.difference is None
        compared += found.rows
    return compared


def place(connection: Connection, view: View) -> int:
    with connection.cursor() as cursor:
        return position(cursor, view)
