"""What ends the code by mail before it is used, and the mail that has not gone out yet (R5.2, R5.7, R6.4)."""

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.credentials import account_stream
from domain.errors import TicketMissing
from domain.fact import COMMAND_LINE
from domain.notification import NotificationCancelled
from tests.application.test_second_check import code, codes, confirm
from tests.support.accounts import MILLISECOND, MINUTE
from tests.support.house import NINE, RIGHT, TARO, House
from tests.support.post import Post


def owners(house: House) -> list[UUID]:
    return [row["owner"] for row in house.database.execute("select owner from issuance_codes")]


def test_cancel_leaves_nothing_that_could_be_confirmed(checked: House) -> None:
    cookie = checked.enter()
    form, right = checked.desk.second_check.ticket(cookie, NINE).id, code(checked)

    assert checked.desk.issuance.cancel(cookie, form)

    assert codes(checked) == []
    with pytest.raises(TicketMissing):
        confirm(checked, cookie, right)


def test_cancel_in_one_browser_leaves_the_newer_code_of_another(checked: House) -> None:
    first, second = checked.enter(), checked.enter()

    checked.desk.issuance.cancel(first, checked.desk.second_check.ticket(first, NINE).id)
    confirm(checked, second, code(checked))

    assert checked.start(second)


def test_entering_again_as_somebody_else_leaves_no_code_of_the_first_behind(checked: House) -> None:
    first = checked.enter()
    checked.user("jiro0001", "jirosan1")

    checked.desk.issuance.authenticate("jiro0001", "jirosan1", NINE, cookie=first)

    assert owners(checked) == [account_stream("jiro0001")]


# ---- with the tickets


def reset(house: House) -> None:
    house.desk.accounts.reset_password(TARO, "hanako1", NINE)


def change(house: House) -> None:
    house.desk.accounts.change_password(TARO, RIGHT, "tulip2026", "tulip2026")


def close(house: House) -> None:
    house.desk.accounts.close(TARO, "deleted", "hanako1", NINE)


def revoke(house: House) -> None:
    house.desk.certification.issue_to_file(TARO, RIGHT, COMMAND_LINE, NINE)
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, NINE)


@pytest.mark.parametrize("end", [reset, change, close, revoke])
def test_what_ends_a_users_tickets_ends_the_code_too_and_nobody_elses(
    checked: House, end: Callable[[House], None]
) -> None:
    checked.enter()
    checked.user("jiro0001", "jirosan1")
    checked.enter("jiro0001", "jirosan1")

    end(checked)

    assert owners(checked) == [account_stream("jiro0001")]


def test_with_an_organization_all_its_codes_end(checked: House) -> None:
    checked.enter()
    checked.user("jiro0001", "jirosan1")
    checked.enter("jiro0001", "jirosan1")

    checked.desk.organizations.close("ACME01", COMMAND_LINE, NINE)

    assert codes(checked) == []


def test_the_purge_takes_a_code_at_ten_minutes_and_not_before(checked: House) -> None:
    checked.enter()

    checked.desk.second_check.forget_old(NINE + 10 * MINUTE - MILLISECOND)
    before = len(codes(checked))
    checked.desk.second_check.forget_old(NINE + 10 * MINUTE)

    assert (before, codes(checked)) == (1, [])


# ---- its mail


def cancelled(house: House) -> None:
    cookie = house.enter()
    house.desk.issuance.cancel(cookie, house.desk.second_check.ticket(cookie, NINE).id)


def closed(house: House) -> None:
    house.enter()
    close(house)


def suspended(house: House) -> None:
    house.enter()
    house.desk.accounts.suspend(TARO, "hanako1", NINE)


def locked(house: House) -> None:
    house.enter()
    house.fail(6)


@pytest.mark.parametrize("over", [cancelled, closed, suspended, locked])
def test_a_code_with_which_nothing_begins_is_not_sent(checked_post: Post, over: Callable[[House], None]) -> None:
    over(checked_post.house)

    checked_post.send()

    assert "code" not in [letter.kind for letter in checked_post.letters.written]
    ended = [fact for fact in checked_post.house.every_fact() if isinstance(fact, NotificationCancelled)]
    assert [fact.reason for fact in ended] == ["code_over"]


def test_a_code_replaced_while_its_letter_is_written_is_still_a_code(checked_post: Post) -> None:
    checked_post.house.enter()
    old = code(checked_post.house)
    for _ in range(3):  # the mail, the account, the fact that it tells of
        checked_post.house.between.at("load", lambda: None)
    checked_post.house.between.at("load", checked_post.house.enter)

    checked_post.send()

    assert [letter.code for letter in checked_post.letters.written] == [old, code(checked_post.house)]
