"""本人確認: the code by mail between ④ and ⑤, where the organization wants it (R5.7)."""

import pytest

from application.ports import Contact
from domain.credentials import account_stream
from domain.errors import (
    CodeAwaited,
    CodeOver,
    InvalidInput,
    OtherTab,
    TicketMissing,
    TicketTimedOut,
    TooManyCodes,
    WrongCode,
    WrongPassword,
)
from tests.support.accounts import DAY, MILLISECOND, MINUTE
from tests.support.crowd import refusals, together
from tests.support.house import NINE, RIGHT, TARO, WRONG, House
from tests.support.post import Post


def codes(house: House) -> list[str]:
    return [row["code"] for row in house.database.execute("select code from issuance_codes")]


def code(house: House) -> str:
    [code] = codes(house)
    return code


def wrong(house: House) -> str:
    return "000000" if code(house) != "000000" else "111111"


def confirm(house: House, cookie: str, typed: str) -> None:
    house.desk.second_check.confirm(cookie, None, typed, house.clock())


def fail(house: House, cookie: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises((WrongCode, CodeOver)):
            confirm(house, cookie, wrong(house))


def test_after_the_right_password_a_code_is_sent_and_awaited(checked: House) -> None:
    opened = checked.desk.issuance.authenticate(TARO, RIGHT, NINE)

    assert opened.code_awaited
    assert checked.kinds()[-3:] == ["PasswordAccepted", "IssuanceCodeSent", "NotificationRequested"]
    assert checked.mails() == ["code"]
    assert len(code(checked)) == 6
    assert code(checked).isdigit()


def test_without_the_setting_nobody_is_asked_for_one(house: House) -> None:
    opened = house.desk.issuance.authenticate(TARO, RIGHT, NINE)

    assert not opened.code_awaited
    assert codes(house) == []


def test_the_code_stands_in_no_fact(checked: House) -> None:
    checked.enter()

    assert code(checked) not in str(checked.every_fact())


def test_nothing_starts_before_the_code(checked: House) -> None:
    cookie = checked.enter()

    with pytest.raises(CodeAwaited):
        checked.start(cookie)

    assert checked.count("IssuanceStarted") == 0


def test_with_the_code_the_issue_goes_on_as_ever(checked: House) -> None:
    cookie = checked.enter()
    confirm(checked, cookie, code(checked))

    assert checked.start(cookie)
    checked.work(cookie)

    assert checked.progress(cookie) == "issued"
    assert codes(checked) == []


def test_the_same_code_again_in_another_tab_changes_nothing(checked: House) -> None:
    cookie, right = checked.enter(), code(checked)
    confirm(checked, cookie, right)
    before = checked.kinds()

    confirm(checked, cookie, right)

    assert checked.kinds() == before


def test_a_wrong_code_is_told_with_the_tries_left(checked: House) -> None:
    cookie = checked.enter()

    with pytest.raises(WrongCode) as refusal:
        confirm(checked, cookie, wrong(checked))

    assert refusal.value.left == 4
    assert checked.kinds()[-1] == "IssuanceCodeFailed"
    assert checked.account().lockout.failures == 0


def test_the_fifth_wrong_one_ends_the_attempt(checked: House) -> None:
    cookie = checked.enter()
    fail(checked, cookie, 4)

    with pytest.raises(CodeOver):
        confirm(checked, cookie, wrong(checked))

    assert codes(checked) == []
    with pytest.raises(TicketMissing):
        confirm(checked, cookie, "123456")
    assert checked.count("IssuanceCodeFailed") == 5


def test_the_right_one_after_four_wrong_ones_is_taken(checked: House) -> None:
    cookie = checked.enter()
    fail(checked, cookie, 4)

    confirm(checked, cookie, code(checked))

    assert checked.start(cookie)


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "missing"),
        ("12345", "malformed"),
        ("1234567", "malformed"),
        ("１２３４５６", "full_width"),
        ("12345a", "malformed"),
    ],
)
def test_malformed_input_counts_for_nothing(checked: House, typed: str, fault: str) -> None:
    cookie = checked.enter()
    before = checked.kinds()

    with pytest.raises(InvalidInput) as refusal:
        confirm(checked, cookie, typed)

    assert refusal.value.faults == {"code": fault}
    assert checked.kinds() == before


