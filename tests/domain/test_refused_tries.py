"""A try on an account that is held: its password is not looked at, and it changes nothing (R3.4)."""

from typing import Literal

import pytest

from domain.errors import AccountIsBlocked, AccountIsClosed, AccountIsLocked, AccountIsSuspended
from tests.support.accounts import (
    HOUR,
    MASTER,
    MILLISECOND,
    MINUTE,
    NINE,
    SECOND,
    account_blocked,
    account_held,
    account_locked,
    fact,
)


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ("locked", AccountIsLocked),
        ("blocked", AccountIsBlocked),
        ("suspended", AccountIsSuspended),
        ("closed", AccountIsClosed),
    ],
)
def test_no_password_is_taken_from_who_is_held(
    how: Literal["locked", "blocked", "suspended", "closed"], refusal: type[Exception]
) -> None:
    account = account_held(how)
    now = NINE + 2 * HOUR

    assert isinstance(account.state.hold(now), refusal)
    with pytest.raises(refusal):
        account.state.accept_password("login", now)
    with pytest.raises(refusal):
        account.state.fail_password("login", now)


def test_a_refused_try_neither_counts_nor_extends_the_lock() -> None:
    account = account_locked()
    before = account.state.lockout

    decided = account.record(account.state.refuse_access("locked", NINE + 59 * MINUTE))

    assert decided == [fact("AccessRefused", NINE + 59 * MINUTE, reason="locked")]
    assert account.state.lockout == before
    assert account.state.hold(NINE + HOUR) is None


def test_refusals_are_recorded_at_most_once_a_minute() -> None:
    account = account_blocked()
    first = NINE + 3 * HOUR
    account.record(account.state.refuse_access("blocked", first))

    within = account.record(account.state.refuse_access("blocked", first + MINUTE - MILLISECOND))
    a_minute_on = account.record(account.state.refuse_access("blocked", first + MINUTE))

    assert within == []
    assert a_minute_on == [fact("AccessRefused", first + MINUTE, reason="blocked")]


def test_a_suppressed_refusal_does_not_put_off_the_next_record() -> None:
    account = account_blocked()
    first = NINE + 3 * HOUR
    account.record(account.state.refuse_access("blocked", first))

    account.record(account.state.refuse_access("blocked", first + 30 * SECOND))

    assert account.state.refuse_access("blocked", first + MINUTE) != []


def test_a_refusal_tells_the_end_of_a_lock_first() -> None:
    account = account_locked()
    account.record(account.state.suspend(MASTER, NINE))

    decided = account.state.refuse_access("suspended", NINE + HOUR)

    assert decided == [
        fact("AccountLockExpired", NINE + HOUR),
        fact("AccessRefused", NINE + HOUR, reason="suspended"),
    ]
