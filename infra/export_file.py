"""An export as an auditor has it: the ZIP, or the folder it was unpacked into. No database, no settings (R10.5)."""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from infra.export_manifest import MANIFEST

CHUNK = 1 << 20  # octets read at once
LONGEST = 1 << 24  # octets of a line; no fact comes near
NO_EXPORT = "{} is no export: give the ZIP of `shomei audit export`, or the folder it was unpacked into"


# By a ZIP's reading, whatever it was compressed with, and by files.
RAISED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    OSError,
)


class NoExport(Exception):
    """One sentence."""


class Damaged(Exception):
    """It was an export, and part of it cannot be read."""


class ExportFile(Protocol):
    def text(self, name: str) -> bytes:
        """One of its small files, whole. Raises Damaged."""

    def facts(self, name: str) -> BinaryIO: ...


@contextmanager
def reading() -> Iterator[None]:
    """What a ZIP raises that was changed, cut, or sealed, and what a file raises that went away."""
    try:
        yield
    except RAISED as error:
        raise Damaged from error


class ZippedExport:
    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file

    def text(self, name: str) -> bytes:
        with reading(), self._file.open(name) as member:
            return _bounded(cast("BinaryIO", member))

    def facts(self, name: str) -> BinaryIO:
        with reading():
            return cast("BinaryIO", self._file.open(name))


class UnpackedExport:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def text(self, name: str) -> bytes:
        with reading(), (self._folder / name).open("rb") as file:
            return _bounded(file)

    def facts(self, name: str) -> BinaryIO:
        with reading():
            return (self._folder / name).open("rb")


@contextmanager
def open_export(path: Path) -> Iterator[ExportFile]:
    """The ZIP, the folder, or one of the files in that. Raises NoExport, Damaged."""
    folder = path if path.is_dir() else path.parent
    if not path.exists():
        raise NoExport(f"{path} is not there")
    if path.is_dir() or (path.name.startswith(("facts.", MANIFEST))):
        if not (folder / MANIFEST).exists():
            raise NoExport(NO_EXPORT.format(path))
        yield UnpackedExport(folder)
        return
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            raise NoExport(NO_EXPORT.format(path))
    with reading():
        opened = zipfile.ZipFile(path)
    with opened:
        yield ZippedExport(opened)


def lines(file: BinaryIO, seen: Callable[[bytes], object]) -> Iterator[bytes]:
    """With their ends; `seen` is told all octets. Raises Damaged, also for a line that never ends."""
    rest = b""
    while chunk := _read(file):
        seen(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line + b"\n"
        if len(rest) > LONGEST:
            raise Damaged
    if rest:
        yield rest


def _read(file: BinaryIO) -> bytes:
    with reading():
        return file.read(CHUNK)


def _bounded(file: BinaryIO) -> bytes:
    content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise Damaged
    return content
