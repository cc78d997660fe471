"""What happens to a UserAccount: its facts, as they are stored for ever (R2-R4, R6)."""

from typing import ClassVar, Literal

from domain.certificate import Reason
from domain.fact import Fact, Instant

Role = Literal["general", "master", "bank_admin", "auditor"]
STAFF: tuple[Role, ...] = ("bank_admin", "auditor")


class UserRegistered(Fact, frozen=True):
    """`person` and `credential` are versions in the vault; `commitment` proves the person's row (R10.6).

    Where a master registers by the letter that password is the letter's, and the own one follows (R7.2).
    """

    TOPIC: ClassVar[str] = "user-account.registered.1"
    user_id: str
    role: Role
    organization: str | None
    person: int
    commitment: str
    credential: int
    password_until: Instant


class PasswordAccepted(Fact, frozen=True):
    """`entry`: issuance, login or step_up."""

    TOPIC: ClassVar[str] = "user-account.password-accepted.1"
    entry: str


class PasswordFailed(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.password-failed.1"
    entry: str


class AccessRefused(Fact, frozen=True):
    """A try whose password was not looked at; at most one a minute and account (R3.4)."""

    TOPIC: ClassVar[str] = "user-account.access-refused.1"
    reason: str


class AccountLocked(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.locked.1"
    lock: int
    until: Instant


class AccountLockExpired(Fact, frozen=True):
    """`at` is the end of the lock, whenever it is written (R3.7)."""

    TOPIC: ClassVar[str] = "user-account.lock-expired.1"


class AccountBlocked(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.blocked.1"


class AccountReleased(Fact, frozen=True):
    """`was`: locked or blocked."""

    TOPIC: ClassVar[str] = "user-account.released.1"
    was: str


class PasswordChanged(Fact, frozen=True):
    """By its owner; no end by time."""

    TOPIC: ClassVar[str] = "user-account.password-changed.1"
    credential: int


class PasswordReset(Fact, frozen=True):
    """By somebody else: generated, to be changed at the first login (R2.4)."""

    TOPIC: ClassVar[str] = "user-account.password-reset.1"
    credential: int
    password_until: Instant


class ContactChanged(Fact, frozen=True):
    """Name or mail address: another version in the vault, proven by its commitment (R10.6)."""

    TOPIC: ClassVar[str] = "user-account.contact-changed.1"
    person: int
    commitment: str


class AccountSuspended(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.suspended.1"


class AccountResumed(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.resumed.1"


class AccountClosed(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.closed.1"
    reason: str


class PersonalDataErased(Fact, frozen=True):
    """Name and mail addresses, passwords, and who asked for a revocation are gone from the vault (R10.6)."""

    TOPIC: ClassVar[str] = "user-account.personal-data-erased.1"


class IssuanceRefused(Fact, frozen=True):
    """After a right password, so no failed try (R4.2)."""

    TOPIC: ClassVar[str] = "user-account.issuance-refused.1"
    reason: str


class IssuanceCodeSent(Fact, frozen=True):
    """A code for the second check at issue is on its way by mail, good until `until` (R5.7). It stands in no fact."""

    TOPIC: ClassVar[str] = "user-account.issuance-code-sent.1"
    number: int
    until: Instant


class IssuanceCodeFailed(Fact, frozen=True):
    """No failed password: it counts for this code alone (R5.7)."""

    TOPIC: ClassVar[str] = "user-account.issuance-code-failed.1"
    number: int


class IssuanceCodeAccepted(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.issuance-code-accepted.1"
    number: int


class IssuanceStarted(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.issuance-started.1"
    number: int


class IssuanceCompleted(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.issuance-completed.1"
    number: int
    serial: str


class IssuanceAbandoned(Fact, frozen=True):
    """`reason`: timed_out, failed, cut_off, revoked, or the code of the refusal that came between."""

    TOPIC: ClassVar[str] = "user-account.issuance-abandoned.1"
    number: int
    reason: str


class CertificateEnded(Fact, frozen=True):
    """The bank revoked it: CertificateRevoked stands in its own stream, in the same save.

    Told here too, so that whoever decided on this account's certificates before it decides again (R4.2, R9.2).
    """

    TOPIC: ClassVar[str] = "user-account.certificate-ended.1"
    serial: str
    reason: Reason


class LoggedIn(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.logged-in.1"
    serial: str


class LoggedOut(Fact, frozen=True):
    TOPIC: ClassVar[str] = "user-account.logged-out.1"
