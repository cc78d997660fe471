"""Many guesses on one account over hours: counted are the checks, not only the facts (R3.1-R3.5, R3.7)."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from application.reminders import Reminders
from domain.credentials import account_stream
from domain.fact import WORKER, Fact
from domain.policy import Policy
from domain.user_account_facts import AccessRefused, AccountLockExpired
from tests.support.accounts import HOUR, MILLISECOND, MINUTE, fact
from tests.support.crowd import together
from tests.support.house import MASTER, NINE, TARO, WRONG, House
from tests.support.post import Due

taros = partial(fact, by=TARO)
HOLDS: dict[str, Callable[[House], object]] = {
    "locked": lambda house: house.fail(6),
    "blocked": lambda house: fail_for_three_hours(house),
    "suspended": lambda house: house.desk.accounts.suspend(TARO, MASTER, house.clock()),
    "closed": lambda house: house.desk.accounts.close(TARO, "deleted", MASTER, house.clock()),
}


def fail_for_three_hours(house: House) -> None:
    """Blocked at NINE."""
    for hours in (2, 1, 0):
        house.clock.set(NINE - hours * HOUR)
        house.fail(6)


def on_the_account(house: House) -> list[Fact]:
    return house.store.load(account_stream(TARO))


def recorded(house: House, *kinds: type[Fact]) -> Sequence[Fact]:
    return [each for each in on_the_account(house) if isinstance(each, kinds)]


def test_of_eight_times_sixty_wrong_passwords_eighteen_are_looked_at_and_the_account_is_blocked_once(
    house: House,
) -> None:
    house.organization()
    house.user()

    for hours in range(3):
        house.clock.set(NINE + hours * HOUR)
        together([lambda: house.fail(20)] * 8)

    assert house.passwords.checked == [WRONG] * 18
    assert (house.count("PasswordFailed"), house.count("AccountLocked"), house.count("AccountBlocked")) == (18, 3, 1)
    assert recorded(house, AccountLockExpired, AccessRefused) == [
        taros("AccessRefused", NINE, reason="locked"),
        taros("AccountLockExpired", NINE + HOUR),
        taros("AccessRefused", NINE + HOUR, reason="locked"),
        taros("AccountLockExpired", NINE + 2 * HOUR),
        taros("AccessRefused", NINE + 2 * HOUR, reason="blocked"),
    ]
    assert house.mails() == ["locked", "locked", "blocked"]
    assert house.account(TARO).lockout.blocked


@pytest.mark.parametrize("hold", HOLDS)
def test_of_all_tries_that_are_refused_unseen_one_a_minute_is_recorded(
    house: House, second_house: House, hold: str
) -> None:
    house.organization()
    house.user()
    HOLDS[hold](house)
    looked_at = len(house.passwords.checked)

    for moment in (NINE, NINE + MINUTE - MILLISECOND, NINE + MINUTE, NINE + 2 * MINUTE - MILLISECOND, NINE + HOUR / 2):
        house.clock.set(moment)
        together([lambda: house.fail(5), lambda: second_house.fail(5)] * 4)

    assert recorded(house, AccessRefused) == [
        taros("AccessRefused", moment, reason=hold) for moment in (NINE, NINE + MINUTE, NINE + HOUR / 2)
    ]
    assert (len(house.passwords.checked), second_house.passwords.checked) == (looked_at, [])


def test_a_crowd_at_the_end_of_a_lock_tells_it_once_and_first_and_is_looked_at_six_times(
    house: House, second_house: House
) -> None:
    house.organization()
    house.user()
    house.fail(6)
    before, end = len(on_the_account(house)), NINE + HOUR

    for moment in (end - MILLISECOND, end):
        house.clock.set(moment)
        together([lambda: house.fail(10), lambda: second_house.fail(10)] * 4)

    assert on_the_account(house)[before:] == [
        taros("AccessRefused", end - MILLISECOND, reason="locked"),
        taros("AccountLockExpired", end),
        *[taros("PasswordFailed", end, entry="issuance")] * 6,
        taros("AccountLocked", end, lock=2, until=end + HOUR),
    ]
    assert house.passwords.checked + second_house.passwords.checked == [WRONG] * 12


def test_the_worker_in_that_crowd_tells_the_end_of_the_lock_or_the_crowd_does(
    house: House, second_house: House
) -> None:
    house.organization()
    house.user()
    house.fail(6)
    before = len(on_the_account(house))
    house.clock.set(NINE + HOUR)
    houses = (house, second_house)
    workers = [Reminders(each.store, Due(accounts=[TARO]), Policy()) for each in houses]
    tries: list[Callable[[], object]] = [partial(each.fail, 5) for each in houses]
    ends: list[Callable[[], object]] = [partial(worker.record_run_out_locks, NINE + HOUR) for worker in workers]

    told = together([*tries * 2, *ends * 2])

    end, *after = on_the_account(house)[before:]
    by = WORKER if 1 in told else TARO
    assert end == fact("AccountLockExpired", NINE + HOUR, by=by)
    assert [type(each).__name__ for each in after] == [*["PasswordFailed"] * 6, "AccountLocked", "AccessRefused"]
    assert house.passwords.checked + second_house.passwords.checked == [WRONG] * 12
