"""A PostgreSQL that dies and is started again, as an init system does it. What is committed is on the disk (fsync)."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from infra.embedded_postgres import Cluster
from infra.migration import migrate
from tests.support.database import Dsn


class Supervisor:
    """One cluster of its own, migrated. It serves until `kill`, and again from `restart` on."""

    def __init__(self, home: Path) -> None:
        self.cluster = Cluster(home)
        self._handles = [self.cluster.join()]
        self.dsn = Dsn(self.cluster.owner_dsn, self.cluster.process_dsn)
        migrate(self.dsn.owner, self.dsn.process)

    def kill(self) -> None:
        """`kill -9` of the postmaster and of all its children, which would else tell their clients."""
        kill_server(self.cluster.data)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All of it is stopped, and goes on at the end: it answers nothing meanwhile, and closes nothing."""
        postmaster = postmaster_of(self.cluster.data)
        os.kill(postmaster, signal.SIGSTOP)  # it makes no more children
        stopped = [*children(postmaster), postmaster]
        signal_all(stopped, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_all(stopped, signal.SIGCONT)

    def restart(self) -> None:
        """Returns once it serves."""
        self._handles.append(self.cluster.join())

    def setting(self, name: str) -> str:
        with psycopg.connect(self.dsn.owner) as connection:
            found = connection.execute("select current_setting(%s)", [name]).fetchone()
        assert found is not None
        return str(found[0])

    def close(self) -> None:
        for handle in self._handles:
            self.cluster.leave(handle)


def kill_server(data: Path) -> None:
    """The one that runs there now; returns at once, the last of it may still be going."""
    postmaster = postmaster_of(data)
    os.kill(postmaster, signal.SIGSTOP)  # it makes no more children
    signal_all([*children(postmaster), postmaster], signal.SIGKILL)


def postmaster_of(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().split()[0])


def signal_all(processes: Sequence[int], number: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # After the program's name in brackets: state, then the parent.
            if int(status.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(status.parent.name))
    return found


@contextmanager
def supervised() -> Iterator[Supervisor]:
    home = Path(tempfile.mkdtemp(prefix="shomei-"))
    home.chmod(0o755)
    try:
        supervisor = Supervisor(home / "pg")
        try:
            yield supervisor
        finally:
            supervisor.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)
