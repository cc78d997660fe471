"""A view rebuilt beside the live one and switched in one transaction, while all goes on (R10.3; measure Q8)."""

from collections.abc import Iterator
from contextlib import closing
from threading import Thread
from typing import Any

import pytest

from domain.credentials import account_stream
from domain.fact import LogEntry
from infra.event_store import EventStore
from projections.comparison import check
from projections.copies import COPYING, CopyUnderWay
from projections.lock_status import LockStatus
from projections.rebuild import InUse, rebuild
from projections.runner import Connection, Runner, catch_up, connect, start
from projections.views import Overtaken
from tests.support.accounts import NINE, TARO, fail_password, registered
from tests.support.copies import KINDS, Kind, place, rows_of
from tests.support.database import Dsn
from tests.support.eventually import eventually
from tests.support.log import MemoryLog
from tests.support.tally import Tally, counted
from tests.support.writer import Writer

VIEW = LockStatus()

# Everything in the schema by its name and form: tables, indexes, constraints.
CATALOGUE = """
select relname as name, pg_get_indexdef(pg_class.oid) as form from pg_class
where relnamespace = 'views'::regnamespace and relkind in ('r', 'i')
union all
select conname, conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
where connamespace = 'views'::regnamespace
union all
select view, '' from views.positions
order by 1, 2
"""


def catalogue(connection: Connection) -> list[Any]:
    return connection.execute(CATALOGUE).fetchall()


def no_pause(seconds: float) -> None:
    pass


@pytest.fixture
def log(log: MemoryLog) -> MemoryLog:
    """One account, locked."""
    account = registered()
    fail_password(account, times=6, at=NINE)
    log.append(account_stream(TARO), account.facts)
    return log


@pytest.fixture
def another(dsn: Dsn) -> Iterator[Connection]:
    with connect(dsn.process, "another") as connection:
        yield connection


# ---- the switch


def test_a_view_that_lost_a_row_has_it_again(connection: Connection, log: MemoryLog) -> None:
    catch_up(connection, VIEW, log)
    whole = rows_of(connection, VIEW)
    connection.execute("delete from views.lock_status_3")

    reached = rebuild(connection, VIEW, log, no_pause)

    assert rows_of(connection, VIEW) == whole != []
    assert reached == place(connection, VIEW) == log.head()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_afterwards_tables_indexes_and_constraints_have_the_names_and_forms_they_had(
    store: EventStore, connection: Connection, kind: Kind
) -> None:
    writer = Writer(store, seed=1)
    for _ in range(20):
        writer.write()
    catch_up(connection, kind(), store)
    before, rows = catalogue(connection), rows_of(connection, kind())

    for _ in range(2):
        rebuild(connection, kind(), store, no_pause)

    assert catalogue(connection) == before
    assert rows_of(connection, kind()) == rows


def test_a_view_never_begun_can_be_built_like_this_too(connection: Connection, log: MemoryLog) -> None:
    rebuild(connection, VIEW, log, no_pause)

    assert place(connection, VIEW) == log.head()
    assert len(rows_of(connection, VIEW)) == 1


def test_facts_stored_while_it_is_rebuilt_are_in_it(connection: Connection, log: MemoryLog) -> None:
    other, whole = registered("jiro02"), log.head()

    class Busy(MemoryLog):
        """Where a fact is stored just after the rebuild has read to the end as it was."""

        def entries(self, after: int, limit: int) -> list[LogEntry]:
            found = log.entries(after, limit)
            if log.head() == whole:
                log.append(account_stream("jiro02"), [other.facts[0]])
            return found

        def head(self) -> int:
            return log.head()

    rebuild(connection, VIEW, Busy(), no_pause)

    assert place(connection, VIEW) == log.head()
    assert [row["user_id"] for row in rows_of(connection, VIEW)] == ["jiro02", TARO]


def test_a_rebuild_tells_how_far_it_has_come(connection: Connection, log: MemoryLog) -> None:
    told: list[tuple[int, int]] = []

    rebuild(connection, VIEW, log, no_pause, lambda place, last: told.append((place, last)))

    assert told[-1] == (log.head(), log.head())


