"""The bank's letter: its password tried, locked, blocked, released (R7.2; R3.1-R3.4, R3.6, R3.7)."""

import pytest

from domain.errors import (
    AlreadyClosed,
    InvitationIsBlocked,
    InvitationIsLocked,
    NothingToRelease,
    OrganizationIsClosed,
)
from domain.fact import Fact
from domain.lockout import Lockout
from tests.support.accounts import DAY, HOUR, MASTER, MILLISECOND, MINUTE, NINE, SECOND, fact
from tests.support.invitations import (
    BANK,
    CODE,
    Held,
    fail_letter,
    invitation_blocked,
    invitation_held,
    invitation_locked,
    invited,
)

TARO = "taro0001"
HOLDS = {"locked": InvitationIsLocked, "blocked": InvitationIsBlocked, "closed": OrganizationIsClosed}
every_hold = pytest.mark.parametrize("how", HOLDS)


# ---- six failures, three locks


def test_the_fifth_wrong_password_in_a_row_only_counts() -> None:
    customer = invited()

    fail_letter(customer, 5)

    assert customer.facts[2:] == [fact("InvitationFailed", NINE, by=CODE)] * 5
    assert customer.state.hold(NINE) is None


def test_the_sixth_wrong_password_in_a_row_locks_for_sixty_minutes() -> None:
    customer = invited()
    fail_letter(customer, 5)

    decided = customer.record(customer.state.fail_try(NINE + MINUTE))

    assert decided == [
        fact("InvitationFailed", NINE + MINUTE, by=CODE),
        fact("InvitationLocked", NINE + MINUTE, by=CODE, lock=1, until=NINE + 61 * MINUTE),
    ]


def test_a_lock_holds_to_the_last_moment_of_its_sixtieth_minute() -> None:
    customer = invitation_locked()

    last_second = customer.state.hold(NINE + HOUR - SECOND)
    last_moment = customer.state.hold(NINE + HOUR - MILLISECOND)

    assert isinstance(last_second, InvitationIsLocked)
    assert isinstance(last_moment, InvitationIsLocked)
    assert last_moment.until == NINE + HOUR
    assert customer.state.hold(NINE + HOUR) is None


def test_the_second_lock_needs_six_more_failures_and_is_no_block() -> None:
    customer = invitation_locked()

    fail_letter(customer, 5, 1)
    after_five = customer.state.hold(NINE + HOUR)
    fail_letter(customer, 1, 1)

    assert after_five is None
    assert customer.facts[-1] == fact("InvitationLocked", NINE + HOUR, by=CODE, lock=2, until=NINE + 2 * HOUR)
    assert customer.state.hold(NINE + 2 * HOUR) is None


def test_the_third_lock_is_a_block_in_the_same_decision() -> None:
    customer = invitation_locked(times=2)
    now = NINE + 2 * HOUR
    fail_letter(customer, 5, 2)
    before = customer.state.hold(now)

    decided = customer.record(customer.state.fail_try(now))

    assert before is None
    assert decided == [
        fact("InvitationFailed", now, by=CODE),
        fact("InvitationLocked", now, by=CODE, lock=3, until=now + HOUR),
        fact("InvitationBlocked", now, by=CODE),
    ]


def test_a_block_is_not_lifted_by_time() -> None:
    customer = invitation_blocked()

    assert isinstance(customer.state.hold(NINE + 3 * HOUR), InvitationIsBlocked)
    assert isinstance(customer.state.hold(NINE + 3652 * DAY), InvitationIsBlocked)


def test_the_days_between_failures_do_not_end_a_run() -> None:
    customer = invited()

    for day in range(6):
        fail_letter(customer, 1, 24 * day)

    assert customer.facts[-1] == fact("InvitationLocked", NINE + 5 * DAY, by=CODE, lock=1, until=NINE + 5 * DAY + HOUR)


# ---- the end of a lock


def test_the_end_of_a_lock_is_told_once_and_first_in_the_next_decision() -> None:
    customer = invitation_locked()
    later = NINE + 3 * HOUR

    first = customer.record(customer.state.fail_try(later))
    second = customer.record(customer.state.fail_try(later))

    assert first == [fact("InvitationLockExpired", NINE + HOUR, by=CODE), fact("InvitationFailed", later, by=CODE)]
    assert second == [fact("InvitationFailed", later, by=CODE)]


def test_the_lock_that_blocked_never_expires() -> None:
    customer = invitation_blocked()

    decided = customer.state.refuse_try("blocked", NINE + 3652 * DAY)

    assert decided == [fact("InvitationRefused", NINE + 3652 * DAY, by=CODE, reason="blocked")]


