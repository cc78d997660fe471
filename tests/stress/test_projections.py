"""Projectors killed between any two steps, overlapping, and cut off while facts are written (measure Q8; R10.3).

However it was made, a view equals the copy that is folded from the first fact on. A control shows that the comparison
would see one fact missed and one counted twice.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, cast
from uuid import uuid4

import psycopg
import pytest
from psycopg import Copy, Cursor
from psycopg.rows import DictRow

from application.ports import Changes
from domain.credentials import account_stream
from domain.fact import LogEntry
from infra.event_store import EventStore
from projections import comparison
from projections.lock_status import LockStatus
from projections.runner import LEADING, Connection, catch_up, connect, fold_page, start
from projections.views import FactLog, Overtaken, View
from tests.support.accounts import NINE, TARO, fact, fail_password, registered
from tests.support.copies import KINDS, Kind, check, place
from tests.support.crowd import refusals, together
from tests.support.database import Dsn
from tests.support.eventually import patiently
from tests.support.fleet import Fleet, Process, wait
from tests.support.stress_table import record
from tests.support.writer import Writer, writing

COMMAND = "pytest tests/stress/test_projections.py --long"


@pytest.fixture
def connection(dsn: Dsn) -> Iterator[Connection]:
    with connect(dsn.process, "test") as connection:
        yield connection


# ---- the control: what the comparison sees


class Altered(LockStatus):
    """Each page's entries are changed on their way in."""

    def __init__(self, change: Callable[[Sequence[LogEntry]], Sequence[LogEntry]]) -> None:
        super().__init__()
        self._change = change

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        super().fold(cursor, self._change(entries))


@pytest.mark.parametrize(
    ("change", "sees"),
    [
        (lambda entries: entries, False),
        (lambda entries: entries[:-1], True),
        (lambda entries: [*entries, entries[-1]], True),
    ],
    ids=["nothing", "a fact missed", "a fact counted twice"],
)
def test_the_comparison_sees_one_fact_missed_or_counted_twice(
    store: EventStore, connection: Connection, change: Callable[[Sequence[LogEntry]], Sequence[LogEntry]], sees: bool
) -> None:
    account = registered()
    fail_password(account, times=2, at=NINE)
    store.save(Changes(account_stream(TARO), 0, account.facts))
    catch_up(connection, Altered(change), store)

    found = comparison.check(connection, LockStatus(), store)

    assert (found.difference is not None) is sees


# ---- between any two steps


class Cut:
    """A cursor whose connection is cut off by the server in place of its statement number `at`, counted over all the
    cursors that are made from this one."""

    def __init__(self, cursor: Cursor[Any], at: int, first: "Cut | None" = None) -> None:
        self._cursor, self._left, self._first = cursor, at, first or self

    @property
    def connection(self) -> "Cut":
        return self

    def cursor(self, **how: Any) -> "Cut":
        return Cut(self._cursor.connection.cursor(**how), 0, self._first)

    def execute(self, *statement: Any, **how: Any) -> Cursor[Any]:
        self._first.count()
        return self._cursor.execute(*statement, **how)

    def copy(self, statement: Any) -> AbstractContextManager[Copy]:
        self._first.count()
        return self._cursor.copy(statement)

    def count(self) -> None:
        if not self._left:
            self._cursor.execute("select pg_terminate_backend(pg_backend_pid())")
        self._left -= 1


def cut_off(kind: Kind, at: int) -> View:
    """The live view, in whose fold the connection ends: before a statement, or after the last and before the commit."""

    class CutOff(kind):  # type: ignore[misc, valid-type]  # either of two
        def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
            cut = cast("Cursor[DictRow]", Cut(cursor, at))
            super().fold(cut, entries)
            while True:
                cut.execute("select 1")

    return CutOff()


def test_a_connection_cut_between_any_two_statements_of_a_fold_leaves_the_view_whole(
    store: EventStore, dsn: Dsn, connection: Connection
) -> None:
    writer = Writer(store, seed=1)
    for kind in KINDS:
        catch_up(connection, kind(), store)
    for at in range(8):
        for _ in range(20):
            writer.write()
        for kind in KINDS:
            with connect(dsn.process, "cut off") as doomed, pytest.raises(psycopg.OperationalError):
                catch_up(doomed, cut_off(kind, at), store)

        check(connection, store)  # as it stands
        for kind in KINDS:
            catch_up(connection, kind(), store)

        check(connection, store)


# ---- overlapping


def fold_all(connection: Connection, view: View, log: FactLog) -> None:
    """What a leader does, and a second one who thinks that he leads."""
    at = place(connection, view)
    while entries := log.entries(at, 50):
        at = fold_page(connection, view, entries, at)


