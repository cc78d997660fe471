"""One door for every password: counting, locking, blocking, and one try at a time (manual ④; R1.2, R2.2, R3.1-R3.9)."""

from datetime import timedelta

import pytest

from domain.credentials import account_stream
from domain.errors import (
    AccountIsBlocked,
    AccountIsClosed,
    AccountIsLocked,
    AccountIsSuspended,
    NothingToRelease,
    SessionEnded,
    UnknownUser,
    WrongPassword,
)
from domain.fact import COMMAND_LINE
from domain.user_account_facts import AccessRefused
from tests.support.accounts import HOUR, MILLISECOND, MINUTE, SECOND
from tests.support.house import MASTER, NINE, RENEWAL, RIGHT, TARO, WRONG, House


def lock(house: House, times: int = 1) -> None:
    """Locked that often; the clock stands at the end of the last lock but one."""
    house.fail(6)
    for _ in range(times - 1):
        house.clock.advance(HOUR)
        house.fail(6)


# ---- lock and block


def test_the_fifth_wrong_password_at_the_door_asks_for_no_mail(house: House) -> None:
    house.fail(5)

    assert house.kinds()[-5:] == ["PasswordFailed"] * 5
    assert house.mails() == []


def test_the_sixth_wrong_password_locks_and_asks_for_one_mail_in_the_same_save(house: House) -> None:
    house.fail(5)

    with pytest.raises(AccountIsLocked) as refusal:
        house.enter(TARO, WRONG)

    assert refusal.value.until == NINE + HOUR
    assert house.kinds()[-3:] == ["PasswordFailed", "AccountLocked", "NotificationRequested"]
    assert house.mails() == ["locked"]


def test_at_the_end_of_the_lock_the_right_password_is_taken_and_not_a_moment_before(house: House) -> None:
    lock(house)

    house.clock.set(NINE + HOUR - MILLISECOND)
    with pytest.raises(AccountIsLocked):
        house.enter()
    house.clock.set(NINE + HOUR)
    house.enter()

    assert house.kinds()[-2:] == ["AccountLockExpired", "PasswordAccepted"]


def test_the_eighteenth_wrong_password_blocks_and_its_mail_takes_the_place_of_the_third_locks(house: House) -> None:
    lock(house, times=2)
    house.clock.advance(HOUR)
    house.fail(5)

    with pytest.raises(AccountIsBlocked):
        house.enter(TARO, WRONG)

    assert (house.count("PasswordFailed"), house.count("AccountLocked"), house.count("AccountBlocked")) == (18, 3, 1)
    assert house.mails() == ["locked", "locked", "blocked"]


def test_a_lock_ends_no_session_and_destroys_no_package(house: House) -> None:
    ticket = house.issue()
    session = house.log_in()

    lock(house)

    assert house.desk.sessions.visitor(session, house.fingerprint(), house.clock()).user_id == TARO
    assert house.desk.delivery.fetch(ticket, house.clock())[1]


def test_a_block_ends_the_session_and_destroys_a_package_still_kept(house: House) -> None:
    ticket = house.issue()
    session = house.log_in()

    lock(house, times=3)

    with pytest.raises(SessionEnded) as ended:
        house.desk.sessions.visitor(session, house.fingerprint(), house.clock())
    assert ended.value.reason == "blocked"
    assert house.tickets.package(ticket) is None
    assert house.count("KeyPackageDestroyed") == 1


def test_one_counter_runs_over_every_entry_of_the_house(house: House) -> None:
    house.issue()
    house.fail(4)

    with pytest.raises(WrongPassword):
        house.desk.sessions.log_in(TARO, WRONG, house.fingerprint(), house.clock())
    with pytest.raises(AccountIsLocked):
        house.desk.accounts.change_password(TARO, WRONG, "another1", "another1")

    assert house.count("PasswordFailed") == 6


def test_a_right_password_between_begins_the_count_anew(house: House) -> None:
    house.fail(5)
    house.enter()

    house.fail(5)

    assert house.count("AccountLocked") == 0
    assert house.enter()


# ---- the time of a try


def test_a_try_is_judged_and_recorded_when_its_turn_has_come(house: House) -> None:
    house.fail(5)
    house.between.at("load", lambda: house.clock.advance(4 * SECOND))  # inside the turn

    with pytest.raises(AccountIsLocked) as refusal:
        house.enter(TARO, WRONG)

    assert refusal.value.until == NINE + 4 * SECOND + HOUR
    assert [fact.at for fact in house.every_fact()[-3:]] == [NINE + 4 * SECOND] * 3


def test_a_lock_that_runs_out_while_a_try_waits_for_its_turn_is_over(house: House) -> None:
    lock(house)
    house.clock.set(NINE + HOUR - SECOND)
    house.between.at("load", lambda: house.clock.advance(SECOND))

    assert house.enter()


