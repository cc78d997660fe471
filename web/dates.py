"""Dates as Japanese pages say them, in Japan's time (R5.6)."""

from datetime import UTC, date, datetime, timedelta

from domain.validity import JST

WEEKDAYS = "月火水木金土日"


def in_japan(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone has no Japanese time")
    return at.astimezone(JST)


def japanese_date(of: date) -> date:
    return in_japan(of).date() if isinstance(of, datetime) else of


def day(of: date) -> str:
    """2026年11月26日"""
    shown = japanese_date(of)
    return f"{shown.year}年{month_and_day(shown)}"


def month_and_day(of: date) -> str:
    """11月26日"""
    shown = japanese_date(of)
    return f"{shown.month}月{shown.day}日"


def day_and_weekday(of: date) -> str:
    """2026年11月26日(木)"""
    return f"{day(of)}({WEEKDAYS[japanese_date(of).weekday()]})"


def short_day(of: date) -> str:
    """11月26日(木)"""
    return f"{month_and_day(of)}({WEEKDAYS[japanese_date(of).weekday()]})"


def brief_day(of: date) -> str:
    """11/26"""
    shown = japanese_date(of)
    return f"{shown.month}/{shown.day}"


def month(of: date) -> str:
    """11月"""
    return f"{japanese_date(of).month}月"


def hour(at: datetime) -> str:
    """14:32; no leading zero before ten o'clock."""
    shown = in_japan(at)
    return f"{shown.hour}:{shown.minute:02}"


def second(at: datetime) -> str:
    """14:32:41"""
    return f"{hour(at)}:{at.second:02}"


def to_the_second(at: datetime) -> str:
    """2026年11月26日(木) 14:32:41"""
    return f"{day_and_weekday(at)} {second(at)}"


def typed_instant(at: datetime) -> str:
    """2026-11-26 14:32:41.204518, as it is typed to ask for exactly that moment."""
    return in_japan(at).replace(tzinfo=None).isoformat(" ")


def utc(at: datetime) -> str:
    """2026-11-26T05:32:41.204518Z"""
    return in_japan(at).astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant(at: datetime) -> str:
    """2026年11月26日(木) 14:32"""
    return f"{day_and_weekday(at)} {hour(at)}"


def days_before(of: date, days: int) -> date:
    return of - timedelta(days=days)


FILTERS = (
    *(day, month_and_day, day_and_weekday, short_day, brief_day, month, hour, second, instant, to_the_second),
    *(typed_instant, utc, japanese_date, days_before),
)
