"""Tables of a view that a later version of it has replaced (style 20): thrown away, once nothing keeps them any more.

A generation is a view's name and a number. Only lower numbers than our own are former ones, so that an older version,
started again, leaves those of the newer one alone; a copy beside the live view has another kind of name, and is neither
dropped nor drops anything.
"""

import re

from psycopg import Cursor, sql
from psycopg.rows import DictRow

from projections.views import View, tables_of


def former_generations(cursor: Cursor[DictRow], view: View) -> list[str]:
    own = _number(view, view.generation)
    begun = [str(row["view"]) for row in cursor.execute("select view from views.positions order by view")]
    return [generation for generation in begun if 0 < _number(view, generation) < own]


def drop(cursor: Cursor[DictRow], generation: str) -> None:
    """Its tables and its position."""
    if tables := [sql.Identifier("views", name) for name in tables_of(cursor, generation)]:
        cursor.execute(sql.SQL("drop table {}").format(sql.SQL(", ").join(tables)))
    cursor.execute("delete from views.positions where view = %s", [generation])


def _number(view: View, generation: str) -> int:
    """0 for what is no generation of this view."""
    found = re.fullmatch(rf"{re.escape(view.name)}_([1-9][0-9]{{0,8}})", generation)
    return int(found[1]) if found else 0
