"""Read models as they stood at a past moment (R10.2)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest

from application.ports import Busy, Changes, Unavailable
from domain.credentials import account_stream
from domain.errors import InvalidInput, NotFound, ReplayTooLong
from infra.event_store import EventStore
from infra.postgres import Database
from infra.views import CurrentViews
from infra.views_as_of import ViewsAsOf
from projections.answers import PastTable, PastView
from projections.runner import catch_up, connect
from tests.support.accounts import HOUR, MINUTE, NINE, TARO, fact, fail_password, registered
from tests.support.copies import KINDS
from tests.support.database import Dsn
from tests.support.log import MemoryLog
from tests.support.writer import Writer

NOW = NINE + 30 * HOUR
INSTANT = timedelta(microseconds=1)
HOUR_LATER = NINE + HOUR


def views_on(dsn: Dsn, log: EventStore | MemoryLog, **bound: float) -> ViewsAsOf:
    return ViewsAsOf(dsn.process, log, CurrentViews(Database("")).all, **bound)


@pytest.fixture
def log(store: EventStore) -> EventStore:
    """Taro's locked at nine for an hour, which the worker writes down at noon; a second user comes after ten."""
    taro = registered()
    fail_password(taro, times=6, at=NINE)
    store.save(Changes(account_stream(TARO), 0, taro.facts))
    store.save(Changes(account_stream("jiro02"), 0, registered("jiro02", at=HOUR_LATER + MINUTE).facts))
    store.save(Changes(account_stream(TARO), len(taro.facts), [fact("AccountLockExpired", HOUR_LATER, by="worker")]))
    return store


@pytest.fixture
def views(dsn: Dsn, log: EventStore) -> ViewsAsOf:
    return views_on(dsn, log)


def lock_status(views: ViewsAsOf, as_of: datetime, limit: int = 100) -> PastTable:
    (table,) = views.first_rows("lock_status", as_of, NOW, limit).tables
    return table


def failures(table: PastTable) -> dict[str, int]:
    return {row["user_id"]: row["failures"] for row in table.rows}


def test_only_what_had_happened_by_then_is_folded(views: ViewsAsOf) -> None:
    assert failures(lock_status(views, HOUR_LATER - INSTANT)) == {TARO: 6}
    assert failures(lock_status(views, HOUR_LATER)) == {TARO: 0}
    assert failures(lock_status(views, HOUR_LATER + MINUTE)) == {TARO: 0, "jiro02": 0}
    assert failures(lock_status(views, NINE - 400 * HOUR)) == {}


def test_the_first_rows_by_the_key_are_told_with_how_many_there_are(views: ViewsAsOf) -> None:
    whole, first = lock_status(views, NOW), lock_status(views, NOW, limit=1)

    assert (whole.total, first.total) == (2, 2)
    assert [row["stream"] for row in whole.rows] == sorted(row["stream"] for row in whole.rows)
    assert first.rows == whole.rows[:1]


def test_a_row_has_the_columns_that_others_do_not_repeat_and_instants_are_utc(views: ViewsAsOf) -> None:
    table = lock_status(views, HOUR_LATER - INSTANT)

    (row,) = table.rows
    assert tuple(row) == table.columns
    assert table.columns[0] == "stream"
    assert not {"account", "home", "standing", "lock_ends"} & set(table.columns)
    assert (row["locked_until"], row["locked_until"].utcoffset()) == (HOUR_LATER, timedelta(0))


def test_all_tables_are_told_by_what_tells_them_apart(views: ViewsAsOf) -> None:
    found = views.first_rows("people", NOW, NOW, 10)

    assert (found.view, found.as_of, found.facts) == ("people", NOW, 10)
    assert [(table.part, table.total) for table in found.tables] == [("organizations", 0), ("users", 2)]


