"""Steps ① to ③: the login screen, which any browser reaches with any certificate or none (manual ① to ③; R5.1)."""

import pytest

from tests.support.browser import UNUSABLE, Browser, Server, certificate_of
from tests.support.house import OVER, House
from tests.support.html import Link

LINES = {
    "certificate_none": "電子証明書は受け取っていません",
    "certificate_unknown": "受け取った電子証明書:本サービスのものではありません",
    "certificate_not_yet_valid": "受け取った電子証明書:taro0001(有効期間の前)",
    "certificate_expired": "受け取った電子証明書:taro0001(2027年11月24日で有効期限切れ)",
    "certificate_revoked": "受け取った電子証明書:taro0001(失効済み)",
    "certificate_superseded": "受け取った電子証明書:taro0001(更新前の古い電子証明書)",
}


def test_the_url_shows_the_login_screen(browser: Browser) -> None:
    answer = browser.open("/")

    assert answer.status_code == 200
    assert browser.page.title.startswith("ログイン画面")
    assert browser.page.h1 == "ログイン画面"
    assert "③ 電子証明書発行選択" in browser.page.text


def test_it_has_the_four_buttons_of_the_manual(browser: Browser) -> None:
    browser.open("/")

    links = browser.page.links
    assert Link("/login", "ログイン") in links
    assert Link("/registration/master", "マスターユーザーの初期登録") in links
    assert Link("/issuance", "一般ユーザーの初期登録") in links
    assert Link("/issuance", "電子証明書発行") in links


@pytest.mark.parametrize("case", LINES)
def test_it_is_shown_whatever_the_browser_presents_and_says_what_that_is(
    house: House, server: Server, case: str
) -> None:
    browser = server.browser(UNUSABLE[case](house))

    answer = browser.open("/")

    assert answer.status_code == 200
    assert LINES[case] in browser.page.main


def test_a_live_certificate_is_named_with_its_last_day(house: House, server: Server) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))

    browser.open("/")

    assert "受け取った電子証明書:taro0001(2027年11月24日まで有効)" in browser.page.main


def test_the_certificate_is_judged_anew_at_every_request(house: House, server: Server) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))
    browser.open("/")

    house.clock.set(OVER)
    browser.open("/")

    assert "(2027年11月24日で有効期限切れ)" in browser.page.main


def test_the_masters_button_leads_to_the_registration_and_the_others_to_4(browser: Browser) -> None:
    browser.open("/")
    ways = {link.text: link.href for link in browser.page.links}

    headings = {}
    for button in ("マスターユーザーの初期登録", "一般ユーザーの初期登録", "電子証明書発行"):
        browser.open(ways[button])
        headings[button] = browser.page.h1

    assert headings == {
        "マスターユーザーの初期登録": "マスターユーザー初期登録ログイン",
        "一般ユーザーの初期登録": "電子証明書発行 ユーザー認証",
        "電子証明書発行": "電子証明書発行 ユーザー認証",
    }
