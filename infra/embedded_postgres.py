"""A private PostgreSQL for one data directory, shared by every process of the project.

    with embedded(Path("var/pg")) as cluster: psycopg.connect(cluster.process_dsn)

The first process creates the cluster and starts the server, later ones join, the last one to leave stops it. Root
hands the server to an unprivileged account, as PostgreSQL demands (`postgres_programs`). Three flocks say who is there,
and the kernel drops each however its holder dies; so no pid is ever believed, for after a kill -9 it may be anybody's:
  home             while one process creates, starts or stops;
  data/PG_VERSION  shared, each user's from join() to leave();
  data             inherited by the server and its children: free means that the last of them is gone.
"""

import fcntl
import hashlib
import os
import select
import shlex
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from infra.postgres_programs import PostgresUnavailable, Programs, clear_cut_off, new_directory, why_it_failed

__all__ = ["Cluster", "PostgresUnavailable", "embedded"]

OWNER = "shomei"  # superuser, and the database's name
PROCESS = "shomei_process"  # the processes' login role (R10.8): what it may do, `migrate` grants
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 103  # bytes, as on macOS; Linux has 107
CONNECTIONS = 100  # as PostgreSQL has it
PATIENCE = 600  # tenths of a second, for a server that starts, recovers or dies
PG_CTL_SECONDS = 60

# No names and addresses in its log: no statements, and terse leaves out the DETAIL, which quotes rows.
CONFIGURATION = f"""
listen_addresses = ''
port = 5432
unix_socket_permissions = 0700
cluster_name = '{OWNER}'
timezone = 'UTC'
log_timezone = 'UTC'
log_error_verbosity = terse
log_min_error_statement = panic
"""


