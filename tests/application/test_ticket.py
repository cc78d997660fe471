"""⑤: the ticket of one browser, and 発行 pressed once, twice or by many (R3.11, R4.6, R5.2, R5.3)."""

from collections.abc import Callable

import pytest

from domain.errors import (
    AccountIsBlocked,
    AccountIsClosed,
    AccountIsLocked,
    AccountIsSuspended,
    DomainError,
    IssuanceIsRunning,
    OtherTab,
    TicketMissing,
    TicketTimedOut,
)
from domain.fact import Fact
from domain.user_account import UserAccount
from domain.user_account_facts import AccountBlocked, IssuanceRefused
from tests.support.accounts import MILLISECOND, MINUTE
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, RIGHT, TARO, House


def reasons(house: House) -> list[str]:
    return [fact.reason for fact in house.every_fact() if isinstance(fact, IssuanceRefused)]


def tickets(house: House) -> int:
    return len(house.database.execute("select id from tickets"))


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


def test_the_form_of_another_tab_starts_and_cancels_nothing(house: House) -> None:
    first_tab = house.desk.issuance.ticket(house.enter(), NINE).id
    cookie = house.enter()

    with pytest.raises(OtherTab):
        house.desk.issuance.start(cookie, first_tab, NINE)
    with pytest.raises(OtherTab):
        house.desk.issuance.cancel(cookie, first_tab)

    assert house.start(cookie)


def test_cancel_leaves_no_row_and_no_password(house: House) -> None:
    cookie = house.enter()
    form = house.desk.issuance.ticket(cookie, NINE).id

    cancelled = house.desk.issuance.cancel(cookie, form)

    assert cancelled
    assert tickets(house) == 0
    with pytest.raises(TicketMissing):
        house.start(cookie)


@pytest.mark.parametrize("cookie", [None, "another browser's"])
def test_what_is_gone_already_is_cancelled(house: House, cookie: str | None) -> None:
    assert house.desk.issuance.cancel(cookie, "any")


def test_cancel_after_the_ten_minutes_leaves_nothing_either(house: House) -> None:
    cookie = house.enter()
    form = house.desk.issuance.ticket(cookie, NINE).id
    house.clock.set(NINE + 10 * MINUTE)

    cancelled = house.desk.issuance.cancel(cookie, form)

    assert cancelled
    assert tickets(house) == 0


def test_cancel_does_not_stop_an_issue_under_way_and_says_so(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    form = house.desk.issuance.ticket(cookie, NINE).id

    cancelled = house.desk.issuance.cancel(cookie, form)
    house.work(cookie)

    assert not cancelled
    assert house.desk.delivery.fetch(cookie, NINE)[1]


def test_cancel_that_meets_the_button_lets_it_have_its_way(house: House) -> None:
    cookie = house.enter()
    form = house.desk.issuance.ticket(cookie, NINE).id
    house.between.at("save", lambda: house.start(cookie))

    cancelled = house.desk.issuance.cancel(cookie, form)
    house.work(cookie)

    assert not cancelled
    assert house.desk.delivery.fetch(cookie, NINE)[1]


def test_the_button_that_meets_a_cancel_begins_nothing(house: House) -> None:
    cookie = house.enter()
    form = house.desk.issuance.ticket(cookie, NINE).id
    house.between.at("save IssuanceStarted", lambda: house.desk.issuance.cancel(cookie, form))

    with pytest.raises(TicketMissing):
        house.start(cookie)

    assert house.count("IssuanceStarted") == 0
    assert house.enter()


def test_entering_again_in_the_same_browser_forgets_the_ticket_before(house: House) -> None:
    earlier = house.enter()

    later = house.desk.issuance.authenticate(TARO, RIGHT, NINE, cookie=earlier).cookie

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
