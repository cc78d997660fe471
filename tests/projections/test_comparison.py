"""A live view beside a fresh replay, row by row: the first difference is named, and nothing stays (R10.3)."""

from collections.abc import Sequence
from typing import Any

import pytest
from psycopg import Cursor
from psycopg.rows import DictRow

from domain.credentials import account_stream, organization_stream
from domain.fact import LogEntry
from projections.comparison import Checked, Difference, NeverBegun, check
from projections.copies import COPYING, CopyUnderWay
from projections.lock_status import LockStatus
from projections.people import People
from projections.rebuild import rebuild
from projections.runner import Connection, catch_up, connect, start
from projections.views import View
from tests.support.accounts import NINE, TARO, fact, fail_password, registered
from tests.support.database import Dsn
from tests.support.log import MemoryLog

VIEW = LockStatus()
NAMES = ("jiro02", "saburo3", TARO)


@pytest.fixture
def log(log: MemoryLog) -> MemoryLog:
    """Three accounts, each with two wrong passwords."""
    for name in NAMES:
        account = registered(name)
        fail_password(account, times=2, at=NINE)
        log.append(account_stream(name), account.facts)
    return log


@pytest.fixture
def begun(connection: Connection, log: MemoryLog) -> None:
    catch_up(connection, VIEW, log)


def tables(connection: Connection) -> list[Any]:
    query = "select relname from pg_class where relnamespace = 'views'::regnamespace order by relname"
    return connection.execute(query).fetchall()


def difference(connection: Connection, log: MemoryLog, change: str, view: View = VIEW) -> Difference | None:
    """After somebody changed the live rows by hand."""
    connection.execute(change)
    return check(connection, view, log).difference


def row(user_id: str) -> dict[str, Any]:
    return {"stream": str(account_stream(user_id)), "user_id": user_id}


def test_a_view_that_equals_a_fresh_replay_is_said_to(connection: Connection, begun: None, log: MemoryLog) -> None:
    found = check(connection, VIEW, log)

    assert found == Checked(position=log.head(), facts=9, rows=3, difference=None)


def test_it_is_compared_at_the_position_it_has_reached(connection: Connection, begun: None, log: MemoryLog) -> None:
    at = log.head()
    log.append(account_stream("shiro04"), registered("shiro04").facts)

    found = check(connection, VIEW, log)

    assert found == Checked(position=at, facts=9, rows=3, difference=None)


def test_a_changed_value_is_named_with_its_row_and_both_values(
    connection: Connection, begun: None, log: MemoryLog
) -> None:
    change = "update views.lock_status_3 set failures = 5 where user_id = 'taro01'"

    found = difference(connection, log, change)

    assert found == Difference(table="lock_status_3", key=row(TARO), column="failures", live=5, fresh=2)


def test_a_missing_row_is_named(connection: Connection, begun: None, log: MemoryLog) -> None:
    found = difference(connection, log, "delete from views.lock_status_3 where user_id = 'saburo3'")

    assert found == Difference(table="lock_status_3", key=row("saburo3"), column=None, live="no row", fresh="a row")


def test_a_row_too_many_is_named(connection: Connection, begun: None, log: MemoryLog) -> None:
    change = """
        insert into views.lock_status_3 (stream, user_id, role, failures, locks, blocked, suspended, closed)
        values ('00000000-0000-0000-0000-000000000001', 'nobody1', 'general', 0, 0, false, false, false)
    """

    found = difference(connection, log, change)

    key = {"stream": "00000000-0000-0000-0000-000000000001", "user_id": "nobody1"}
    assert found == Difference(table="lock_status_3", key=key, column=None, live="a row", fresh="no row")


def test_a_value_that_is_null_on_one_side_differs(connection: Connection, begun: None, log: MemoryLog) -> None:
    found = difference(connection, log, "update views.lock_status_3 set organization = null where user_id = 'jiro02'")

    assert found is not None
    assert (found.column, found.live, found.fresh) == ("organization", None, "org0001")


def test_of_many_differences_the_first_by_the_key_is_named(connection: Connection, begun: None, log: MemoryLog) -> None:
    found = difference(connection, log, "update views.lock_status_3 set locks = 2")

    assert found is not None
    assert found.key == row(min(NAMES, key=account_stream))


