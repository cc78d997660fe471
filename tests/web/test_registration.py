"""The master's first registration, page by page (screens.md; R2.1, R2.3, R5.2, R7.2)."""

import pytest

from domain.credentials import account_stream
from tests.support.accounts import DAY
from tests.support.applicants import OWN_PASSWORD, Letter, letter_to
from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import MASTER, NINE, TARO, House
from tests.support.html import Link
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
from tests.web.test_cookies import KEPT, set_cookies
from web.cookies import REGISTRATION

PERSON = ("name", "email", "email_again", "user_id")


@pytest.fixture
def letter(house: House, server: Server) -> Letter:
    return letter_to(house)


def kept(house: House) -> int:
    return len(house.database.execute("select id from registrations"))


# ---- from the letter to ④


def test_from_the_letter_to_4_each_page_leads_to_the_next(browser: Browser, letter: Letter) -> None:
    pages = [(enter(browser, letter), browser.follow(), browser.page.h1)]
    pages.append((browser.submit(PROFILE, **TYPED), browser.follow(), browser.page.h1))
    pages.append((browser.submit(CONFIRM), browser.follow(), browser.page.h1))

    assert [(sent.status_code, sent.headers["location"], shown.status_code, h1) for sent, shown, h1 in pages] == [
        (303, PROFILE, 200, "マスターユーザー初期登録"),
        (303, CONFIRM, 200, "マスターユーザー初期登録確認"),
        (303, DONE, 200, "マスターユーザー初期登録完了"),
    ]
    assert Link("/issuance", "電子証明書発行へ") in browser.page.links
    assert browser.authenticate(MASTER, OWN_PASSWORD).headers["location"] == "/issuance/confirm"


def test_the_new_master_is_let_in_with_the_own_certificate(house: House, server: Server, letter: Letter) -> None:
    registered(server.browser(), letter)
    house.issue(MASTER, OWN_PASSWORD)
    browser = server.browser(certificate_of(house, MASTER))

    browser.log_in(MASTER, OWN_PASSWORD)

    assert browser.follow().status_code == 200
    assert browser.page.h1 == "ホーム"


def test_the_first_page_asks_for_what_stands_in_the_letter(browser: Browser) -> None:
    answer = browser.open(LOGIN)

    assert answer.status_code == 200
    assert browser.page.title.startswith("マスターユーザー初期登録ログイン")
    assert browser.page.form(LOGIN).buttons == ["ログイン"]
    assert Link("/", "キャンセル") in browser.page.links
    assert "続けて6回で「ロック」" in browser.page.main
    assert "労金へ解除をご依頼ください" in browser.page.main
    assert "メールでお知らせ" not in browser.page.main


def test_the_cookie_is_bound_to_the_host_and_new_at_every_log_in(browser: Browser, letter: Letter) -> None:
    first = set_cookies(enter(browser, letter))
    value = browser.cookies[REGISTRATION]
    enter(browser, letter)

    assert first == {REGISTRATION: KEPT}
    assert len(value) == 43
    assert browser.cookies[REGISTRATION] != value


def test_the_confirmation_shows_all_but_the_password(browser: Browser, letter: Letter) -> None:
    page = at_confirmation(browser, letter).page

    assert [word for word in ("見本商事株式会社", "見本 花子", "hanako@example.com", MASTER) if word in page.main] != []
    assert "9:30まで" in page.main
    assert OWN_PASSWORD not in page.text
    assert set(page.form(CONFIRM).fields) == {"csrf_token", "registration", "profile"}
    assert Link(PROFILE, "戻る") in page.links


def test_no_page_after_it_holds_the_password(browser: Browser, letter: Letter) -> None:
    at_confirmation(browser, letter)

    answers = [browser.open(path) for path in (CONFIRM, PROFILE)]
    browser.open(CONFIRM)
    answers += [browser.submit(CONFIRM), browser.follow()]

    assert [answer.status_code for answer in answers] == [200, 200, 303, 200]
    assert not [answer for answer in answers if OWN_PASSWORD in answer.text or letter.password in answer.text]


def test_back_leads_to_the_form_with_all_but_the_passwords(browser: Browser, letter: Letter) -> None:
    at_confirmation(browser, letter)

    browser.open(PROFILE)

    fields = browser.page.form(PROFILE).fields
    assert {name: fields[name] for name in TYPED} == TYPED | {"password": "", "password_again": ""}


def test_what_was_typed_anew_is_what_is_registered(house: House, browser: Browser, letter: Letter) -> None:
    at_confirmation(browser, letter)

    fill_in(browser, user_id="sakura77")
    browser.follow()
    browser.submit(CONFIRM)

    assert house.account("sakura77").role == "master"
    assert house.store.load(account_stream(MASTER)) == []


def test_a_double_click_is_done_twice_and_registers_once(house: House, browser: Browser, letter: Letter) -> None:
    at_confirmation(browser, letter)
    fields = browser.page.form(CONFIRM).fields

    answers = [browser.post(CONFIRM, **fields) for _ in range(2)]

    assert [answer.headers["location"] for answer in answers] == [DONE, DONE]
    assert house.count("MasterRegistered") == 1


@pytest.mark.parametrize("path", [PROFILE, CONFIRM])
def test_after_it_the_pages_before_lead_to_the_end(browser: Browser, letter: Letter, path: str) -> None:
    registered(browser, letter)

    first = browser.open(path)
    last = first.headers["location"] if first.headers["location"] == DONE else browser.follow().headers["location"]

    assert last == DONE


