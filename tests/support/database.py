"""A real PostgreSQL for the tests: one cluster a session and worker, one database a test (30 ms, copied whole).

`python -m tests.support.database COMMAND ...` runs a command whose sessions share one cluster.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from infra.embedded_postgres import Cluster, embedded
from infra.event_store import EventStore
from infra.migration import migrate
from infra.postgres import Database

TEMPLATE = "migrated"
SHARED = "SHOMEI_TEST_CLUSTER"  # the home of a cluster that sessions share
NUMBERS = count(1)


class Dsn(msgspec.Struct, frozen=True):
    """A migrated, empty database: its owner's address, and the processes' (R10.8)."""

    owner: str
    process: str


@contextmanager
def migrated_cluster() -> Iterator[Cluster]:
    """With a migrated template database. Nothing here outlives the tests, so nothing waits for the disk."""
    home = Path(tempfile.mkdtemp(prefix="shomei-"))
    try:
        with embedded(home) as cluster:
            with psycopg.connect(cluster.owner_dsn, autocommit=True) as owner:
                owner.execute("alter system set fsync = off")
                owner.execute("select pg_reload_conf()")
                owner.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
            migrate(
                make_conninfo(cluster.owner_dsn, dbname=TEMPLATE), make_conninfo(cluster.process_dsn, dbname=TEMPLATE)
            )
            yield cluster
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    shared = os.environ.get(SHARED)
    with embedded(Path(shared)) if shared else migrated_cluster() as cluster:
        yield cluster


@contextmanager
def new_database(cluster: Cluster) -> Iterator[Dsn]:
    """Migrated and empty; dropped at the end, whoever is still connected."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"  # sessions may share the cluster
    create = sql.SQL("create database {} template {} strategy wal_log")
    drop = sql.SQL("drop database {} with (force)")
    with psycopg.connect(cluster.owner_dsn, autocommit=True) as owner:
        owner.execute(create.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        try:
            yield Dsn(make_conninfo(cluster.owner_dsn, dbname=name), make_conninfo(cluster.process_dsn, dbname=name))
        finally:
            owner.execute(drop.format(sql.Identifier(name)))


@pytest.fixture
def dsn(cluster: Cluster) -> Iterator[Dsn]:
    with new_database(cluster) as dsn:
        yield dsn


@pytest.fixture
def database(dsn: Dsn) -> Iterator[Database]:
    """As the processes see it."""
    database = Database(dsn.process)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def store(database: Database) -> EventStore:
    return EventStore(database)


@pytest.fixture
def owner(dsn: Dsn) -> Iterator[psycopg.Connection[TupleRow]]:
    """As the one who migrates, and as an outsider who cuts connections."""
    with psycopg.connect(dsn.owner, autocommit=True) as connection:
        yield connection


if __name__ == "__main__":
    with migrated_cluster() as shared:
        sys.exit(subprocess.run(sys.argv[1:], env=os.environ | {SHARED: str(shared.home)}, check=False).returncode)