def test_runners_that_overlap_count_every_fact_once(store: EventStore, dsn: Dsn, connection: Connection) -> None:
    writer = Writer(store, seed=1)
    for _ in range(300):
        writer.write()
    written = threading.Event()

    def write() -> None:
        for _ in range(300):
            writer.write()
        written.set()

    def run() -> None:
        with connect(dsn.process, "overlapping") as own:
            while not written.is_set():
                for kind in KINDS:
                    with suppress(Overtaken):
                        fold_all(own, kind(), store)

    for kind in KINDS:
        start(connection, kind())
    outcomes = together([write, run, run, run])

    assert refusals(outcomes) == []
    for kind in KINDS:
        catch_up(connection, kind(), store)
    assert check(connection, store) > 0


def test_who_follows_the_log_misses_none_of_the_facts_that_large_and_small_saves_store_at_once(
    store: EventStore,
) -> None:
    """Without the lock a large save's first positions would show after the small saves' later ones (R10.2)."""
    saved = threading.Semaphore(0)
    seen: list[int] = []

    def save(times: int, facts: int) -> None:
        for _ in range(times):
            store.save(Changes(uuid4(), 0, [fact("LoggedOut", NINE)] * facts))
        saved.release()

    def follow() -> None:
        ended, page = 0, [0]
        while page or ended < 4:
            ended += saved.acquire(blocking=False)
            page = [entry.position for entry in store.entries(seen[-1] if seen else 0, 5000)]
            seen.extend(page)

    large, small = lambda: save(10, 400), lambda: save(200, 1)
    outcomes = together([large, large, small, small, follow])

    assert refusals(outcomes) == []
    assert len(seen) == 2 * 10 * 400 + 2 * 200


# ---- real projectors


class Projectors:
    """Two of them at any time, of which one leads each view."""

    def __init__(self, fleet: Fleet, dsn: Dsn, store: EventStore, connection: Connection) -> None:
        self._fleet, self._dsn, self._store, self._connection = fleet, dsn, store, connection
        self.running = [fleet.start("project"), fleet.start("project")]

    def place(self) -> int:
        """Of the view that is farthest behind."""
        with suppress(psycopg.errors.UndefinedTable):
            return min(place(self._connection, kind()) for kind in KINDS)
        return 0

    def until_they_go_on(self) -> None:
        """Past all that is written now."""
        head = self._store.head()
        patiently(lambda: self.place() >= head)

    def kill(self, number: int) -> None:
        """And start another in its place."""
        self.running[number].kill()
        self.running[number] = self._fleet.start("project")

    def cut_off_leaders(self) -> None:
        query = """
            select pg_terminate_backend(pid) from pg_locks join pg_database on pg_database.oid = pg_locks.database
            where locktype = 'advisory' and classid = %s and granted and datname = current_database()
        """
        with psycopg.connect(self._dsn.owner, autocommit=True) as owner:
            owner.execute(query, [LEADING])


def test_projectors_killed_and_cut_off_while_facts_are_written_leave_the_views_whole(
    fleet: Fleet, dsn: Dsn, store: EventStore, connection: Connection, long: bool
) -> None:
    kills = 50 if long else 4
    chance = random.Random(kills)  # noqa: S311  (a walk that can be repeated, no secret)
    projectors = Projectors(fleet, dsn, store, connection)
    compared = 0

    with writing(store):
        projectors.until_they_go_on()
        for number in range(kills):
            wait(chance.random() * 0.2)  # at no step in particular
            projectors.kill(number % 2)
            wait(chance.random() * 0.2)
            projectors.cut_off_leaders()
            projectors.until_they_go_on()
            if number % 5 == 0:
                compared += check(connection, store)  # while writing
    projectors.until_they_go_on()

    compared += check(connection, store)
    assert projectors.place() == store.head()
    record(
        "Q8",
        f"{kills} projectors killed and {kills} times all leaders cut off while three write; the views beside copies "
        "folded from zero, every fifth time while writing",
        f"equal: {compared} rows compared, after {store.head()} facts",
        COMMAND,
    )


def leads(process: Process) -> int:
    """How many views it has begun to lead."""
    return process.log.read_text().count("leading from position")


def test_who_stands_by_takes_over_when_the_leading_process_is_killed(
    fleet: Fleet, dsn: Dsn, store: EventStore, connection: Connection, owner: psycopg.Connection[Any]
) -> None:
    writer = Writer(store, seed=1)
    writer.write()
    query = "select from pg_stat_activity where datname = current_database() and application_name like 'shomei %%'"
    first = fleet.start("project")
    patiently(lambda: leads(first) == len(KINDS))
    second = fleet.start("project")
    patiently(lambda: len(owner.execute(query).fetchall()) == 2 * len(KINDS))
    assert leads(second) == 0

    first.kill()
    killed = time.monotonic()
    writer.write()
    patiently(lambda: leads(second) == len(KINDS))
    took_over = time.monotonic() - killed

    writer.write()
    patiently(lambda: all(place(connection, kind()) == store.head() for kind in KINDS))
    check(connection, store)
    record("Q8-lead", "the leading projector killed, another stands by", f"it led after {took_over:.1f} s", COMMAND)