@pytest.mark.parametrize("name", [kind().name for kind in KINDS])
def test_every_view_can_be_told_at_any_moment_and_in_the_end_as_the_projector_has_it(
    dsn: Dsn, store: EventStore, name: str
) -> None:
    writer = Writer(store, seed=1)
    for _ in range(15):
        writer.write()
    (view,) = (view for view in CurrentViews(Database("")).all if view.name == name)
    with connect(dsn.process, "test") as connection:
        catch_up(connection, view, store)
        views = views_on(dsn, store)
        end = max(entry.fact.at for entry in store.entries(0, 1000))

        halfway = views.first_rows(name, NINE + 5 * MINUTE, NOW + 1000 * HOUR, 1000)
        whole = views.first_rows(name, end, NOW + 1000 * HOUR, 1000)

    assert halfway.facts <= whole.facts == len(store.entries(0, 1000))
    assert all(len(table.rows) == table.total for table in whole.tables)


def test_of_views_that_number_the_facts_a_past_state_is_a_beginning_of_the_log(views: ViewsAsOf) -> None:
    """The end of Taro's lock was written down after jiro02 had come, who came later than asked for."""
    (events, *_) = views.first_rows("audit_log", HOUR_LATER, NOW, 100).tables
    (leaves, *_) = views.first_rows("log_tree", HOUR_LATER, NOW, 100).tables

    assert [row["position"] for row in events.rows] == list(range(8))
    assert [row["leaf"] for row in leaves.rows] == list(range(8))


def test_nothing_stays_of_it(dsn: Dsn, views: ViewsAsOf) -> None:
    lock_status(views, NOW)

    with connect(dsn.process, "test") as connection:
        found = connection.execute("select relname from pg_class where relnamespace = 'views'::regnamespace")
        assert found.fetchall() == []


def test_an_unknown_view_and_a_moment_to_come_are_refused(views: ViewsAsOf) -> None:
    with pytest.raises(NotFound):
        views.first_rows("nothing", NOW, NOW, 10)
    with pytest.raises(InvalidInput) as refused:
        lock_status(views, NOW + INSTANT)
    assert refused.value.faults == {"as_of": "future"}


def test_what_a_page_cannot_wait_for_is_refused_and_the_command_line_folds_it(dsn: Dsn) -> None:
    log = MemoryLog()
    log.append(account_stream(TARO), [*registered().facts, *[fact("LoggedOut", NINE)] * 600])
    views = views_on(dsn, log, page_seconds=0)

    with pytest.raises(ReplayTooLong):
        lock_status(views, NOW)
    with views.folded("lock_status", NOW, NOW) as found:
        assert found.facts == 601


class Meanwhile(MemoryLog):
    """A log during whose reading something else goes on."""

    happens: Callable[[], object] = staticmethod(lambda: None)

    def head(self) -> int:
        self.happens()
        return super().head()


def test_one_replay_at_a_time_is_made_for_pages(dsn: Dsn) -> None:
    log = Meanwhile()
    views = views_on(dsn, log)
    refused: list[type[Exception]] = []

    def ask() -> None:
        try:
            lock_status(views, NOW)
        except Busy as busy:
            refused.append(type(busy))

    def ask_meanwhile() -> None:
        thread = Thread(target=ask)
        thread.start()
        thread.join()

    log.happens = ask_meanwhile

    assert lock_status(views, NOW).total == 0
    assert refused == [Busy]
    assert lock_status(views, NOW).total == 0


def test_without_the_database_it_is_unavailable(store: EventStore) -> None:
    away: Any = Dsn("", "host=/nowhere dbname=nothing")

    with pytest.raises(Unavailable):
        views_on(away, store).first_rows("people", NOW, NOW, 10)


def test_the_answer_names_the_view(views: ViewsAsOf) -> None:
    assert views.first_rows("approvals", NOW, NOW, 5) == PastView("approvals", NOW, 10, [_empty(views)])


def _empty(views: ViewsAsOf) -> PastTable:
    (table,) = views.first_rows("approvals", NOW, NOW, 5).tables
    assert (table.part, table.total, table.rows) == ("", 0, [])
    return table
