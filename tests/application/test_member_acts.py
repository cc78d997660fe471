"""What a master does to a user, and what becomes of all that is open: stop, release, reset, delete (R3.6, R3.11)."""

import pytest

from domain.certificate import CertificateRevoked
from domain.errors import (
    AccountIsClosed,
    AccountIsSuspended,
    NothingToRelease,
    PackageGone,
    SessionEnded,
    UserIdTaken,
    WrongPassword,
)
from domain.policy import Policy
from domain.user_account_facts import AccountClosed
from tests.support.house import MASTER, NINE, TARO, House
from tests.support.members import OTHERS_MASTER, register, settle, users


def close(house: House) -> list[str]:
    return house.desk.members.close(MASTER, TARO, house.clock())


@pytest.fixture
def house(house: House) -> House:
    settle(house)
    return house


# ---- suspended, and resumed


def test_whoever_is_suspended_is_out_at_once_and_gets_in_nowhere(house: House) -> None:
    house.issue()
    session = house.log_in()

    house.desk.members.suspend(MASTER, TARO, NINE)

    with pytest.raises(SessionEnded, match=r"^suspended$"):
        house.desk.sessions.visitor(session, house.fingerprint(), NINE)
    with pytest.raises(AccountIsSuspended):
        house.log_in()
    with pytest.raises(AccountIsSuspended):
        house.enter()


def test_a_p12_that_waits_for_a_suspended_user_is_destroyed(house: House) -> None:
    cookie = house.issue()

    house.desk.members.suspend(MASTER, TARO, NINE)

    with pytest.raises(PackageGone):
        house.desk.delivery.fetch(cookie, NINE)
    assert house.tickets.package(cookie) is None
    assert house.count("KeyPackageDestroyed") == 1


def test_a_suspended_users_ticket_starts_no_issue(house: House) -> None:
    cookie = house.enter()

    house.desk.members.suspend(MASTER, TARO, NINE)

    with pytest.raises(AccountIsSuspended):
        house.start(cookie)


def test_an_issue_under_way_leaves_a_suspended_user_no_certificate(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    house.between.at("save CertificateIssued", lambda: house.desk.members.suspend(MASTER, TARO, NINE))

    house.work(cookie)

    assert house.count("CertificateIssued") == 0


def test_a_log_in_that_meets_the_suspension_leaves_no_open_session(house: House) -> None:
    house.issue()
    house.between.at("save PasswordAccepted", lambda: house.desk.members.suspend(MASTER, TARO, NINE))

    with pytest.raises(AccountIsSuspended):
        house.log_in()

    assert house.count("LoggedIn") == 0


def test_a_resumed_user_gets_in_again_with_the_same_certificate_and_password(house: House) -> None:
    house.issue()
    house.desk.members.suspend(MASTER, TARO, NINE)

    house.desk.members.resume(MASTER, TARO, NINE)

    assert house.log_in()
    assert house.certificate().state(NINE) == "live"


def test_suspended_twice_and_resumed_twice_is_recorded_once_each(house: House) -> None:
    members = house.desk.members

    for act in (members.suspend, members.suspend, members.resume, members.resume):
        act(MASTER, TARO, NINE)

    assert (house.count("AccountSuspended"), house.count("AccountResumed")) == (1, 1)


def test_a_suspension_locks_its_rows_in_the_order_of_every_save(house: House) -> None:
    house.issue()

    house.desk.members.suspend(MASTER, TARO, NINE)

    assert house.between.written[-1] == ["sessions", "tickets"]


# ---- released, and reset


def test_a_lock_is_released_by_the_master(house: House) -> None:
    house.fail(6)

    house.desk.members.release(MASTER, TARO, NINE)

    assert house.enter()


def test_what_is_neither_locked_nor_blocked_is_not_released(house: House) -> None:
    with pytest.raises(NothingToRelease):
        house.desk.members.release(MASTER, TARO, NINE)


def test_a_reset_ends_the_session_releases_and_forces_a_change(house: House) -> None:
    house.issue()
    session = house.log_in()
    house.fail(6)

    password = house.desk.members.reset_password(MASTER, TARO, NINE)

    with pytest.raises(SessionEnded, match=r"^reset$"):
        house.desk.sessions.visitor(session, house.fingerprint(), NINE)
    with pytest.raises(WrongPassword):
        house.enter()
    assert house.desk.sessions.log_in(TARO, password, house.fingerprint(), NINE)[1]
    assert house.account().password_until == NINE + Policy().first_password_life


def test_a_reset_does_not_resume_whoever_is_suspended(house: House) -> None:
    house.desk.members.suspend(MASTER, TARO, NINE)

    password = house.desk.members.reset_password(MASTER, TARO, NINE)

    with pytest.raises(AccountIsSuspended):
        house.enter(TARO, password)


# ---- deleted


def test_a_deleted_users_certificate_is_revoked_as_closed_and_the_session_ends(house: House) -> None:
    house.issue()
    session = house.log_in()

    serials = close(house)

    (revoked,) = [fact for fact in house.every_fact() if isinstance(fact, CertificateRevoked)]
    assert [(revoked.serial, revoked.reason, revoked.by)] == [(serials[0], "closed", MASTER)]
    with pytest.raises(SessionEnded, match=r"^closed$"):
        house.desk.sessions.visitor(session, house.fingerprint(), NINE)
    with pytest.raises(AccountIsClosed):
        house.enter()


def test_a_deleted_user_is_closed_for_that_reason_by_the_master(house: House) -> None:
    close(house)

    (closed,) = [fact for fact in house.every_fact() if isinstance(fact, AccountClosed)]
    assert (closed.reason, closed.by) == ("deleted", MASTER)


@pytest.mark.parametrize("user_id", [TARO, TARO.upper(), TARO.title()])
@pytest.mark.parametrize("master", [MASTER, OTHERS_MASTER])
def test_a_deleted_users_id_is_never_given_again(house: House, master: str, user_id: str) -> None:
    close(house)

    with pytest.raises(UserIdTaken):
        register(house, user_id, master)


def test_a_fault_in_the_save_that_deletes_a_user_leaves_the_place_taken(house: House) -> None:
    house.between.fails_at("save AccountClosed", RuntimeError("the power is cut"))

    with pytest.raises(RuntimeError):
        close(house)

    assert users(house) == (TARO,)
    assert house.count("GeneralUserClosed") == 0
