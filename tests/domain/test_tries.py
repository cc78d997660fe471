"""Wrong and right passwords, locks, blocks and releases on an account (manual ④; R3.1-R3.4, R3.6, R3.7)."""

import pytest

from domain.errors import AccountIsBlocked, AccountIsLocked, AlreadyClosed, NothingToRelease
from domain.fact import WORKER
from domain.lockout import Lockout
from tests.support.accounts import (
    DAY,
    HOUR,
    MASTER,
    MILLISECOND,
    MINUTE,
    NINE,
    accept_password,
    account_blocked,
    account_locked,
    fact,
    facts,
    fail_password,
    registered,
)

# ---- six failures, three locks


def test_the_fifth_wrong_password_in_a_row_only_counts() -> None:
    account = registered()

    fail_password(account, times=5, at=NINE)

    assert facts(account)[1:] == [fact("PasswordFailed", NINE, entry="issuance")] * 5
    assert account.state.hold(NINE) is None


def test_the_sixth_wrong_password_in_a_row_locks_for_sixty_minutes() -> None:
    account = registered()
    fail_password(account, times=5, at=NINE)

    decided = account.record(account.state.fail_password("login", NINE + MINUTE))

    assert decided == [
        fact("PasswordFailed", NINE + MINUTE, entry="login"),
        fact("AccountLocked", NINE + MINUTE, lock=1, until=NINE + 61 * MINUTE),
    ]


def test_one_counter_runs_over_issuance_login_and_step_up() -> None:
    account = registered()

    for entry in ("issuance", "login", "step_up", "issuance", "login", "step_up"):
        account.record(account.state.fail_password(entry, NINE))

    assert facts(account)[-1] == fact("AccountLocked", NINE, lock=1, until=NINE + HOUR)


def test_a_lock_holds_to_the_last_moment_of_its_sixtieth_minute() -> None:
    account = account_locked()

    last_moment = account.state.hold(NINE + HOUR - MILLISECOND)
    at_sixty_minutes = account.state.hold(NINE + HOUR)

    assert isinstance(last_moment, AccountIsLocked)
    assert last_moment.until == NINE + HOUR
    assert at_sixty_minutes is None


def test_the_second_lock_needs_six_more_failures() -> None:
    account = account_locked()

    fail_password(account, times=5, at=NINE + HOUR)
    after_five = account.state.hold(NINE + HOUR)
    fail_password(account, times=1, at=NINE + HOUR)

    assert after_five is None
    assert facts(account)[-1] == fact("AccountLocked", NINE + HOUR, lock=2, until=NINE + 2 * HOUR)


def test_the_seventeenth_failure_in_a_row_does_not_block() -> None:
    account = account_locked(times=2)

    fail_password(account, times=5, at=NINE + 2 * HOUR)

    assert account.state.hold(NINE + 2 * HOUR) is None


def test_the_third_lock_is_a_block_in_the_same_decision() -> None:
    account = account_locked(times=2)
    now = NINE + 2 * HOUR
    fail_password(account, times=5, at=now)

    decided = account.record(account.state.fail_password("issuance", now))

    assert decided == [
        fact("PasswordFailed", now, entry="issuance"),
        fact("AccountLocked", now, lock=3, until=now + HOUR),
        fact("AccountBlocked", now),
    ]
    assert [type(each).__name__ for each in facts(account)].count("PasswordFailed") == 18


def test_a_block_has_no_end() -> None:
    account = account_blocked()

    assert isinstance(account.state.hold(NINE + 3 * HOUR), AccountIsBlocked)
    assert isinstance(account.state.hold(NINE + 3652 * DAY), AccountIsBlocked)


def test_the_days_between_failures_do_not_end_a_run() -> None:
    account = registered()

    for day in range(6):
        fail_password(account, times=1, at=NINE + day * DAY)

    assert facts(account)[-1] == fact("AccountLocked", NINE + 5 * DAY, lock=1, until=NINE + 5 * DAY + HOUR)


# ---- the end of a lock


def test_the_end_of_a_lock_is_told_once_and_first_in_the_next_decision() -> None:
    account = account_locked()
    later = NINE + 3 * HOUR

    first = account.record(account.state.fail_password("login", later))
    second = account.record(account.state.fail_password("login", later))

    assert first == [fact("AccountLockExpired", NINE + HOUR), fact("PasswordFailed", later, entry="login")]
    assert second == [fact("PasswordFailed", later, entry="login")]


def test_the_end_of_a_lock_comes_before_an_accepted_password() -> None:
    account = account_locked()

    decided = account.state.accept_password("login", NINE + HOUR)

    assert decided == [
        fact("AccountLockExpired", NINE + HOUR),
        fact("PasswordAccepted", NINE + HOUR, entry="login"),
    ]


