"""The whole log as it stood at one moment, read from end to end with little memory (R10.4, R10.5)."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from application.ports import Unavailable
from projections.log_tree import BLOCK
from projections.runner import Connection, connect

IDLE = "10min"  # whoever takes the facts away may stop so long, and then no longer keeps the snapshot

# No column may be null; one who could take that away is the one to be found out, so nothing breaks over it.
STORED = r"""
select coalesce(notification_id, 0), coalesce(uuid_send(originator_id), ''), coalesce(originator_version, 0),
    coalesce(topic, ''), coalesce(state, '')
from stored_events order by notification_id offset {} limit {}
"""
# The leaves' octets as projections/merkle.py puts them together, here by the server: what hashes to a signed root is
# what was signed, whoever put it together, and one column is read much faster than five.
LEAVES = r"""
select coalesce('\x0000000008'::bytea || int8send(row_number() over (order by notification_id) - 1)
    || '\x00000010'::bytea || uuid_send(originator_id)
    || '\x00000008'::bytea || int8send(originator_version)
    || int4send(octet_length(convert_to(topic, 'UTF8'))) || convert_to(topic, 'UTF8')
    || int4send(octet_length(state)) || state, '')
from stored_events order by notification_id limit {}
"""


class Stored(NamedTuple):
    """A fact as it is stored; `stream` as its sixteen octets."""

    position: int
    stream: bytes
    version: int
    topic: str
    state: bytes


def next_border(leaf: int) -> int:
    """The first leaf behind this one that begins a block: facts are read by blocks."""
    return leaf - leaf % BLOCK + BLOCK


@contextmanager
def log_snapshot(dsn: str, name: str) -> Iterator[Connection]:
    """A connection of its own, in one transaction that sees one moment and writes nothing. Raises Unavailable."""
    try:
        with connect(dsn, name) as connection, connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            connection.execute(f"set local idle_in_transaction_session_timeout = '{IDLE}'")
            yield connection
    except psycopg.errors.UndefinedTable as error:
        raise Unavailable("the projector has not made this view yet") from error
    except psycopg.OperationalError as error:
        raise Unavailable(f"database: {type(error).__name__}") from error


def size(connection: Connection) -> int:
    """How many facts are stored."""
    return int(connection.execute("select count(*) as facts from stored_events").fetchall()[0]["facts"])


def stored(connection: Connection, first: int, end: int) -> Generator[list[Stored], None, None]:
    """The facts of these leaves, fewer where there are no more, block by block."""
    query = sql.SQL(STORED).format(first, max(0, end - first))
    with connection.cursor("stored", row_factory=tuple_row) as cursor:
        cursor.execute(query, binary=True)
        while rows := cursor.fetchmany(next_border(first) - first):
            yield [Stored(*row) for row in rows]
            first += len(rows)


def leaf_hashes(connection: Connection, end: int) -> Generator[list[bytes], None, None]:
    """Of the facts before leaf `end`, fewer where there are no more, block by block."""
    with connection.cursor("leaves", row_factory=tuple_row) as cursor:
        cursor.execute(sql.SQL(LEAVES).format(end), binary=True)
        while rows := cursor.fetchmany(BLOCK):
            yield [sha256(leaf).digest() for (leaf,) in rows]