def test_the_ticket_and_its_code_are_over_at_ten_minutes(checked: House) -> None:
    cookie = checked.enter()
    checked.clock.set(NINE + 10 * MINUTE)

    with pytest.raises(TicketTimedOut):
        confirm(checked, cookie, code(checked))


def test_just_before_they_are_good(checked: House) -> None:
    cookie = checked.enter()
    checked.clock.set(NINE + 10 * MINUTE - MILLISECOND)

    confirm(checked, cookie, code(checked))

    assert checked.kinds()[-1] == "IssuanceCodeAccepted"


def test_a_code_sent_to_another_browser_ends_this_ones(checked: House) -> None:
    first = checked.enter()
    old = code(checked)
    second = checked.enter()

    with pytest.raises(CodeOver):
        confirm(checked, first, old)
    confirm(checked, second, code(checked))

    with pytest.raises(TicketMissing):
        confirm(checked, first, old)


def test_the_sixth_code_of_a_day_is_refused_with_its_reason_after_a_right_password(checked: House) -> None:
    for _ in range(5):
        checked.enter()

    with pytest.raises(TooManyCodes):
        checked.enter()

    assert checked.kinds()[-2:] == ["PasswordAccepted", "IssuanceRefused"]
    assert checked.mails() == ["code"] * 5
    checked.clock.set(NINE + DAY)
    assert checked.enter()


def test_a_wrong_password_sends_no_code(checked: House) -> None:
    with pytest.raises(WrongPassword):
        checked.enter(TARO, WRONG)

    assert codes(checked) == []


def test_of_twenty_guesses_at_once_five_are_looked_at(checked: House, second_house: House) -> None:
    cookie = checked.enter()
    guess = wrong(checked)

    outcomes = together([lambda: confirm(checked, cookie, guess), lambda: confirm(second_house, cookie, guess)] * 10)

    assert checked.count("IssuanceCodeFailed") <= 5
    assert len(refusals(outcomes)) == 20
    assert checked.count("IssuanceCodeAccepted") == 0


def test_the_form_of_another_tab_counts_for_nothing(checked: House) -> None:
    form = checked.desk.second_check.ticket(checked.enter(), NINE).id
    cookie = checked.enter()
    before = checked.kinds()

    for typed in (code(checked), wrong(checked), ""):
        with pytest.raises(OtherTab):
            checked.desk.second_check.confirm(cookie, form, typed, NINE)

    assert checked.kinds() == before
    checked.desk.second_check.confirm(cookie, checked.desk.second_check.ticket(cookie, NINE).id, code(checked), NINE)


# ---- its mail


def test_the_mail_carries_the_code_and_its_end(checked_post: Post) -> None:
    checked_post.house.enter()

    assert checked_post.send() == 1

    [letter] = checked_post.letters.written
    assert (letter.kind, letter.code, letter.until) == ("code", code(checked_post.house), NINE + 10 * MINUTE)


def test_a_code_that_is_over_is_not_sent(checked_post: Post) -> None:
    checked_post.house.enter()
    checked_post.house.clock.set(NINE + 10 * MINUTE)

    assert checked_post.send() == 0

    assert checked_post.house.kinds()[-1] == "NotificationCancelled"


def test_of_two_codes_only_the_newest_is_sent(checked_post: Post) -> None:
    checked_post.house.enter()
    checked_post.house.enter()

    assert checked_post.send() == 1

    assert [letter.code for letter in checked_post.letters.written] == codes(checked_post.house)


# ---- the mails of a changed address (R6.3)


def test_a_changed_address_is_told_to_both(checked_post: Post) -> None:
    house = checked_post.house
    before = house.people.of(account_stream(TARO), 1)

    house.desk.accounts.change_contact(TARO, "見本 太郎", "new@example.com", "hanako1", NINE)
    checked_post.send()

    assert before == Contact("見本 太郎", "taro@example.com")
    assert {(mail.recipient, mail.subject) for mail in checked_post.server.taken} == {
        ("new@example.com", "subject address_changed"),
        ("taro@example.com", "subject address_left"),
    }


def test_a_changed_name_alone_is_told_to_nobody(checked_post: Post) -> None:
    checked_post.house.desk.accounts.change_contact(TARO, "見本 次郎", "taro@example.com", "hanako1", NINE)

    assert checked_post.house.mails() == []
