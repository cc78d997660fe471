"""Keeps a view up with the log: one leader per view, woken by the store's notices, with the position beside the rows.

The leader's advisory lock, its LISTEN and its writes share one connection: when that breaks, all three are gone at
once and another process leads. It must therefore go straight to PostgreSQL, not through a transaction pooler.
"""

import logging
import selectors
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress

import psycopg
from psycopg import Cursor
from psycopg.errors import LockNotAvailable
from psycopg.rows import DictRow, dict_row

from domain.fact import LogEntry
from projections.former_generations import drop, former_generations
from projections.views import FactLog, Told, View, move, nobody, position, prepare

CHANNEL = "stored_events"
LEADING = 0x56494557  # "VIEW": the first half of the leaders' advisory locks
PAGE = 500  # facts
FAR_BEHIND_PAGE = 5000  # facts, while pages come full
POLL = 1.0  # seconds; a notice may always get lost
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds after an error, doubling
CONNECT_SECONDS = 5
WAIT_FOR_READERS = "500ms"  # of a table that is to be dropped: whoever asks meanwhile stands behind us

# A machine that has vanished closes nothing: without these we would wait for the server, and the server for a leader, a
# quarter of an hour while something was sent, and two hours else. Ignored on Unix sockets.
TCP = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 5000}
SERVER_TCP = (
    "set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;"
    "set tcp_user_timeout = 5000"
)

logger = logging.getLogger(__name__)

Connection = psycopg.Connection[DictRow]


def connect(dsn: str, name: str) -> Connection:
    return psycopg.connect(
        dsn,
        autocommit=True,
        row_factory=dict_row,
        connect_timeout=CONNECT_SECONDS,
        application_name=name,
        **TCP,  # type: ignore[arg-type]  # psycopg's own keywords and libpq's share one signature
    )


def start(connection: Connection, view: View) -> int:
    """Makes the view's tables where they are missing; returns its position."""
    with connection.transaction(), connection.cursor() as cursor:
        prepare(cursor, view)
        return position(cursor, view)


def fold_page(connection: Connection, view: View, entries: Sequence[LogEntry], before: int) -> int:
    """Rows and position in one transaction; returns the new position. Raises Overtaken, and has done nothing."""
    after = entries[-1].position
    with connection.transaction(), connection.cursor() as cursor:
        move(cursor, view, before, after)  # first, for its row lock lets one at a time fold
        view.fold(cursor, entries)
    return after


def catch_up(connection: Connection, view: View, log: FactLog, told: Told = nobody) -> int:
    """Folds all there is now, here, whoever leads; returns the position. For tests and rebuilt copies."""
    place, limit, head = start(connection, view), PAGE, log.head()
    while place < head and (entries := log.entries(place, limit)):
        place, limit = fold_page(connection, view, entries, place), next_page(len(entries), limit)
        told(min(place, head), head)
    return place


def next_page(found: int, limit: int) -> int:
    return FAR_BEHIND_PAGE if found == limit else PAGE


