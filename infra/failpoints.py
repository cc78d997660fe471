"""Points at which a process kills itself, for tests of what a crash leaves behind. Only with SHOMEI_FAILPOINT set.

A point is `before`, `inside` or `after`, and the fact being saved or the step being made: `after:CertificatePlanned`,
`inside:CertificateIssued` (in the transaction, before its commit), `after:key`, `after:plan`, `after:sign`,
`after:pack`.
"""

import os
import signal
from collections.abc import Sequence
from typing import NoReturn
from uuid import UUID

import structlog

from application.ports import Authority, CertificateRequest, Changes, FactStore, KeyPackages, KeyPair, Planned, Row
from domain.fact import Fact
from domain.organization_facts import Profile
from infra.settings import SettingsError

log = structlog.get_logger(__name__)

STEPS = ("key", "plan", "sign", "pack")


def checked(point: str) -> str:
    """The point, if it can ever be reached; raises SettingsError for a misspelled one, which would never fire."""
    when, _, what = point.partition(":")
    if not any(what == kind.__name__ for kind in Fact.every()) and not (when == "after" and what in STEPS):
        steps = " or ".join(f"after:{step}" for step in STEPS)
        raise SettingsError(
            f"SHOMEI_FAILPOINT is no point there is: it must be before, inside or after a fact, or {steps}."
        )
    log.warning("a failpoint is set: this process will kill itself there", point=point)
    return point


def die() -> NoReturn:
    """As by `kill -9`: nothing is flushed, closed or said."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit  # not reached


class FailingStore:
    def __init__(self, store: FactStore, point: str) -> None:
        self._store = store
        self._when, _, self._what = point.partition(":")

    def load(self, stream: UUID) -> list[Fact]:
        return self._store.load(stream)

    def save(self, *changes: Changes, rows: Sequence[Row] = ()) -> None:
        if not any(type(fact).__name__ == self._what for change in changes for fact in change.facts):
            self._store.save(*changes, rows=rows)
            return
        if self._when == "before":
            die()
        self._store.save(*changes, rows=[*rows, lambda _: die()] if self._when == "inside" else rows)
        die()


class FailingAuthority:
    def __init__(self, authority: Authority, point: str) -> None:
        self._authority = authority
        self._point = point

    @property
    def chain(self) -> tuple[bytes, bytes]:
        return self._authority.chain

    def plan(self, request: CertificateRequest) -> Planned:
        planned = self._authority.plan(request)
        if self._point == "after:plan":
            die()
        return planned

    def sign(self, request: CertificateRequest, planned: Planned) -> bytes:
        certificate = self._authority.sign(request, planned)
        if self._point == "after:sign":
            die()
        return certificate


class FailingPackages:
    def __init__(self, packages: KeyPackages, point: str) -> None:
        self._packages = packages
        self._point = point

    def new_key(self) -> KeyPair:
        key = self._packages.new_key()
        if self._point == "after:key":
            die()
        return key

    def pack(
        self,
        user_id: str,
        key: KeyPair,
        certificate: bytes,
        chain: tuple[bytes, bytes],
        password: str,
        profile: Profile,
    ) -> bytes:
        package = self._packages.pack(user_id, key, certificate, chain, password, profile)
        if self._point == "after:pack":
            die()
        return package
