"""A clock that stands still until it is moved. Passes the same contract as the real one (tests/infra/test_clock.py)."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Give it where a Clock is wanted; `now` is the instant it shows, aware and UTC."""

    def __init__(self, now: datetime) -> None:
        self.set(now)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.set(self.now + by)

    def set(self, now: datetime) -> None:
        """Raises ValueError for a time without an offset."""
        if now.tzinfo is None:
            raise ValueError("an instant needs its offset from UTC")
        self.now = now.astimezone(UTC)