def test_all_tables_of_a_view_are_compared(connection: Connection, log: MemoryLog) -> None:
    catch_up(connection, People(), log)

    found = difference(connection, log, "update views.people_2_users set role = 'master'", People())

    assert found is not None
    assert (found.table, found.column) == ("people_2_users", "role")


def test_the_name_of_a_customer_is_not_told(connection: Connection, log: MemoryLog) -> None:
    stream = organization_stream("ACME01")
    settings = {"p12_profile": "modern", "issuance_code": "off", "language": "ja"}
    log.append(
        stream, [fact("OrganizationRegistered", NINE, code="ACME01", name="見本商事", contact=1, commitment="c0")]
    )
    log.append(stream, [fact("OrganizationSettingChanged", NINE, **settings)])
    catch_up(connection, People(), log)

    found = difference(connection, log, "update views.people_2_organizations set name = '別名'", People())

    assert found is not None
    assert (found.key["code"], found.column, found.live, found.fresh) == ("ACME01", "name", "(not told)", "(not told)")


def test_nothing_stays_of_the_copy(connection: Connection, begun: None, log: MemoryLog) -> None:
    before = tables(connection)

    check(connection, VIEW, log)
    difference(connection, log, "delete from views.lock_status_3")

    assert tables(connection) == before


class Failing(MemoryLog):
    """A log that cannot be read."""

    def entries(self, after: int, limit: int) -> list[LogEntry]:
        raise ZeroDivisionError


def test_nothing_stays_after_a_fault_either_and_the_next_check_finds_it_free(
    connection: Connection, begun: None, log: MemoryLog
) -> None:
    before = tables(connection)

    with pytest.raises(ZeroDivisionError):
        check(connection, VIEW, Failing())

    assert tables(connection) == before
    assert check(connection, VIEW, log).difference is None


class Meanwhile(LockStatus):
    """A view during whose fold something else goes on."""

    def __init__(self, generation: str = "lock_status_3") -> None:
        super().__init__(generation)

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        super().fold(cursor, entries)
        Meanwhile.happens()

    @staticmethod
    def happens() -> None: ...


def test_a_projector_folds_on_meanwhile_and_the_comparison_does_not_see_it(
    dsn: Dsn, connection: Connection, begun: None, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = registered("shiro04")

    def fold_on() -> None:
        log.append(account_stream("shiro04"), other.facts)
        with connect(dsn.process, "projector") as projector:
            catch_up(projector, VIEW, log)

    monkeypatch.setattr(Meanwhile, "happens", fold_on)

    found = check(connection, Meanwhile(), log)

    assert (found.rows, found.difference) == (3, None)
    assert connection.execute("select count(*) as rows from views.lock_status_3").fetchall() == [{"rows": 4}]


def test_a_view_is_not_rebuilt_while_it_is_checked_nor_checked_twice(
    dsn: Dsn, connection: Connection, begun: None, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def intrude() -> None:
        with connect(dsn.process, "intruder") as intruder:
            for act in (lambda: rebuild(intruder, VIEW, log, lambda _: None), lambda: check(intruder, VIEW, log)):
                with pytest.raises(CopyUnderWay):
                    act()
                told.append("refused")

    monkeypatch.setattr(Meanwhile, "happens", intrude)

    check(connection, Meanwhile(), log)

    assert told == ["refused"] * 2


def test_a_check_ends_another_ones_wait_with_itself(dsn: Dsn, connection: Connection, log: MemoryLog) -> None:
    start(connection, VIEW)
    with connect(dsn.process, "another") as another:
        another.execute("select pg_advisory_lock(%s, hashtext(%s))", [COPYING, VIEW.name])
        with pytest.raises(CopyUnderWay):
            check(connection, VIEW, log)
        another.execute("select pg_advisory_unlock(%s, hashtext(%s))", [COPYING, VIEW.name])

        assert check(connection, VIEW, log).rows == 0
        assert check(another, VIEW, log).rows == 0


def test_a_view_never_begun_cannot_be_checked(connection: Connection, log: MemoryLog) -> None:
    with pytest.raises(NeverBegun):
        check(connection, VIEW, log)