@pytest.mark.parametrize(
    "act", ["accept", "register", "bank", "initialize", "close", "register a user", "close a user", "set"]
)
def test_whatever_is_decided_next_tells_the_end_of_a_lock_first(act: str) -> None:
    customer = invitation_locked()
    customer.record([fact("GeneralUserRegistered", NINE, by=BANK, user_id=TARO)])
    now = NINE + HOUR

    decided: list[Fact] = {
        "accept": lambda: customer.state.accept_try(now),
        "register": lambda: customer.state.register_invited(1, MASTER, now),
        "bank": lambda: customer.state.register_master(MASTER, BANK, now),
        "initialize": lambda: customer.state.initialize(now + 80 * DAY, BANK, now),
        "close": lambda: customer.state.close(BANK, now),
        "register a user": lambda: customer.state.register_general_user("jiro0002", 19, BANK, now),
        "close a user": lambda: customer.state.close_general_user(TARO, BANK, now),
        "set": lambda: customer.state.set("legacy", None, None, BANK, now),
    }[act]()

    assert type(decided[0]).__name__ == "InvitationLockExpired"
    assert {each.by for each in decided} == {{"accept": CODE, "register": MASTER}.get(act, BANK)}
    assert [each.at for each in decided] == [NINE + HOUR] * len(decided)
    assert len(decided) > 1


# ---- held


@every_hold
def test_a_held_invitation_looks_at_no_password(how: Held) -> None:
    customer = invitation_held(how)
    now = NINE + 2 * HOUR

    with pytest.raises(HOLDS[how]):
        customer.state.accept_try(now)
    with pytest.raises(HOLDS[how]):
        customer.state.fail_try(now)


@every_hold
def test_a_refused_try_is_told_at_most_once_a_minute(how: Held) -> None:
    customer = invitation_held(how)
    now = NINE + 2 * HOUR

    first = customer.record(customer.state.refuse_try(how, now))
    again = customer.record(customer.state.refuse_try(how, now + MINUTE - MILLISECOND))
    later = customer.record(customer.state.refuse_try(how, now + MINUTE))

    assert first == [fact("InvitationRefused", now, by=CODE, reason=how)]
    assert again == []
    assert later == [fact("InvitationRefused", now + MINUTE, by=CODE, reason=how)]


def test_refused_tries_neither_count_nor_extend() -> None:
    customer = invitation_locked()

    for minute in range(59):
        customer.record(customer.state.refuse_try("locked", NINE + minute * MINUTE))

    assert [type(each).__name__ for each in customer.facts].count("InvitationRefused") == 59
    assert (customer.state.lockout.failures, customer.state.lockout.locks) == (6, 1)
    assert customer.state.hold(NINE + HOUR) is None


def test_what_is_closed_is_told_before_what_is_blocked() -> None:
    customer = invitation_blocked()

    customer.record(customer.state.close(BANK, NINE + DAY))

    assert isinstance(customer.state.hold(NINE + DAY), OrganizationIsClosed)


# ---- released by the bank


def test_a_release_from_a_lock_starts_from_nothing() -> None:
    customer = invitation_locked(times=2)
    now = NINE + HOUR + MINUTE

    decided = customer.record(customer.state.release(BANK, now))

    assert decided == [fact("InvitationReleased", now, by=BANK, was="locked")]
    assert customer.state.lockout == Lockout()


def test_a_release_from_a_block_starts_from_nothing() -> None:
    customer = invitation_blocked()
    now = NINE + 2 * HOUR

    decided = customer.record(customer.state.release(BANK, now))
    fail_letter(customer, 6, 2)

    assert decided == [fact("InvitationReleased", now, by=BANK, was="blocked")]
    assert customer.facts[-1] == fact("InvitationLocked", now, by=CODE, lock=1, until=now + HOUR)


def test_what_is_neither_locked_nor_blocked_cannot_be_released() -> None:
    fresh, failed = invited(), invited()
    fail_letter(failed, 5)

    with pytest.raises(NothingToRelease):
        fresh.state.release(BANK, NINE)
    with pytest.raises(NothingToRelease):
        failed.state.release(BANK, NINE)


def test_a_lock_can_be_released_to_its_last_moment_and_not_at_its_end() -> None:
    customer = invitation_locked()

    assert customer.state.release(BANK, NINE + HOUR - MILLISECOND) != []
    with pytest.raises(NothingToRelease):
        customer.state.release(BANK, NINE + HOUR)


def test_a_closed_organization_is_not_released() -> None:
    customer = invitation_blocked()
    customer.record(customer.state.close(BANK, NINE + DAY))

    with pytest.raises(AlreadyClosed):
        customer.state.release(BANK, NINE + DAY)
