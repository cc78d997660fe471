"""The 366 days of a certificate and the 30 days of renewal before their end (manual 6; R4.1, R4.2)."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from domain.validity import JST, Validity, instant_from, japanese_day, start_of_day
from tests.support.accounts import DAY, MINUTE, NINE, SECOND, japan

MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("issued", "last_day"),
    [
        (date(2026, 11, 23), date(2027, 11, 23)),  # a year of 365 days: the same day one year on is the 366th
        (date(2027, 2, 28), date(2028, 2, 28)),
        (date(2027, 3, 1), date(2028, 2, 29)),  # the 366th day is the leap day itself
        (date(2027, 3, 2), date(2028, 3, 1)),  # a leap day inside counts as a day
        (date(2028, 2, 28), date(2029, 2, 27)),
        (date(2028, 2, 29), date(2029, 2, 28)),  # issued on a leap day
        (date(2028, 3, 1), date(2029, 3, 1)),
        (date(2027, 12, 31), date(2028, 12, 30)),
        (date(2028, 1, 1), date(2028, 12, 31)),  # 366 days are exactly a leap year
        (date(2026, 12, 31), date(2027, 12, 31)),
        (date(2027, 1, 1), date(2028, 1, 1)),
    ],
)
def test_the_last_day_is_the_366th_counting_the_day_of_issue(issued: date, last_day: date) -> None:
    noon = japan(issued.year, issued.month, issued.day, 12)

    validity = Validity.from_issue(noon)

    assert (validity.first_day, validity.last_day) == (issued, last_day)
    assert validity.not_after == japan(last_day.year, last_day.month, last_day.day, 23, 59, 59)
    assert (last_day - issued).days + 1 == 366


def test_an_issue_in_the_last_second_of_a_japanese_day_counts_that_day() -> None:
    last_moment = datetime(2026, 11, 23, 14, 59, 59, 999_999, tzinfo=UTC)  # 23:59:59 in Japan

    validity = Validity.from_issue(last_moment)

    assert validity.not_after == datetime(2027, 11, 23, 14, 59, 59, tzinfo=UTC)


def test_an_issue_at_midnight_in_japan_counts_the_new_day_though_utc_has_the_old_one() -> None:
    midnight = datetime(2026, 11, 23, 15, tzinfo=UTC)  # 00:00:00 of the 24th in Japan

    validity = Validity.from_issue(midnight)

    assert validity.not_after == datetime(2027, 11, 24, 14, 59, 59, tzinfo=UTC)
    assert validity.not_before == datetime(2026, 11, 23, 14, 55, tzinfo=UTC)  # the skew moves no day
    assert validity.first_day == date(2026, 11, 24)


def test_it_begins_five_minutes_before_the_issue_in_whole_seconds_of_utc() -> None:
    issued = datetime(2026, 11, 23, 9, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=9)))

    validity = Validity.from_issue(issued)

    assert validity.not_before == NINE - 5 * MINUTE
    assert validity.not_before.tzinfo is UTC
    assert validity.not_after.tzinfo is UTC


def test_it_has_begun_at_not_before_and_not_a_moment_earlier() -> None:
    validity = Validity.from_issue(NINE)

    assert not validity.has_begun(NINE - 5 * MINUTE - MICROSECOND)
    assert validity.has_begun(NINE - 5 * MINUTE)


def test_the_last_second_of_the_last_day_counts_as_a_whole() -> None:
    validity = Validity.from_issue(NINE)

    assert not validity.is_over(japan(2027, 11, 23, 23, 59, 59))
    assert not validity.is_over(japan(2027, 11, 23, 23, 59, 59, 999_999))
    assert validity.is_over(japan(2027, 11, 24))


def test_renewal_opens_thirty_days_before_the_last_day_at_midnight_in_japan() -> None:
    validity = Validity.from_issue(NINE)  # last day 2027-11-23

    assert validity.renewable_from == date(2027, 10, 24)
    assert not validity.is_renewable(japan(2027, 10, 23, 23, 59, 59, 999_999))
    assert validity.is_renewable(japan(2027, 10, 24))


@pytest.mark.parametrize(
    ("issued", "renewable_from"),
    [
        (date(2027, 3, 31), date(2028, 2, 29)),  # last day 2028-03-30: the window opens on the leap day
        (date(2026, 3, 31), date(2027, 3, 1)),  # last day 2027-03-31
        (date(2027, 1, 31), date(2028, 1, 1)),  # last day 2028-01-31
        (date(2027, 1, 30), date(2027, 12, 31)),  # last day 2028-01-30
    ],
)
def test_the_window_opens_thirty_days_before_across_leap_days_and_new_year(issued: date, renewable_from: date) -> None:
    noon = japan(issued.year, issued.month, issued.day, 12)

    validity = Validity.from_issue(noon)

    assert validity.renewable_from == renewable_from


def test_days_left_count_japanese_days_to_the_last_day() -> None:
    validity = Validity.from_issue(NINE)

    assert validity.days_left(NINE) == 365
    assert validity.days_left(japan(2027, 10, 23, 23, 59, 59)) == 31
    assert validity.days_left(japan(2027, 10, 24)) == 30
    assert validity.days_left(japan(2027, 11, 23, 23, 59, 59)) == 0
    assert validity.days_left(japan(2027, 11, 24)) == -1


def test_a_japanese_day_begins_at_fifteen_hours_of_the_utc_day_before() -> None:
    assert japanese_day(datetime(2028, 2, 28, 14, 59, 59, 999_999, tzinfo=UTC)) == date(2028, 2, 28)
    assert japanese_day(datetime(2028, 2, 28, 15, tzinfo=UTC)) == date(2028, 2, 29)
    assert start_of_day(date(2028, 2, 29)) == datetime(2028, 2, 28, 15, tzinfo=UTC)
    assert JST.tzname(None) == "JST"


def test_the_start_of_a_day_is_given_in_utc() -> None:
    start = start_of_day(date(2027, 1, 1))

    assert start.utcoffset() == timedelta(0)
    assert start + DAY - SECOND == japan(2027, 1, 1, 23, 59, 59)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T09:30", japan(2026, 11, 23, 9, 30)),
        ("2026-11-23 09:30:15.25", japan(2026, 11, 23, 9, 30, 15, 250_000)),
        ("2026-11-23", japan(2026, 11, 23)),
        ("20261123T0930", japan(2026, 11, 23, 9, 30)),
        ("2026-11-23T00:30Z", japan(2026, 11, 23, 9, 30)),
        ("2026-11-22T19:30-05:00", japan(2026, 11, 23, 9, 30)),
        ("2026-W48-1 09:30", japan(2026, 11, 23, 9, 30)),
    ],
)
def test_an_instant_is_read_as_japanese_time_where_no_offset_stands(text: str, expected: datetime) -> None:
    read = instant_from(text)

    assert read == expected
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-11-31", "2026-11-23T25:00", "0001-01-01", "9999-12-31T23:59-01:00"),
        *("2026-11-23T", "T09:30", "2026-11-23  09:30", " 2026-11-23", "2026-11-23 ", "2026-11-23T09:30T09:30"),
        *("２０２６-11-23", "2026-11-23T０９:30", "2026-11-23T09:30\udcff"),
    ],
)
def test_what_names_no_instant_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the standard library's own, whose words change)
        instant_from(text)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59-01:00"])
def test_a_moment_that_utc_cannot_tell_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        instant_from(text)


@pytest.mark.parametrize("day", ["2026-11-23", "20261123", "2026-W48-1", "2026-W48"])
@pytest.mark.parametrize("between", ["t", "_", "-", "1", "W", ":", "\t", "\N{NO-BREAK SPACE}", "あ", "\udcff", "\x00"])
def test_between_date_and_time_stands_a_t_or_a_blank_and_nothing_else(day: str, between: str) -> None:
    """Though `datetime.fromisoformat` takes any one character there."""
    with pytest.raises(ValueError):  # noqa: PT011  (the standard library's own, whose words change)
        instant_from(f"{day}{between}09:30")
