"""The part of a UserAccount that lets its owner in or not: tries, lock and block, password, suspension (R2, R3, R6)."""

from datetime import datetime

import msgspec

from domain.errors import (
    AccountHeld,
    AccountIsBlocked,
    AccountIsClosed,
    AccountIsLocked,
    AccountIsSuspended,
    AlreadyClosed,
    NotClosed,
    NothingToRelease,
)
from domain.fact import Fact
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
    ContactChanged,
    LoggedIn,
    LoggedOut,
    PasswordAccepted,
    PasswordChanged,
    PasswordFailed,
    PasswordReset,
    PersonalDataErased,
    Role,
    UserRegistered,
)


class AccountAccess(msgspec.Struct, frozen=True, kw_only=True):
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
    erased: bool = False

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
        """Raises ValueError where staff are given an organization, or a customer's user none (section 1)."""
        if (organization is None) != (role in STAFF):
            raise ValueError(f"{role} in {organization or 'no organization'}")
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
        if lock := self.lockout.one_more_failure(now):
            facts.append(AccountLocked(at=now, by=self.user_id, lock=lock.number, until=lock.until))
            if lock.blocks:
                facts.append(AccountBlocked(at=now, by=self.user_id))
        return facts

    def expire_lock(self, by: str, now: datetime) -> list[Fact]:
        """Write down, once, that a lock has run out (R3.7)."""
        if self.lockout.has_run_out(now) and self.lockout.locked_until:
            return [AccountLockExpired(at=self.lockout.locked_until, by=by)]
        return []

    def release(self, by: str, now: datetime) -> list[Fact]:
        self._check_not_closed()
        if not self.lockout.is_held(now):
            raise NothingToRelease(self.user_id)
        return [AccountReleased(at=now, by=by, was="blocked" if self.lockout.blocked else "locked")]

    def change_password(self, now: datetime) -> list[Fact]:
        changed = PasswordChanged(at=now, by=self.user_id, credential=self.credential + 1)
        return [*self.expire_lock(self.user_id, now), changed]

    def reset_password(self, until: datetime, by: str, now: datetime) -> list[Fact]:
        """A reset also releases (R3.6)."""
        self._check_not_closed()
        released = self.release(by, now) if self.lockout.is_held(now) else self.expire_lock(by, now)
        return [*released, PasswordReset(at=now, by=by, credential=self.credential + 1, password_until=until)]

    def change_contact(self, commitment: str, by: str, now: datetime) -> list[Fact]:
        """The row that `commitment` proves is the vault's next version of the person."""
        self._check_not_closed()
        changed = ContactChanged(at=now, by=by, person=self.person + 1, commitment=commitment)
        return [*self.expire_lock(by, now), changed]

    def suspend(self, by: str, now: datetime) -> list[Fact]:
        self._check_not_closed()
        return [] if self.suspended else [*self.expire_lock(by, now), AccountSuspended(at=now, by=by)]

    def resume(self, by: str, now: datetime) -> list[Fact]:
        self._check_not_closed()
        return [*self.expire_lock(by, now), AccountResumed(at=now, by=by)] if self.suspended else []

    def close(self, reason: str, by: str, now: datetime) -> list[Fact]:
        self._check_not_closed()
        return [*self.expire_lock(by, now), AccountClosed(at=now, by=by, reason=reason)]

    def erase(self, by: str, now: datetime) -> list[Fact]:
        """Once. Refused while the account is open: its owner could not be written to any more (R10.6)."""
        if not self.closed:
            raise NotClosed(self.user_id)
        return [] if self.erased else [PersonalDataErased(at=now, by=by)]

    def _check_not_closed(self) -> None:
        """For what others do to an account; its owner's tries are refused by `hold`."""
        if self.closed:
            raise AlreadyClosed(self.user_id)

    def log_in(self, serial: str, now: datetime) -> list[Fact]:
        return [LoggedIn(at=now, by=self.user_id, serial=serial)]

    def log_out(self, now: datetime) -> list[Fact]:
        return [*self.expire_lock(self.user_id, now), LoggedOut(at=now, by=self.user_id)]