def test_what_is_decided_again_is_no_older_than_what_came_between(house: House) -> None:
    def refused_meanwhile() -> None:
        house.clock.advance(SECOND)
        house.record(lambda account: account.refuse_issuance("another", house.clock()))

    house.between.at("save PasswordAccepted", refused_meanwhile)

    house.enter()

    times = [fact.at for fact in house.store.load(account_stream(TARO))]
    assert times[-2:] == [NINE + SECOND] * 2
    assert times == sorted(times)


# ---- refused without a look at the password


def test_a_try_during_a_lock_looks_at_no_password_and_does_the_idle_work(house: House) -> None:
    lock(house)
    house.passwords.checked.clear()

    with pytest.raises(AccountIsLocked):
        house.enter(TARO, RIGHT)

    assert (house.passwords.checked, house.passwords.for_nobody) == ([], [RIGHT])


def test_a_suspended_and_a_closed_account_get_no_password_taken(house: House) -> None:
    house.user("jiro0001")
    house.record(lambda account: account.suspend(MASTER, NINE))
    house.record(lambda account: account.close("deleted", MASTER, NINE), "jiro0001")

    with pytest.raises(AccountIsSuspended):
        house.enter(TARO)
    with pytest.raises(AccountIsClosed):
        house.enter("jiro0001")

    assert house.passwords.checked == []
    assert [fact.reason for fact in house.every_fact() if isinstance(fact, AccessRefused)] == ["suspended", "closed"]


def test_refused_tries_are_recorded_at_most_once_a_minute(house: House) -> None:
    lock(house)
    house.fail(1)
    house.clock.advance(MINUTE - MILLISECOND)
    house.fail(1)

    within_a_minute = house.count("AccessRefused")
    house.clock.advance(MILLISECOND)
    house.fail(1)

    assert (within_a_minute, house.count("AccessRefused")) == (1, 2)


def test_refused_tries_neither_count_nor_extend(house: House) -> None:
    lock(house)

    house.fail(12)

    assert house.count("PasswordFailed") == 6
    assert house.account().lockout.locked_until == NINE + HOUR
    assert house.mails() == ["locked"]


@pytest.mark.parametrize("user_id", ["nobody01", "Taro0001", "bank0001"], ids=["unknown", "other case", "staff"])
def test_an_id_that_is_not_known_here_costs_the_same_work_and_leaves_no_fact(house: House, user_id: str) -> None:
    house.staff()
    before = house.kinds()

    with pytest.raises(UnknownUser):
        house.enter(user_id)

    assert house.kinds() == before
    assert (house.passwords.checked, house.passwords.for_nobody) == ([], [RIGHT])


def test_in_the_own_session_a_staff_id_is_known_at_the_step_of_issue(house: House) -> None:
    house.staff()
    house.desk.certification.issue_to_file("bank0001", RIGHT, COMMAND_LINE, NINE)
    house.clock.set(RENEWAL)

    assert house.desk.issuance.authenticate("bank0001", RIGHT, RENEWAL, visitor="bank0001")
    with pytest.raises(UnknownUser):
        house.desk.issuance.authenticate("bank0001", RIGHT, RENEWAL, visitor=TARO)


def test_every_answer_takes_exactly_one_computation(house: House) -> None:
    house.user("jiro0001")
    lock(house)
    house.passwords.checked.clear()

    house.fail(1, "nobody01")
    house.fail(1, TARO)
    house.fail(1, "jiro0001")
    house.enter("jiro0001")

    assert len(house.passwords.checked) + len(house.passwords.for_nobody) == 4


# ---- first passwords


def test_a_first_password_is_right_to_its_last_moment(house: House) -> None:
    first = house.register("jiro0001")

    house.clock.advance(timedelta(days=14) - MILLISECOND)

    assert house.enter("jiro0001", first)


def test_an_expired_first_password_is_a_wrong_one_and_counts(house: House) -> None:
    first = house.register("jiro0001")
    house.clock.advance(timedelta(days=14))

    with pytest.raises(WrongPassword):
        house.enter("jiro0001", first)

    assert house.kinds()[-1] == "PasswordFailed"
    assert house.passwords.checked == [first]


# ---- released


def test_a_release_opens_the_door_and_begins_from_nothing(house: House) -> None:
    lock(house, times=3)

    house.desk.accounts.release(TARO, MASTER, house.clock())
    house.fail(5)

    assert house.enter()
    assert house.mails() == ["locked", "locked", "blocked"]


def test_releasing_who_is_neither_locked_nor_blocked_says_so_and_records_nothing(house: House) -> None:
    house.fail(5)
    before = house.kinds()

    with pytest.raises(NothingToRelease):
        house.desk.accounts.release(TARO, MASTER, house.clock())

    assert house.kinds() == before
