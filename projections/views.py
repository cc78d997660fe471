"""What every view shares: its generation, its position in the log, and how its rows are written (style 19, 20)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow, args_row
from psycopg.types.json import Json

from domain.fact import LogEntry

# "SHOM": one maker of tables at a time, of these or of the others (`infra/migration.py`): `create ... if not exists`
# races with itself.
PREPARING = 0x53484F4D

POSITIONS = """
create table if not exists views.positions (
    view text primary key,
    position bigint not null
)
"""

# By their names, which begin with the generation's. Of our own role: what somebody else made is not ours to throw away.
TABLES = """
select relname as name from pg_class
where relnamespace = 'views'::regnamespace and relkind = 'r' and pg_has_role(relowner, 'usage')
    and (relname = %(generation)s or starts_with(relname, %(generation)s || '_'))
order by relname
"""

Row = TypeVar("Row", bound=msgspec.Struct)

# Is told how far a fold has come, and how far it will go, both in positions of the log.
Told = Callable[[int, int], object]


def nobody(place: int, last: int) -> None:
    """A Told."""


class FactLog(Protocol):
    def entries(self, after: int, limit: int) -> list[LogEntry]:
        """The log's next facts behind position `after`, in order."""

    def head(self) -> int:
        """The position of the newest fact, 0 in an empty log."""


class View(Protocol):
    """`name` is what people call it. `generation` names its table, and changes whenever the table does (style 20).

    Another generation is a copy beside the live view, folded by itself (R10.3).
    """

    def __init__(self, generation: str = ...) -> None: ...

    @property
    def name(self) -> str: ...

    @property
    def generation(self) -> str: ...

    def tables(self) -> sql.Composed:
        """Makes what is missing of its tables."""

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        """What these facts do to its rows. The facts come in order, each once: the caller moves the position."""


class Overtaken(Exception):
    """Another process moved the view's position: what was folded here is rolled back."""


class ViewStatus(msgspec.Struct, frozen=True):
    """`lag` is counted in positions, of which rolled-back inserts leave holes; 0 is caught up."""

    name: str
    position: int
    lag: int


def prepare(cursor: Cursor[DictRow], view: View) -> None:
    """Makes the tables; a view without a position begins before the first fact.

    The position first, as whoever folds has it: in the other order the two would wait for each other.
    """
    cursor.execute("select pg_advisory_xact_lock(%s)", [PREPARING])
    cursor.execute(POSITIONS)
    cursor.execute(
        "insert into views.positions (view, position) values (%s, 0) on conflict (view) do nothing", [view.generation]
    )
    cursor.execute(view.tables())


def tables_of(cursor: Cursor[DictRow], generation: str) -> list[str]:
    """The names of all its tables; none where it was never begun."""
    return [row["name"] for row in cursor.execute(TABLES, {"generation": generation})]


def position(cursor: Cursor[DictRow], view: View) -> int:
    found = cursor.execute("select position from views.positions where view = %s", [view.generation]).fetchone()
    return int(found["position"]) if found else 0


def least_position(cursor: Cursor[DictRow], views: Iterable[View]) -> int:
    """That of the one farthest behind; 0 where one has not begun."""
    names = [view.generation for view in views]
    query = "select min(position) as least, count(*) as begun from views.positions where view = any(%s)"
    found = cursor.execute(query, [names]).fetchall()[0]
    return int(found["least"]) if found["begun"] == len(names) else 0


def move(cursor: Cursor[DictRow], view: View, before: int, after: int) -> None:
    """Compare and set: of two that folded the same facts the second is Overtaken."""
    query = "update views.positions set position = %s where view = %s and position = %s"
    if cursor.execute(query, [after, view.generation, before]).rowcount != 1:
        raise Overtaken(view.generation)


def status(cursor: Cursor[DictRow], views: Iterable[View], head: int) -> list[ViewStatus]:
    places = [(view.name, position(cursor, view)) for view in views]
    return [ViewStatus(name, place, max(0, head - place)) for name, place in places]


def has_reached(target: int, place: Callable[[], int], bound: float, sleep: Callable[[float], object]) -> bool:
    """Read-your-writes: asks at once and again after 2, 4, 8 ... ms until `place` is at `target`.

    False when `bound` seconds of waiting did not do: the caller shows what there is.
    """
    if place() >= target:
        return True
    for pause in pauses(bound):
        sleep(pause)
        if place() >= target:
            return True
    return False


def pauses(bound: float) -> Iterator[float]:
    """Doubling from 2 ms, `bound` seconds in all."""
    pause = 0.002
    while bound > 0:
        yield min(pause, bound)
        bound -= pause
        pause *= 2


def load(
    cursor: Cursor[DictRow], table: sql.Identifier, kind: type[Row], column: str, values: Sequence[object]
) -> list[Row]:
    # Binary: a list of UUIDs takes a sixth of the time to write, and nobody makes a dict of each row.
    query = sql.SQL("select {columns} from {table} where {column} = any(%b)").format(
        columns=_columns(kind), table=table, column=sql.Identifier(column)
    )
    if not values:
        return []
    reading = cursor.connection.cursor(row_factory=args_row(kind))
    return reading.execute(query, [values], binary=True).fetchall()


def upsert(cursor: Cursor[DictRow], table: sql.Identifier, rows: Sequence[msgspec.Struct]) -> None:
    """All rows in one statement. Their fields are columns of the table, the first of them its key."""
    if not rows:
        return
    key, *others = rows[0].__struct_fields__
    query = sql.SQL(
        "insert into {table} ({columns}) select {columns} from json_populate_recordset(null::{table}, %s)"
        " on conflict ({key}) do update set {changes}"
    ).format(
        table=table,
        columns=_columns(type(rows[0])),
        key=sql.Identifier(key),
        changes=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(other)) for other in others),
    )
    cursor.execute(query, [Json(rows, msgspec.json.encode)])


def _columns(kind: type[msgspec.Struct]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, kind.__struct_fields__))
