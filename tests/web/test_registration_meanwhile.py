"""The first registration where something comes between: time, another tab, others, faults (screens.md; R7.2, R7.4)."""

from collections.abc import Callable

import pytest

from domain.errors import NotFound
from domain.fact import COMMAND_LINE
from tests.support.accounts import HOUR, MINUTE, fact
from tests.support.applicants import CODE, Letter, letter_to
from tests.support.browser import Browser, Server, serving
from tests.support.house import MASTER, NINE, WRONG, House
from tests.support.html import Link, Page
from tests.support.registering import (
    CANCEL,
    CONFIRM,
    DONE,
    LOGIN,
    PROFILE,
    TYPED,
    at_confirmation,
    at_profile,
    enter,
    fill_in,
    registered,
)
from web.cookies import REGISTRATION

AGAIN = Link(LOGIN, "初期登録のはじめへ")


@pytest.fixture
def letter(house: House, server: Server) -> Letter:
    return letter_to(house)


def kept(house: House) -> int:
    return len(house.database.execute("select id from registrations"))


# ---- no registration


def lost(house: House, browser: Browser) -> None:
    del browser.client.cookies[REGISTRATION]


def timed_out(house: House, browser: Browser) -> None:
    house.clock.advance(30 * MINUTE)


@pytest.mark.parametrize(
    ("gone", "heading"),
    [(lost, "初期登録の手続きが見つかりません"), (timed_out, "時間が過ぎたため、初期登録を終わりました")],
)
def test_without_an_open_registration_every_page_and_form_says_so_and_leads_on(
    house: House, browser: Browser, letter: Letter, gone: Callable[[House, Browser], None], heading: str
) -> None:
    fields = at_confirmation(browser, letter).page.form(CONFIRM).fields
    gone(house, browser)

    answers = [browser.open(path) for path in (PROFILE, CONFIRM, DONE)]
    answers += [browser.post(path, **fields | TYPED) for path in (PROFILE, CONFIRM)]

    pages = [Page(answer.text) for answer in answers]
    assert [answer.status_code for answer in answers] == [409] * 5
    assert [(page.h1, AGAIN in page.links) for page in pages] == [(heading, True)] * 5
    assert house.count("MasterRegistered") == 0


def test_a_cancel_that_comes_too_late_leads_to_the_start_all_the_same(
    house: House, browser: Browser, letter: Letter
) -> None:
    fields = at_profile(browser, letter).page.form(PROFILE).fields
    house.clock.advance(HOUR)

    answer = browser.post(CANCEL, **fields)

    assert (answer.headers["location"], kept(house)) == ("/", 0)


def test_a_letter_replaced_meanwhile_ends_it_with_the_way_on(house: House, browser: Browser, letter: Letter) -> None:
    at_confirmation(browser, letter)
    house.desk.organizations.initialize(CODE, COMMAND_LINE, house.clock())

    answer = browser.submit(CONFIRM)

    assert answer.status_code == 409
    assert browser.page.h1 == "新しい初期パスワードが発行されています"
    assert AGAIN in browser.page.links


@pytest.mark.parametrize("path", [PROFILE, CONFIRM, CANCEL])
def test_a_form_of_another_letters_tab_is_refused(house: House, browser: Browser, letter: Letter, path: str) -> None:
    fields = at_confirmation(browser, letter).page.form(CONFIRM).fields
    enter(browser, letter_to(house, "GAMMA1"))

    answer = browser.post(path, **fields | TYPED)

    assert answer.status_code == 409
    assert browser.page.h1 == "別の画面で手続きが進んでいます"
    assert house.count("MasterRegistered") == 0


def test_what_another_tab_typed_since_is_not_what_this_one_registers(
    house: House, browser: Browser, letter: Letter
) -> None:
    first_tab = at_confirmation(browser, letter).page.form(CONFIRM).fields
    fill_in(browser, user_id="sakura77")
    browser.follow()
    second_tab = browser.page.form(CONFIRM).fields

    answer = browser.post(CONFIRM, **first_tab)

    assert (answer.status_code, browser.page.h1) == (409, "別の画面で手続きが進んでいます")
    assert house.count("MasterRegistered") == 0
    assert browser.post(CONFIRM, **second_tab).headers["location"] == DONE
    assert house.account("sakura77").role == "master"


