"""The command line with a tally of its password tries: one byte each, in order, in the file that TALLY names.

`+` and `-` a try that asks for its turn, and one that leaves; `(` and `)` around an argon2id hash; `r` and `w` a
password looked at, right or wrong; `n` the idle work where none is looked at.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from uuid import UUID

from argon2 import PasswordHasher

from infra import bootstrap, passwords
from infra.cli import main
from infra.passwords import VerifierVault
from infra.postgres import DatabaseTurns

PROGRAM = "tests.support.counted_tries"


class Tally:
    """What the processes of one fleet wrote down; `new` is what came since it was asked last."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._read = 0

    def all(self) -> str:
        return self.file.read_text() if self.file.exists() else ""

    def new(self) -> str:
        found = self.all()[self._read :]
        self._read += len(found)
        return found


def peak(marks: str, begin: str, end: str) -> int:
    """How many were between `begin` and `end` at the same time."""
    inside = most = 0
    for mark in marks:
        inside += (mark == begin) - (mark == end)
        most = max(most, inside)
    return most


def looked_at(marks: str) -> str:
    return "".join(mark for mark in marks if mark in "rw")


class CountedHasher(PasswordHasher):
    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  (argon2's own name)
        write("(")
        try:
            return super().verify(hash, password)
        finally:
            write(")")


class CountedVault(VerifierVault):
    def matches(self, owner: UUID, version: int, password: str) -> bool:
        right = super().matches(owner, version, password)
        write("r" if right else "w")
        return right

    def matches_nobody(self, password: str) -> None:
        write("n")
        super().matches_nobody(password)


class CountedTurns(DatabaseTurns):
    @contextmanager
    def turn(self, account: UUID) -> Iterator[None]:
        write("+")
        try:
            with super().turn(account):
                yield
        finally:
            write("-")


def write(mark: str) -> None:
    os.write(tally, mark.encode())


if __name__ == "__main__":
    tally = os.open(os.environ["TALLY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    vars(passwords).update(PasswordHasher=CountedHasher)
    vars(bootstrap).update(VerifierVault=CountedVault, DatabaseTurns=CountedTurns)
    main()
