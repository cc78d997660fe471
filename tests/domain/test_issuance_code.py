"""The second check at issue: five codes a day, five wrong tries each, ten minutes, one alive at a time (R5.7)."""

from datetime import datetime

import pytest

from domain.errors import CodeOver, TooManyCodes
from domain.fact import Fact
from tests.support.accounts import DAY, HOUR, MILLISECOND, MINUTE, NINE, Account, fact, fail_password, japan, registered


def sent(number: int, at: datetime) -> Fact:
    return fact("IssuanceCodeSent", at, number=number, until=at + 10 * MINUTE)


def account_with_code(codes: int = 1, at: datetime = NINE) -> Account:
    account = registered()
    for _ in range(codes):
        account.record(account.state.send_code(at))
    return account


def test_a_code_is_good_for_ten_minutes() -> None:
    account = registered()

    assert account.state.send_code(NINE) == [sent(1, NINE)]


def test_the_right_code_is_accepted_once() -> None:
    account = account_with_code()

    decided = account.record(account.state.check_code(1, True, NINE + MINUTE))

    assert decided == [fact("IssuanceCodeAccepted", NINE + MINUTE, number=1)]
    with pytest.raises(CodeOver):
        account.state.check_code(1, True, NINE + MINUTE)


def test_a_code_is_over_at_ten_minutes() -> None:
    account = account_with_code()

    assert account.state.check_code(1, True, NINE + 10 * MINUTE - MILLISECOND)
    with pytest.raises(CodeOver):
        account.state.check_code(1, True, NINE + 10 * MINUTE)
    with pytest.raises(CodeOver):
        account.state.check_code(1, False, NINE + 10 * MINUTE)


def test_the_fifth_wrong_one_spends_it_and_the_fourth_does_not() -> None:
    account = account_with_code()

    for wrong in range(4):
        assert account.record(account.state.check_code(1, False, NINE)) == [
            fact("IssuanceCodeFailed", NINE, number=1)
        ], wrong
    assert account.state.check_code(1, True, NINE)
    account.record(account.state.check_code(1, False, NINE))

    with pytest.raises(CodeOver):
        account.state.check_code(1, True, NINE)


def test_wrong_codes_are_no_failed_passwords() -> None:
    account = account_with_code()

    for _ in range(5):
        account.record(account.state.check_code(1, False, NINE))

    assert account.state.lockout.failures == 0


def test_a_newer_code_ends_the_one_before_with_its_wrong_tries() -> None:
    account = account_with_code()
    account.record(account.state.check_code(1, False, NINE))
    account.record(account.state.send_code(NINE))

    with pytest.raises(CodeOver):
        account.state.check_code(1, True, NINE)
    assert account.state.code is not None
    assert (account.state.code.number, account.state.code.left) == (2, 5)


def test_no_code_was_sent_and_none_is_right() -> None:
    with pytest.raises(CodeOver):
        registered().state.check_code(1, True, NINE)


def test_the_fifth_code_of_a_day_is_the_last() -> None:
    account = account_with_code(codes=4)

    assert account.state.code_refusal(NINE) is None
    account.record(account.state.send_code(NINE))

    assert isinstance(account.state.code_refusal(NINE), TooManyCodes)
    with pytest.raises(TooManyCodes):
        account.state.send_code(NINE)


def test_a_day_ends_at_midnight_in_japan() -> None:
    account = account_with_code(codes=5)
    midnight = japan(2026, 11, 24)

    with pytest.raises(TooManyCodes):
        account.state.send_code(midnight - MILLISECOND)
    assert account.state.send_code(midnight) == [sent(6, midnight)]


def test_codes_of_another_day_do_not_count() -> None:
    account = account_with_code(codes=4)
    for _ in range(2):
        account.record(account.state.send_code(NINE + DAY))

    assert account.state.code_refusal(NINE + DAY) is None
    assert account.state.codes_of_day.sent == 2


def test_a_lock_that_has_run_out_is_written_down_first() -> None:
    account = registered()
    fail_password(account, times=6, at=NINE - 2 * HOUR)
    account.record(account.state.send_code(NINE))

    assert account.state.check_code(1, False, NINE) == [
        fact("AccountLockExpired", NINE - HOUR),
        fact("IssuanceCodeFailed", NINE, number=1),
    ]
