"""Certificate: one stream per account and issue number - planned, issued, handed over, used, revoked (R4).

Several plans may stand in a stream after crashes, at most one issue.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID, uuid5

import msgspec

from domain.errors import (
    CertificateExpired,
    CertificateIsRevoked,
    CertificateIsSuperseded,
    CertificateNotYetValid,
    CertificateUnusable,
    IssuanceIsOver,
    NothingToRevoke,
    PackageGone,
)
from domain.fact import Fact, Instant
from domain.policy import PACKAGE_LIFE
from domain.validity import Validity

CERTIFICATES = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a03")

# What a bank admin may give as reason (R9.2), and what the system itself revokes for (R4.4, R6.4).
Reason = Literal["pc_changed", "not_imported", "lost", "retired", "requested", "superseded", "closed"]
REASONS: tuple[Reason, ...] = ("pc_changed", "not_imported", "lost", "retired", "requested")
ENDS_ONLY_THE_NAMED: Reason = "not_imported"

State = Literal["planned", "live", "expired", "revoked", "superseded"]


def written_serial(typed: str) -> str:
    """A serial number in hex as it is kept, whole octets in upper case: some programs leave a leading zero out."""
    digits = typed.upper().lstrip("0")
    return digits.zfill(len(digits) + len(digits) % 2)


def certificate_stream(user_id: str, number: int) -> UUID:
    return uuid5(CERTIFICATES, f"{user_id.lower()}/{number}")


class CertificatePlanned(Fact, frozen=True):
    """What will be signed, before it is: `tbs` is the DER of TBSCertificate (RFC 5280 4.1), `sha256` its hex digest."""

    TOPIC: ClassVar[str] = "certificate.planned.1"
    user_id: str
    number: int
    serial: str
    tbs: bytes
    sha256: str


class CertificateIssued(Fact, frozen=True):
    """`der` is the certificate, `fingerprint` the hex SHA-256 of it."""

    TOPIC: ClassVar[str] = "certificate.issued.1"
    serial: str
    der: bytes
    fingerprint: str
    not_before: Instant
    not_after: Instant


class KeyPackageDelivered(Fact, frozen=True):
    TOPIC: ClassVar[str] = "certificate.key-package-delivered.1"


class KeyPackageDestroyed(Fact, frozen=True):
    """`reason`: closed, timed_out, delivered (to a file), revoked, blocked."""

    TOPIC: ClassVar[str] = "certificate.key-package-destroyed.1"
    reason: str


class CertificateFirstUsed(Fact, frozen=True):
    TOPIC: ClassVar[str] = "certificate.first-used.1"


class CertificateRevoked(Fact, frozen=True):
    """`serial` may be a planned one. `request` is the vault's version of who asked for it, where somebody did."""

    TOPIC: ClassVar[str] = "certificate.revoked.1"
    serial: str
    reason: Reason
    request: int | None = None
    commitment: str | None = None
    paper_number: str | None = None


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    user_id: str
    number: int
    plans: tuple[str, ...] = ()
    serial: str | None = None
    fingerprint: str | None = None
    validity: Validity | None = None
    issued_at: datetime | None = None
    package_waits: bool = False
    delivered: bool = False
    first_used_at: datetime | None = None
    revoked: Reason | None = None
    revoked_at: datetime | None = None
    revoked_plans: frozenset[str] = frozenset()

    # ---- questions -----------------------------------------------------------------------------------------------

    def state(self, now: datetime) -> State:
        """Revoked or superseded wins over expired; before not_before it counts as live (only clocks are early)."""
        if self.validity is None:
            return "planned"
        if self.revoked is not None:
            return "superseded" if self.revoked == "superseded" else "revoked"
        return "expired" if self.validity.is_over(now) else "live"

    def has_ended(self, now: datetime) -> bool:
        return self.state(now) not in ("planned", "live")

    def unusable(self, now: datetime) -> CertificateUnusable | None:
        """Why nobody can log in with it at `now`, or None (R5.1).

        A plan, which no fingerprint leads to, is refused like a revoked one all the same.
        """
        match self.state(now):
            case "revoked" | "planned":
                return CertificateIsRevoked()
            case "superseded":
                return CertificateIsSuperseded()
            case "expired":
                return CertificateExpired()
        if self.validity is not None and not self.validity.has_begun(now):
            return CertificateNotYetValid()
        return None

    def package_until(self) -> datetime | None:
        """Until when the p12 can be received (R4.8)."""
        return self.issued_at + PACKAGE_LIFE if self.issued_at and self.package_waits else None

    # ---- decisions -----------------------------------------------------------------------------------------------

    @classmethod
    def plan(
        cls, user_id: str, number: int, serial: str, tbs: bytes, sha256: str, by: str, now: datetime
    ) -> list[Fact]:
        return [
            CertificatePlanned(at=now, by=by, user_id=user_id, number=number, serial=serial, tbs=tbs, sha256=sha256)
        ]

    def issue(
        self, serial: str, der: bytes, fingerprint: str, validity: Validity, by: str, now: datetime
    ) -> list[Fact]:
        """Refused where another process came first, or the planned serial was revoked meanwhile."""
        if self.serial is not None or serial not in self.plans or serial in self.revoked_plans:
            raise IssuanceIsOver(self.user_id)
        return [
            CertificateIssued(
                at=now,
                by=by,
                serial=serial,
                der=der,
                fingerprint=fingerprint,
                not_before=validity.not_before,
                not_after=validity.not_after,
            )
        ]

    def deliver_package(self, by: str, now: datetime) -> list[Fact]:
        until = self.package_until()
        if until is None or now >= until:
            raise PackageGone(self.user_id)
        return [KeyPackageDelivered(at=now, by=by)]

    def destroy_package(self, reason: str, by: str, now: datetime) -> list[Fact]:
        return [KeyPackageDestroyed(at=now, by=by, reason=reason)] if self.package_waits else []

    def use(self, by: str, now: datetime) -> list[Fact]:
        return [] if self.first_used_at else [CertificateFirstUsed(at=now, by=by)]

    def revoke(
        self,
        reason: Reason,
        by: str,
        now: datetime,
        *,
        serial: str | None = None,
        request: int | None = None,
        commitment: str | None = None,
        paper_number: str | None = None,
    ) -> list[Fact]:
        """Ends the certificate, or a planned serial; a waiting p12 is destroyed with it (R3.11)."""
        named = serial or self.serial
        if named is None or named not in self.plans or named in self.revoked_plans:
            raise NothingToRevoke(named)
        if named == self.serial and self.has_ended(now):
            raise NothingToRevoke(named)
        revoked = CertificateRevoked(
            at=now,
            by=by,
            serial=named,
            reason=reason,
            request=request,
            commitment=commitment,
            paper_number=paper_number,
        )
        return [revoked, *(self.destroy_package("revoked", by, now) if named == self.serial else [])]

    # ---- the fold ------------------------------------------------------------------------------------------------

    def after(self, fact: Fact) -> Self:
        replace = msgspec.structs.replace
        match fact:
            case CertificatePlanned(serial=serial):
                return replace(self, plans=(*self.plans, serial))
            case CertificateIssued(at=at, serial=serial, fingerprint=fingerprint, not_before=start, not_after=end):
                return replace(
                    self,
                    serial=serial,
                    fingerprint=fingerprint,
                    validity=Validity(start, end),
                    issued_at=at,
                    package_waits=True,
                )
            case KeyPackageDelivered():
                return replace(self, delivered=True)
            case KeyPackageDestroyed():
                return replace(self, package_waits=False)
            case CertificateFirstUsed(at=at):
                return replace(self, first_used_at=at)
            case CertificateRevoked(at=at, serial=serial, reason=reason) if serial == self.serial:
                return replace(self, revoked=reason, revoked_at=at)
            case CertificateRevoked(serial=serial):
                return replace(self, revoked_plans=self.revoked_plans | {serial})
            case _:
                return self


def certificate_from(facts: Iterable[Fact]) -> Certificate | None:
    """The state after `facts`, or None where there are none."""
    state: Certificate | None = None
    for fact in facts:
        if state is None and isinstance(fact, CertificatePlanned):
            state = Certificate(user_id=fact.user_id, number=fact.number)
        if state is not None:
            state = state.after(fact)
    return state