class Cluster:
    """`home` is given to the server's account. `bindir`: initdb, pg_ctl and postgres other than the wheel's.

    `connections`: at most, of all users; the one who starts the server says it.
    """

    def __init__(self, home: Path, bindir: Path | None = None, connections: int = CONNECTIONS) -> None:
        self.home = home.resolve()
        self.data = self.home / "data"
        self.log = self.home / "postgres.log"
        self._programs = Programs(self.home, bindir)
        self._connections = connections

    @property
    def owner_dsn(self) -> str:
        return self._dsn(OWNER)

    @property
    def process_dsn(self) -> str:
        return self._dsn(PROCESS)

    def join(self) -> int:
        """Makes sure of server, roles and database; the handle is for leave(). Raises PostgresUnavailable."""
        with self._one_sentence():
            self._make_home()
            with self._turn():
                clear_cut_off(self.home)
                if not (self.data / "PG_VERSION").exists():
                    self._create()
                handle = os.open(self.data / "PG_VERSION", os.O_RDONLY)
                try:
                    fcntl.flock(handle, fcntl.LOCK_SH)
                    self._ensure_running()
                except BaseException:
                    self._let_go(handle)
                    raise
                return handle

    def leave(self, handle: int) -> None:
        """The last one to leave stops the server. Raises PostgresUnavailable."""
        with self._one_sentence(), self._turn():
            self._let_go(handle)

    def stop(self) -> None:
        """Stops the server, whoever uses it. Raises PostgresUnavailable."""
        if self.data.exists():
            with self._one_sentence(), self._turn():
                self._stop()

    def revive(self) -> bool:
        """For who has joined: starts a server that was killed. True where it was. Raises PostgresUnavailable."""
        with self._one_sentence():
            if not self._is_free():
                return False
            with self._turn():
                if self._listens():  # another of us was faster
                    return False
                self._ensure_running()
                return True

    def _let_go(self, handle: int) -> None:
        try:
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # only the last user gets it
                self._stop()
        finally:
            os.close(handle)

    def _ensure_running(self) -> None:
        self._make_sockets()  # before anybody connects: once it is ours, no stranger can put his own in its place
        why = "processes of an earlier server do not end"
        for _ in range(PATIENCE):
            if self._listens():
                try:
                    return self._make_role_and_database()
                except psycopg.OperationalError as error:
                    if "the database system is" not in str(error):  # starting up, in recovery, shutting down
                        raise
                    why = "it is starting, recovering or shutting down"
            elif self._is_free():
                self._start()
                continue
            select.select([], [], [], 0.1)  # time.sleep fails under libfaketime 0.9.10
        raise PostgresUnavailable(f"PostgreSQL in {self.home} is still not ready after a minute: {why}.")

    def _listens(self) -> bool:
        """Whether the postmaster lives. Its children close this socket, so the orphans of a kill -9 don't answer."""
        self._check_sockets()
        with socket.socket(socket.AF_UNIX) as client, suppress(FileNotFoundError, ConnectionRefusedError):
            client.connect(str(self._sockets / SOCKET))
            return True
        return False

    def _is_free(self) -> bool:
        with _opened(self.data) as server, suppress(BlockingIOError):
            fcntl.flock(server, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def _create(self) -> None:
        """initdb beside the final place, then one rename: a cluster exists whole or not at all."""
        if self.data.exists() and any(self.data.iterdir()):
            raise PostgresUnavailable(f"{self.data} holds files but no PG_VERSION, so it is no cluster: move it away.")
        with new_directory(self.home) as new:
            self._programs.hand_over(new)
            options = ("-D", new, "-U", OWNER, "-E", "UTF8", "--locale=C", "--data-checksums")
            self._do("create its cluster", "initdb", *options, "--no-sync")
            accounts = sorted({"root", self._programs.account.pw_name})
            entries = [f'{OWNER} "{account}" {role}\n' for account in accounts for role in (OWNER, PROCESS)]
            (new / "pg_ident.conf").write_text("".join(entries))
            (new / "pg_hba.conf").write_text(f"local all all peer map={OWNER}\n")
            with (new / "postgresql.conf").open("a") as configuration:
                configuration.write(CONFIGURATION)
            self._do("write its cluster to the disk", "initdb", *options, "--sync-only")
            new.rename(self.data)
        with _opened(self.home) as home:
            os.fsync(home)

    def _start(self) -> None:
        # PostgreSQL would refuse to start while the pid in these files is alive, be it a stranger's. Of our servers
        # none is left; against any other on this directory stands its own check of the shared memory.
        for stale in self.data / "postmaster.pid", self._sockets / f"{SOCKET}.lock":
            stale.unlink(missing_ok=True)
        if self.log.exists():  # one start, one log: it does not grow for ever, and what it complains of is new
            self.log.replace(self.log.with_suffix(".old.log"))
        options = f"-k {shlex.quote(str(self._sockets))} -c max_connections={self._connections}"
        with _opened(self.data) as server:
            fcntl.flock(server, fcntl.LOCK_EX)
            self._do("start", *self._pg_ctl, "-l", self.log, "-o", options, "start", inherited=(server,))

    def _stop(self) -> None:
        if self._listens():  # of a dead one, pg_ctl would signal whoever has its pid now
            self._do("stop", *self._pg_ctl, "-m", "fast", "stop")
        if self._sockets != self.home:
            with suppress(OSError):  # it is gone already, or not empty
                self._sockets.rmdir()

    def _make_role_and_database(self) -> None:
        with psycopg.connect(self._dsn(OWNER, "postgres"), autocommit=True, connect_timeout=30) as db:
            if not db.execute("select 1 from pg_roles where rolname = %s", [PROCESS]).fetchone():
                db.execute(sql.SQL("create role {} login").format(sql.Identifier(PROCESS)))
            if not db.execute("select 1 from pg_database where datname = %s", [OWNER]).fetchone():
                db.execute(sql.SQL("create database {}").format(sql.Identifier(OWNER)))

    def _make_home(self) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._programs.hand_over(self.home)
        if not self._programs.can_write(self.home):
            raise PostgresUnavailable(
                f"The account {self._programs.account.pw_name} can't write to {self.home}: set SHOMEI_HOME to a place "
                "where it can, such as /var/lib/shomei, or run this as the account that made it."
            )

    def _make_sockets(self) -> None:
        if self._sockets != self.home:
            with suppress(FileExistsError):
                self._sockets.mkdir(mode=0o700)
            self._check_sockets()
            self._programs.hand_over(self._sockets)

    def _check_sockets(self) -> None:
        """Anybody can guess the name in /tmp, and listen there."""
        if self._sockets == self.home or not os.path.lexists(self._sockets):
            return
        found = self._sockets.lstat()
        ours = found.st_uid in (os.geteuid(), self._programs.account.pw_uid)
        if not (ours and stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077 == 0):
            raise PostgresUnavailable(
                f"{self._sockets} is not ours alone: remove it, or set SHOMEI_HOME to a shorter path."
            )

    @cached_property
    def _sockets(self) -> Path:
        # A comma would make two directories of it.
        if len(os.fsencode(self.home / SOCKET)) <= LONGEST_SOCKET_PATH and "," not in str(self.home):
            return self.home
        name = f"shomei-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]}"
        return Path("/tmp") / name  # noqa: S108  (the same whatever TMPDIR says; a stranger's directory is refused)

    def _dsn(self, role: str, database: str = OWNER) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self._sockets), safe='')}&port=5432"

    @property
    def _pg_ctl(self) -> tuple[object, ...]:
        return "pg_ctl", "-D", self.data, "-w", "-t", PG_CTL_SECONDS

    def _do(self, what: str, *words: object, inherited: Sequence[int] = ()) -> None:
        done = self._programs.run(*map(str, words), inherited=inherited)
        if done.returncode:
            log = self.log.read_text(errors="replace") if what == "start" and self.log.exists() else ""
            raise why_it_failed(self.home, what, log or done.stdout)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with _opened(self.home) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _one_sentence(self) -> Iterator[None]:
        try:
            yield
        except (OSError, psycopg.Error) as error:
            raise why_it_failed(self.home, "be used", str(error)) from error


@contextmanager
def embedded(home: Path, bindir: Path | None = None, connections: int = CONNECTIONS) -> Iterator[Cluster]:
    """The cluster in `home`, joined; left at the end. Raises PostgresUnavailable."""
    cluster = Cluster(home, bindir, connections)
    handle = cluster.join()
    try:
        yield cluster
    finally:
        cluster.leave(handle)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    opened = os.open(path, os.O_RDONLY)
    try:
        yield opened
    finally:
        os.close(opened)
