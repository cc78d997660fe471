"""Files written whole or not at all, and on the disk before anybody goes on; a secret is 0600 from its first byte."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replaces `path` by one rename. At no time, not even at first, may more read it than `mode` says."""
    with _beside(path, content, mode) as whole:
        whole.rename(path)


def write_first(path: Path, content: bytes) -> None:
    """For several processes at once: the first one's content stays, and nobody sees half of it. Mode 0600."""
    with _beside(path, content, 0o600) as whole, suppress(FileExistsError):
        path.hardlink_to(whole)


def reserve_private(path: Path) -> int:
    """Opens a new file that only its owner reads; FileExistsError where there is one, so nothing is overwritten."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


@contextmanager
def new_private(path: Path) -> Iterator[BinaryIO]:
    """To be written into, and there under its name once that is done; else nothing stays. Mode 0600.

    FileExistsError where there is one of that name, before and after: nothing is overwritten.
    """
    taken = FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    if os.path.lexists(path):
        raise taken
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(handle)
        try:
            path.hardlink_to(name)
        except FileExistsError:
            raise taken from None
    finally:
        Path(name).unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Names made in it, changed or removed are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _beside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A finished file in the same folder, to be given its final name; gone afterwards if it was not."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(handle, mode)
            file.flush()
            os.fsync(handle)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
    sync_folder(path.parent)