def test_before_the_profile_the_pages_behind_it_lead_to_it(browser: Browser, letter: Letter) -> None:
    at_profile(browser, letter)

    answers = [browser.open(path) for path in (CONFIRM, DONE)]

    assert [answer.headers["location"] for answer in answers] == [PROFILE, PROFILE]


def test_a_profile_sent_after_it_is_told_that_it_is_done(browser: Browser, letter: Letter) -> None:
    fields = at_confirmation(browser, letter).page.form(CONFIRM).fields
    browser.submit(CONFIRM)

    answer = browser.post(PROFILE, **fields | TYPED)

    assert answer.status_code == 409
    assert browser.page.h1 == "マスターユーザーの初期登録は済んでいます"


# ---- cancelled


def test_cancelling_leaves_nothing_behind(house: House, browser: Browser, letter: Letter) -> None:
    form = at_profile(browser, letter).page.form(PROFILE)
    fill_in(browser)

    answer = browser.post(CANCEL, **form.fields)

    assert form.buttons == ["次へ", "キャンセル"]
    assert (answer.status_code, answer.headers["location"], kept(house)) == (303, "/", 0)
    assert REGISTRATION not in browser.cookies
    assert browser.open(CONFIRM).status_code == 409


def test_the_button_sends_the_form_there(browser: Browser, letter: Letter) -> None:
    page = at_profile(browser, letter).page

    targets = {button.text: button.attributes.get("formaction") for button in page.root.all("button")}

    assert targets == {"次へ": None, "キャンセル": CANCEL}


def test_what_is_registered_is_not_cancelled(house: House, browser: Browser, letter: Letter) -> None:
    fields = at_profile(browser, letter).page.form(PROFILE).fields
    fill_in(browser)
    browser.follow()
    browser.submit(CONFIRM)

    answer = browser.post(CANCEL, **fields)

    assert (answer.status_code, answer.headers["location"]) == (303, DONE)
    assert house.count("MasterRegistered") == 1


# ---- what is typed wrong


def test_a_malformed_code_or_password_is_no_try(house: House, browser: Browser, letter: Letter) -> None:
    browser.open(LOGIN)

    answer = browser.submit(LOGIN, organization_code="ＢＥＴＡ", initial_password="sesame")

    assert answer.status_code == 422
    assert "全角の文字は使えません" in browser.page.main
    assert "英字と数字の両方を使ってください" in browser.page.main
    assert browser.page.form(LOGIN).fields["organization_code"] == "ＢＥＴＡ"
    assert browser.page.form(LOGIN).fields["initial_password"] == ""
    assert house.count("InvitationFailed") == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": " "}, "お名前をご確認ください"),
        ({"email": "no address", "email_again": "no address"}, "メールアドレスをご確認ください"),
        ({"email_again": "hanako@example.org"}, "メールアドレスと一致しません"),
        ({"user_id": ""}, "ユーザーIDを入力してください"),
        ({"user_id": TARO}, "このユーザーIDは使えません"),
        ({"password": f"{MASTER}x", "password_again": f"{MASTER}x"}, "ユーザーIDを含むパスワードは使えません"),
        ({"password": "sakura123", "password_again": "sakura123"}, "推測されやすいパスワードです"),
        ({"password_again": "tulip2027"}, "パスワードと一致しません"),
    ],
)
def test_what_is_typed_wrong_comes_back_marked_and_without_the_passwords(
    house: House, browser: Browser, letter: Letter, changes: dict[str, str], told: str
) -> None:
    at_profile(browser, letter)

    answer = fill_in(browser, **changes)

    fields = browser.page.form(PROFILE).fields
    assert answer.status_code == 422
    assert told in browser.page.main
    assert {name: fields[name] for name in PERSON} == {name: (TYPED | changes)[name] for name in PERSON}
    assert (fields["password"], fields["password_again"]) == ("", "")
    assert browser.open(CONFIRM).headers["location"] == PROFILE


def test_the_letters_password_is_not_taken_for_the_own_one(browser: Browser, letter: Letter) -> None:
    at_profile(browser, letter)

    answer = fill_in(browser, password=letter.password, password_again=letter.password)

    assert answer.status_code == 422
    assert "初期パスワードと同じです" in browser.page.main
    assert letter.password not in answer.text


def test_what_was_typed_comes_back_as_text_and_never_as_markup(browser: Browser, letter: Letter) -> None:
    typed = "\"><script>alert('1')</script>"
    at_profile(browser, letter)

    refused = fill_in(browser, name=typed, email=typed)
    fill_in(browser, name=typed)
    shown = browser.follow()

    assert refused.status_code == 422
    assert shown.status_code == 200
    assert typed not in refused.text + shown.text
    assert typed in browser.page.main


# ---- used, expired


def test_whoever_types_the_right_one_later_is_told_that_it_is_done(server: Server, letter: Letter) -> None:
    registered(server.browser(), letter)
    later = server.browser()

    answer = enter(later, letter)

    assert answer.status_code == 409
    assert later.page.h1 == "マスターユーザーの初期登録は済んでいます"
    assert Link("/issuance", "電子証明書発行へ") in later.page.links
    assert REGISTRATION not in later.cookies


def test_whoever_types_the_right_one_too_late_is_told_to_ask_the_bank(
    house: House, browser: Browser, letter: Letter
) -> None:
    house.clock.set(NINE + 80 * DAY)

    answer = enter(browser, letter)

    assert answer.status_code == 409
    assert browser.page.h1 == "初期パスワードの有効期限が切れています"
    assert "労金へ、新しい初期パスワードの発行をご依頼ください" in browser.page.main
