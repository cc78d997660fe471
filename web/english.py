"""Dates as English pages say them, in Japan's time; each by the name of its Japanese sister (web/dates.py)."""

from datetime import date, datetime

from web.dates import hour, japanese_date, second

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def day(of: date) -> str:
    """26 November 2026"""
    return f"{month_and_day(of)} {japanese_date(of).year}"


def month_and_day(of: date) -> str:
    """26 November"""
    shown = japanese_date(of)
    return f"{shown.day} {MONTHS[shown.month - 1]}"


def day_and_weekday(of: date) -> str:
    """Thu, 26 November 2026"""
    return f"{WEEKDAYS[japanese_date(of).weekday()]}, {day(of)}"


def short_day(of: date) -> str:
    """Thu, 26 November"""
    return f"{WEEKDAYS[japanese_date(of).weekday()]}, {month_and_day(of)}"


def brief_day(of: date) -> str:
    """26 Nov"""
    return f"{japanese_date(of).day} {month(of)}"


def month(of: date) -> str:
    """Nov"""
    return MONTHS[japanese_date(of).month - 1][:3]


def instant(at: datetime) -> str:
    """Thu, 26 November 2026, 14:32"""
    return f"{day_and_weekday(at)}, {hour(at)}"


def to_the_second(at: datetime) -> str:
    """Thu, 26 November 2026, 14:32:41"""
    return f"{day_and_weekday(at)}, {second(at)}"


FILTERS = (day, month_and_day, day_and_weekday, short_day, brief_day, month, instant, to_the_second)
