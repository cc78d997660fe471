"""The right initial password, and whom it registers: once, in eighty days, by the last letter (R2.4, R7.2, R7.4)."""

import pytest

from domain.errors import (
    AlreadyClosed,
    AlreadyRegistered,
    InvitationExpired,
    InvitationHeld,
    InvitationIsBlocked,
    InvitationReplaced,
    OrganizationIsClosed,
)
from domain.lockout import Lockout
from tests.support.accounts import DAY, HOUR, MASTER, MILLISECOND, MINUTE, NINE, SECOND, fact
from tests.support.invitations import (
    BANK,
    CODE,
    EIGHTY_DAYS,
    INVITED,
    REGISTERED,
    Customer,
    Held,
    fail_letter,
    invitation_held,
    invitation_locked,
    invited,
    master_registered,
)

# ---- the right password


def test_the_right_password_is_one_fact() -> None:
    assert invited().state.accept_try(NINE) == [fact("InvitationAccepted", NINE, by=CODE)]


def test_the_right_password_resets_failures_and_lock_count() -> None:
    customer = invitation_locked(times=2)
    fail_letter(customer, 5, 2)

    customer.record(customer.state.accept_try(NINE + 2 * HOUR))
    lockout = customer.state.lockout
    fail_letter(customer, 6, 2)

    assert lockout == Lockout()
    assert customer.facts[-1] == fact("InvitationLocked", NINE + 2 * HOUR, by=CODE, lock=1, until=NINE + 3 * HOUR)


def test_the_right_password_is_good_to_the_last_moment_of_its_eighty_days() -> None:
    customer = invited()
    last = EIGHTY_DAYS - SECOND

    assert customer.state.accept_try(last) == [fact("InvitationAccepted", last, by=CODE)]
    assert customer.state.refusal(last) is None
    assert customer.state.accept_try(EIGHTY_DAYS) == [
        fact("InvitationAccepted", EIGHTY_DAYS, by=CODE),
        fact("InvitationRefused", EIGHTY_DAYS, by=CODE, reason="expired"),
    ]
    assert isinstance(customer.state.refusal(EIGHTY_DAYS), InvitationExpired)


def test_once_it_is_used_the_right_password_is_told_so_even_after_its_time() -> None:
    customer = master_registered()

    decided = customer.state.accept_try(EIGHTY_DAYS)

    assert decided == [
        fact("InvitationAccepted", EIGHTY_DAYS, by=CODE),
        fact("InvitationRefused", EIGHTY_DAYS, by=CODE, reason="already_registered"),
    ]
    assert isinstance(customer.state.refusal(EIGHTY_DAYS), AlreadyRegistered)


def test_a_right_password_that_comes_too_late_ends_a_run_all_the_same() -> None:
    customer = invited()
    fail_letter(customer, 5)

    customer.record(customer.state.accept_try(EIGHTY_DAYS))

    assert customer.state.lockout == Lockout()


def test_without_a_letter_nothing_is_right() -> None:
    customer = Customer(REGISTERED)

    assert isinstance(customer.state.refusal(NINE), InvitationExpired)


# ---- the master's own registration


def test_registering_is_one_fact_by_the_new_master() -> None:
    customer = invited()

    decided = customer.record(customer.state.register_invited(1, MASTER, NINE))

    assert decided == [fact("MasterRegistered", NINE, by=MASTER, user_id=MASTER)]
    assert customer.state.master == MASTER


def test_a_letter_registers_one_master() -> None:
    customer = master_registered()

    with pytest.raises(AlreadyRegistered):
        customer.state.register_invited(1, "jiro02", NINE + HOUR)


def test_a_letter_registers_nobody_after_its_eighty_days() -> None:
    customer = invited()

    assert customer.state.register_invited(1, MASTER, EIGHTY_DAYS - MILLISECOND) != []
    with pytest.raises(InvitationExpired):
        customer.state.register_invited(1, MASTER, EIGHTY_DAYS)


@pytest.mark.parametrize(("how", "hold"), [("blocked", InvitationIsBlocked), ("closed", OrganizationIsClosed)])
def test_a_block_or_a_closing_meanwhile_registers_nobody(how: Held, hold: type[InvitationHeld]) -> None:
    customer = invitation_held(how)

    with pytest.raises(hold):
        customer.state.register_invited(1, MASTER, NINE + 2 * HOUR)


def test_a_lock_meanwhile_does_not_stop_who_is_in_already() -> None:
    customer = invitation_locked()

    decided = customer.state.register_invited(1, MASTER, NINE + MINUTE)

    assert decided == [fact("MasterRegistered", NINE + MINUTE, by=MASTER, user_id=MASTER)]


@pytest.mark.parametrize("credential", [0, 1, 3])
def test_another_letter_than_the_last_registers_nobody(credential: int) -> None:
    customer = invited()
    customer.record(customer.state.initialize(EIGHTY_DAYS, BANK, NINE))

    with pytest.raises(InvitationReplaced):
        customer.state.register_invited(credential, MASTER, NINE)


# ---- another letter (R7.4)


@pytest.mark.parametrize("how", ["locked", "blocked"])
def test_initializing_lifts_lock_and_block(how: Held) -> None:
    customer = invitation_held(how)
    now = NINE + 2 * HOUR

    decided = customer.record(customer.state.initialize(now + 80 * DAY, BANK, now))

    assert decided == [
        fact("MasterInitialized", now, by=BANK, user_id=None),
        fact("MasterInvited", now, by=BANK, credential=2, password_until=now + 80 * DAY),
    ]
    assert customer.state.lockout == Lockout()


def test_initializing_ends_the_master_and_begins_another_letter() -> None:
    customer = master_registered()

    decided = customer.record(customer.state.initialize(EIGHTY_DAYS, BANK, NINE + 2 * HOUR))

    assert decided == [
        fact("MasterInitialized", NINE + 2 * HOUR, by=BANK, user_id=MASTER),
        fact("MasterInvited", NINE + 2 * HOUR, by=BANK, credential=2, password_until=EIGHTY_DAYS),
    ]
    assert (customer.state.master, customer.state.refusal(NINE + 2 * HOUR)) == (None, None)
    assert customer.state.register_invited(2, "jiro02", NINE + 2 * HOUR) != []


def test_an_expired_letter_is_followed_by_a_good_one() -> None:
    customer = Customer(REGISTERED, INVITED)

    customer.record(customer.state.initialize(EIGHTY_DAYS + 80 * DAY, BANK, EIGHTY_DAYS))

    assert customer.state.refusal(EIGHTY_DAYS) is None


def test_a_closed_organization_is_not_initialized() -> None:
    customer = invitation_held("closed")

    with pytest.raises(AlreadyClosed):
        customer.state.initialize(EIGHTY_DAYS, BANK, NINE)
