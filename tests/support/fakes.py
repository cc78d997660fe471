"""The real parts, watched: what they were asked is counted, and a test may step in between two of their steps.

The vault is the real one by inheritance; the others pass every call on. Vault and store are held to the contract of
what they stand for (tests/infra/test_passwords.py, tests/infra/test_event_store.py).
"""

from collections.abc import Callable, Sequence
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
from domain.organization import Profile
from infra.passwords import VerifierVault

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
    """What is to happen at a step, once each: `between.at("sign", act)`. An act that raises is a fault there."""

    def __init__(self) -> None:
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


class WatchedStore:
    """Reaches `load` before every load, `save <Fact>` before a transaction that begins with such a fact (`save` alone
    before one without facts), and `saved <Fact>` after it."""

    def __init__(self, store: FactStore, between: Between) -> None:
        self._store, self._between = store, between

    def load(self, stream: UUID) -> list[Fact]:
        self._between.reach("load")
        return self._store.load(stream)

    def save(self, *changes: Changes, rows: Sequence[Row] = ()) -> None:
        first = next((type(fact).__name__ for change in changes for fact in change.facts), "")
        self._between.reach(f"save {first}".strip())
        self._store.save(*changes, rows=rows)
        self._between.reach(f"saved {first}".strip())
