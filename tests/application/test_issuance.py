"""④ and ⑤: who may issue, the ticket between, and 発行 pressed once, twice or by many (R4.2-R4.6, R5.2, R5.3)."""

from collections.abc import Callable
from datetime import date

import pytest

from domain.errors import (
    AccountIsBlocked,
    AccountIsClosed,
    AccountIsLocked,
    AccountIsSuspended,
    CertificateNotShown,
    CertificateStillValid,
    DomainError,
    IssuanceIsRunning,
    OtherTab,
    TicketMissing,
    TicketTimedOut,
)
from domain.fact import Fact
from domain.policy import Policy
from domain.user_account import AccountBlocked, IssuanceRefused, UserAccount
from domain.validity import japanese_day
from tests.support.accounts import MILLISECOND, MINUTE
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, OVER, RENEWAL, RIGHT, TARO, House

NEEDS_CERTIFICATE = Policy(renewal_needs_certificate=True)


def reasons(house: House) -> list[str]:
    return [fact.reason for fact in house.every_fact() if isinstance(fact, IssuanceRefused)]


def tickets(house: House) -> int:
    return len(house.database.execute("select id from tickets"))


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


# ---- the ticket


def test_a_ticket_lives_ten_minutes_to_the_start(house: House) -> None:
    cookie = house.enter()

    house.clock.set(NINE + 10 * MINUTE - MILLISECOND)

    assert house.start(cookie)


def test_a_ticket_is_over_at_ten_minutes(house: House) -> None:
    cookie = house.enter()
    form = house.desk.issuance.ticket(cookie, NINE).id
    house.clock.set(NINE + 10 * MINUTE)

    with pytest.raises(TicketTimedOut):
        house.desk.issuance.start(cookie, form, house.clock())
    with pytest.raises(TicketTimedOut):
        house.desk.issuance.ticket(cookie, house.clock())

    assert house.count("IssuanceStarted") == 0


@pytest.mark.parametrize("cookie", [None, "another browser's"])
def test_without_a_ticket_nothing_starts(house: House, cookie: str | None) -> None:
    with pytest.raises(TicketMissing):
        house.desk.issuance.start(cookie, "any", NINE)
    with pytest.raises(TicketMissing):
        house.desk.issuance.cancel(cookie, "any", NINE)


def test_the_form_of_another_tab_starts_and_cancels_nothing(house: House) -> None:
    first_tab = house.desk.issuance.ticket(house.enter(), NINE).id
    cookie = house.enter()

    with pytest.raises(OtherTab):
        house.desk.issuance.start(cookie, first_tab, NINE)
    with pytest.raises(OtherTab):
        house.desk.issuance.cancel(cookie, first_tab, NINE)

    assert house.start(cookie)


def test_cancel_leaves_no_row_and_no_password(house: House) -> None:
    cookie = house.enter()
    form = house.desk.issuance.ticket(cookie, NINE).id

    cancelled = house.desk.issuance.cancel(cookie, form, NINE)

    assert cancelled
    assert tickets(house) == 0
    with pytest.raises(TicketMissing):
        house.start(cookie)


def test_cancel_does_not_stop_an_issue_under_way_and_says_so(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    form = house.desk.issuance.ticket(cookie, NINE).id

    cancelled = house.desk.issuance.cancel(cookie, form, NINE)
    house.work(cookie)

    assert not cancelled
    assert house.desk.delivery.fetch(cookie, NINE)[1]


def test_entering_again_in_the_same_browser_forgets_the_ticket_before(house: House) -> None:
    earlier = house.enter()

    later = house.desk.issuance.authenticate(TARO, RIGHT, NINE, cookie=earlier)

    assert tickets(house) == 1
    assert house.start(later)


def test_a_lock_between_the_password_and_the_start_refuses_the_issue_until_it_is_off(house: House) -> None:
    cookie = house.enter()
    house.fail(6)

    with pytest.raises(AccountIsLocked):
        house.start(cookie)
    house.desk.accounts.release(TARO, MASTER, NINE)

    assert house.start(cookie)


@pytest.mark.parametrize(
    ("hold", "refusal"),
    [
        (lambda account: [AccountBlocked(at=NINE, by=TARO)], AccountIsBlocked),
        (lambda account: account.suspend(MASTER, NINE), AccountIsSuspended),
        (lambda account: account.close("deleted", MASTER, NINE), AccountIsClosed),
    ],
    ids=["blocked", "suspended", "closed"],
)
def test_who_is_held_between_the_password_and_the_start_issues_nothing(
    house: House, hold: Callable[[UserAccount], list[Fact]], refusal: type[DomainError]
) -> None:
    cookie = house.enter()
    house.record(hold)

    with pytest.raises(refusal):
        house.start(cookie)

    assert house.count("IssuanceStarted") == 0


# ---- 発行, more than once


def test_a_second_press_begins_nothing_and_one_certificate_comes_of_it(house: House) -> None:
    cookie = house.enter()

    pressed = [house.start(cookie), house.start(cookie)]
    house.work(cookie)

    assert pressed == [True, False]
    assert house.count("CertificateIssued") == 1


def test_pressing_again_after_the_issue_begins_nothing(house: House) -> None:
    cookie = house.issue()

    assert not house.start(cookie)
    assert house.count("IssuanceStarted") == 1


@pytest.mark.parametrize("step", ["load", "save IssuanceStarted"])
def test_a_double_click_that_meets_itself_begins_one_issue_and_refuses_nobody(house: House, step: str) -> None:
    cookie = house.enter()
    other_click: list[bool] = []
    house.between.at(step, lambda: other_click.append(house.start(cookie)))

    pressed = house.start(cookie)

    assert (other_click, pressed) == ([True], False)
    assert house.count("IssuanceStarted") == 1


def test_two_browsers_of_one_user_make_one_certificate(house: House) -> None:
    first, second = house.enter(), house.enter()
    house.start(first)

    with pytest.raises(IssuanceIsRunning) as refusal:
        house.start(second)
    house.work(first)

    assert refusal.value.until == NINE + 10 * MINUTE
    assert house.count("CertificateIssued") == 1


def test_entering_while_an_issue_runs_is_refused_and_recorded(house: House) -> None:
    house.start(house.enter())

    with pytest.raises(IssuanceIsRunning):
        house.enter()

    assert reasons(house) == ["issuance_running"]


def test_of_many_presses_in_two_browsers_one_begins(house: House, second_house: House) -> None:
    first, second = house.enter(), house.enter()

    outcomes = together(
        [
            lambda: house.start(first),
            lambda: house.start(second),
            lambda: second_house.start(first),
            lambda: second_house.start(second),
        ]
        * 8
    )

    assert outcomes.count(True) == 1
    assert outcomes.count(False) == 15
    assert refusals(outcomes) == [IssuanceIsRunning] * 16
    assert house.count("IssuanceStarted") == 1
