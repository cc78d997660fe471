"""An account: registration, passwords from somebody else, suspension, closing, log-in (R2.4, R3.6, R6.3, R6.4)."""

import msgspec
import pytest

from domain.errors import AccountIsBlocked, AccountIsClosed, AccountIsSuspended, AlreadyClosed, TryRefused
from domain.lockout import Lockout
from domain.user_account import UserAccount, account_from
from domain.user_account_facts import Role, UserRegistered
from tests.support.accounts import (
    COMMITMENT,
    DAY,
    HOUR,
    MASTER,
    NINE,
    SECOND,
    account_blocked,
    account_closed,
    account_locked,
    account_suspended,
    fact,
    facts,
    fail_password,
    registered,
)


def test_registration_is_one_fact_with_the_first_password_and_its_end() -> None:
    decided = UserAccount.register("taro01", "general", "org0001", COMMITMENT, NINE + 14 * DAY, MASTER, NINE)

    assert decided == [
        fact(
            "UserRegistered",
            NINE,
            by=MASTER,
            user_id="taro01",
            role="general",
            organization="org0001",
            person=1,
            commitment=COMMITMENT,
            credential=1,
            password_until=NINE + 14 * DAY,
        )
    ]


@pytest.mark.parametrize(
    ("role", "organization"),
    [("general", None), ("master", None), ("bank_admin", "org0001"), ("auditor", "org0001")],
)
def test_staff_belong_to_no_organization_and_everybody_else_to_one(role: Role, organization: str | None) -> None:
    with pytest.raises(ValueError, match=role):
        UserAccount.register("taro01", role, organization, COMMITMENT, NINE + 14 * DAY, MASTER, NINE)


@pytest.mark.parametrize(
    ("role", "organization"),
    [("general", "org0001"), ("master", "org0001"), ("bank_admin", None), ("auditor", None)],
)
def test_every_role_can_be_registered_where_it_belongs(role: Role, organization: str | None) -> None:
    decided = UserAccount.register("taro01", role, organization, COMMITMENT, NINE + 14 * DAY, MASTER, NINE)

    assert [(fact.role, fact.organization) for fact in decided if isinstance(fact, UserRegistered)] == [
        (role, organization)
    ]


def test_who_has_just_been_registered_is_held_by_nothing() -> None:
    account = registered(role="master")

    assert account.state == UserAccount(
        user_id="taro01",
        role="master",
        organization="org0001",
        person=1,
        credential=1,
        password_until=NINE + 14 * DAY,
    )
    assert account.state.hold(NINE) is None


def test_nothing_recorded_is_no_account() -> None:
    assert account_from([]) is None
    assert account_from([fact("AccountBlocked", NINE)]) is None


@pytest.mark.parametrize(
    ("role", "staff"), [("general", False), ("master", False), ("bank_admin", True), ("auditor", True)]
)
def test_bank_admins_and_auditors_are_staff(role: Role, staff: bool) -> None:
    assert registered(role=role).state.is_staff is staff


def test_a_replay_leads_to_the_state_that_the_facts_led_to() -> None:
    account = account_blocked()

    assert account_from(facts(account)) == account.state


def test_a_fact_of_another_stream_changes_nothing() -> None:
    account = registered()
    before = account.state

    account.record([fact("KeyPackageDelivered", NINE)])

    assert account.state == before


# ---- passwords from somebody else


def test_a_first_password_is_good_to_its_last_second_and_expired_at_its_end() -> None:
    account = registered(password_until=NINE + 14 * DAY)

    assert not account.state.password_has_expired(NINE + 14 * DAY - SECOND)
    assert account.state.password_has_expired(NINE + 14 * DAY)


def test_a_first_password_must_be_changed() -> None:
    account = registered()

    decided = account.record(account.state.change_password(NINE + HOUR))

    assert decided == [fact("PasswordChanged", NINE + HOUR, credential=2)]
    assert registered().state.must_change_password
    assert not account.state.must_change_password
    assert account.state.credential == 2
    assert account.state.password_changed_at == NINE + HOUR


def test_a_password_of_ones_own_does_not_expire() -> None:
    account = registered()
    account.record(account.state.change_password(NINE))

    assert not account.state.password_has_expired(NINE + 3652 * DAY)


def test_a_reset_password_must_be_changed_and_expires_again() -> None:
    account = registered()
    account.record(account.state.change_password(NINE))
    now = NINE + DAY

    decided = account.record(account.state.reset_password(now + 14 * DAY, MASTER, now))

    assert decided == [fact("PasswordReset", now, by=MASTER, credential=3, password_until=now + 14 * DAY)]
    assert account.state.must_change_password
    assert account.state.credential == 3
    assert not account.state.password_has_expired(now + 14 * DAY - SECOND)
    assert account.state.password_has_expired(now + 14 * DAY)


