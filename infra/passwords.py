"""argon2id (RFC 9106), in threads behind a bound of its own (R2.3, R3.5).

19 MiB, two passes, one lane: 26-34 ms, during which the GIL is free.
"""

import os
import threading
from uuid import UUID

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError

from application.ports import Busy, Conflict, Row
from infra.postgres import Database

WAIT_FOR_A_PLACE = 5.0  # seconds


class VerifierVault:
    """The password vault on PostgreSQL. `checks_at_once` bounds how many hashes are computed at the same time."""

    def __init__(self, database: Database, checks_at_once: int | None = None, *, memory_kib: int = 19456) -> None:
        self._database = database
        self._hasher = PasswordHasher(time_cost=2, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._places = threading.BoundedSemaphore(checks_at_once or os.cpu_count() or 1)
        self._of_nobody = self._hasher.hash(os.urandom(16).hex())

    def keep(self, owner: UUID, version: int, password: str) -> Row:
        verifier = self._hash(password)

        def row(cursor: object) -> None:
            execute = cursor.execute  # type: ignore[attr-defined]  # the store's recorder gives a psycopg cursor
            execute("delete from vault_verifiers where owner = %s and version < %s", [owner, version])
            # A row of this version means that another save of the same fact came first.
            insert = "insert into vault_verifiers (owner, version, verifier) values (%s, %s, %s) on conflict do nothing"
            if execute(insert, [owner, version, verifier]).rowcount == 0:
                raise Conflict("vault_verifiers")

        return row

    def matches(self, owner: UUID, version: int, password: str) -> bool:
        found = self._database.execute(
            "select verifier from vault_verifiers where owner = %s and version = %s", owner, version
        )
        if not found:
            self.matches_nobody(password)
            return False
        return self._verify(found[0]["verifier"], password)

    def matches_nobody(self, password: str) -> None:
        self._verify(self._of_nobody, password)

    def _hash(self, password: str) -> str:
        with _Place(self._places):
            return self._hasher.hash(password)

    def _verify(self, verifier: str, password: str) -> bool:
        with _Place(self._places):
            try:
                return self._hasher.verify(verifier, password)
            except VerificationError:
                return False


class _Place:
    """One of the places for a hash; Busy when none comes free in time."""

    def __init__(self, places: threading.BoundedSemaphore) -> None:
        self._places = places

    def __enter__(self) -> None:
        if not self._places.acquire(timeout=WAIT_FOR_A_PLACE):
            raise Busy("no place for a password check")

    def __exit__(self, *_: object) -> None:
        self._places.release()