def test_entering_again_leaves_nothing_of_the_first_time_behind(house: House, browser: Browser, letter: Letter) -> None:
    at_confirmation(browser, letter)

    at_profile(browser, letter)

    assert house.database.execute("select profile from registrations") == [{"profile": None}]


def test_a_form_that_does_not_say_which_one_is_taken(house: House, browser: Browser, letter: Letter) -> None:
    token = at_profile(browser, letter).token()

    answers = [browser.post(PROFILE, csrf_token=token, **TYPED), browser.post(CONFIRM, csrf_token=token)]

    assert [answer.headers["location"] for answer in answers] == [CONFIRM, DONE]
    assert house.count("MasterRegistered") == 1


# ---- what came between


def test_a_user_id_taken_meanwhile_leads_back_to_the_form(house: House, browser: Browser, letter: Letter) -> None:
    at_confirmation(browser, letter)
    house.register(MASTER)

    answer = browser.submit(CONFIRM)

    assert answer.status_code == 409
    assert browser.page.h1 == "このユーザーIDは使えません"
    assert Link(PROFILE, "入力画面へ戻る") in browser.page.links
    browser.open(PROFILE)
    assert browser.page.form(PROFILE).fields["name"] == "見本 花子"


def test_of_two_browsers_with_the_same_letter_the_slower_is_told(server: Server, letter: Letter) -> None:
    slower = at_confirmation(server.browser(), letter, user_id="sakura77")
    registered(server.browser(), letter)

    answer = slower.submit(CONFIRM)

    assert answer.status_code == 409
    assert slower.page.h1 == "マスターユーザーの初期登録は済んでいます"


@pytest.mark.parametrize(
    ("kind", "heading"),
    [("OrganizationClosed", "この団体は利用を終了しています"), ("InvitationBlocked", "初期登録は閉塞しています")],
)
def test_a_closing_or_a_block_meanwhile_is_told_in_its_own_words(
    house: House, browser: Browser, letter: Letter, kind: str, heading: str
) -> None:
    at_confirmation(browser, letter)
    letter.record(fact(kind, NINE, by=COMMAND_LINE))

    answer = browser.submit(CONFIRM)

    assert (answer.status_code, browser.page.h1) == (401, heading)
    with pytest.raises(NotFound):
        house.account(MASTER)


# ---- faults of the world


def test_without_the_database_nobody_gets_on(house: House, browser: Browser, letter: Letter) -> None:
    fields = at_confirmation(browser, letter).page.form(CONFIRM).fields
    house.database.close()
    typed = fields | TYPED | {"organization_code": CODE, "initial_password": letter.password}

    answers = [browser.open(path) for path in (PROFILE, CONFIRM, DONE)]
    answers += [browser.post(path, **typed) for path in (LOGIN, PROFILE, CONFIRM, CANCEL)]

    assert {(answer.status_code, answer.headers["retry-after"]) for answer in answers} == {(503, "5")}
    assert browser.open(LOGIN).status_code == 200


@pytest.mark.parametrize("path", [LOGIN, PROFILE, CONFIRM])
def test_where_too_many_passwords_wait_it_is_busy(house: House, browser: Browser, letter: Letter, path: str) -> None:
    typed = {"organization_code": CODE, "initial_password": WRONG}
    fields = at_confirmation(browser, letter).page.form(CONFIRM).fields
    looked_at = len(house.passwords.checked)
    with serving(house, tries_waiting=0) as crowded:
        other = crowded.browser()
        other.client.cookies = browser.client.cookies

        answer = other.post(path, **fields | TYPED | typed)

    assert (answer.status_code, len(house.passwords.checked)) == (503, looked_at)
