"""A home that the server's account cannot enter still gets its database (docs/decisions.md)."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.cluster_home import cluster_home
from infra.embedded_postgres import embedded

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Beside the system's data, where every account may pass."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def closed(reachable: Path) -> Path:
    """What `mktemp -d` makes for root."""
    folder = reachable / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_a_home_that_can_be_entered_keeps_the_database_itself(reachable: Path) -> None:
    assert cluster_home(reachable / "home", None, reachable / "elsewhere") == reachable / "home" / "postgres"
    assert not (reachable / "elsewhere").exists()


@needs_root
def test_a_home_that_only_root_may_enter_keeps_a_link_to_one_that_all_may_pass(reachable: Path, closed: Path) -> None:
    found = cluster_home(closed, None, reachable / "elsewhere")

    assert found.parent == reachable / "elsewhere"
    assert (closed / "postgres").resolve() == found
    assert cluster_home(closed, None, reachable / "elsewhere") == found


@needs_root
def test_the_server_runs_there(reachable: Path, closed: Path) -> None:
    with (
        embedded(cluster_home(closed, None, reachable / "elsewhere")) as cluster,
        psycopg.connect(cluster.process_dsn) as database,
    ):
        assert database.execute("select 1").fetchone() == (1,)
