"""④ to ⑦: one certificate for who may have one: new, in its window, run out or revoked (R4.2-R4.6)."""

from datetime import date

import pytest

from domain.errors import CertificateNotShown, CertificateStillValid, InvalidInput, OnlyAtCommandLine
from domain.fact import COMMAND_LINE
from domain.policy import Policy
from domain.user_account_facts import IssuanceRefused, PasswordAccepted, PasswordFailed
from domain.validity import japanese_day
from tests.support.accounts import MILLISECOND
from tests.support.house import NINE, OVER, RENEWAL, RIGHT, TARO, House

STAFF = "bank0001"
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


@pytest.mark.parametrize(
    ("user_id", "password", "faults"),
    [("", RIGHT, ["user_id"]), (TARO, "", ["password"]), ("太郎", "秘密", ["user_id", "password"])],
)
def test_what_is_no_user_id_or_no_password_is_told_so_and_is_no_try(
    house: House, user_id: str, password: str, faults: list[str]
) -> None:
    before = house.kinds()

    with pytest.raises(InvalidInput) as refusal:
        house.enter(user_id, password)

    assert sorted(refusal.value.faults) == sorted(faults)
    assert house.kinds() == before


def test_a_try_tells_that_it_was_one_at_step_four(house: House) -> None:
    house.fail(1)
    house.enter()

    tries = [fact for fact in house.every_fact() if isinstance(fact, PasswordFailed | PasswordAccepted)]
    assert [(type(each), each.entry) for each in tries] == [
        (PasswordFailed, "issuance"),
        (PasswordAccepted, "issuance"),
    ]


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
    cookie = issuance.authenticate(TARO, RIGHT, RENEWAL, shown=serial).cookie
    form = issuance.ticket(cookie, RENEWAL).id

    with pytest.raises(CertificateNotShown):
        issuance.start(cookie, form, RENEWAL)

    assert issuance.start(cookie, form, RENEWAL, shown=serial)


# ---- refused at 発行 (R4.2, R10.1)


def test_an_issue_refused_at_the_button_is_recorded_and_no_other_refusal_is(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    other_browser = house.enter()
    double_click = house.enter()
    house.start(double_click)
    house.start(double_click)
    house.work(double_click)

    with pytest.raises(CertificateStillValid):
        house.start(other_browser)
    with pytest.raises(CertificateStillValid):
        house.start(other_browser)

    assert reasons(house) == ["certificate_still_valid"]


# ---- staff (R1.2)


@pytest.fixture
def renewing(house: House) -> str:
    """A member of staff at ⑤, in the renewal window; the ticket's cookie."""
    house.staff(STAFF)
    house.desk.certification.issue_to_file(STAFF, RIGHT, COMMAND_LINE, NINE)
    house.clock.set(RENEWAL)
    return house.desk.issuance.authenticate(STAFF, RIGHT, RENEWAL, visitor=STAFF).cookie


def test_staff_renew_what_they_have(house: House, renewing: str) -> None:
    house.start(renewing)
    house.work(renewing)

    assert house.certificate(2, STAFF).state(RENEWAL) == "live"


def test_staff_whose_certificate_ended_behind_step_four_get_none_at_the_button(house: House, renewing: str) -> None:
    house.desk.revocation.revoke_user(STAFF, "not_imported", COMMAND_LINE, RENEWAL)

    with pytest.raises(OnlyAtCommandLine):
        house.start(renewing)

    assert reasons(house) == ["only_at_command_line"]
    assert house.desk.certification.issue_to_file(STAFF, RIGHT, COMMAND_LINE, RENEWAL)


def test_staff_whose_certificate_ran_out_behind_step_four_get_none_at_the_button(house: House) -> None:
    house.staff(STAFF)
    house.desk.certification.issue_to_file(STAFF, RIGHT, COMMAND_LINE, NINE)
    house.clock.set(OVER - MILLISECOND)
    cookie = house.desk.issuance.authenticate(STAFF, RIGHT, house.clock(), visitor=STAFF).cookie
    house.clock.set(OVER)

    with pytest.raises(OnlyAtCommandLine):
        house.start(cookie)


@pytest.mark.parametrize("step", ["sign", "save CertificateIssued"])
def test_staff_whose_certificate_ends_during_the_work_get_none(house: House, renewing: str, step: str) -> None:
    house.start(renewing)
    house.between.at(
        step, lambda: house.desk.revocation.revoke_user(STAFF, "not_imported", COMMAND_LINE, house.clock())
    )

    house.work(renewing)

    assert house.certificate(2, STAFF).state(RENEWAL) == "planned"
    assert house.desk.issuance.ticket(renewing, RENEWAL).failure == "only_at_command_line"
