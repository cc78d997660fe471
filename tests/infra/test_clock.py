"""The clock, real and movable: aware UTC instants (style 6, 29)."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.validity import JST
from infra.clock import Clock, now
from tests.support.clock import MovableClock

NINE = datetime(2026, 4, 1, 9, tzinfo=JST)


@pytest.mark.parametrize("clock", [now, MovableClock(NINE)], ids=["real", "movable"])
def test_a_clock_shows_aware_instants_in_utc(clock: Clock) -> None:
    assert clock().tzinfo is UTC


def test_the_movable_clock_stands_still_until_it_is_advanced() -> None:
    clock = MovableClock(NINE)

    clock.advance(timedelta(minutes=60))

    assert clock() == clock.now == NINE + timedelta(minutes=60)


def test_the_movable_clock_goes_where_it_is_set_also_backwards() -> None:
    clock = MovableClock(NINE)

    clock.set(NINE - timedelta(days=366))

    assert clock() == NINE - timedelta(days=366)


def test_the_movable_clock_refuses_a_time_without_an_offset() -> None:
    clock = MovableClock(NINE)

    with pytest.raises(ValueError, match="offset"):
        clock.set(datetime(2026, 4, 1, 9))  # noqa: DTZ001  (the fault under test)

    assert clock() == NINE
