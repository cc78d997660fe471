"""The database as a process has it: a pool of connections, and turns by advisory lock."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import psycopg_pool
from psycopg import sql
from psycopg.rows import DictRow, TupleRow

from application.ports import Busy, Unavailable
from infra.pool import ANSWER_SECONDS, Connection, Pool

POOL_SIZE = 8
WAIT_FOR_TURN = 5.0  # seconds, R3.5
READY_SECONDS = 2.0  # for whoever asks whether we are ready: a prompt no is worth more than a late yes
# One trip to the server for three statements, and so with literals: parameters would allow one only.
TAKE_TURN = sql.SQL("begin; select set_config('lock_timeout', {}, true); select pg_advisory_xact_lock({})")


class Database:
    """One pool a process, autocommit, rows as dictionaries. `Unavailable` where the server cannot be reached."""

    def __init__(self, dsn: str, pool_size: int = POOL_SIZE) -> None:
        self.dsn = dsn
        self.pool_size = pool_size
        self.pool = Pool(dsn, pool_size)

    @contextmanager
    def connection(self, patience: float | None = None, answers_within: float = ANSWER_SECONDS) -> Iterator[Connection]:
        """Seconds to wait for a free one, and then for each of its answers, where fewer are left than usual."""
        try:
            self.pool.open()
            with self.pool.connection(patience, answers_within) as connection:
                yield connection
        except psycopg_pool.PoolTimeout as error:
            raise Unavailable("no database connection") from error
        except psycopg.errors.ReadOnlySqlTransaction as error:
            raise Unavailable("database: read-only") from error
        except psycopg.OperationalError as error:
            raise Unavailable(f"database: {type(error).__name__}") from error

    @contextmanager
    def transaction(self, patience: float | None = None) -> Iterator[psycopg.Cursor[DictRow]]:
        with self.connection(patience) as connection, connection.transaction(), connection.cursor() as cursor:
            yield cursor

    def execute(self, query: str, *parameters: object) -> list[DictRow]:
        """One statement of ours, committed; its rows, if it returns any."""
        with self.connection() as connection:
            cursor = connection.execute(sql.SQL(query), parameters)
            return [] if cursor.rownumber is None else cursor.fetchall()

    def ask(self, question: str, *parameters: object) -> list[TupleRow]:
        """One question that is asked often: prepared, its rows in the order of the columns.

        They stay in memory until the next one on that connection, so nothing secret is asked for like this.
        """
        with self.connection() as connection:
            return connection.asking.execute(sql.SQL(question), parameters, prepare=True, binary=True).fetchall()

    def check_ready(self) -> None:
        """Raises Unavailable, and soon."""
        with self.connection(READY_SECONDS, READY_SECONDS) as connection:
            connection.execute("select 1")

    def close(self) -> None:
        self.pool.close()


class Statement(msgspec.Struct, frozen=True):
    """A Row for the facts' own transaction: one insert, update or delete of ours, without a RETURNING.

    `earlier` is one with a RETURNING, whose rows `query` knows by that name, and whose parameters come first. The only
    Row of a save goes to the server with the facts, in one trip.
    """

    query: str
    parameters: tuple[object, ...]
    earlier: str | None = None

    def __call__(self, cursor: Any) -> None:
        before = f"with earlier as ({self.earlier}) " if self.earlier else ""
        cursor.execute(before + self.query, self.parameters)

    def then(self, query: str) -> str:
        """All of this, and then the other, whose condition waits for it: without that a WITH has no order."""
        parts = {"earlier": self.earlier, "done": f"{self.query} returning 1"}
        named = ", ".join(f"{name} as ({part})" for name, part in parts.items() if part)
        waits = " and ".join(f"(select count(*) from {name}) >= 0" for name, part in parts.items() if part)  # noqa: S608  (ours)
        return f"with {named} {query} where {waits}"


def statement(query: str, *parameters: object, earlier: str | None = None) -> Statement:
    return Statement(query, parameters, earlier)


class DatabaseTurns:
    """One password try at a time per account (R3.5): first in the process, then over all by an advisory lock.

    So a process holds at most one waiting connection per account, from a pool of its own, and the lock lives in a
    transaction, so that a transaction pooler may stand between.
    """

    def __init__(self, dsn: str, pool_size: int = POOL_SIZE) -> None:
        self._database = Database(dsn, pool_size)
        self._guard = threading.Lock()
        self._queues: dict[UUID, tuple[threading.Lock, int]] = {}

    @contextmanager
    def turn(self, account: UUID) -> Iterator[None]:
        """One wait for all three, queue, connection and lock. Raises Busy; Unavailable without a connection."""
        deadline = time.monotonic() + WAIT_FOR_TURN
        with self._queue(account, deadline), self._database.connection(deadline - time.monotonic()) as connection:
            try:
                left = max(1, int((deadline - time.monotonic()) * 1000))
                self._take(connection, account, f"{left}ms")
                yield
            except Unavailable:
                connection.close()  # ends the lock too, and asks nothing more of a server that is away
                raise
            finally:
                if not connection.closed:
                    connection.rollback()  # it wrote nothing; the lock ends here

    def _take(self, connection: Connection, account: UUID, wait: str) -> None:
        try:
            connection.execute(TAKE_TURN.format(wait, int.from_bytes(account.bytes[:8], signed=True)))
        except psycopg.errors.LockNotAvailable as error:
            raise Busy("another process holds the turn") from error

    @contextmanager
    def _queue(self, account: UUID, deadline: float) -> Iterator[None]:
        with self._guard:
            lock, waiting = self._queues.get(account, (threading.Lock(), 0))
            self._queues[account] = (lock, waiting + 1)
        try:
            if not lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise Busy("too many tries on one account")
            try:
                yield
            finally:
                lock.release()
        finally:
            with self._guard:
                lock, waiting = self._queues.pop(account)
                if waiting > 1:
                    self._queues[account] = (lock, waiting - 1)

    def close(self) -> None:
        self._database.close()
