"""`shomei migrate`: the tables, the functions, and the processes' role with its few rights (R10.8).

And what an earlier version left to be told (infra/untold_users.py).
"""

import time
from hashlib import sha256
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InsufficientPrivilege, LockNotAvailable, QueryCanceled, UndefinedTable

from application.ports import Unavailable
from infra import untold_users
from infra.clock import Clock, now, sleep
from infra.postgres import Database
from projections.runner import CONNECT_SECONDS
from projections.views import PREPARING

PATIENCE = 60  # seconds for another migrate, and for tables in use
# Well under a second: after one of waiting PostgreSQL looks for deadlocks, and would end a visitor's save for our sake.
WAIT_FOR_TABLES = "500ms"
PAUSE = 0.1  # seconds until they are tried again

PLAIN_TABLES = (
    "vault_verifiers",
    "vault_persons",
    "certificate_index",
    "revocation_lists",
    "revocation_list_parts",
    "tickets",
    "issuance_codes",
    "registrations",
    "sessions",
    "rate_counters",
    "rate_user_ids",
    "mail_claims",
    "api_tokens",
)
SCHEMA = files("infra").joinpath("schema.sql").read_text(encoding="utf-8")
GRANTS = """
    revoke all on stored_events from {role};
    grant select on stored_events, schema_marks, rate_key to {role};
    grant execute on function append_events to {role};
    grant select, insert, update, delete on {plain_tables} to {role};
    grant usage, create on schema views to {role}"""
MARK = sha256("\n".join((SCHEMA, GRANTS, *PLAIN_TABLES)).encode()).hexdigest()

Connection = psycopg.Connection[Any]


def migrate(owner_dsn: str, process_dsn: str, clock: Clock = now) -> None:
    """Prepare the database: tables, functions, and the processes' role.

    Safe to run by several at once, again at any time, and beside processes that serve. Where both addresses name the
    same role that role keeps the owner's rights: a database of one's own with one account.
    """
    process = conninfo_to_dict(process_dsn)
    try:
        with psycopg.connect(owner_dsn, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
            owner = connection.info.user
            role, password = str(process.get("user") or owner), process.get("password")
            _wait_for_other_migrates(connection)
            if _mark_of(connection, role) != MARK:
                _prepare(connection, role, owner, clock)
            # Only where it is new or changed, for that takes rights over roles that an owner may have had but once.
            if role != owner and password is not None and not _lets_in(process_dsn):
                _set_password(connection, role, str(password))
    except psycopg.OperationalError as error:
        raise Unavailable(f"the database cannot be reached ({type(error).__name__})") from error


def check_migrated(database: Database) -> None:
    """Raises Unavailable with what to do, where `migrate` has not been run, or was by another version of ours."""
    try:
        found = database.execute("select mark from schema_marks where role = current_user")
    except (UndefinedTable, InsufficientPrivilege):
        found = []
    if not found:
        raise Unavailable("the database has not been prepared: run `shomei migrate`")
    if found[0]["mark"] != MARK:
        raise Unavailable("the database was prepared for another version of Shomei: run `shomei migrate`")


def _wait_for_other_migrates(connection: Connection) -> None:
    connection.execute(sql.SQL("set lock_timeout = {}").format(f"{PATIENCE}s"))
    try:
        # On the session, not the transaction: creating a role is seen by others only once it is committed.
        connection.execute("select pg_advisory_lock(%s)", [PREPARING])
    except LockNotAvailable as error:
        raise Unavailable("another migrate is still under way: try again") from error


def _mark_of(connection: Connection, role: str) -> str | None:
    try:
        found = connection.execute("select mark from schema_marks where role = %s", [role]).fetchone()
    except UndefinedTable:
        return None
    return str(found[0]) if found else None


def _prepare(connection: Connection, role: str, owner: str, clock: Clock) -> None:
    """Never in the way of a visitor's save: where the tables are in use it lets go of all of them, and tries again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with connection.transaction():
                _lock_tables(connection)
                connection.execute(SCHEMA.encode())
                if role != owner:
                    _grant(connection, role)
                untold_users.tell(connection, clock())
                connection.execute(
                    "insert into schema_marks (role, mark) values (%s, %s)"
                    " on conflict (role) do update set mark = excluded.mark",
                    [role, MARK],
                )
            return
        except (LockNotAvailable, QueryCanceled) as error:
            if time.monotonic() > deadline:
                raise Unavailable("the tables are in use all the time: try again when less is going on") from error
            sleep(PAUSE)


def _lock_tables(connection: Connection) -> None:
    """All that there are, before any is changed: the statements that follow wait for nobody."""
    there = connection.execute(
        "select name from unnest(%s::text[]) as name where to_regclass(name) is not null",
        [[*PLAIN_TABLES, "stored_events"]],
    ).fetchall()
    if there:
        tables = sql.SQL(", ").join(sql.Identifier(name) for (name,) in there)
        connection.execute(sql.SQL("set local statement_timeout = {}").format(WAIT_FOR_TABLES))
        connection.execute(sql.SQL("lock table {} in access exclusive mode").format(tables))
    connection.execute("set local statement_timeout = 0")


def _grant(connection: Connection, role: str) -> None:
    if not connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
    plain_tables = sql.SQL(", ").join(map(sql.Identifier, PLAIN_TABLES))
    connection.execute(sql.SQL(GRANTS).format(role=sql.Identifier(role), plain_tables=plain_tables))


def _lets_in(process_dsn: str) -> bool:
    try:
        psycopg.connect(process_dsn, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


def _set_password(connection: Connection, role: str, password: str) -> None:
    """As its verifier, made here: in the clear it would stand in the server's log of statements."""
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), verifier.decode()))
