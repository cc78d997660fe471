"""Where the embedded PostgreSQL has its sockets, and who else may have a hand in it (architecture.md, Roles)."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from infra.embedded_postgres import Cluster, PostgresUnavailable, embedded
from tests.support.clusters import place

__all__ = ["place"]


@pytest.mark.parametrize(("length", "elsewhere"), [(89, False), (90, True)])
def test_a_path_too_long_for_a_socket_has_its_sockets_elsewhere(length: int, elsewhere: bool) -> None:
    home = Path("/" + "h" * (length - 1))

    dsn = Cluster(home).owner_dsn

    assert ("%2Ftmp%2Fshomei-" in dsn) is elsewhere


def test_a_path_too_long_for_a_socket_serves_all_the_same(place: Path) -> None:
    with embedded(place / ("h" * 90)) as cluster, psycopg.connect(cluster.process_dsn) as db:
        answer = db.execute("select 1").fetchone()

    assert answer == (1,)


# ---- the sockets of a path too long, in a directory of /tmp whose name anybody can guess


def open_to_all(directory: Path) -> None:
    directory.mkdir()
    directory.chmod(0o777)


def a_link(directory: Path) -> None:
    elsewhere = directory.with_name(f"{directory.name}-elsewhere")
    elsewhere.mkdir(mode=0o700)
    directory.symlink_to(elsewhere)


def another_accounts(directory: Path) -> None:
    """Only root can make one."""
    directory.mkdir(mode=0o700)
    os.chown(directory, 4242, 4242)


STRANGE = [open_to_all, a_link, *([] if os.geteuid() else [another_accounts])]


@pytest.mark.parametrize("make", STRANGE)
def test_nobody_connects_to_a_socket_that_another_account_can_put_there(
    place: Path, make: Callable[[Path], None]
) -> None:
    home = place / ("h" * 90)
    directory = Path(parse_qs(urlsplit(Cluster(home).owner_dsn).query)["host"][0])
    make(directory)
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(directory / ".s.PGSQL.5432"))
        stranger.listen()
        stranger.setblocking(False)

        with pytest.raises(PostgresUnavailable, match=r"is not ours alone: remove it, or set SHOMEI_HOME"):
            Cluster(home).join()
        with pytest.raises(BlockingIOError):  # nobody has called
            stranger.accept()

    shutil.rmtree(directory.resolve())
    directory.unlink(missing_ok=True)
