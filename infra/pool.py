"""Connections to a server that may be away, hang, or have become read-only: nobody waits for it without a bound.

Three bounds, each for what the others cannot see. The server's own, `lock_timeout` and `statement_timeout`, end a
question that waits for a lock or computes too long, and say so. Ours on each answer ends the wait for a server that is
stopped: its kernel goes on acknowledging, so no timeout of TCP sees it. The pool's ends the wait for a connection.

The server's two are `set` on each new connection, not by `options` at its start, which transaction poolers refuse.
Behind such a pooler they reach the connections of its own that happened to be free; our own bound holds for all.
"""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import psycopg
import psycopg_pool
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, TupleRow, dict_row, tuple_row

from projections.runner import CONNECT_SECONDS, TCP

AWAY_SECONDS = 0.1  # for a connection, once the server was found away
LOCK_SECONDS = 5  # as long as a turn is waited for (R3.5)
STATEMENT_SECONDS = 8
ANSWER_SECONDS = 10.0  # longer than the server's own bounds, which end a question more gently
SERVER_BOUNDS = f"set lock_timeout = '{LOCK_SECONDS}s'; set statement_timeout = '{STATEMENT_SECONDS}s'"


class Silent(psycopg.OperationalError):
    """No answer in time. The connection is closed, for whatever comes on it now answers an older question."""


class Connection(psycopg.Connection[DictRow]):
    """The library's, which waits for ever; this one `answers_within` so many seconds, or is closed and Silent."""

    answers_within = ANSWER_SECONDS

    @cached_property
    def asking(self) -> psycopg.Cursor[TupleRow]:
        """For questions; kept, for making one costs a third of what a short question costs."""
        return self.cursor(row_factory=tuple_row)

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.answers_within if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            if timeout is not None:  # somebody else's bound, such as that on waiting for notices
                raise
            self.pgconn.finish()
            raise Silent("the server does not answer") from error


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

    def __init__(self, dsn: str, size: int) -> None:
        # Of several addresses the one that may be written to, also after a failover.
        writable = {"target_session_attrs": conninfo_to_dict(dsn).get("target_session_attrs", "read-write")}
        super().__init__(
            dsn,
            connection_class=Connection,
            kwargs={
                "row_factory": dict_row,
                "autocommit": True,
                "connect_timeout": CONNECT_SECONDS,
                **TCP,
                **writable,
            },
            min_size=1,
            max_size=size,
            timeout=CONNECT_SECONDS,
            reconnect_timeout=CONNECT_SECONDS,
            configure=_bound,
            check=self._check_all,
            open=False,
        )

    @contextmanager
    def connection(self, timeout: float | None = None, answers_within: float = ANSWER_SECONDS) -> Iterator[Connection]:
        """Both in seconds: how long to wait for a free one, and then for each of its answers."""
        with super().connection(timeout) as connection, without_the_row():
            connection.answers_within = answers_within
            try:
                yield connection
            except Silent:
                if answers_within >= ANSWER_SECONDS:  # who was in a hurry has not found out much
                    self._is_reached = False
                    self.drain()
                raise
            except psycopg.errors.ReadOnlySqlTransaction:
                self.drain()  # this server is no longer the one to write to, and the others lead there too
                raise
            finally:
                connection.answers_within = ANSWER_SECONDS

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

    def _check_all(self, connection: Connection) -> None:
        """Where one has died so have the others, most likely: found one after the other, each costs a longer pause."""
        if is_quiet(connection):
            return
        try:
            self.check_connection(connection)
        except psycopg.OperationalError:
            self.drain()
            raise


def _bound(connection: Connection) -> None:
    connection.execute(SERVER_BOUNDS)


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
