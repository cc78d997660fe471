"""The part of an Organization that lets its master in by the bank's letter: tries, lock and block, the letter (R7.2).

The rule of tries is the accounts' (domain/lockout.py); its facts and refusals have names of their own.
"""

from datetime import datetime

import msgspec

from domain.errors import (
    AlreadyClosed,
    AlreadyRegistered,
    InvitationExpired,
    InvitationHeld,
    InvitationIsBlocked,
    InvitationIsLocked,
    InvitationReplaced,
    NothingToRelease,
    OrganizationIsClosed,
)
from domain.fact import Fact
from domain.lockout import Lockout
from domain.organization_facts import (
    InvitationAccepted,
    InvitationBlocked,
    InvitationFailed,
    InvitationLocked,
    InvitationLockExpired,
    InvitationRefused,
    InvitationReleased,
    MasterRegistered,
)
from domain.policy import REFUSAL_PAUSE


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """`credential` is the letter's, a version in the vault; 0 before the first letter."""

    code: str
    credential: int = 0
    password_until: datetime | None = None
    lockout: Lockout = Lockout()
    refused_at: datetime | None = None
    master: str | None = None
    closed: bool = False

    def hold(self, now: datetime) -> InvitationHeld | None:
        """Why no initial password is looked at now, or None (R3.4)."""
        if self.closed:
            return OrganizationIsClosed()
        if self.lockout.blocked:
            return InvitationIsBlocked()
        if self.lockout.is_locked(now) and self.lockout.locked_until:
            return InvitationIsLocked(self.lockout.locked_until)
        return None

    def refuse_try(self, reason: str, now: datetime) -> list[Fact]:
        if self.refused_at is not None and now < self.refused_at + REFUSAL_PAUSE:
            return []
        return [*self._expire_lock(self.code, now), InvitationRefused(at=now, by=self.code, reason=reason)]

    def fail_try(self, now: datetime) -> list[Fact]:
        if hold := self.hold(now):
            raise hold
        facts = [*self._expire_lock(self.code, now), InvitationFailed(at=now, by=self.code)]
        if lock := self.lockout.one_more_failure(now):
            facts.append(InvitationLocked(at=now, by=self.code, lock=lock.number, until=lock.until))
            if lock.blocks:
                facts.append(InvitationBlocked(at=now, by=self.code))
        return facts

    def accept_try(self, now: datetime) -> list[Fact]:
        """The right initial password; also where `refusal` then sends its owner away (R3.2)."""
        if hold := self.hold(now):
            raise hold
        accepted = [*self._expire_lock(self.code, now), InvitationAccepted(at=now, by=self.code)]
        if refusal := self.refusal(now):
            return [*accepted, InvitationRefused(at=now, by=self.code, reason=refusal.code)]
        return accepted

    def refusal(self, now: datetime) -> AlreadyRegistered | InvitationExpired | None:
        """What only the right initial password is told (R7.2)."""
        if self.master is not None:
            return AlreadyRegistered(self.code)
        if self.password_until is None or now >= self.password_until:
            return InvitationExpired(self.code)
        return None

    def register_invited(self, credential: int, user_id: str, now: datetime) -> list[Fact]:
        """The master's own registration, by the letter of that `credential`, which dies with it (R7.2).

        Judged as it stands now: another tab was quicker, the letter ran out, or the bank sent another one meanwhile. A
        lock does not stop it, for an outsider can cause one with six guesses (R3.11).
        """
        hold = self.hold(now)
        if hold is not None and not isinstance(hold, InvitationIsLocked):
            raise hold
        if credential != self.credential:
            raise InvitationReplaced(self.code)
        if refusal := self.refusal(now):
            raise refusal
        return [*self._expire_lock(user_id, now), MasterRegistered(at=now, by=user_id, user_id=user_id)]

    def release(self, by: str, now: datetime) -> list[Fact]:
        """By the bank (R7.2, R3.6)."""
        self._check_not_closed()
        if not self.lockout.is_held(now):
            raise NothingToRelease(self.code)
        return [InvitationReleased(at=now, by=by, was="blocked" if self.lockout.blocked else "locked")]

    def _expire_lock(self, by: str, now: datetime) -> list[Fact]:
        """Write down, once, that a lock has run out (R3.7)."""
        if self.lockout.has_run_out(now) and self.lockout.locked_until:
            return [InvitationLockExpired(at=self.lockout.locked_until, by=by)]
        return []

    def _check_not_closed(self) -> None:
        """For what others do to it; tries are refused by `hold`."""
        if self.closed:
            raise AlreadyClosed(self.code)
