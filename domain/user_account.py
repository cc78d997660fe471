"""UserAccount: who may try a password, who is locked, and which issue of a certificate is under way (R2-R4, R6).

Decisions are methods of the frozen state: they refuse with a DomainError or return facts. `after` folds one fact and
never refuses, for it runs at every replay.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

import msgspec

from domain.certificate import Certificate
from domain.errors import (
    AccountHeld,
    AccountIsBlocked,
    AccountIsClosed,
    AccountIsLocked,
    AccountIsSuspended,
    CertificateNotShown,
    CertificateStillValid,
    IssuanceIsOver,
    IssuanceIsRunning,
    IssuanceRefusal,
    NothingToRelease,
)
from domain.fact import Fact
from domain.issuance import Issuance
from domain.lockout import Lockout
from domain.policy import REFUSAL_PAUSE
from domain.user_account_facts import (
    STAFF,
    AccessRefused,
    AccountBlocked,
    AccountClosed,
    AccountLocked,
    AccountLockExpired,
    AccountReleased,
    AccountResumed,
    AccountSuspended,
    IssuanceAbandoned,
    IssuanceCompleted,
    IssuanceRefused,
    IssuanceStarted,
    LoggedIn,
    LoggedOut,
    PasswordAccepted,
    PasswordChanged,
    PasswordFailed,
    PasswordReset,
    Role,
    UserRegistered,
)


class UserAccount(msgspec.Struct, frozen=True, kw_only=True):
    user_id: str
    role: Role
    organization: str | None
    person: int
    credential: int
    password_until: datetime | None
    password_changed_at: datetime | None = None
    lockout: Lockout = Lockout()
    refused_at: datetime | None = None
    suspended: bool = False
    closed: bool = False
    issues: int = 0
    running: Issuance | None = None
    logged_in_at: datetime | None = None

    @classmethod
    def register(
        cls,
        user_id: str,
        role: Role,
        organization: str | None,
        commitment: str,
        password_until: datetime,
        by: str,
        now: datetime,
    ) -> list[Fact]:
        return [
            UserRegistered(
                at=now,
                by=by,
                user_id=user_id,
                role=role,
                organization=organization,
                person=1,
                commitment=commitment,
                credential=1,
                password_until=password_until,
            )
        ]

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    @property
    def must_change_password(self) -> bool:
        """The password came from somebody else (R2.4)."""
        return self.password_until is not None

    def hold(self, now: datetime) -> AccountHeld | None:
        """Why no password is looked at now, or None (R3.4)."""
        if self.closed:
            return AccountIsClosed()
        if self.lockout.blocked:
            return AccountIsBlocked()
        if self.suspended:
            return AccountIsSuspended()
        if self.lockout.is_locked(now) and self.lockout.locked_until:
            return AccountIsLocked(self.lockout.locked_until)
        return None

    def password_has_expired(self, now: datetime) -> bool:
        """An expired first or reset password is a wrong one (R2.4)."""
        return self.password_until is not None and now >= self.password_until

    def refuse_access(self, reason: str, now: datetime) -> list[Fact]:
        if self.refused_at is not None and now < self.refused_at + REFUSAL_PAUSE:
            return []
        return [*self.expire_lock(self.user_id, now), AccessRefused(at=now, by=self.user_id, reason=reason)]

    def accept_password(self, entry: str, now: datetime) -> list[Fact]:
        if hold := self.hold(now):
            raise hold
        return [*self.expire_lock(self.user_id, now), PasswordAccepted(at=now, by=self.user_id, entry=entry)]

    def fail_password(self, entry: str, now: datetime) -> list[Fact]:
        if hold := self.hold(now):
            raise hold
        facts = [*self.expire_lock(self.user_id, now), PasswordFailed(at=now, by=self.user_id, entry=entry)]
        failure = self.lockout.one_more_failure(now)
        if failure.lock is not None and failure.until is not None:
            facts.append(AccountLocked(at=now, by=self.user_id, lock=failure.lock, until=failure.until))
        if failure.blocks:
            facts.append(AccountBlocked(at=now, by=self.user_id))
        return facts

    def expire_lock(self, by: str, now: datetime) -> list[Fact]:
        """Write down, once, that a lock has run out (R3.7)."""
        if self.lockout.has_run_out(now) and self.lockout.locked_until:
            return [AccountLockExpired(at=self.lockout.locked_until, by=by)]
        return []

    def release(self, by: str, now: datetime) -> list[Fact]:
        if self.closed or not self.lockout.is_held(now):
            raise NothingToRelease(self.user_id)
        return [AccountReleased(at=now, by=by, was="blocked" if self.lockout.blocked else "locked")]

    def change_password(self, now: datetime) -> list[Fact]:
        changed = PasswordChanged(at=now, by=self.user_id, credential=self.credential + 1)
        return [*self.expire_lock(self.user_id, now), changed]

    def reset_password(self, until: datetime, by: str, now: datetime) -> list[Fact]:
        """A reset also releases (R3.6)."""
        if self.closed:
            raise AccountIsClosed()
        released = self.release(by, now) if self.lockout.is_held(now) else self.expire_lock(by, now)
        return [*released, PasswordReset(at=now, by=by, credential=self.credential + 1, password_until=until)]

    def suspend(self, by: str, now: datetime) -> list[Fact]:
        if self.closed:
            raise AccountIsClosed()
        return [] if self.suspended else [*self.expire_lock(by, now), AccountSuspended(at=now, by=by)]

    def resume(self, by: str, now: datetime) -> list[Fact]:
        if self.closed:
            raise AccountIsClosed()
        return [*self.expire_lock(by, now), AccountResumed(at=now, by=by)] if self.suspended else []

    def close(self, reason: str, by: str, now: datetime) -> list[Fact]:
        if self.closed:
            raise AccountIsClosed()
        return [*self.expire_lock(by, now), AccountClosed(at=now, by=by, reason=reason)]

    def log_in(self, serial: str, now: datetime) -> list[Fact]:
        return [LoggedIn(at=now, by=self.user_id, serial=serial)]

    def log_out(self, now: datetime) -> list[Fact]:
        return [*self.expire_lock(self.user_id, now), LoggedOut(at=now, by=self.user_id)]

    # ---- decisions: issuing a certificate ------------------------------------------------------------------------

    def issuance_refusal(
        self, newest: Certificate | None, shown: str | None, needs_shown: bool, now: datetime
    ) -> IssuanceRefusal | None:
        """Why no certificate can be issued to this person now, or None.

        `newest` is the one with the highest issue number that has not ended (R4.2), or none; one that has ended counts
        as none (R4.5). `shown` is the serial the browser
        presented, which only counts with the setting `needs_shown` (manual ②).
        """
        if self.running is not None and now < self.running.times_out_at():
            return IssuanceIsRunning(self.running.times_out_at())
        if newest is not None and newest.validity is not None and not newest.has_ended(now):
            if not newest.validity.is_renewable(now):
                return CertificateStillValid(newest.validity.last_day, newest.validity.renewable_from)
            if needs_shown and shown != newest.serial:
                return CertificateNotShown()
        return None

    def refuse_issuance(self, reason: str, now: datetime) -> list[Fact]:
        return [IssuanceRefused(at=now, by=self.user_id, reason=reason)]

    def start_issuance(
        self, newest: Certificate | None, shown: str | None, needs_shown: bool, now: datetime
    ) -> list[Fact]:
        """One issue at a time; the stream's own version makes it one for all processes (R4.6)."""
        if hold := self.hold(now):
            raise hold
        if refusal := self.issuance_refusal(newest, shown, needs_shown, now):
            raise refusal
        started = IssuanceStarted(at=now, by=self.user_id, number=self.issues + 1)
        return [*self.expire_lock(self.user_id, now), *self.abandon_overdue(self.user_id, now), started]

    def complete_issuance(self, number: int, serial: str, now: datetime) -> list[Fact]:
        """Refused where a close, suspension or block came first, or the ten minutes are over (R4.6).

        Not by a lock: with six guesses an outsider could stop anybody's issue.
        """
        hold = self.hold(now)
        if hold is not None and not isinstance(hold, AccountIsLocked):
            raise hold
        if self.running is None or self.running.number != number or now >= self.running.times_out_at():
            raise IssuanceIsOver(self.user_id)
        return [
            *self.expire_lock(self.user_id, now),
            IssuanceCompleted(at=now, by=self.user_id, number=number, serial=serial),
        ]

    def abandon_issuance(self, number: int, reason: str, by: str, now: datetime) -> list[Fact]:
        if self.running is None or self.running.number != number:
            return []
        return [IssuanceAbandoned(at=now, by=by, number=number, reason=reason)]

    def abandon_overdue(self, by: str, now: datetime) -> list[Fact]:
        """Ten minutes after 発行 an issue not completed is given up (R4.6)."""
        if self.running is None or now < self.running.times_out_at():
            return []
        return [IssuanceAbandoned(at=now, by=by, number=self.running.number, reason="timed_out")]

    def after(self, fact: Fact) -> Self:
        replace = msgspec.structs.replace
        match fact:
            case PasswordAccepted():
                return replace(self, lockout=Lockout())
            case PasswordFailed():
                return replace(self, lockout=self.lockout.after_failure())
            case AccessRefused(at=at):
                return replace(self, refused_at=at)
            case AccountLocked(lock=lock, until=until):
                return replace(self, lockout=self.lockout.after_lock(lock, until))
            case AccountLockExpired():
                return replace(self, lockout=self.lockout.after_lock_expired())
            case AccountBlocked():
                return replace(self, lockout=self.lockout.after_block())
            case AccountReleased():
                return replace(self, lockout=Lockout())
            case PasswordChanged(at=at, credential=credential):
                return replace(self, credential=credential, password_until=None, password_changed_at=at)
            case PasswordReset(credential=credential, password_until=until):
                return replace(self, credential=credential, password_until=until)
            case AccountSuspended():
                return replace(self, suspended=True)
            case AccountResumed():
                return replace(self, suspended=False)
            case AccountClosed():
                return replace(self, closed=True, running=None)
            case IssuanceStarted(at=at, number=number):
                return replace(self, issues=number, running=Issuance(number, at))
            case IssuanceCompleted() | IssuanceAbandoned():
                return replace(self, running=None)
            case LoggedIn(at=at):
                return replace(self, logged_in_at=at)
            case _:
                return self


def account_from(facts: Iterable[Fact]) -> UserAccount | None:
    """The state after `facts`, or None where there are none."""
    state: UserAccount | None = None
    for fact in facts:
        if isinstance(fact, UserRegistered):
            state = UserAccount(
                user_id=fact.user_id,
                role=fact.role,
                organization=fact.organization,
                person=fact.person,
                credential=fact.credential,
                password_until=fact.password_until,
            )
        elif state is not None:
            state = state.after(fact)
    return state
