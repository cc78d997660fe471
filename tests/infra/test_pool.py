"""Connections while the server is away, hangs or is read-only, and once it is back (measures.md Q5)."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

import infra.pool
import infra.postgres
from application.ports import Changes, Unavailable
from infra.event_store import EventStore
from infra.postgres import Database
from tests.support.accounts import NINE, fact
from tests.support.crowd import together
from tests.support.database import Dsn
from tests.support.eventually import eventually

FOREVER = 3600.0  # seconds: who waits so long is ended by pytest's own time limit


@pytest.fixture
def away() -> Iterator[Database]:
    """Nobody listens at that port, and somebody has found that out."""
    database = Database("host=127.0.0.1 port=1 user=nobody dbname=none")
    database.pool.timeout = 0.1
    with pytest.raises(Unavailable):
        database.execute("select 1")
    yield database
    database.close()


@pytest.fixture
def small(dsn: Dsn) -> Iterator[Database]:
    """With a single connection."""
    database = Database(dsn.process, pool_size=1)
    database.execute("select 1")
    yield database
    database.close()


def test_who_asks_for_a_server_that_was_found_away_is_told_soon(away: Database) -> None:
    away.pool.timeout = FOREVER
    told: list[type[Exception]] = []

    def ask() -> None:
        try:
            away.execute("select 1")
        except Unavailable as refusal:
            told.append(type(refusal))

    asking = threading.Thread(target=ask)
    asking.start()
    soon = eventually(lambda: told == [Unavailable])
    away.close()  # or else it would be asked for ever, where the test fails
    asking.join()

    assert soon


def test_a_pool_that_is_only_busy_is_waited_for(small: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.pool, "AWAY_SECONDS", 0.0)
    small.pool.timeout = 0.01
    with small.connection():
        with pytest.raises(Unavailable):
            small.execute("select 1")

        small.pool.timeout = FOREVER
        answers: list[Any] = []
        waiting = threading.Thread(target=lambda: answers.extend(small.execute("select 1 as answer")))
        waiting.start()
    waiting.join()

    assert answers == [{"answer": 1}]


def test_after_a_restart_the_first_to_ask_is_served_however_many_connections_died(
    database: Database, owner: psycopg.Connection[Any]
) -> None:
    gathered = threading.Barrier(database.pool_size)

    def hold() -> None:
        with database.connection():
            gathered.wait()

    together([hold] * database.pool_size)
    ended = owner.execute(
        "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity"
        " where datname = current_database() and usename = 'shomei_process'"
    ).fetchone()

    answer = database.execute("select 1 as answer")

    assert ended == (database.pool_size,)
    assert answer == [{"answer": 1}]


# ---- a server that hangs


def test_the_server_itself_ends_a_wait_for_a_lock_and_a_long_question(database: Database) -> None:
    assert database.execute("show lock_timeout") == [{"lock_timeout": "5s"}]
    assert database.execute("show statement_timeout") == [{"statement_timeout": "8s"}]


def test_a_lock_held_elsewhere_is_an_unavailable_database(database: Database, owner: psycopg.Connection[Any]) -> None:
    def ask() -> None:
        with database.transaction() as cursor:
            cursor.execute("set local lock_timeout = '10ms'")
            cursor.execute("select 1 from sessions")

    with owner.transaction():
        owner.execute("lock table sessions in access exclusive mode")
        with pytest.raises(Unavailable, match="LockNotAvailable"):
            ask()


def test_an_answer_that_does_not_come_is_not_waited_for_and_its_connection_not_used_again(small: Database) -> None:
    (before,) = small.execute("select pg_backend_pid() as process")

    with pytest.raises(Unavailable, match="Silent"), small.connection(answers_within=0.02) as connection:
        connection.execute("select pg_sleep(60)")

    (after,) = small.execute("select pg_backend_pid() as process")
    assert before != after


def test_an_answer_in_a_transaction_and_the_end_of_one_are_bounded_too(database: Database) -> None:
    def ask() -> None:
        with database.connection(answers_within=0.02) as connection, connection.transaction():
            connection.execute("select pg_sleep(60)")

    with pytest.raises(Unavailable, match="Silent"):
        ask()


def test_who_asks_whether_we_are_ready_is_told_soon(small: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.postgres, "READY_SECONDS", 0.02)
    small.pool.timeout = FOREVER
    small.check_ready()

    with small.connection(), pytest.raises(Unavailable):
        small.check_ready()


def test_who_was_in_a_hurry_takes_his_own_connection_with_him_and_no_other(database: Database) -> None:
    with database.connection() as one, database.connection() as another:
        processes = {one.info.backend_pid, another.info.backend_pid}

    def hurry() -> None:
        with database.connection(answers_within=0.02) as connection:
            processes.remove(connection.info.backend_pid)
            connection.execute("select pg_sleep(60)")

    with pytest.raises(Unavailable):
        hurry()

    with database.connection() as left:
        assert {left.info.backend_pid} == processes
        assert left.execute("select 1 as answer from pg_sleep(0.1)").fetchall() == [{"answer": 1}]


def test_where_one_has_waited_in_full_the_next_are_told_soon(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.pool, "ANSWER_SECONDS", 0.02)
    monkeypatch.setattr(infra.pool, "AWAY_SECONDS", 0.0)
    database.pool.timeout = FOREVER

    with pytest.raises(Unavailable, match="Silent"), database.connection(answers_within=0.02) as connection:
        connection.execute("select pg_sleep(60)")
    with pytest.raises(Unavailable, match="no database connection"):
        database.execute("select 1")


# ---- a server that has become read-only, after a failover


def become_read_only(database: Database) -> None:
    database.execute("set default_transaction_read_only = on")


def test_a_read_only_server_is_an_unavailable_database_and_another_is_looked_for(small: Database) -> None:
    become_read_only(small)

    with pytest.raises(Unavailable, match="read-only"):
        small.execute("delete from sessions")

    assert small.execute("delete from sessions") == []


def test_the_event_store_says_so_too(small: Database) -> None:
    become_read_only(small)
    store = EventStore(small)

    with pytest.raises(Unavailable, match="read-only"):
        store.save(Changes(uuid4(), 0, [fact("LoggedOut", NINE)]))

    stream = uuid4()
    store.save(Changes(stream, 0, [fact("LoggedOut", NINE)]))
    assert len(store.load(stream)) == 1


def test_no_connection_is_made_to_a_read_only_server_unless_the_address_says_so(
    dsn: Dsn, owner: psycopg.Connection[Any]
) -> None:
    name = sql.Identifier(owner.info.dbname)
    owner.execute(sql.SQL("alter database {} set default_transaction_read_only = on").format(name))
    writer, reader = Database(dsn.process), Database(make_conninfo(dsn.process, target_session_attrs="any"))
    writer.pool.timeout = 0.1

    with closing(writer), closing(reader):
        with pytest.raises(Unavailable, match="no database connection"):
            writer.execute("select 1")

        assert reader.execute("select 1 as answer") == [{"answer": 1}]
