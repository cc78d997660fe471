"""Six wrong passwords lock for sixty minutes, the third lock blocks (manual ④; R3.1-R3.4, R3.7): the rule alone."""

import pytest

from domain.lockout import Lock, Lockout
from tests.support.accounts import DAY, HOUR, MILLISECOND, MINUTE, NINE

LOCKED = Lockout(failures=6, locks=1, locked_until=NINE + HOUR)
BLOCKED = Lockout(failures=6, locks=3, locked_until=NINE + HOUR, blocked=True)


@pytest.mark.parametrize("failures", [0, 1, 2, 3, 4])
def test_up_to_the_fifth_failure_nothing_more_happens(failures: int) -> None:
    lockout = Lockout(failures=failures)

    assert lockout.one_more_failure(NINE) is None


def test_the_sixth_failure_starts_the_first_lock_for_sixty_minutes() -> None:
    lockout = Lockout(failures=5)

    assert lockout.one_more_failure(NINE) == Lock(1, NINE + 60 * MINUTE, blocks=False)


def test_the_second_lock_does_not_block_and_the_third_does() -> None:
    locked_once = Lockout(failures=5, locks=1)
    locked_twice = Lockout(failures=5, locks=2)

    assert locked_once.one_more_failure(NINE) == Lock(2, NINE + HOUR, blocks=False)
    assert locked_twice.one_more_failure(NINE) == Lock(3, NINE + HOUR, blocks=True)


def test_a_lock_holds_until_just_before_sixty_minutes_and_is_open_at_sixty() -> None:
    just_before = NINE + 60 * MINUTE - MILLISECOND
    at_the_end = NINE + 60 * MINUTE

    assert LOCKED.is_locked(just_before)
    assert LOCKED.is_held(just_before)
    assert not LOCKED.has_run_out(just_before)
    assert not LOCKED.is_locked(at_the_end)
    assert not LOCKED.is_held(at_the_end)
    assert LOCKED.has_run_out(at_the_end)


def test_failures_read_six_while_locked_and_none_from_the_end_of_the_lock() -> None:
    assert LOCKED.failures_at(NINE) == 6
    assert LOCKED.failures_at(NINE + HOUR - MILLISECOND) == 6
    assert LOCKED.failures_at(NINE + HOUR) == 0


def test_the_first_failure_after_a_lock_has_run_out_is_the_first_of_a_new_run() -> None:
    assert LOCKED.one_more_failure(NINE + HOUR) is None


def test_the_end_of_a_lock_resets_the_failures_and_never_the_lock_count() -> None:
    opened = LOCKED.after_lock_expired()

    assert opened == Lockout(failures=0, locks=1, locked_until=None, blocked=False)


def test_a_block_has_no_end_by_time() -> None:
    ten_years_on = NINE + 3652 * DAY

    assert BLOCKED.is_held(ten_years_on)
    assert not BLOCKED.has_run_out(ten_years_on)
    assert BLOCKED.failures_at(ten_years_on) == 6


def test_a_block_is_no_lock_even_before_its_last_lock_would_have_ended() -> None:
    assert not BLOCKED.is_locked(NINE)
    assert BLOCKED.is_held(NINE)


def test_who_never_failed_is_neither_locked_nor_run_out() -> None:
    fresh = Lockout()

    assert not fresh.is_held(NINE)
    assert not fresh.has_run_out(NINE)
    assert fresh.failures_at(NINE) == 0


def test_the_state_follows_failure_lock_and_block() -> None:
    failed = Lockout(failures=5, locks=2).after_failure()
    locked = failed.after_lock(3, NINE + HOUR)
    blocked = locked.after_block()

    assert failed == Lockout(failures=6, locks=2)
    assert locked == Lockout(failures=6, locks=3, locked_until=NINE + HOUR)
    assert blocked == BLOCKED
