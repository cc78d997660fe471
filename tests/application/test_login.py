"""Log-in: the certificate first, then the password; what the first use of a new one ends (R4.4, R6.1)."""

import pytest

from domain.credentials import account_stream
from domain.errors import (
    AccountIsBlocked,
    AccountIsLocked,
    CertificateExpired,
    CertificateIsRevoked,
    CertificateIsSuperseded,
    CertificateNotYetValid,
    CertificateOfAnother,
    CertificateUnknown,
    CertificateUnusable,
    InvalidInput,
    NoCertificateShown,
    SessionEnded,
    WrongPassword,
)
from domain.policy import Policy
from domain.user_account_facts import LoggedIn
from tests.support.accounts import HOUR, MILLISECOND, MINUTE, SECOND
from tests.support.house import NINE, OVER, RENEWAL, RIGHT, TARO, WRONG, House

BANK_ADMIN = "bank0001"


@pytest.fixture
def house(house: House) -> House:
    """The user has a certificate, issued at nine."""
    house.issue()
    house.passwords.checked.clear()
    return house


def renew(house: House) -> None:
    house.clock.set(RENEWAL)
    house.issue()
    house.passwords.checked.clear()


def visit(house: House, session: str, number: int = 1) -> str:
    return house.desk.sessions.visitor(session, house.fingerprint(number), house.clock()).user_id


# ---- the certificate


def test_with_certificate_and_password_one_is_in(house: House) -> None:
    session, must_change = house.desk.sessions.log_in(TARO, RIGHT, house.fingerprint(), NINE)

    assert visit(house, session) == TARO
    assert not must_change
    assert house.kinds()[-3:] == ["PasswordAccepted", "LoggedIn", "CertificateFirstUsed"]
    (logged_in,) = [fact for fact in house.every_fact() if isinstance(fact, LoggedIn)]
    assert logged_in.serial == house.certificate().serial


@pytest.mark.parametrize(
    ("shown", "refusal"), [(None, NoCertificateShown), ("ab" * 32, CertificateUnknown)], ids=["none", "unknown"]
)
def test_without_a_certificate_of_ours_no_password_is_looked_at(
    house: House, shown: str | None, refusal: type[CertificateUnusable]
) -> None:
    with pytest.raises(refusal):
        house.desk.sessions.log_in(TARO, RIGHT, shown, NINE)

    assert house.passwords.checked == []


def test_anothers_certificate_is_refused_before_the_password_and_counts_for_nobody(house: House) -> None:
    house.user("jiro0001")
    before = house.kinds()

    with pytest.raises(CertificateOfAnother):
        house.desk.sessions.log_in("jiro0001", WRONG, house.fingerprint(), NINE)
    with pytest.raises(CertificateOfAnother):
        house.desk.sessions.log_in("Taro0001", WRONG, house.fingerprint(), NINE)

    assert house.passwords.checked == []
    assert house.kinds() == before


def test_a_certificate_begins_five_minutes_before_its_issue(house: House) -> None:
    house.clock.set(NINE - 5 * MINUTE - MILLISECOND)
    with pytest.raises(CertificateNotYetValid):
        house.log_in()

    house.clock.set(NINE - 5 * MINUTE)
    assert house.log_in()
    assert house.passwords.checked == [RIGHT]


def test_a_certificate_is_expired_when_its_last_second_is_over(house: House) -> None:
    house.clock.set(OVER - MILLISECOND)
    assert house.log_in()

    house.clock.set(OVER)
    with pytest.raises(CertificateExpired):
        house.log_in()
    assert house.passwords.checked == [RIGHT]


def test_a_certificate_that_runs_out_while_the_log_in_waits_for_its_turn_is_expired(house: House) -> None:
    house.clock.set(OVER - SECOND)
    shown = house.fingerprint()
    house.between.at("load", lambda: house.clock.advance(SECOND))

    with pytest.raises(CertificateExpired):
        house.desk.sessions.log_in(TARO, RIGHT, shown, OVER - SECOND)

    assert house.kinds()[-1] == "PasswordAccepted"


