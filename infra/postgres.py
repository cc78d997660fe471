"""The database: connections, the one migrate step with its two roles, and turns by advisory lock."""

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any
from uuid import UUID

import psycopg
import psycopg_pool
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from application.ports import Busy, Row, Unavailable

MIGRATION_LOCK = 0x53484F4D  # "SHOM": one migrate at a time
WAIT_FOR_TURN = 5.0  # seconds, R3.5
CONNECT_SECONDS = 5
# One trip to the server for three statements, and so with literals: parameters would allow one only.
TAKE_TURN = sql.SQL("begin; select set_config('lock_timeout', {}, true); select pg_advisory_xact_lock({})")
AWAY_SECONDS = 0.1  # for a connection, once the server was found away

# A machine that has vanished closes nothing: without these a request would wait for it a quarter of an hour.
TCP = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 5000}

PLAIN_TABLES = (
    "vault_verifiers",
    "vault_persons",
    "certificate_index",
    "tickets",
    "sessions",
    "rate_counters",
    "rate_user_ids",
)


Connection = psycopg.Connection[DictRow]


@contextmanager
def without_the_row() -> Iterator[None]:
    """PostgreSQL's DETAIL quotes the row it refused, a person's name in it: no log or terminal may say it (R10.6)."""
    try:
        yield
    except psycopg.Error as error:
        error.args = (error.diag.message_primary,) if error.diag.message_primary else error.args
        raise


class Pool(psycopg_pool.ConnectionPool[Connection]):
    """The library's, which must not keep visitors waiting for a server that is known to be away, or to be back."""

    _is_reached = True

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection]:
        with super().connection(timeout) as connection, without_the_row():
            yield connection

    def getconn(self, timeout: float | None = None) -> Connection:
        """Where one has waited in vain for a server that is away, the next are told soon, until one is served.

        Or else the few threads of a process each wait in full for visitor after visitor, and the last ones for minutes.
        """
        patience = self.timeout if timeout is None else timeout
        before = self._attempts_in_vain()
        try:
            connection = super().getconn(patience if self._is_reached else min(patience, AWAY_SECONDS))
        except psycopg_pool.PoolTimeout:
            if self._attempts_in_vain() > before:  # or else the pool is only busy
                self._is_reached = False
            raise
        self._is_reached = True
        return connection

    def _attempts_in_vain(self) -> int:
        return self.get_stats().get("connections_errors", 0)

    def check_all(self, connection: Connection) -> None:
        """Where one has died so have the others, most likely: found one after the other, each costs a longer pause."""
        if is_quiet(connection):
            return
        try:
            self.check_connection(connection)
        except psycopg.OperationalError:
            self.drain()
            raise


def is_quiet(connection: Connection) -> bool:
    """Whether nothing came from the server meanwhile, as its last words or the end of the connection would.

    That asks the kernel only: a question to the server at each checkout is a third of all that a log-in asks.
    """
    try:
        looked_at = select.poll()
        looked_at.register(connection.fileno(), select.POLLIN)
        return not looked_at.poll(0)
    except psycopg.OperationalError:  # closed on our side
        return False


class Database:
    """One pool a process, autocommit, rows as dictionaries. `Unavailable` where the server cannot be reached."""

    def __init__(self, dsn: str, pool_size: int = 8) -> None:
        self.dsn = dsn
        self.pool_size = pool_size
        self.pool = Pool(
            dsn,
            connection_class=Connection,
            kwargs={"row_factory": dict_row, "autocommit": True, "connect_timeout": CONNECT_SECONDS, **TCP},
            min_size=1,
            max_size=pool_size,
            timeout=CONNECT_SECONDS,
            reconnect_timeout=CONNECT_SECONDS,
            check=self._check,
            open=False,
        )

    def _check(self, connection: Connection) -> None:
        self.pool.check_all(connection)

    @contextmanager
    def connection(self, patience: float | None = None) -> Iterator[Connection]:
        """`patience`: seconds to wait for a free one, where fewer are left than usual."""
        try:
            self.pool.open()
            with self.pool.connection(patience) as connection:
                yield connection
        except psycopg_pool.PoolTimeout as error:
            raise Unavailable("no database connection") from error
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
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self.pool.close()


def statement(query: str, *parameters: object) -> Row:
    """A row for the facts' own transaction: one statement of ours."""
    return lambda cursor: cursor.execute(query, parameters)


class DatabaseTurns:
    """One password try at a time per account (R3.5): first in the process, then over all by an advisory lock.

    So a process holds at most one waiting connection per account, from a pool of its own, and the lock lives in a
    transaction, so that a transaction pooler may stand between.
    """

    def __init__(self, dsn: str, pool_size: int = 8) -> None:
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
            finally:
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


def migrate(owner_dsn: str, process_dsn: str) -> None:
    """Prepare the database: tables, the append function, and the processes' role with its few rights.

    Safe to run by several at once and again at any time. Where both addresses name the same role that role keeps the
    owner's rights: a database of one's own with one account.
    """
    process = conninfo_to_dict(process_dsn)
    try:
        with psycopg.connect(owner_dsn, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
            # On the session, not the transaction: creating a role is seen by others only once it is committed.
            connection.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
            owner = connection.info.user
            role = str(process.get("user") or owner)
            with connection.transaction():
                connection.execute(files("infra").joinpath("schema.sql").read_bytes())
                if role != owner:
                    _grant(connection, role, process.get("password"))
    except psycopg.OperationalError as error:
        raise Unavailable(f"the database cannot be reached ({type(error).__name__})") from error


def check_migrated(database: Database) -> None:
    """Raises Unavailable with what to do, where `migrate` has not been run."""
    found = database.execute("select to_regclass('public.stored_events') is not null as there")
    if not found[0]["there"]:
        raise Unavailable("the database has not been prepared: run `shomei migrate`")


def _grant(connection: psycopg.Connection[Any], role: str, password: str | int | None) -> None:
    name = sql.Identifier(role)
    if not connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("create role {} login").format(name))
    if password is not None:
        connection.execute(sql.SQL("alter role {} password {}").format(name, sql.Literal(str(password))))
    connection.execute(
        sql.SQL(
            "revoke all on stored_events from public, {0};"
            "grant select on stored_events to {0};"
            "revoke all on function append_events from public;"
            "grant execute on function append_events to {0};"
            "grant select, insert, update, delete on {1} to {0};"
            "grant usage, create on schema views to {0}"
        ).format(name, sql.SQL(", ").join(map(sql.Identifier, PLAIN_TABLES)))
    )
