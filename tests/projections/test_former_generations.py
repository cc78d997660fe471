"""A view's former tables go once the new ones have all they had and nobody keeps them up (style 20)."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from domain.credentials import account_stream
from projections.certificate_register import CertificateRegister
from projections.lock_status import LockStatus
from projections.runner import Connection, Runner, catch_up, start
from projections.views import View
from tests.support.accounts import TARO, registered
from tests.support.database import Dsn
from tests.support.eventually import eventually
from tests.support.log import MemoryLog

NOW_IN_CODE = LockStatus()
FORMER = LockStatus("lock_status_1")


def tables(connection: Connection) -> set[str]:
    """Of views; a position stands for each that is a view's first."""
    found = {
        row["name"] for row in connection.execute("select tablename as name from pg_tables where schemaname = 'views'")
    }
    begun = {row["view"] for row in connection.execute("select view from views.positions")}
    assert begun == {name for name in found if not name.endswith(("positions", "_accounts", "_notes"))}
    return found - {"positions"}


@contextmanager
def leading(view: View, log: MemoryLog, dsn: Dsn) -> Iterator[Runner]:
    with closing(Runner(view, log, dsn.process)) as runner:
        runner.step()
        yield runner


def are_left(connection: Connection, runner: Runner, expected: set[str]) -> bool:
    """After one more step. A server may take a moment to see that a connection is closed, and its locks are free."""
    runner.step()
    return tables(connection) == expected


@pytest.fixture
def log(log: MemoryLog) -> MemoryLog:
    log.append(account_stream(TARO), registered().facts)
    return log


def test_former_tables_and_their_positions_go_and_the_present_ones_stay(
    connection: Connection, log: MemoryLog, dsn: Dsn
) -> None:
    for view in (FORMER, LockStatus("lock_status_2"), CertificateRegister("certificate_register_1")):
        catch_up(connection, view, log)

    with leading(NOW_IN_CODE, log, dsn):
        left_by_one = tables(connection)
    with leading(CertificateRegister(), log, dsn):
        left_by_both = tables(connection)

    register = CertificateRegister().generation
    assert left_by_one == {"lock_status_3", "certificate_register_1", "certificate_register_1_accounts"}
    assert left_by_both == {"lock_status_3", register, f"{register}_accounts"}


@pytest.mark.parametrize(
    "other", ["lock_status_4", "lock_status_10", "lock_status_copy_1", "lock_status_01", "lock_status_", "locks_1"]
)
def test_later_generations_copies_and_other_views_are_left_alone(
    connection: Connection, log: MemoryLog, dsn: Dsn, other: str
) -> None:
    start(connection, FORMER)
    start(connection, LockStatus(other))

    with leading(NOW_IN_CODE, log, dsn):
        assert tables(connection) == {"lock_status_3", other}


def test_a_copy_drops_nothing(connection: Connection, log: MemoryLog, dsn: Dsn) -> None:
    start(connection, NOW_IN_CODE)

    with leading(LockStatus("lock_status_copy_1"), log, dsn):
        assert tables(connection) == {"lock_status_3", "lock_status_copy_1"}


def test_what_a_projector_of_the_older_version_keeps_up_stays_until_that_has_ended(
    connection: Connection, log: MemoryLog, dsn: Dsn
) -> None:
    with leading(FORMER, log, dsn) as older, leading(NOW_IN_CODE, log, dsn) as runner:
        runner.step()
        beside_the_older = tables(connection)
        older.close()

        assert eventually(lambda: are_left(connection, runner, {"lock_status_3"}))

    assert beside_the_older == {"lock_status_1", "lock_status_3"}


def test_who_does_not_lead_drops_nothing(connection: Connection, log: MemoryLog, dsn: Dsn) -> None:
    with leading(NOW_IN_CODE, log, dsn):
        start(connection, FORMER)
        with leading(NOW_IN_CODE, log, dsn) as second:
            assert not second.leads

        assert tables(connection) == {"lock_status_1", "lock_status_3"}


def test_a_table_that_is_being_read_stays_until_it_is_not(
    connection: Connection, log: MemoryLog, dsn: Dsn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.runner.WAIT_FOR_READERS", "1ms")
    start(connection, FORMER)
    with closing(Runner(NOW_IN_CODE, log, dsn.process)) as runner:
        with connection.transaction():
            connection.execute("select count(*) from views.lock_status_1")
            runner.step()
            leads, found = runner.leads, tables(connection)
        runner.step()

        assert tables(connection) == {"lock_status_3"}

    assert leads
    assert found == {"lock_status_1", "lock_status_3"}


def test_what_another_role_made_is_not_ours_to_drop(connection: Connection, log: MemoryLog, dsn: Dsn) -> None:
    start(connection, FORMER)
    with psycopg.connect(dsn.owner, autocommit=True) as owner:
        owner.execute("create table views.lock_status_1_notes ()")

    with leading(NOW_IN_CODE, log, dsn):
        assert tables(connection) == {"lock_status_1_notes", "lock_status_3"}
