"""The signed tree heads outside the database (R10.4): a file that is only appended to, note behind note.

Who changes the database does not change it, and the worker holds the log against its last head.
"""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from domain.tree_head import TreeHead, TreeHeadSigned
from infra.private_file import sync_folder
from infra.tree_heads import last_in

HEADS = Path("heads/heads.txt")  # in SHOMEI_HOME
TAIL = 16_384  # octets, some sixty notes
CUT_OFF = b" (cut off)\n\n"  # no note ends like this


class HeadFile:
    """application.head_ports.Outside. Any number of processes of one machine may append."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> TreeHead | None:
        """The last whole one; its signature is not looked at."""
        try:
            with self._path.open("rb") as file:
                tail = _tail(file.fileno())
                return last_in(tail + _closing(tail))
        except FileNotFoundError:
            return None

    def append(self, heads: Sequence[TreeHeadSigned]) -> None:
        """Those larger than the last one. What a power cut left of a note is closed off and passed over."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            tail = _tail(file.fileno())
            closing = _closing(tail)
            last = last_in(tail + closing)
            notes = "".join(f"{head.note}\n" for head in heads if last is None or head.size > last.size)
            file.write(closing + notes.encode())
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._path.parent)


def _tail(file: int) -> bytes:
    return os.pread(file, TAIL, max(0, os.fstat(file).st_size - TAIL))


def _closing(tail: bytes) -> bytes:
    return b"" if not tail or tail.endswith(b"\n\n") else CUT_OFF
