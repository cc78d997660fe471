"""The code by mail that some organizations ask for at issue, beside the password (R5.7)."""

from datetime import date, datetime
from typing import Self

import msgspec

from domain.policy import CODE_TRIES


class IssuanceCode(msgspec.Struct, frozen=True):
    """The newest code sent to an account; only the newest is alive."""

    number: int
    until: datetime
    failures: int = 0

    @property
    def left(self) -> int:
        """Tries."""
        return CODE_TRIES - self.failures

    def is_alive(self, now: datetime) -> bool:
        return now < self.until and self.left > 0

    def after_failure(self) -> Self:
        return msgspec.structs.replace(self, failures=self.failures + 1)

    def after_success(self) -> Self:
        """It opens nothing a second time."""
        return msgspec.structs.replace(self, failures=CODE_TRIES)


class CodesOfDay(msgspec.Struct, frozen=True):
    """How many codes were sent on one day in Japan."""

    day: date
    sent: int = 0

    def one_more(self, day: date) -> Self:
        return msgspec.structs.replace(self, day=day, sent=self.sent + 1 if day == self.day else 1)

    def on(self, day: date) -> int:
        return self.sent if day == self.day else 0


NO_CODES = CodesOfDay(date.min)
