"""An account closed for ever: what ends with it, and what comes too late (R3.11, R6.3, R6.4, R9.4)."""

import pytest

from domain.certificate import CertificateRevoked
from domain.errors import (
    AccountIsClosed,
    AlreadyClosed,
    NotFound,
    PackageGone,
    SessionEnded,
    TicketMissing,
    TokenRefused,
    UserIdTaken,
)
from domain.policy import Policy
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, RENEWAL, RIGHT, TARO, House


def close(house: House, user_id: str = TARO) -> list[str]:
    return house.desk.accounts.close(user_id, "deleted", MASTER, house.clock())


def test_all_its_certificates_are_revoked_in_the_save_that_closes_it(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()
    before = len(house.kinds())

    serials = close(house)

    revoked = [fact for fact in house.every_fact() if isinstance(fact, CertificateRevoked)]
    assert house.account().closed
    assert serials == [house.certificate(2).serial, house.certificate(1).serial]
    assert [(fact.serial, fact.reason, fact.by) for fact in revoked] == [(each, "closed", MASTER) for each in serials]
    assert house.kinds()[before] == "AccountClosed"
    assert house.between.written[-1][0] == "sessions"


def test_a_fault_in_that_save_leaves_everything_as_it_was(house: House) -> None:
    house.issue()
    house.between.fails_at("save AccountClosed", RuntimeError("the power is cut"))

    with pytest.raises(RuntimeError):
        close(house)

    assert not house.account().closed
    assert house.certificate().state(NINE) == "live"


def test_who_was_logged_in_is_told_that_the_account_is_closed(house: House) -> None:
    house.issue()
    session = house.log_in()

    close(house)

    with pytest.raises(SessionEnded) as refusal:
        house.desk.sessions.visitor(session, house.fingerprint(), NINE)
    assert refusal.value.reason == "closed"


def test_a_p12_that_waited_is_destroyed(house: House) -> None:
    cookie = house.issue()

    close(house)

    with pytest.raises(PackageGone):
        house.desk.delivery.fetch(cookie, NINE)
    assert house.tickets.package(cookie) is None


def test_a_ticket_is_forgotten_with_the_password_in_it(house: House) -> None:
    cookie = house.enter()

    close(house)

    with pytest.raises(TicketMissing):
        house.start(cookie)
    assert house.tickets.password(cookie) is None


def test_an_issue_under_way_leaves_no_certificate(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    house.between.at("save CertificateIssued", lambda: close(house))

    house.work(cookie)

    assert house.count("CertificateIssued") == 0


def test_an_issue_done_while_it_is_closed_is_revoked_with_it(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    house.between.at("save AccountClosed", lambda: house.work(cookie))

    assert close(house) == [house.certificate().serial]
    assert house.certificate().revoked == "closed"


def test_without_a_certificate_there_is_none_to_revoke(house: House) -> None:
    assert close(house) == []
    assert house.account().closed


def test_its_organization_is_told_of_a_general_user_in_the_same_save_and_of_staff_nobody_is(house: House) -> None:
    house.staff("bank0001")
    before = len(house.kinds())

    close(house, "bank0001")
    close(house)

    assert house.kinds()[before:] == ["AccountClosed", "AccountClosed", "GeneralUserClosed"]


def test_nobody_enters_any_more_and_the_id_is_never_given_again(house: House) -> None:
    close(house)

    with pytest.raises(AccountIsClosed):
        house.enter()
    with pytest.raises(UserIdTaken):
        house.register(TARO)


def test_an_api_token_ends_with_its_account(house: House) -> None:
    house.staff("bank0001")
    _, secret = house.desk.tokens.issue("bank0001", 90, MASTER, NINE)

    close(house, "bank0001")

    with pytest.raises(TokenRefused):
        house.desk.tokens.reader(secret, None, is_private=True, now=NINE)


def test_it_is_closed_once(house: House, second_house: House) -> None:
    house.issue()

    outcomes = together([lambda: close(house), lambda: close(second_house)])

    assert refusals(outcomes) == [AlreadyClosed]
    assert (house.count("AccountClosed"), house.count("CertificateRevoked")) == (1, 1)


@pytest.mark.parametrize("user_id", ["nobody01", "Taro0001"])
def test_a_stranger_is_not_closed(house: House, user_id: str) -> None:
    with pytest.raises(NotFound, match="user"):
        close(house, user_id)


@pytest.mark.parametrize("policy", [Policy(mail_when_revoked=True), Policy()], ids=["with mail", "without"])
def test_by_setting_a_mail_a_certificate_tells_of_it(house: House, policy: Policy) -> None:
    house.issue()

    close(house)

    assert house.mails().count("revoked") == policy.mail_when_revoked


# ---- staff alone (R1.2)


def test_only_staff_are_staff(house: House) -> None:
    house.staff("bank0001", RIGHT)

    house.desk.accounts.check_staff("bank0001")

    for user_id in (TARO, "nobody01", "Bank0001"):
        with pytest.raises(NotFound, match="member of staff"):
            house.desk.accounts.check_staff(user_id)
