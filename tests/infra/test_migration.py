"""`shomei migrate`: once for each form of the schema, beside visitors, and two roles with their rights (R10.8)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import infra.migration
from application.ports import Changes, Unavailable
from infra.embedded_postgres import Cluster
from infra.event_store import EventStore
from infra.migration import MARK, check_migrated, migrate
from infra.postgres import Database
from projections.views import PREPARING
from tests.support.accounts import NINE, fact
from tests.support.crowd import refusals, together
from tests.support.database import Dsn
from tests.support.eventually import eventually

ACCOUNT = UUID("4b1d8f0e-0000-4000-8000-000000000001")
NUMBERS = count(1)
APPEND = "select append_events(array[gen_random_uuid()], array[1::bigint], array['a'], array['b'::bytea])"


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Dsn]:
    """A database nobody has migrated, and the address of a role that does not exist yet."""
    name = f"empty_{next(NUMBERS)}"
    database, role = sql.Identifier(name), sql.Identifier(f"{name}_process")
    owner = make_conninfo(cluster.owner_dsn, dbname=name)
    with psycopg.connect(cluster.owner_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(database))
        try:
            yield Dsn(owner, make_conninfo(owner, user=f"{name}_process", password="sesame-for-the-role"))
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(database))
            connection.execute(sql.SQL("drop role if exists {}").format(role))


@contextmanager
def acting(owner: str, role: str) -> Iterator[Database]:
    """With no more than that role's rights."""
    database = Database(make_conninfo(owner, options=f"-c role={role}"), pool_size=1)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def stranger(dsn: Dsn) -> Iterator[Database]:
    """As a role that was granted nothing."""
    name = f"stranger_{next(NUMBERS)}"
    with psycopg.connect(dsn.owner, autocommit=True) as owner:
        owner.execute(sql.SQL("create role {}").format(sql.Identifier(name)))
        try:
            with acting(dsn.owner, name) as database:
                yield database
        finally:
            owner.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def append(dsn: Dsn) -> int:
    """Saves one fact with the rights of the processes' role; how many facts the log then has."""
    with acting(dsn.owner, str(conninfo_to_dict(dsn.process)["user"])) as database:
        store = EventStore(database)
        store.save(Changes(ACCOUNT, len(store.load(ACCOUNT)), [fact("LoggedOut", NINE)]))
        return len(store.entries(0))


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


def test_a_role_that_comes_later_gets_its_rights_too(empty: Dsn) -> None:
    migrate(empty.owner, empty.owner)

    migrate(empty.owner, empty.process)

    assert append(empty) == 1


def test_migrate_tells_an_unreachable_database() -> None:
    nowhere = "host=127.0.0.1 port=1 user=nobody dbname=none password=secret"

    with pytest.raises(Unavailable) as fault:
        migrate(nowhere, nowhere)

    assert "secret" not in str(fault.value)


# ---- beside processes that serve


def test_a_repeated_migrate_waits_for_no_table(dsn: Dsn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.migration, "PATIENCE", 0)

    with psycopg.connect(dsn.owner) as visitor:
        visitor.execute("lock table stored_events, tickets, sessions in exclusive mode")
        migrate(dsn.owner, dsn.process)


def test_a_migrate_beside_a_save_lets_it_pass_and_ends_behind_it(
    dsn: Dsn, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.migration, "WAIT_FOR_TABLES", "50ms")
    monkeypatch.setattr(infra.migration, "PAUSE", 0.01)
    owner.execute("delete from schema_marks")
    migrating = threading.Thread(target=migrate, args=(dsn.owner, dsn.process))

    with psycopg.connect(dsn.process) as visitor:
        visitor.execute("delete from sessions")
        migrating.start()
        waits = eventually(lambda: owner.execute("select 1 from pg_locks where not granted").fetchone() is not None)
        for table in ("vault_verifiers", "tickets", "certificate_index"):
            visitor.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        visitor.execute(APPEND)
    migrating.join()

    assert waits
    assert owner.execute("select mark from schema_marks").fetchall() == [(MARK,)]


def test_tables_that_are_never_free_are_waited_for_only_to_the_bound(
    dsn: Dsn, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.migration, "WAIT_FOR_TABLES", "10ms")
    monkeypatch.setattr(infra.migration, "PATIENCE", 0)
    owner.execute("delete from schema_marks")

    with psycopg.connect(dsn.process) as visitor:
        visitor.execute("delete from sessions")
        with pytest.raises(Unavailable, match="in use"):
            migrate(dsn.owner, dsn.process)


def test_another_migrate_is_waited_for_only_to_the_bound(
    dsn: Dsn, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.migration, "PATIENCE", 0.01)
    owner.execute("select pg_advisory_lock(%s)", [PREPARING])

    with pytest.raises(Unavailable, match="another migrate"):
        migrate(dsn.owner, dsn.process)


# ---- the role's password


def test_the_password_goes_to_the_server_as_a_verifier(
    empty: Dsn, cluster: Cluster, owner: psycopg.Connection[Any]
) -> None:
    name = sql.Identifier(str(conninfo_to_dict(empty.owner)["dbname"]))
    owner.execute(sql.SQL("alter database {} set log_statement = 'ddl'").format(name))

    migrate(empty.owner, empty.process)

    role = conninfo_to_dict(empty.process)["user"]
    log = cluster.log.read_text()
    kept = owner.execute("select rolpassword from pg_authid where rolname = %s", [role]).fetchone()
    assert kept is not None
    assert str(kept[0]).startswith("SCRAM-SHA-256$")
    assert f"alter role \"{role}\" password '{kept[0]}'" in log
    assert "sesame-for-the-role" not in log


def test_a_role_that_gets_in_already_keeps_its_password(dsn: Dsn, owner: psycopg.Connection[Any]) -> None:
    migrate(dsn.owner, make_conninfo(dsn.process, password="sesame-for-the-role"))

    kept = owner.execute("select rolpassword from pg_authid where rolname = 'shomei_process'").fetchone()
    assert kept == (None,)


# ---- whether it was migrated


def test_a_database_never_migrated_is_told_with_what_to_do(empty: Dsn) -> None:
    with (
        acting(empty.owner, "shomei_process") as database,
        pytest.raises(Unavailable, match="not been prepared: run `shomei migrate`"),
    ):
        check_migrated(database)


def test_one_migrated_by_another_version_is_told_with_what_to_do(
    database: Database, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("update schema_marks set mark = 'another'")

    with pytest.raises(Unavailable, match="another version of Shomei: run `shomei migrate`"):
        check_migrated(database)


def test_one_migrated_for_another_role_is_told_with_what_to_do(dsn: Dsn) -> None:
    with stranger(dsn) as database, pytest.raises(Unavailable, match="not been prepared: run `shomei migrate`"):
        check_migrated(database)


def test_a_migrated_database_passes_the_check(database: Database) -> None:
    check_migrated(database)


# ---- what a role that was granted nothing may not (R10.8)


@pytest.mark.parametrize("act", [APPEND, "select topic from stored_events", "select key from rate_key"])
def test_another_role_may_neither_read_nor_append_even_where_one_role_does_all(empty: Dsn, act: str) -> None:
    migrate(empty.owner, empty.owner)

    with stranger(empty) as database, pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute(act)


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


def test_the_processes_role_may_read_every_table_that_is_made(database: Database) -> None:
    forgotten = database.execute(
        """select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
           and not has_table_privilege(oid, 'select')"""
    )

    assert forgotten == []


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
