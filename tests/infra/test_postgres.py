"""The database: one migrate step, two roles, turns by advisory lock (R3.5, R10.8)."""

from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from application.ports import Changes, Unavailable
from infra.embedded_postgres import Cluster
from infra.event_store import EventStore
from infra.postgres import Database, check_migrated, migrate
from tests.support.accounts import NINE, fact
from tests.support.crowd import refusals, together
from tests.support.database import Dsn

ACCOUNT = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("9c2e7a1d-0000-4000-8000-000000000002")
NUMBERS = count(1)


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Dsn]:
    """A database nobody has migrated, and the address of a role that does not exist yet."""
    name = f"empty_{next(NUMBERS)}"
    database, role = sql.Identifier(name), sql.Identifier(f"{name}_process")
    owner = make_conninfo(cluster.owner_dsn, dbname=name)
    with psycopg.connect(cluster.owner_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(database))
        try:
            yield Dsn(owner, make_conninfo(owner, user=f"{name}_process", password="a secret"))
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(database))
            connection.execute(sql.SQL("drop role if exists {}").format(role))


def append(dsn: Dsn) -> int:
    """Saves one fact with the rights of the processes' role; how many facts the log then has."""
    role = conninfo_to_dict(dsn.process)["user"]
    database = Database(make_conninfo(dsn.owner, options=f"-c role={role}"), pool_size=1)
    try:
        store = EventStore(database)
        store.save(Changes(ACCOUNT, len(store.load(ACCOUNT)), [fact("LoggedOut", NINE)]))
        return len(store.entries(0))
    finally:
        database.close()


# ---- migrate


def test_migrate_makes_the_tables_and_the_role_and_may_be_repeated(empty: Dsn) -> None:
    migrate(empty.owner, empty.process)
    first = append(empty)
    migrate(empty.owner, empty.process)

    assert (first, append(empty)) == (1, 2)


def test_eight_at_once_migrate_an_empty_database(empty: Dsn) -> None:
    outcomes = together([lambda: migrate(empty.owner, empty.process)] * 8)

    assert refusals(outcomes) == []
    assert append(empty) == 1


def test_with_one_address_for_both_its_role_keeps_the_owners_rights(empty: Dsn) -> None:
    migrate(empty.owner, empty.owner)

    assert append(Dsn(empty.owner, empty.owner)) == 1


def test_a_database_never_migrated_is_told_with_what_to_do(empty: Dsn) -> None:
    database = Database(empty.owner, pool_size=1)

    with pytest.raises(Unavailable, match="shomei migrate"):
        check_migrated(database)

    database.close()


def test_a_migrated_database_passes_the_check(database: Database) -> None:
    check_migrated(database)


def test_migrate_tells_an_unreachable_database() -> None:
    nowhere = "host=127.0.0.1 port=1 user=nobody dbname=none password=secret"

    with pytest.raises(Unavailable) as fault:
        migrate(nowhere, nowhere)

    assert "secret" not in str(fault.value)


# ---- what the processes' role may not (R10.8)

FORBIDDEN = [
    "insert into stored_events values (gen_random_uuid(), 1, 'a', 'b')",
    "update stored_events set topic = 'a'",
    "delete from stored_events",
    "truncate stored_events",
    "select * from stored_events for update",
    "select setval('stored_events_notification_id_seq', 1)",
    "alter table stored_events disable trigger all",
    "alter table stored_events owner to current_user",
    "drop table stored_events",
    "create trigger a before insert on stored_events execute function suppress_redundant_updates_trigger()",
    "create rule a as on insert to stored_events do instead nothing",
    "create table public.a (b int)",
    "create function public.a() returns int language sql return 1",
    "create or replace function append_events(ids uuid[], versions bigint[], topics text[], states bytea[])"
    " returns setof bigint language sql as 'select 1::bigint'",
    "alter function append_events set lock_timeout = 0",
    "drop function append_events",
    "create schema a",
    "truncate vault_persons",
    "alter role current_user superuser",
    *(
        f"lock table stored_events in {mode} mode"
        for mode in ("row exclusive", "share", "share row exclusive", "exclusive", "access exclusive")
    ),
]


@pytest.mark.parametrize("act", FORBIDDEN)
def test_the_processes_role_may_read_and_append_and_on_the_events_nothing_more(database: Database, act: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as cursor:
        cursor.execute(sql.SQL(act))


def test_a_temporary_table_of_the_same_name_catches_no_fact(database: Database) -> None:
    with database.connection() as connection:
        connection.execute("create temp table stored_events (like public.stored_events)")
        connection.execute(
            "select append_events(array[%s::uuid], array[1::bigint], array['a'], array['b'::bytea])", [ACCOUNT]
        )

        caught = connection.execute("select count(*) as facts from pg_temp.stored_events").fetchone()
        kept = connection.execute("select count(*) as facts from public.stored_events").fetchone()

    assert (caught, kept) == ({"facts": 0}, {"facts": 1})


def test_the_processes_role_is_no_superuser_and_owns_nothing_in_public(database: Database) -> None:
    found = database.execute(
        """select r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolbypassrls,
                  (select count(*) from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace)
                  as owned
           from pg_roles r where r.rolname = current_user"""
    )

    assert found == [
        {"rolsuper": False, "rolcreaterole": False, "rolcreatedb": False, "rolbypassrls": False, "owned": 0}
    ]


# ---- connections


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
