"""④ to ⑦: one certificate for who may have one: new, in its window, run out or revoked (R4.2-R4.6)."""

from datetime import date

import pytest

from domain.errors import (
    CertificateNotShown,
    CertificateStillValid,
)
from domain.policy import Policy
from domain.user_account_facts import IssuanceRefused
from domain.validity import japanese_day
from tests.support.accounts import MILLISECOND
from tests.support.house import NINE, OVER, RENEWAL, RIGHT, TARO, House

NEEDS_CERTIFICATE = Policy(renewal_needs_certificate=True)


def reasons(house: House) -> list[str]:
    return [fact.reason for fact in house.every_fact() if isinstance(fact, IssuanceRefused)]


# ---- from ④ to ⑦


def test_an_issue_is_planned_before_it_is_signed_and_completed_in_one_save(house: House) -> None:
    house.issue()

    assert house.kinds()[-6:] == [
        "PasswordAccepted",
        "IssuanceStarted",
        "CertificatePlanned",
        "CertificateIssued",
        "IssuanceCompleted",
        "NotificationRequested",
    ]
    assert house.mails() == ["issued"]


def test_the_step_of_issue_shows_the_organization_and_the_days(house: House) -> None:
    cookie = house.enter()

    name, validity = house.desk.issuance.proposal(house.desk.issuance.ticket(cookie, NINE), NINE)

    assert name == "見本商事株式会社"
    assert (japanese_day(NINE), validity.last_day) == (date(2026, 11, 24), date(2027, 11, 24))


def test_the_work_goes_from_open_over_running_to_issued(house: House) -> None:
    cookie = house.enter()
    stages = [house.progress(cookie)]
    house.start(cookie)
    stages.append(house.progress(cookie))
    house.work(cookie)
    stages.append(house.progress(cookie))

    assert stages == ["open", "running", "issued"]


def test_work_without_a_ticket_or_before_it_was_begun_does_nothing(house: House) -> None:
    cookie = house.enter()
    before = house.kinds()

    house.work("no such cookie")
    house.work(cookie)

    assert house.kinds() == before


# ---- who may issue (R4.2 to R4.5)


def test_who_has_a_live_certificate_is_refused_after_the_right_password(house: House) -> None:
    house.issue()

    with pytest.raises(CertificateStillValid) as refusal:
        house.enter()

    assert (refusal.value.last_day, refusal.value.renewable_from) == (date(2027, 11, 24), date(2027, 10, 25))
    assert house.kinds()[-2:] == ["PasswordAccepted", "IssuanceRefused"]
    assert reasons(house) == ["certificate_still_valid"]


def test_an_issue_refused_is_no_failed_try_and_ends_the_run(house: House) -> None:
    house.issue()
    house.fail(5)

    with pytest.raises(CertificateStillValid):
        house.enter()
    house.fail(5)

    assert house.count("AccountLocked") == 0


def test_renewal_opens_at_midnight_thirty_days_before_the_last_day(house: House) -> None:
    house.issue()

    house.clock.set(RENEWAL - MILLISECOND)
    with pytest.raises(CertificateStillValid):
        house.enter()
    house.clock.set(RENEWAL)
    house.issue()

    assert house.certificate(2).number == 2


def test_after_a_renewal_the_old_certificate_opens_no_second_issue(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()

    with pytest.raises(CertificateStillValid) as refusal:
        house.enter()

    assert refusal.value.last_day == date(2028, 10, 24)
    assert house.count("CertificateIssued") == 2


def test_a_ticket_opened_before_the_renewal_was_done_elsewhere_opens_no_second_issue(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    other_browser = house.enter()
    house.issue()

    with pytest.raises(CertificateStillValid):
        house.start(other_browser)

    assert house.count("IssuanceStarted") == 2


def test_who_let_the_certificate_run_out_issues_again(house: House) -> None:
    house.issue()
    house.clock.set(OVER)

    house.issue()

    assert house.count("CertificateIssued") == 2


def test_whose_certificate_was_revoked_issues_again_at_once(house: House) -> None:
    house.issue()
    house.desk.revocation.revoke_user(TARO, "pc_changed", "bank0001", NINE)

    house.issue()

    assert house.certificate(2).state(NINE) == "live"


@pytest.mark.parametrize("policy", [NEEDS_CERTIFICATE])
@pytest.mark.parametrize("shown", [None, "00FF"])
def test_by_setting_a_renewal_without_the_certificate_is_refused_and_recorded(house: House, shown: str | None) -> None:
    house.issue()
    house.clock.set(RENEWAL)

    with pytest.raises(CertificateNotShown):
        house.desk.issuance.authenticate(TARO, RIGHT, RENEWAL, shown=shown)

    assert reasons(house) == ["certificate_not_shown"]


@pytest.mark.parametrize("policy", [NEEDS_CERTIFICATE])
def test_by_setting_the_certificate_is_asked_for_again_when_the_issue_starts(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    serial = house.certificate().serial
    issuance = house.desk.issuance
    cookie = issuance.authenticate(TARO, RIGHT, RENEWAL, shown=serial)
    form = issuance.ticket(cookie, RENEWAL).id

    with pytest.raises(CertificateNotShown):
        issuance.start(cookie, form, RENEWAL)

    assert issuance.start(cookie, form, RENEWAL, shown=serial)