def test_the_worker_tells_the_end_of_a_lock_from_its_very_instant_and_once() -> None:
    account = account_locked()

    early = account.record(account.state.expire_lock(WORKER, NINE + HOUR - MILLISECOND))
    due = account.record(account.state.expire_lock(WORKER, NINE + HOUR))
    again = account.record(account.state.expire_lock(WORKER, NINE + 2 * HOUR))

    assert early == []
    assert due == [fact("AccountLockExpired", NINE + HOUR, by=WORKER)]
    assert again == []


def test_the_lock_that_blocked_never_expires() -> None:
    account = account_blocked()

    assert account.state.expire_lock(WORKER, NINE + 3652 * DAY) == []


@pytest.mark.parametrize("act", ["suspend", "reset", "change", "close"])
def test_an_act_of_another_person_tells_the_end_of_a_lock_first(act: str) -> None:
    account = account_locked()
    now = NINE + 2 * HOUR

    decided = {
        "suspend": lambda: account.state.suspend(MASTER, now),
        "reset": lambda: account.state.reset_password(now + 14 * DAY, MASTER, now),
        "change": lambda: account.state.change_contact("c0" * 32, MASTER, now),
        "close": lambda: account.state.close("deleted", MASTER, now),
    }[act]()

    assert decided[0] == fact("AccountLockExpired", NINE + HOUR, by=MASTER)
    assert [each.at for each in decided[1:]] == [now]


def test_resuming_logging_out_and_a_new_password_tell_the_end_of_a_lock_first() -> None:
    suspended = account_locked()
    suspended.record(suspended.state.suspend(MASTER, NINE))
    logged_in = account_locked()
    now = NINE + 2 * HOUR

    resumed = suspended.state.resume(MASTER, now)
    logged_out = logged_in.state.log_out(now)
    changed = logged_in.state.change_password(now)

    assert resumed == [fact("AccountLockExpired", NINE + HOUR, by=MASTER), fact("AccountResumed", now, by=MASTER)]
    assert logged_out == [fact("AccountLockExpired", NINE + HOUR), fact("LoggedOut", now)]
    assert changed == [fact("AccountLockExpired", NINE + HOUR), fact("PasswordChanged", now, credential=2)]


# ---- a right password, a release


def test_a_right_password_resets_the_failures() -> None:
    account = registered()
    fail_password(account, times=5, at=NINE)

    accept_password(account, at=NINE)
    fail_password(account, times=5, at=NINE)

    assert account.state.hold(NINE) is None


def test_a_right_password_resets_the_lock_count_too() -> None:
    account = account_locked(times=2)

    accept_password(account, at=NINE + 2 * HOUR)
    fail_password(account, times=6, at=NINE + 2 * HOUR)

    assert facts(account)[-1] == fact("AccountLocked", NINE + 2 * HOUR, lock=1, until=NINE + 3 * HOUR)


def test_a_release_from_a_lock_resets_failures_and_lock_count() -> None:
    account = account_locked(times=2)
    now = NINE + 90 * MINUTE

    decided = account.record(account.state.release(MASTER, now))

    assert decided == [fact("AccountReleased", now, by=MASTER, was="locked")]
    assert account.state.lockout == Lockout()


def test_a_release_from_a_block_starts_from_nothing() -> None:
    account = account_blocked()
    now = NINE + DAY

    decided = account.record(account.state.release(MASTER, now))
    fail_password(account, times=6, at=now)

    assert decided == [fact("AccountReleased", now, by=MASTER, was="blocked")]
    assert facts(account)[-1] == fact("AccountLocked", now, lock=1, until=now + HOUR)


def test_who_is_neither_locked_nor_blocked_cannot_be_released() -> None:
    fresh = registered()
    failed = registered()
    fail_password(failed, times=5, at=NINE)

    with pytest.raises(NothingToRelease):
        fresh.state.release(MASTER, NINE)
    with pytest.raises(NothingToRelease):
        failed.state.release(MASTER, NINE)


def test_a_lock_can_be_released_to_its_last_moment_and_not_at_its_end() -> None:
    account = account_locked()

    assert account.state.release(MASTER, NINE + HOUR - MILLISECOND) != []
    with pytest.raises(NothingToRelease):
        account.state.release(MASTER, NINE + HOUR)


def test_a_closed_account_cannot_be_released_though_it_was_blocked() -> None:
    account = account_blocked()
    account.record(account.state.close("deleted", MASTER, NINE + DAY))

    with pytest.raises(AlreadyClosed):
        account.state.release(MASTER, NINE + DAY)
