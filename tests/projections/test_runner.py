"""One leader a view, every fact once, and nothing lost when a connection is (architecture, Projections; R10.3)."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from threading import Thread

import psycopg
import pytest
from psycopg import Cursor
from psycopg.rows import DictRow

from application.ports import Changes
from domain.credentials import account_stream
from domain.fact import LogEntry
from infra.event_store import EventStore
from infra.postgres import Database
from projections.certificate_register import CertificateRegister
from projections.lock_status import LockStatus
from projections.runner import LEADING, TCP, Connection, Projector, Runner, start
from projections.views import position
from tests.support.accounts import NINE, TARO, Account, fail_password, registered
from tests.support.database import Dsn
from tests.support.eventually import eventually
from tests.support.log import MemoryLog
from tests.support.tally import Tally, counted

VIEW = LockStatus()
STREAM = account_stream(TARO)
NEVER = 3600.0  # seconds between polls: only a notice can wake the runner in time


def place(connection: Connection, view: LockStatus | Tally | CertificateRegister = VIEW) -> int:
    with connection.cursor() as cursor:
        return position(cursor, view)


def save(store: EventStore, account: Account) -> None:
    """What the account decided since it was saved last."""
    version = len(store.load(STREAM))
    store.save(Changes(STREAM, version, account.facts[version:]))


@pytest.fixture
def account(store: EventStore) -> Account:
    """One that is stored."""
    account = registered()
    save(store, account)
    return account


@contextmanager
def running(runner: Runner | Projector) -> Iterator[None]:
    thread = Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        runner.stop()
        thread.join()


def leaders(owner: psycopg.Connection[tuple[int]]) -> list[int]:
    """The processes of the server that hold a leader's lock in this database."""
    query = """
        select pid from pg_locks join pg_database on pg_database.oid = pg_locks.database
        where locktype = 'advisory' and classid = %s and granted and datname = current_database()
    """
    return [pid for (pid,) in owner.execute(query, [LEADING])]


@pytest.fixture
def owner(dsn: Dsn) -> Iterator[psycopg.Connection[tuple[int]]]:
    with psycopg.connect(dsn.owner, autocommit=True) as connection:
        yield connection


def takes_the_lead(runner: Runner) -> bool:
    runner.step()
    return runner.leads


def kill_the_leader(owner: psycopg.Connection[tuple[int]]) -> None:
    for pid in leaders(owner):
        owner.execute("select pg_terminate_backend(%s, 5000)", [pid])


# ---- the leader


def test_of_two_runners_one_leads_and_the_other_stands_by(store: EventStore, dsn: Dsn, account: Account) -> None:
    with closing(Runner(VIEW, store, dsn.process)) as first, closing(Runner(VIEW, store, dsn.process)) as second:
        first.step()
        second.step()

        assert (first.leads, second.leads) == (True, False)


def test_each_view_has_a_leader_of_its_own(store: EventStore, dsn: Dsn, account: Account) -> None:
    other = CertificateRegister()
    with closing(Runner(VIEW, store, dsn.process)) as first, closing(Runner(other, store, dsn.process)) as second:
        first.step()
        second.step()

        assert (first.leads, second.leads) == (True, True)


def test_who_stands_by_takes_over_when_the_leader_is_cut_off(
    store: EventStore, dsn: Dsn, account: Account, owner: psycopg.Connection[tuple[int]], connection: Connection
) -> None:
    with closing(Runner(VIEW, store, dsn.process)) as first, closing(Runner(VIEW, store, dsn.process)) as second:
        first.step()
        second.step()
        fail_password(account, times=6, at=NINE)
        save(store, account)

        kill_the_leader(owner)
        second.step()

        assert second.leads
        assert place(connection) == store.head()


def test_one_that_was_cut_off_stands_by_afterwards(
    store: EventStore, dsn: Dsn, account: Account, owner: psycopg.Connection[tuple[int]]
) -> None:
    with closing(Runner(VIEW, store, dsn.process)) as first, closing(Runner(VIEW, store, dsn.process)) as second:
        first.step()
        kill_the_leader(owner)
        second.step()
        fail_password(account, times=1, at=NINE)
        save(store, account)

        with pytest.raises(psycopg.OperationalError):
            first.step()
        first.step()

        assert (first.leads, second.leads) == (False, True)


def test_a_runner_that_stops_gives_up_the_lead(store: EventStore, dsn: Dsn, account: Account) -> None:
    first, second = Runner(VIEW, store, dsn.process, poll=NEVER), Runner(VIEW, store, dsn.process)
    with running(first):
        assert eventually(lambda: first.leads)
    with closing(second):
        assert eventually(lambda: takes_the_lead(second))


# ---- waking up


