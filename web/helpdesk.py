"""Whether the helpdesk answers now, and when it next begins to (manual 4 (2); R11.4)."""

from datetime import date, datetime, timedelta

import jpholiday

from domain.validity import japanese_day, start_of_day

SATURDAY = 5
YEARS_END = frozenset({(12, 31), (1, 1), (1, 2), (1, 3)})  # (month, day), whatever the weekday
DAY = timedelta(days=1)


def is_working_day(day: date) -> bool:
    """Monday to Friday but Japanese holidays, those in lieu too, and the four days around New Year."""
    return day.weekday() < SATURDAY and not jpholiday.is_holiday(day) and (day.month, day.day) not in YEARS_END


def is_open(now: datetime, opens: int, closes: int) -> bool:
    """`opens` and `closes` are hours of the Japanese day; at `closes` itself nobody answers any more."""
    today = japanese_day(now)
    hours_gone = (now - start_of_day(today)) / timedelta(hours=1)
    return is_working_day(today) and opens <= hours_gone < closes


def next_opening(now: datetime, opens: int) -> datetime:
    """The first opening after `now`, in UTC."""
    day = japanese_day(now)
    while not is_working_day(day) or start_of_day(day) + timedelta(hours=opens) <= now:
        day += DAY
    return start_of_day(day) + timedelta(hours=opens)
