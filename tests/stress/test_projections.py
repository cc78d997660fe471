"""Projectors killed between any two steps, overlapping, and cut off while facts are written (measure Q8; R10.3).

However it was made, a view equals the copy that is folded from the first fact on. A control shows that the comparison
would see one fact missed and one counted twice.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from application.ports import Changes
from infra.event_store import EventStore
from projections import comparison
from projections.audit_log import AuditLog
from projections.lock_status import LockStatus
from projections.log_tree import LogTree
from projections.people import People
from projections.runner import LEADING, Connection, catch_up, connect, fold_page, start
from projections.views import FactLog, Overtaken, View
from tests.support.accounts import NINE, fact
from tests.support.altered import (
    Pages,
    altered,
    ending_with_what_it_tells,
    with_the_last_twice,
    without_the_last,
)
from tests.support.copies import KINDS, Kind, check, empty_tables, place, rows_of
from tests.support.crowd import BOUND, refusals, together
from tests.support.database import Dsn
from tests.support.doomed import is_cut_off
from tests.support.eventually import patiently
from tests.support.fleet import Fleet, Process, wait
from tests.support.history import history
from tests.support.stress_table import record
from tests.support.writer import Writer, writing

COMMAND = "pytest tests/stress/test_projections.py --long"


@pytest.fixture
def connection(dsn: Dsn) -> Iterator[Connection]:
    with connect(dsn.process, "test") as connection:
        yield connection


# ---- the control: what the comparison sees

each_view = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def sees_a_difference(store: EventStore, connection: Connection, kind: Kind, pages: Pages) -> bool:
    store.save(*ending_with_what_it_tells(kind))
    catch_up(connection, altered(kind, pages), store)
    return comparison.check(connection, kind(), store).difference is not None


@each_view
def test_the_comparison_sees_one_fact_missed(store: EventStore, connection: Connection, kind: Kind) -> None:
    assert sees_a_difference(store, connection, kind, without_the_last)


@pytest.mark.parametrize("kind", [LockStatus, People], ids=lambda kind: kind.name)
def test_the_comparison_sees_one_fact_counted_twice(store: EventStore, connection: Connection, kind: Kind) -> None:
    """By the views that count: to the others one told twice is one."""
    assert sees_a_difference(store, connection, kind, with_the_last_twice)


@pytest.mark.parametrize("kind", [AuditLog, LogTree], ids=lambda kind: kind.name)
def test_a_fact_that_would_be_numbered_twice_is_refused(store: EventStore, connection: Connection, kind: Kind) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        sees_a_difference(store, connection, kind, with_the_last_twice)


# ---- between any two steps


@each_view
def test_a_fold_cut_off_between_any_two_steps_leaves_the_view_whole_and_the_next_one_succeeds(
    store: EventStore, dsn: Dsn, connection: Connection, kind: Kind
) -> None:
    facts = history(1200)  # the page cut off fills the tree's first block
    store.save(*facts[:800])
    before = catch_up(connection, kind(), store), rows_of(connection, kind())
    store.save(*facts[800:])

    cuts = 0
    while is_cut_off(dsn.process, cuts, lambda doomed: catch_up(doomed, kind(), store)):
        assert (place(connection, kind()), rows_of(connection, kind())) == before
        cuts += 1

    assert cuts >= 10  # to begin takes 6; then the position moves, at least 2 statements fold, and the end
    assert place(connection, kind()) == store.head()
    assert comparison.check(connection, kind(), store).difference is None
    assert empty_tables(connection, kind) == []


# ---- overlapping


def fold_all(connection: Connection, view: View, log: FactLog) -> None:
    """What a leader does, and a second one who thinks that he leads."""
    at = place(connection, view)
    while entries := log.entries(at, 50):
        at = fold_page(connection, view, entries, at)


def test_runners_that_overlap_count_every_fact_once(store: EventStore, dsn: Dsn, connection: Connection) -> None:
    """At first each reads a view's next page before any of them folds it; then it is as it happens."""
    store.save(*history(1200))
    writer = Writer(store, seed=1)
    written, all_have_read = threading.Event(), threading.Barrier(3, timeout=BOUND)
    overtaken: Counter[str] = Counter()

    def write() -> None:
        try:
            for _ in range(200):
                writer.write()
        finally:
            written.set()

    def fold_what_all_have_read(own: Connection, view: View) -> None:
        at = place(own, view)
        entries = store.entries(at, 50)
        all_have_read.wait()
        try:
            fold_page(own, view, entries, at)
        except Overtaken:
            overtaken[view.name] += 1

    def run() -> None:
        with connect(dsn.process, "overlapping") as own:
            for kind in KINDS:
                fold_what_all_have_read(own, kind())
            while not written.is_set():
                for kind in KINDS:
                    with suppress(Overtaken):
                        fold_all(own, kind(), store)

    for kind in KINDS:
        start(connection, kind())
    outcomes = together([write, run, run, run])

    assert refusals(outcomes) == []
    assert overtaken == {kind().name: 2 for kind in KINDS}
    for kind in KINDS:
        catch_up(connection, kind(), store)
    check(connection, store)
    assert empty_tables(connection) == []


def test_who_follows_the_log_misses_none_of_the_facts_that_large_and_small_saves_store_at_once(
    store: EventStore,
) -> None:
    """Without the lock a large save's first positions would show after the small saves' later ones (R10.2)."""
    saved = threading.Semaphore(0)
    seen: list[int] = []

    def save(times: int, facts: int) -> None:
        try:
            for _ in range(times):
                store.save(Changes(uuid4(), 0, [fact("LoggedOut", NINE)] * facts))
        finally:
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
    store.save(*history(1200))

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
    assert empty_tables(connection) == []
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