def test_a_stored_fact_wakes_the_runner(store: EventStore, dsn: Dsn, account: Account, connection: Connection) -> None:
    runner = Runner(VIEW, store, dsn.process, poll=NEVER)
    with running(runner):
        assert eventually(lambda: runner.leads)
        fail_password(account, times=1, at=NINE)
        save(store, account)

        assert eventually(lambda: place(connection) == store.head())


class StoredBehindTheReadersBack:
    """The log, where one more fact is stored just after a reader found nothing."""

    def __init__(self, store: EventStore, account: Account) -> None:
        self._store, self._account = store, account
        self._done = False
        self.head = store.head

    def entries(self, after: int, limit: int) -> list[LogEntry]:
        found = self._store.entries(after, limit)
        if not found and not self._done:
            self._done = True
            fail_password(self._account, times=1, at=NINE)
            save(self._store, self._account)
        return found


def test_a_fact_stored_between_the_last_read_and_the_rest_is_not_missed(
    store: EventStore, dsn: Dsn, account: Account, connection: Connection
) -> None:
    runner = Runner(VIEW, StoredBehindTheReadersBack(store, account), dsn.process, poll=NEVER)
    start(connection, VIEW)
    with running(runner):
        assert eventually(lambda: store.head() > 1 and place(connection) == store.head())


def test_a_runner_whose_connection_was_killed_listens_again(
    store: EventStore, dsn: Dsn, account: Account, connection: Connection, owner: psycopg.Connection[tuple[int]]
) -> None:
    runner = Runner(VIEW, store, dsn.process, poll=NEVER)
    with running(runner):
        assert eventually(lambda: runner.leads)
        kill_the_leader(owner)
        assert eventually(lambda: len(leaders(owner)) == 1)
        fail_password(account, times=1, at=NINE)
        save(store, account)

        assert eventually(lambda: place(connection) == store.head())


def test_without_a_notice_the_poll_finds_the_fact(dsn: Dsn, log: MemoryLog, connection: Connection) -> None:
    start(connection, VIEW)
    runner = Runner(VIEW, log, dsn.process, poll=0.005)
    with running(runner):
        assert eventually(lambda: runner.leads)
        log.append(STREAM, registered().facts)

        assert eventually(lambda: place(connection) == log.head())


# ---- faults


def test_a_view_that_fails_is_tried_again_and_holds_up_no_other(
    store: EventStore, dsn: Dsn, account: Account, connection: Connection
) -> None:
    failing = Tally("tally_failing", faults=1)
    start(connection, failing)
    start(connection, VIEW)

    with running(Projector([failing, VIEW], store, dsn.process, poll=NEVER)):
        assert eventually(lambda: place(connection) == store.head())
        assert eventually(lambda: place(connection, failing) == store.head())

    assert failing.pages == [1, 1]
    assert counted(connection, failing) == 1


class Fatal(BaseException):
    """What no runner is prepared for."""


class FatalTally(Tally):
    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        raise Fatal


def test_a_runner_that_ends_unasked_ends_the_others_and_the_process_is_told(
    store: EventStore, dsn: Dsn, account: Account, owner: psycopg.Connection[tuple[int]]
) -> None:
    projector = Projector([FatalTally("tally_fatal"), VIEW], store, dsn.process, poll=NEVER)

    with pytest.raises(Fatal):
        projector.run()

    assert eventually(lambda: leaders(owner) == [])


def test_a_rest_that_fails_ends_the_process_and_not_one_view_alone(
    store: EventStore, dsn: Dsn, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_files_left() -> None:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr("projections.runner.selectors.DefaultSelector", no_files_left)

    with pytest.raises(OSError, match="too many open files"):
        Projector([VIEW, Tally()], store, dsn.process, poll=NEVER).run()


def test_a_projector_that_was_asked_to_stop_ends_in_peace(store: EventStore, dsn: Dsn, account: Account) -> None:
    projector = Projector([VIEW, Tally()], store, dsn.process, poll=NEVER)
    projector.stop()

    projector.run()


def test_a_machine_that_has_vanished_is_waited_for_some_seconds_by_every_connection(
    database: Database, connection: Connection
) -> None:
    with database.connection() as pooled:
        parameters = [pooled.info.get_parameters(), connection.info.get_parameters()]

    for name in ("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"):
        assert [given.get(name) for given in parameters] == [str(TCP[name])] * 2


def test_a_fault_is_logged_with_the_views_name(
    store: EventStore, dsn: Dsn, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    failing = Tally("tally_failing", faults=1)

    with running(Runner(failing, store, dsn.process)):
        assert eventually(lambda: len(caplog.records) > 0)

    assert "view tally_failing: ZeroDivisionError, again in 0.1 s" in caplog.text
