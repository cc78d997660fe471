"""Read models rebuilt while facts are written, read and folded by others, and cut off between (measure Q8; R10.3)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg
import pytest

from infra.event_store import EventStore
from infra.postgres import Database
from infra.views import CurrentViews
from projections.approvals import Approvals
from projections.log_tree import LogTree
from projections.people import People
from projections.rebuild import rebuild
from projections.runner import Connection, catch_up, connect
from tests.support.accounts import NINE
from tests.support.copies import KINDS, Kind, check, empty_tables, place, rows_of
from tests.support.database import Dsn
from tests.support.doomed import is_cut_off
from tests.support.eventually import patiently
from tests.support.fleet import Fleet, wait
from tests.support.history import history
from tests.support.stress_table import record
from tests.support.writer import Writer, writing

COMMAND = "pytest tests/stress/test_rebuild.py --long"


@pytest.fixture
def connection(dsn: Dsn) -> Iterator[Connection]:
    with connect(dsn.process, "test") as connection:
        yield connection


def written(store: EventStore, times: int) -> None:
    writer = Writer(store, seed=1)
    for _ in range(times):
        writer.write()


# ---- who reads


@contextmanager
def again_and_again(act: Callable[[], object], threads: int = 3) -> Iterator[None]:
    """In so many threads until the end; a fault in one of them is raised then."""
    ended, faults = Event(), list[Exception]()

    def run() -> None:
        try:
            while not ended.is_set():
                act()
        except Exception as fault:  # whatever it is, the test judges it
            faults.append(fault)

    running = [Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in running:
            thread.join()
    assert faults == []


def test_who_asks_all_the_while_gets_the_same_answers_before_during_and_after(
    dsn: Dsn, database: Database, store: EventStore, connection: Connection
) -> None:
    """By the prepared statements of a pool, which were planned for the tables before."""
    written(store, 60)
    views = CurrentViews(database)
    for view in views.all:
        catch_up(connection, view, store)

    def answers() -> tuple[object, ...]:
        return (
            views.lock_status(NINE),
            views.certificates(NINE),
            views.expiring_certificates(NINE, within=1000),
            views.mails(),
            views.users(),
            views.mail_totals(),
        )

    expected = answers()
    rounds: list[bool] = []
    with again_and_again(lambda: rounds.append(answers() == expected)):
        patiently(lambda: len(rounds) > 50)  # by then all are prepared
        for _ in range(2):
            for view in views.all:
                rebuild(connection, view, store, wait)

    assert all(rounds)


# ---- cut off


# One table; two, neither with the view's own name; three, one filled by copy.
DIFFERENT: tuple[Kind, ...] = (Approvals, People, LogTree)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        kinds = KINDS if metafunc.config.getoption("--long") else DIFFERENT
        metafunc.parametrize("kind", kinds, ids=[kind().name for kind in kinds])


def test_a_rebuild_cut_off_between_any_two_steps_leaves_the_view_whole_and_the_next_one_succeeds(
    dsn: Dsn, store: EventStore, connection: Connection, kind: Kind
) -> None:
    store.save(*history(300))
    catch_up(connection, kind(), store)
    whole = rows_of(connection, kind())

    cuts = 0
    while is_cut_off(dsn.process, cuts, lambda doomed: rebuild(doomed, kind(), store, wait)):
        assert rows_of(connection, kind()) == whole
        cuts += 1

    assert cuts > 20
    assert rows_of(connection, kind()) == whole
    left = connection.execute("select view from views.positions").fetchall()
    assert [row["view"] for row in left] == [kind().generation]


# ---- while facts are written, and a projector of another process keeps the views


def test_views_rebuilt_while_facts_are_written_and_folded_equal_a_fresh_replay(
    fleet: Fleet, store: EventStore, connection: Connection, long: bool
) -> None:
    rounds = 20 if long else 1
    store.save(*history(1200))
    projector = fleet.start("project")

    with writing(store, writers=1):
        patiently(lambda: has_all(connection))
        for _ in range(rounds):
            for kind in KINDS:
                rebuild(connection, kind(), store, wait)
        compared = check(connection, store)  # while writing
    patiently(lambda: min(place(connection, kind()) for kind in KINDS) >= store.head())

    compared += check(connection, store)
    assert empty_tables(connection) == []
    assert projector.process.poll() is None
    record(
        "Q8-rebuild",
        f"each view rebuilt {rounds} times while one writes and a projector folds; then beside a fresh replay",
        f"equal: {compared} rows compared, after {store.head()} facts; the projector went on",
        COMMAND,
    )


def has_all(connection: Connection) -> bool:
    try:
        return all(place(connection, kind()) for kind in KINDS)
    except psycopg.errors.UndefinedTable:
        return False
