"""The database as a process has it: rows, transactions, and what is told where it cannot be reached (style, Errors)."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from application.ports import Unavailable
from infra.postgres import Database

ACCOUNT = UUID("4b1d8f0e-0000-4000-8000-000000000001")


def test_a_statement_of_ours_returns_its_rows_as_dictionaries(database: Database) -> None:
    assert database.execute("select %s::int as answer", 42) == [{"answer": 42}]
    assert database.execute("delete from sessions") == []


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as cursor:
            cursor.execute("insert into certificate_index (serial, stream) values ('A1', %s)", [ACCOUNT])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert database.execute("select serial from certificate_index") == []


def test_an_unreachable_database_is_unavailable_and_no_address_is_told() -> None:
    database = Database("host=127.0.0.1 port=1 user=nobody dbname=none password=secret")
    database.pool.timeout = 0.02

    with pytest.raises(Unavailable) as fault:
        database.execute("select 1")
    database.close()

    assert "127.0.0.1" not in str(fault.value)
    assert "secret" not in str(fault.value)


def test_a_connection_killed_in_the_pool_is_replaced(database: Database, owner: psycopg.Connection[Any]) -> None:
    (before,) = database.execute("select pg_backend_pid() as process")
    owner.execute("select pg_terminate_backend(%s, 5000)", [before["process"]])

    (after,) = database.execute("select pg_backend_pid() as process")

    assert before != after


def test_a_connection_cut_in_the_middle_is_an_unavailable_database(
    database: Database, owner: psycopg.Connection[Any]
) -> None:
    def cut() -> None:
        with database.transaction() as cursor:
            owner.execute("select pg_terminate_backend(%s, 5000)", [cursor.connection.info.backend_pid])
            cursor.execute("select 1")

    with pytest.raises(Unavailable):
        cut()
