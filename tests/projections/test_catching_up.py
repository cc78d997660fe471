"""Rows and position move together, and every fact counts once (architecture, Projections; R10.3)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.credentials import account_stream
from projections.lock_status import LockStatus
from projections.runner import Connection, catch_up, connect, fold_page, start
from projections.views import Overtaken, View, position, prepare
from tests.support.accounts import NINE, TARO, fact, fail_password, registered
from tests.support.database import Dsn
from tests.support.eventually import eventually
from tests.support.log import MemoryLog
from tests.support.tally import Tally, counted

VIEW = LockStatus()
STREAM = account_stream(TARO)


@pytest.fixture
def another(dsn: Dsn) -> Iterator[Connection]:
    with connect(dsn.process, "another") as connection:
        yield connection


def place(connection: Connection, view: View = VIEW) -> int:
    with connection.cursor() as cursor:
        return position(cursor, view)


def test_a_page_that_was_folded_already_is_not_folded_again(connection: Connection, log: MemoryLog) -> None:
    account = registered()
    fail_password(account, times=3, at=NINE)
    log.append(STREAM, account.facts)
    start(connection, VIEW)
    fold_page(connection, VIEW, log.entries(0, 3), before=0)

    with pytest.raises(Overtaken):
        fold_page(connection, VIEW, log.entries(0, 4), before=0)

    with connection.cursor() as cursor:
        assert VIEW.page(cursor, NINE).items[0].failures == 2
    assert place(connection) == log.entries(0, 3)[-1].position


def test_a_fold_that_fails_leaves_rows_and_position_as_they_were(connection: Connection, log: MemoryLog) -> None:
    log.append(STREAM, registered().facts)
    view = Tally(faults=1)

    with pytest.raises(ZeroDivisionError):
        catch_up(connection, view, log)

    assert (place(connection, view), counted(connection, view)) == (0, 0)


def test_pages_grow_only_when_far_behind(connection: Connection, log: MemoryLog) -> None:
    log.append(STREAM, [fact("LoggedOut", NINE)] * 1200)
    view = Tally()

    catch_up(connection, view, log)

    assert view.pages == [500, 700]
    assert log.limits == [500, 5000]
    assert (counted(connection, view), place(connection, view)) == (1200, log.head())


def test_a_view_begun_later_equals_one_that_saw_the_facts_come(connection: Connection, log: MemoryLog) -> None:
    account = registered()
    for _ in range(6):
        log.append(STREAM, account.facts[len(log.entries(0, 100)) :])
        catch_up(connection, VIEW, log)
        fail_password(account, times=1, at=NINE)
    rebuilt = LockStatus("lock_status_rebuilt")

    catch_up(connection, rebuilt, log)

    with connection.cursor() as cursor:
        assert rebuilt.page(cursor, NINE) == VIEW.page(cursor, NINE)
    assert place(connection, rebuilt) == place(connection, VIEW) == log.head()


def waits_for_a_lock(connection: Connection, name: str) -> bool:
    query = "select wait_event_type = 'Lock' as waits from pg_stat_activity where application_name = %s"
    return any(row["waits"] for row in connection.execute(query, [name]))


def test_of_two_that_make_the_tables_at_once_the_second_finds_them_made(
    connection: Connection, another: Connection
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with connection.transaction(), connection.cursor() as cursor:
            prepare(cursor, VIEW)
            second = thread.submit(start, another, VIEW)
            assert eventually(lambda: waits_for_a_lock(connection, "another"))

        assert second.result() == 0