def test_a_reset_releases_from_a_lock() -> None:
    account = account_locked(times=2)
    last_moment = NINE + 2 * HOUR - SECOND

    decided = account.record(account.state.reset_password(last_moment + 14 * DAY, MASTER, last_moment))

    assert decided == [
        fact("AccountReleased", last_moment, by=MASTER, was="locked"),
        fact("PasswordReset", last_moment, by=MASTER, credential=2, password_until=last_moment + 14 * DAY),
    ]
    assert account.state.lockout == Lockout()


def test_a_reset_releases_from_a_block() -> None:
    account = account_blocked()
    now = NINE + DAY

    decided = account.record(account.state.reset_password(now + 14 * DAY, MASTER, now))

    assert decided == [
        fact("AccountReleased", now, by=MASTER, was="blocked"),
        fact("PasswordReset", now, by=MASTER, credential=2, password_until=now + 14 * DAY),
    ]
    assert account.state.lockout == Lockout()


# ---- name and mail address


def test_a_changed_contact_is_the_next_version_with_its_commitment() -> None:
    account = registered()

    first = account.record(account.state.change_contact("a1" * 32, MASTER, NINE))
    second = account.record(account.state.change_contact("b2" * 32, MASTER, NINE + DAY))

    assert first == [fact("ContactChanged", NINE, by=MASTER, person=2, commitment="a1" * 32)]
    assert second == [fact("ContactChanged", NINE + DAY, by=MASTER, person=3, commitment="b2" * 32)]
    assert account.state.person == 3
    assert account_from(facts(account)) == account.state


def test_a_changed_contact_changes_nothing_else() -> None:
    account = account_locked()
    before = account.state

    account.record(account.state.change_contact(COMMITMENT, MASTER, NINE))

    assert account.state == msgspec.structs.replace(before, person=2)


# ---- suspension, closing, log-in


def test_a_suspended_user_is_held_until_resumed() -> None:
    account = account_suspended()
    held = account.state.hold(NINE + 3652 * DAY)

    decided = account.record(account.state.resume(MASTER, NINE + DAY))

    assert facts(account)[1] == fact("AccountSuspended", NINE, by=MASTER)
    assert isinstance(held, AccountIsSuspended)
    assert decided == [fact("AccountResumed", NINE + DAY, by=MASTER)]
    assert account.state.suspended is False
    assert account.state.hold(NINE + DAY) is None


def test_suspending_twice_or_resuming_who_is_not_suspended_records_nothing() -> None:
    suspended = account_suspended()
    fresh = registered()

    assert suspended.state.suspend(MASTER, NINE) == []
    assert fresh.state.resume(MASTER, NINE) == []


def test_a_suspension_leaves_the_failures_standing() -> None:
    account = registered()
    fail_password(account, times=5, at=NINE)

    account.record(account.state.suspend(MASTER, NINE))
    account.record(account.state.resume(MASTER, NINE + DAY))
    fail_password(account, times=1, at=NINE + DAY)

    assert facts(account)[-1] == fact("AccountLocked", NINE + DAY, lock=1, until=NINE + DAY + HOUR)


def test_a_release_does_not_end_a_suspension() -> None:
    account = account_blocked()
    account.record(account.state.suspend(MASTER, NINE + DAY))

    account.record(account.state.release(MASTER, NINE + DAY))

    assert isinstance(account.state.hold(NINE + DAY), AccountIsSuspended)


def test_a_closed_account_stays_closed_for_every_act_and_an_act_refused_is_no_refused_try() -> None:
    account = account_closed()

    assert facts(account)[-1] == fact("AccountClosed", NINE, by=MASTER, reason="deleted")
    assert not issubclass(AlreadyClosed, TryRefused)
    with pytest.raises(AlreadyClosed):
        account.state.release(MASTER, NINE)
    with pytest.raises(AlreadyClosed):
        account.state.suspend(MASTER, NINE)
    with pytest.raises(AlreadyClosed):
        account.state.resume(MASTER, NINE)
    with pytest.raises(AlreadyClosed):
        account.state.reset_password(NINE + DAY, MASTER, NINE)
    with pytest.raises(AlreadyClosed):
        account.state.change_contact(COMMITMENT, MASTER, NINE)
    with pytest.raises(AlreadyClosed):
        account.state.close("again", MASTER, NINE)


def test_closed_is_told_before_blocked_and_blocked_before_suspended() -> None:
    account = account_blocked()
    now = NINE + DAY

    account.record(account.state.suspend(MASTER, now))
    blocked_and_suspended = account.state.hold(now)
    account.record(account.state.close("deleted", MASTER, now))

    assert isinstance(blocked_and_suspended, AccountIsBlocked)
    assert isinstance(account.state.hold(now), AccountIsClosed)


def test_log_in_and_log_out_are_facts() -> None:
    account = registered()

    logged_in = account.record(account.state.log_in("A1", NINE))
    logged_out = account.record(account.state.log_out(NINE + HOUR))

    assert logged_in == [fact("LoggedIn", NINE, serial="A1")]
    assert logged_out == [fact("LoggedOut", NINE + HOUR)]
