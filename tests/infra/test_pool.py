"""Connections while the server is away, and once it is back (measures.md Q5): nobody waits for what is known."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import infra.postgres
from application.ports import Unavailable
from infra.postgres import Database
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
    monkeypatch.setattr(infra.postgres, "AWAY_SECONDS", 0.0)
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