def test_a_session_begins_when_the_log_in_is_recorded(house: House) -> None:
    shown = house.fingerprint()
    house.between.at("load", lambda: house.clock.advance(4 * SECOND))

    cookie, _ = house.desk.sessions.log_in(TARO, RIGHT, shown, NINE)

    begun = house.sessions.find(cookie)
    assert begun is not None
    assert begun.began_at == house.store.load(account_stream(TARO))[-1].at == NINE + 4 * SECOND


def test_a_revoked_certificate_logs_nobody_in(house: House) -> None:
    house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE)

    with pytest.raises(CertificateIsRevoked):
        house.log_in()

    assert house.passwords.checked == []


def test_a_certificate_revoked_before_its_first_use_was_saved_lets_nobody_in(house: House) -> None:
    house.between.at("save PasswordAccepted", lambda: house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE))

    with pytest.raises(CertificateIsRevoked):
        house.log_in()

    assert house.kinds()[-1] == "PasswordAccepted"
    assert house.count("LoggedIn") == 0


def test_a_certificate_revoked_at_the_moment_of_a_log_in_opens_no_page(house: House) -> None:
    house.log_in()
    house.between.at("save PasswordAccepted", lambda: house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE))

    with pytest.raises(CertificateIsRevoked):
        house.log_in()

    assert house.count("LoggedIn") == 1


def test_the_right_password_behind_a_lock_or_block_tells_the_state(house: House) -> None:
    house.fail(6)
    with pytest.raises(AccountIsLocked):
        house.log_in()

    house.clock.set(NINE + HOUR)
    house.fail(6)
    house.clock.set(NINE + 2 * HOUR)
    house.fail(6)
    with pytest.raises(AccountIsBlocked):
        house.log_in()


def test_a_wrong_password_behind_the_certificate_counts(house: House) -> None:
    with pytest.raises(WrongPassword):
        house.log_in(password=WRONG)

    assert house.kinds()[-1] == "PasswordFailed"


def test_malformed_input_is_no_failed_try(house: House) -> None:
    before = house.kinds()

    with pytest.raises(InvalidInput):
        house.log_in(password="ｓｅｓａｍｅ９９")

    assert house.kinds() == before


# ---- the first use of a new certificate


def test_the_first_use_is_recorded_once(house: House) -> None:
    house.log_in()
    house.clock.advance(HOUR)
    house.log_in()

    assert house.count("CertificateFirstUsed") == 1
    assert house.certificate().first_used_at == NINE


def test_after_a_renewal_the_old_certificate_works_until_the_first_log_in_with_the_new_one(house: House) -> None:
    renew(house)
    house.log_in(number=1)

    house.log_in(number=2)

    with pytest.raises(CertificateIsSuperseded):
        house.log_in(number=1)
    assert house.certificate(1).revoked == "superseded"
    assert house.passwords.checked == [RIGHT, RIGHT]


def test_a_session_of_the_old_certificate_does_not_outlive_it(house: House) -> None:
    renew(house)
    session = house.log_in(number=1)

    house.log_in(number=2)

    with pytest.raises(SessionEnded):
        visit(house, session, number=1)


@pytest.mark.parametrize("policy", [Policy(supersede="at_expiry")])
def test_by_setting_the_old_certificate_works_to_its_own_end(house: House) -> None:
    renew(house)
    house.log_in(number=2)

    assert house.log_in(number=1)
    house.clock.set(OVER)
    with pytest.raises(CertificateExpired):
        house.log_in(number=1)


@pytest.mark.parametrize("policy", [Policy(supersede="now")])
def test_by_setting_the_old_certificate_and_its_session_end_with_the_issue_of_the_new_one(house: House) -> None:
    house.clock.set(RENEWAL)
    session = house.log_in()

    house.issue()

    with pytest.raises(CertificateIsSuperseded):
        house.log_in(number=1)
    with pytest.raises(SessionEnded, match=r"^superseded$"):
        visit(house, session)
