"""The lifeline of `shomei up`: its parts hang on it and are told to end when `up` has gone, even by a kill -9.

A POSIX record lock, which the kernel drops however its holder dies. A part that it has come to holds it, shared, until
it has ended itself, and so long the next `up` waits: it finds the port free and nobody of the old one at work.
"""

import fcntl
import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from application.ports import Unavailable

PATIENCE = 150  # tenths of a second, for the parts of an earlier `up` to end


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Raises Unavailable where another `up` holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as line:
        for _ in range(PATIENCE):
            if _is_won(line, fcntl.LOCK_EX):
                break
            if not _is_won(line, fcntl.LOCK_SH):
                raise Unavailable(f"`shomei up` is running already in {path.parent}: stop it or set SHOMEI_HOME")
            fcntl.lockf(line, fcntl.LOCK_UN)  # it was a look only: kept, it would shut out another that waits
            select.select([], [], [], 0.1)  # time.sleep fails under libfaketime 0.9.10
        else:
            raise Unavailable(f"processes of an earlier `shomei up` in {path.parent} do not end: stop them")
        yield


def hang_on(path: Path) -> None:
    """SIGTERM to this process once `up` holds the lifeline no longer."""
    threading.Thread(target=_wait, args=(path.open(),), name="lifeline", daemon=True).start()


def _wait(line: IO[str]) -> None:
    fcntl.lockf(line, fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGTERM)


def _is_won(line: IO[str], kind: int) -> bool:
    try:
        fcntl.lockf(line, kind | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX lets a system choose between the two
        return False
    return True
