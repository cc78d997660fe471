"""Changing the own password, and the change that is due before anything else (R2.1, R2.2, R2.4, R3.1, R3.11)."""

import pytest

from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import RIGHT, WRONG, House
from web.cookies import SESSION

NEW = "tulip2026"
NEWCOMER = "jiro0002"


@pytest.fixture
def inside(house: House, server: Server) -> Browser:
    """taro0001's, logged in, the password page shown."""
    house.issue()
    browser = server.browser(certificate_of(house))
    browser.log_in()
    browser.open("/home/password")
    return browser


@pytest.fixture
def newcomer(house: House, server: Server) -> tuple[Browser, str]:
    """Of somebody who was given the password, and that password; not yet logged in."""
    given = house.register(NEWCOMER)
    house.issue(NEWCOMER, given)
    return server.browser(certificate_of(house, NEWCOMER)), given


def change(browser: Browser, current: str = RIGHT, new: str = NEW, again: str = NEW) -> int:
    return browser.submit("/home/password", current_password=current, password=new, password_again=again).status_code


def test_the_password_is_changed_and_home_shown(house: House, inside: Browser) -> None:
    status = change(inside)

    assert (status, inside.follow().status_code) == (303, 200)
    assert inside.page.h1 == "ホーム"
    assert house.kinds()[-2:] == ["PasswordAccepted", "PasswordChanged"]
    assert inside.log_in(password=RIGHT).status_code == 401
    assert inside.log_in(password=NEW).status_code == 303


def test_the_page_has_the_fields_of_the_contract(inside: Browser) -> None:
    form = inside.page.form("/home/password")

    assert list(form.fields) == ["csrf_token", "current_password", "password", "password_again"]
    assert inside.page.title.startswith("パスワード変更")


def test_a_wrong_current_password_is_told_and_counted(house: House, inside: Browser) -> None:
    status = change(inside, current=WRONG)

    assert status == 401
    assert "現在のパスワードが正しくありません" in inside.page.main
    assert house.kinds()[-1] == "PasswordFailed"
    assert inside.open("/home").status_code == 200


@pytest.mark.parametrize(
    ("new", "again", "told"),
    [
        ("sesa9", "sesa9", "6〜12文字で入力してください"),
        ("sesame9999999", "sesame9999999", "6〜12文字で入力してください"),
        ("tulip202\uff16", "tulip202\uff16", "全角の文字は使えません"),
        ("TARO0001x", "TARO0001x", "ユーザーIDを含むパスワードは使えません"),
        ("Password1", "Password1", "推測されやすいパスワードです"),
        (RIGHT, RIGHT, "現在のパスワードと同じです"),
        (NEW, "tulip2027", "新しいパスワードと一致しません"),
        ("", "", "新しいパスワードを入力してください"),
    ],
)
def test_a_new_password_that_cannot_be_taken_is_told_and_counts_for_nothing(
    house: House, inside: Browser, new: str, again: str, told: str
) -> None:
    facts = house.kinds()

    status = change(inside, new=new, again=again)

    assert status == 422
    assert told in inside.page.main
    assert house.kinds() == facts


def test_passwords_typed_never_come_back(inside: Browser) -> None:
    change(inside, current=WRONG, new=NEW, again="tulip2027")

    assert inside.answer is not None
    assert not [word for word in (WRONG, NEW, "tulip2027") if word in inside.answer.text]
    assert set(inside.page.form("/home/password").fields.values()) == {inside.token("/home/password"), ""}


def test_the_sixth_wrong_password_locks_and_the_session_stays(house: House, inside: Browser) -> None:
    for _ in range(5):
        change(inside, current=WRONG)

    sixth = change(inside, current=WRONG)

    assert sixth == 401
    assert "ロック中です" in inside.page.main
    assert "10:00まで(あと60分)パスワードを変更できません" in inside.page.main
    assert inside.open("/home").status_code == 200
    assert house.count("AccountLocked") == 1


def test_without_a_session_no_password_is_changed(house: House, inside: Browser) -> None:
    fields = inside.page.form("/home/password").fields | {
        "current_password": RIGHT,
        "password": NEW,
        "password_again": NEW,
    }
    del inside.client.cookies[SESSION]

    answer = inside.post("/home/password", **fields)

    assert answer.status_code == 401
    assert inside.page.h1 == "ログインが必要です"
    assert house.count("PasswordChanged") == 1  # the fixture's own


# ---- the change that is due


def test_who_was_given_the_password_is_led_to_change_it(newcomer: tuple[Browser, str]) -> None:
    browser, given = newcomer

    answer = browser.log_in(NEWCOMER, given)

    assert (answer.status_code, answer.headers["location"]) == (303, "/home/password")
    browser.follow()
    assert "受け取ったパスワードを、ご自身で決めたパスワードに変更してください" in browser.page.main


def test_until_then_every_other_page_leads_there_and_the_api_is_closed(newcomer: tuple[Browser, str]) -> None:
    browser, given = newcomer
    browser.log_in(NEWCOMER, given)

    home, api = browser.open("/home"), browser.open("/api/v1/lock-status")

    assert (home.status_code, home.headers["location"]) == (303, "/home/password")
    assert api.status_code == 403


def test_until_then_one_may_log_out(newcomer: tuple[Browser, str]) -> None:
    browser, given = newcomer
    browser.log_in(NEWCOMER, given)
    browser.follow()

    answer = browser.submit("/logout")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_after_the_change_every_page_is_open(newcomer: tuple[Browser, str]) -> None:
    browser, given = newcomer
    browser.log_in(NEWCOMER, given)
    browser.follow()

    status = change(browser, current=given)

    assert status == 303
    assert browser.open("/home").status_code == 200


def test_the_page_offers_no_way_round_the_change(newcomer: tuple[Browser, str]) -> None:
    browser, given = newcomer
    browser.log_in(NEWCOMER, given)
    browser.follow()

    ways = [link.href for link in browser.page.links if link.href.startswith("/home")]
    assert ways == ["/home/password?lang=en", "/home/password"]
