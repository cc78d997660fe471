"""Six wrong passwords lock for sixty minutes, the third lock blocks (manual ④; R3.1-R3.4, R3.7).

One state for everything that takes a password: accounts, and an organization's invitation. The aggregates name the
facts; this file holds the rule.
"""

from datetime import datetime
from typing import Self

import msgspec

from domain.policy import FAILURES_TO_LOCK, LOCK_DURATION, LOCKS_TO_BLOCK


class Lock(msgspec.Struct, frozen=True):
    """What one wrong password too many starts: the lock of that `number` since the last success or release."""

    number: int
    until: datetime
    blocks: bool


class Lockout(msgspec.Struct, frozen=True, kw_only=True):
    failures: int = 0
    locks: int = 0
    locked_until: datetime | None = None
    blocked: bool = False

    def is_locked(self, now: datetime) -> bool:
        return not self.blocked and self.locked_until is not None and now < self.locked_until

    def has_run_out(self, now: datetime) -> bool:
        """The lock's time has passed and nobody recorded it yet. The lock that blocked never runs out."""
        return not self.blocked and self.locked_until is not None and now >= self.locked_until

    def is_held(self, now: datetime) -> bool:
        return self.blocked or self.is_locked(now)

    def failures_at(self, now: datetime) -> int:
        """6 while locked or blocked, 0 once the lock's time has passed."""
        return 0 if self.has_run_out(now) else self.failures

    def one_more_failure(self, now: datetime) -> Lock | None:
        """The lock that one more wrong password starts, if it starts one."""
        if self.failures_at(now) + 1 < FAILURES_TO_LOCK:
            return None
        number = self.locks + 1
        return Lock(number, now + LOCK_DURATION, blocks=number >= LOCKS_TO_BLOCK)

    def after_failure(self) -> Self:
        return msgspec.structs.replace(self, failures=self.failures + 1)

    def after_lock(self, number: int, until: datetime) -> Self:
        return msgspec.structs.replace(self, locks=number, locked_until=until)

    def after_lock_expired(self) -> Self:
        """Time resets the failures, never the lock count (R3.2)."""
        return msgspec.structs.replace(self, failures=0, locked_until=None)

    def after_block(self) -> Self:
        return msgspec.structs.replace(self, blocked=True)
