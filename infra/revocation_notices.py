"""What PostgreSQL tells of revocations, so that what is cached is dropped at once (R4.10).

Nobody waits here: each question reads what has come meanwhile, and asks the server for a sign of life when the last is
a second old. Where none has come for longer, nothing that is cached may be believed.
"""

import threading
import time
from contextlib import suppress
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict

from infra.pool import Connection, is_quiet
from projections.runner import CONNECT_SECONDS, TCP

CHANNEL = "certificate_revoked"  # as the database function append_events has it
ASK_AGAIN = 1.0  # seconds
BELIEVED = 3.0  # seconds after the question that was answered last
RECONNECT = 1.0  # seconds between two attempts
SIGN_OF_LIFE = b"select pg_backend_pid()"

log = structlog.get_logger(__name__)


class Heard(msgspec.Struct, frozen=True):
    """`listening` numbers the connections: with another one, anything may have been missed. `is_current`: what was
    revoked until now stands in `streams`, or stood there before."""

    listening: int
    is_current: bool
    streams: list[UUID]


class RevocationNotices:
    """One connection, on which nothing else is done. Safe between threads."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._guard = threading.Lock()
        self._connecting = threading.Lock()
        self._connection: Connection | None = None
        self._listening = 0
        self._tried_at = -RECONNECT
        self._is_warned = False
        self._asked_at: float | None = None
        self._proven_at = 0.0

    def heard(self) -> Heard:
        """Takes no time: at most a few bytes are read that are there."""
        with self._guard:
            streams = list[UUID]()
            if self._connection is not None:
                try:
                    self._read(self._connection, streams)
                    self._ask(self._connection)
                except psycopg.OperationalError as fault:
                    log.warning("no notices of revocations: OCSP answers from the store", fault=str(fault).strip())
                    self._let_go()
            is_current = self._connection is not None and time.monotonic() < self._proven_at + BELIEVED
            return Heard(self._listening, is_current, streams)

    def listen(self) -> None:
        """Connects where there is no connection, unless that was tried just now. Takes as long as connecting does."""
        if self._connection is not None or not self._connecting.acquire(blocking=False):
            return
        try:
            if time.monotonic() < self._tried_at + RECONNECT:
                return
            self._tried_at = time.monotonic()
            with suppress(psycopg.Error):  # whoever is asked next tries again, and answers from the store until then
                self._connect()
        finally:
            self._connecting.release()

    def close(self) -> None:
        with self._guard:
            self._let_go()

    def _connect(self) -> None:
        # Of several addresses the one that is written to: there is no LISTEN on a standby.
        writable = conninfo_to_dict(self._dsn).get("target_session_attrs", "read-write")
        connection = Connection.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="shomei ocsp",
            target_session_attrs=writable,
            **TCP,  # type: ignore[arg-type]  # psycopg's own keywords and libpq's share one signature
        )
        connection.execute(f"listen {CHANNEL}")
        connection.add_notice_handler(self._warn)  # nothing that we do here is worth one
        with self._guard:
            self._connection, self._asked_at, self._is_warned = connection, None, False
            self._listening += 1
            self._proven_at = -BELIEVED
            self._ask(connection)

    def _warn(self, _: psycopg.errors.Diagnostic) -> None:
        self._is_warned = True

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _ask(self, connection: Connection) -> None:
        now = time.monotonic()
        if self._asked_at is None and now >= self._proven_at + ASK_AGAIN:
            connection.pgconn.send_query(SIGN_OF_LIFE)
            connection.pgconn.flush()
            self._asked_at = now

    def _read(self, connection: Connection, streams: list[UUID]) -> None:
        server = connection.pgconn
        while not is_quiet(connection):
            server.consume_input()  # what there is may be the server's last words, and then the end
        if self._is_warned:
            raise psycopg.OperationalError("the server is closing the connection")
        while self._asked_at is not None and not server.is_busy():
            result = server.get_result()
            if result is None:
                self._proven_at, self._asked_at = self._asked_at, None
            elif result.get_value(0, 0) != str(server.backend_pid).encode():
                # A transaction pooler, which passes no notices on.
                raise psycopg.OperationalError("the connection does not lead to one server process")
        while notice := server.notifies():
            streams.append(UUID(notice.extra.decode()))