class Runner:
    """One view in one process. `run` in a thread of its own until `stop`, or step by step in a test."""

    def __init__(self, view: View, log: FactLog, dsn: str, poll: float = POLL) -> None:
        self._view, self._log, self._dsn, self._poll = view, log, dsn, poll
        self._connection: Connection | None = None
        self._position: int | None = None
        self._may_have_former = True
        self._stopping = False
        self._pause = FIRST_PAUSE
        self._bell, self._rope = socket.socketpair()

    @property
    def leads(self) -> bool:
        return self._position is not None

    def run(self) -> None:
        try:
            while not self._stopping:
                self._rest(self._attempt())
        finally:
            self.close()

    def stop(self) -> None:
        """From another thread or a signal handler: `run` ends with the page it is folding."""
        self._stopping = True
        with suppress(OSError):  # it has ended already
            self._rope.send(b"\0")

    def close(self) -> None:
        self._disconnect()
        self._bell.close()
        self._rope.close()

    def step(self) -> None:
        """Leads if nobody else does, and then folds all there is.

        A fault of the world or of the view is raised, and the lead given up: the next step begins anew.
        """
        with ExitStack() as on_fault:
            on_fault.callback(self._disconnect)
            if self._connection is None:
                self._connection = connect(self._dsn, f"shomei {self._view.generation}")
                self._connection.execute(SERVER_TCP)
            for _ in self._connection.notifies(timeout=0):
                pass  # a notice only wakes; raises where the connection is gone
            if self._position is None:
                self._position = self._take_the_lead(self._connection)
            if self._position is not None:
                self._position = self._fold(self._connection, self._position)
                if self._may_have_former and not self._stopping:
                    self._drop_former(self._connection)
                    # Anew: a notice that came meanwhile has been read with the answers, and wakes nobody.
                    self._position = self._fold(self._connection, self._position)
            on_fault.pop_all()

    def _take_the_lead(self, connection: Connection) -> int | None:
        query = "select pg_try_advisory_lock(%s, hashtext(%s)) as won"
        won = connection.execute(query, [LEADING, self._view.generation]).fetchone()
        if not won or not won["won"]:
            return None
        # Before the first page is read: what is stored after this wakes us, what is stored before is in that page.
        connection.execute(f"listen {CHANNEL}")
        place = start(connection, self._view)
        logger.info("view %s: leading from position %d", self._view.generation, place)
        return place

    def _fold(self, connection: Connection, place: int) -> int:
        limit = PAGE
        while not self._stopping and (entries := self._log.entries(place, limit)):
            place, limit = fold_page(connection, self._view, entries, place), next_page(len(entries), limit)
        return place

    def _drop_former(self, connection: Connection) -> None:
        """Former generations of the view, now that this one has all they have, unless one has a leader.

        As long as a projector of the older version lives its generation is kept up for the older web processes, and we
        look again at the next step. Without one it would only grow stale: they then answer as before its first start.
        """
        with suppress(LockNotAvailable), connection.transaction(), connection.cursor() as cursor:
            cursor.execute(f"set local lock_timeout = '{WAIT_FOR_READERS}'")
            found = former_generations(cursor, self._view)
            unled = [generation for generation in found if _is_unled(cursor, generation)]
            for generation in unled:
                drop(cursor, generation)
                logger.info("view %s: dropped %s", self._view.generation, generation)
            self._may_have_former = found != unled

    def _attempt(self) -> float:
        """A step; returns the seconds to rest before the next."""
        try:
            self.step()
        except Exception as error:  # one of the two main loops (style 24): the other views go on
            pause, self._pause = self._pause, min(LONGEST_PAUSE, self._pause * 2)
            name = self._view.generation
            logger.warning("view %s: %s, again in %.1f s", name, type(error).__name__, pause, exc_info=True)
            return pause
        self._pause = FIRST_PAUSE
        return self._poll

    def _rest(self, seconds: float) -> None:
        """Until the store or `stop` rings, at most so long."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._bell, selectors.EVENT_READ)
            if self._connection is not None:
                selector.register(self._connection, selectors.EVENT_READ)
            selector.select(seconds)

    def _disconnect(self) -> None:
        """The lead goes with the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._position = None


def _is_unled(cursor: Cursor[DictRow], generation: str) -> bool:
    """And nobody can take its lead before the transaction ends."""
    query = "select pg_try_advisory_xact_lock(%s, hashtext(%s)) as won"
    return bool(cursor.execute(query, [LEADING, generation]).fetchall()[0]["won"])


class Projector:
    """All views of a process, each in its thread: one that fails is tried again, and holds up none of the others."""

    def __init__(self, views: Iterable[View], log: FactLog, dsn: str, poll: float = POLL) -> None:
        self._runners = [Runner(view, log, dsn, poll) for view in views]

    def run(self) -> None:
        """Until `stop`. What ends a runner unasked ends them all and is raised: a process that keeps only some of its
        views looks alive, one that has ended is started anew."""
        with ThreadPoolExecutor(len(self._runners)) as threads:
            running = [threads.submit(runner.run) for runner in self._runners]
            wait(running, return_when=FIRST_COMPLETED)
            self.stop()
        for ended in running:
            ended.result()

    def stop(self) -> None:
        for runner in self._runners:
            runner.stop()
