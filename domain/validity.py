"""366 days, and the 30 days of renewal before their end (manual 6; R4.1, R4.2). Days are Japanese days."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

import msgspec

from domain.policy import CLOCK_SKEW, RENEWAL_DAYS, VALIDITY_DAYS

JST = timezone(timedelta(hours=9), "JST")


def japanese_day(at: datetime) -> date:
    return at.astimezone(JST).date()


def instant_from(text: str) -> datetime:
    """ISO 8601, in UTC; JST where no offset stands, a date alone is its 00:00. Raises ValueError.

    Between date and time stands a T or a blank; the standard library takes any one character there.
    """
    date.fromisoformat(re.split("[T ]", text)[0])
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=JST)).astimezone(UTC)
    except OverflowError as error:  # the first and the last hours that there are
        raise ValueError(text) from error


def start_of_day(day: date) -> datetime:
    """00:00 JST of that day, in UTC."""
    return datetime.combine(day, time(), JST).astimezone(UTC)


def end_of(not_after: datetime) -> datetime:
    """The first instant after it: the second named by not_after still counts as a whole."""
    return not_after + timedelta(seconds=1)


class Validity(msgspec.Struct, frozen=True):
    """The certificate's own fields: whole seconds, both inclusive (RFC 5280 4.1.2.5)."""

    not_before: datetime
    not_after: datetime

    @classmethod
    def from_issue(cls, at: datetime) -> "Validity":
        """366 days counting the day of issue: the last day is issue day + 365, and ends at 23:59:59 JST."""
        last_day = japanese_day(at) + timedelta(days=VALIDITY_DAYS - 1)
        end = start_of_day(last_day + timedelta(days=1)) - timedelta(seconds=1)
        return cls(at.astimezone(UTC).replace(microsecond=0) - CLOCK_SKEW, end)

    @property
    def first_day(self) -> date:
        """The day of issue; not_before lies before it where the issue was just after midnight."""
        return self.last_day - timedelta(days=VALIDITY_DAYS - 1)

    @property
    def last_day(self) -> date:
        return japanese_day(self.not_after)

    @property
    def renewable_from(self) -> date:
        """The first day of the renewal window, from its 00:00 JST."""
        return self.last_day - timedelta(days=RENEWAL_DAYS)

    def has_begun(self, now: datetime) -> bool:
        return now >= self.not_before

    def is_over(self, now: datetime) -> bool:
        return now >= end_of(self.not_after)

    def is_renewable(self, now: datetime) -> bool:
        return now >= start_of_day(self.renewable_from)

    def days_left(self, now: datetime) -> int:
        """Days from today to the last day; 0 on the last day, negative after it."""
        return (self.last_day - japanese_day(now)).days