# ---- who leads the view


def test_the_leader_notices_and_goes_on_from_where_the_rebuild_stopped(
    connection: Connection, log: MemoryLog, dsn: Dsn
) -> None:
    with closing(Runner(VIEW, log, dsn.process)) as runner:
        runner.step()
        log.append(account_stream("jiro02"), registered("jiro02").facts)
        rebuild(connection, VIEW, log, no_pause)

        with pytest.raises(Overtaken):
            runner.step()
        log.append(account_stream("saburo3"), registered("saburo3").facts)
        runner.step()

        assert runner.leads
        assert place(connection, VIEW) == log.head()

    assert check(connection, VIEW, log).difference is None


def test_a_leader_that_waits_for_the_switch_folds_nothing_twice(connection: Connection, dsn: Dsn) -> None:
    log = MemoryLog()
    log.append(account_stream(TARO), registered().facts * 3)
    live = Tally()
    runner = Runner(live, log, dsn.process, poll=0.001)
    thread = Thread(target=runner.run)
    thread.start()
    try:
        assert eventually(lambda: runner.leads)
        for _ in range(5):
            log.append(account_stream(TARO), registered().facts * 3)
            rebuild(connection, live, log, no_pause)
        assert eventually(lambda: place(connection, live) == log.head())
    finally:
        runner.stop()
        thread.join()

    assert counted(connection, live) == 18


# ---- who reads it


def test_a_reader_that_does_not_end_keeps_the_switch_waiting_and_nobody_else_for_long(
    connection: Connection, another: Connection, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.rebuild.WAIT_FOR_READERS", "1ms")
    catch_up(connection, VIEW, log)
    pauses: list[float] = []

    with another.transaction():
        another.execute("select count(*) from views.lock_status_3")
        with pytest.raises(InUse):
            rebuild(connection, VIEW, log, pauses.append)

    assert len(pauses) > 5
    assert pauses == sorted(pauses)
    assert [row["name"] for row in catalogue(connection) if "rebuilt" in row["name"]] == []
    assert len(rows_of(connection, VIEW)) == 1


def test_as_soon_as_the_reader_has_ended_it_is_switched(
    connection: Connection, another: Connection, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.rebuild.WAIT_FOR_READERS", "1ms")
    catch_up(connection, VIEW, log)
    connection.execute("delete from views.lock_status_3")
    another.execute("begin; select count(*) from views.lock_status_3")

    rebuild(connection, VIEW, log, lambda _: another.execute("commit"))

    assert len(rows_of(connection, VIEW)) == 1


# ---- what comes between


def test_what_a_killed_rebuild_of_another_version_left_behind_is_thrown_away(
    connection: Connection, log: MemoryLog
) -> None:
    start(connection, VIEW)
    connection.execute("create table views.lock_status_rebuilt (other text)")
    connection.execute("create table views.lock_status_rebuilt_notes (other text)")
    connection.execute("insert into views.positions (view, position) values ('lock_status_rebuilt', 6)")

    rebuild(connection, VIEW, log, no_pause)

    assert len(rows_of(connection, VIEW)) == 1
    assert [row["name"] for row in catalogue(connection) if "rebuilt" in row["name"]] == []


def test_of_two_at_once_the_second_is_told(connection: Connection, another: Connection, log: MemoryLog) -> None:
    another.execute("select pg_advisory_lock(%s, hashtext(%s))", [COPYING, VIEW.name])

    with pytest.raises(CopyUnderWay):
        rebuild(connection, VIEW, log, no_pause)
    another.close()

    assert eventually(lambda: has_begun(connection, log))


def has_begun(connection: Connection, log: MemoryLog) -> bool:
    try:
        rebuild(connection, VIEW, log, no_pause)
    except CopyUnderWay:
        return False
    return True


def test_another_view_can_be_rebuilt_meanwhile(connection: Connection, another: Connection, log: MemoryLog) -> None:
    another.execute("select pg_advisory_lock(%s, hashtext(%s))", [COPYING, "people"])

    assert has_begun(connection, log)
