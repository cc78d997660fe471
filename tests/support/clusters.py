"""Places for an embedded PostgreSQL of a test's own.

Where the tests run as root, pytest's tmp_path is closed to the account that the server is handed to; so places are made
beside it.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.embedded_postgres import Cluster, embedded


@pytest.fixture
def place() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="shomei-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A cluster that has been created, with a table of one row; no server runs."""
    made = Path(tempfile.mkdtemp(prefix="shomei-"))
    made.chmod(0o755)
    with embedded(made / "pg") as cluster, psycopg.connect(cluster.owner_dsn) as db:
        db.execute("create table kept (address text primary key)")
        db.execute("insert into kept values ('kept@example.jp')")
    yield made / "pg"
    Cluster(made / "pg").stop()
    shutil.rmtree(made)


def kept(cluster: Cluster) -> list[tuple[str]]:
    with psycopg.connect(cluster.owner_dsn) as db:
        return db.execute("select address from kept").fetchall()


def kill_server(home: Path) -> None:
    os.kill(int((home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
