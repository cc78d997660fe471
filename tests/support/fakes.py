"""The real parts, watched: what they were asked is counted, and a test may step in between two of their steps.

The vault is the real one by inheritance; the others pass every call on. Vault and store are held to the contract of
what they stand for (tests/infra/test_passwords.py, tests/infra/test_event_store.py).
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from application.ports import (
    Authority,
    CertificateRequest,
    Changes,
    FactStore,
    KeyPackages,
    KeyPair,
    Planned,
    Row,
)
from domain.fact import Fact
from domain.organization_facts import Profile
from infra.passwords import VerifierVault
from infra.postgres import Statement

Act = Callable[[], object]


class CountingVault(VerifierVault):
    """`checked` are the passwords that were compared with a verifier; `for_nobody` counts the idle work (R3.9)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.checked: list[str] = []
        self.for_nobody: list[str] = []

    def matches(self, owner: UUID, version: int, password: str) -> bool:
        self.checked.append(password)
        return super().matches(owner, version, password)

    def matches_nobody(self, password: str) -> None:
        self.for_nobody.append(password)
        super().matches_nobody(password)


class Between:
    """What is to happen at a step, once each: `between.at("sign", act)`. An act that raises is a fault there.

    `written` are the tables that each save wrote to beside its facts, in that order.
    """

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self._acts: dict[str, list[Act]] = {}

    def at(self, step: str, act: Act) -> None:
        self._acts.setdefault(step, []).append(act)

    def fails_at(self, step: str, fault: Exception) -> None:
        def act() -> None:
            raise fault

        self.at(step, act)

    def reach(self, step: str) -> None:
        if acts := self._acts.get(step):
            acts.pop(0)()


class WatchedAuthority:
    """Reaches `sign` before it signs; `signed` are the serials that got their signature."""

    def __init__(self, authority: Authority, between: Between) -> None:
        self._authority, self._between = authority, between
        self.signed: list[str] = []

    def plan(self, request: CertificateRequest) -> Planned:
        return self._authority.plan(request)

    def sign(self, request: CertificateRequest, planned: Planned) -> bytes:
        self._between.reach("sign")
        der = self._authority.sign(request, planned)
        self.signed.append(planned.serial)
        return der

    @property
    def chain(self) -> tuple[bytes, bytes]:
        return self._authority.chain


class WatchedPackages:
    """Reaches `key` and `pack` before each; `packed` are the files made, `keys` the private keys in them."""

    def __init__(self, packages: KeyPackages, between: Between) -> None:
        self._packages, self._between = packages, between
        self.packed: list[bytes] = []
        self.keys: list[bytes] = []

    def new_key(self) -> KeyPair:
        self._between.reach("key")
        return self._packages.new_key()

    def pack(
        self,
        user_id: str,
        key: KeyPair,
        certificate: bytes,
        chain: tuple[bytes, bytes],
        password: str,
        profile: Profile,
    ) -> bytes:
        self._between.reach("pack")
        p12 = self._packages.pack(user_id, key, certificate, chain, password, profile)
        self.packed.append(p12)
        self.keys.append(key.private)
        return p12


def written(query: str) -> list[str]:
    return re.findall(r"(?:insert into|update|delete from)\s+(?!set\b)(\w+)", query)


class TableNotes:
    """A cursor that notes the tables it writes to."""

    def __init__(self, cursor: Any, tables: list[str]) -> None:
        self._cursor, self._tables = cursor, tables

    def execute(self, query: str, parameters: Sequence[object] = ()) -> Any:
        self._tables += written(query)
        return self._cursor.execute(query, parameters)


class WatchedStore:
    """Reaches `load` before every load, `save <Fact>` before a transaction that begins with such a fact (`save` alone
    before one without facts), and `saved <Fact>` after it; notes the tables that its rows write to."""

    def __init__(self, store: FactStore, between: Between) -> None:
        self._store, self._between = store, between

    def load(self, stream: UUID) -> list[Fact]:
        self._between.reach("load")
        return self._store.load(stream)

    def save(self, *changes: Changes, rows: Sequence[Row] = ()) -> None:
        first = next((type(fact).__name__ for change in changes for fact in change.facts), "")
        self._between.reach(f"save {first}".strip())
        tables: list[str] = []
        self._store.save(*changes, rows=noted(rows, tables))
        self._between.written.append(tables)
        self._between.reach(f"saved {first}".strip())


def noted(rows: Sequence[Row], tables: list[str]) -> Sequence[Row]:
    """A Statement alone stays one, for the store sends it with the facts."""
    match rows:
        case [Statement() as only]:
            tables += written(only.earlier or "") + written(only.query)
            return rows
        case _:
            return [partial(on_noted, row, tables) for row in rows]


def on_noted(row: Row, tables: list[str], cursor: Any) -> None:
    row(TableNotes(cursor, tables))
