"""Steps ④ to ⑥ by the pages' own forms: the password, 発行, the wait (manual ④ to ⑥; R4.2, R4.6, R5.2, R5.3, R5.8)."""

from datetime import timedelta
from threading import Event

import pytest

from domain.fact import COMMAND_LINE
from domain.policy import Policy
from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import RENEWAL, RIGHT, TARO, House
from tests.support.html import Link
from web.cookies import TICKET

MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


# ---- ④


def test_the_whole_path_is_walked_by_the_forms_of_its_pages(house: House, server: Server, browser: Browser) -> None:
    path = [browser.open("/issuance").url.path]

    path.append(browser.submit("/issuance", user_id=TARO, password=RIGHT).headers["location"])
    browser.follow()
    path.append(browser.submit("/issuance/confirm").headers["location"])
    server.finish_work()
    path.append(browser.follow().headers["location"])
    browser.follow()
    path.append(browser.open("/issuance/p12").url.path)
    browser.open("/issuance/result")
    path.append(browser.submit("/issuance/close").headers["location"])
    end = browser.follow()

    assert path == [
        "/issuance",
        "/issuance/confirm",
        "/issuance/progress",
        "/issuance/result",
        "/issuance/p12",
        "/issuance/closed",
    ]
    assert (end.status_code, browser.page.h1) == (200, "電子証明書発行終了")
    assert house.count("CertificateIssued") == house.count("KeyPackageDelivered") == 1
    assert house.count("KeyPackageDestroyed") == 1


def test_each_step_is_a_303(server: Server, browser: Browser) -> None:
    statuses = [browser.authenticate().status_code]
    browser.follow()
    statuses.append(browser.submit("/issuance/confirm").status_code)
    server.finish_work()
    statuses.append(browser.follow().status_code)
    browser.follow()
    statuses.append(browser.submit("/issuance/close").status_code)

    assert statuses == [303] * 4


def test_4_says_the_rule_of_tries_and_who_releases_whom(browser: Browser) -> None:
    browser.open("/issuance")

    page = browser.page
    assert page.title.startswith("電子証明書発行 ユーザー認証")
    assert "④ ユーザー認証" in page.text
    assert "続けて6回で「ロック」60分間" in page.main
    assert "ロック3回で「閉塞」" in page.main
    assert "一般ユーザーの方は、マスターユーザーへ" in page.main
    assert "マスターユーザーの方は、労金へ" in page.main
    assert "有効期限の30日前から認証できます" in page.main
    assert Link("/", "キャンセル") in page.links


def test_no_form_is_filled_in_by_the_browser(browser: Browser) -> None:
    browser.open("/issuance")

    (form,) = browser.page.root.all("form")
    assert form.attributes["autocomplete"] == "off"
    typed = [field for field in form.all("input") if field.attributes["type"] != "hidden"]
    assert [(field.attributes["name"], field.attributes["autocomplete"]) for field in typed] == [
        ("user_id", "off"),
        ("password", "off"),
    ]


def test_who_has_a_certificate_is_told_from_when_to_renew(house: House, browser: Browser) -> None:
    house.issue()
    house.clock.set(RENEWAL - SECOND)

    answer = browser.authenticate()

    assert answer.status_code == 409
    assert browser.page.h1 == "まだ更新できません"
    assert "2027年11月24日(水)まで" in browser.page.main
    assert "2027年10月25日(月)から更新できます" in browser.page.main
    assert house.kinds()[-1] == "IssuanceRefused"
    assert house.count("PasswordFailed") == 0


def test_from_the_first_moment_of_the_window_one_may_renew(house: House, browser: Browser) -> None:
    house.issue()
    house.clock.set(RENEWAL)

    answer = browser.authenticate()

    assert (answer.status_code, answer.headers["location"]) == (303, "/issuance/confirm")


@pytest.mark.parametrize("policy", [Policy(renewal_needs_certificate=True)])
def test_by_setting_the_browser_has_to_present_what_is_being_renewed(house: House, server: Server) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    without, having = server.browser(), server.browser(certificate_of(house))

    refused, accepted = without.authenticate(), having.authenticate()
    having.follow()
    begun = having.submit("/issuance/confirm")

    assert refused.status_code == 409
    assert without.page.h1 == "更新する電子証明書を確認できませんでした"
    assert (accepted.status_code, begun.status_code) == (303, 303)


@pytest.mark.parametrize("policy", [Policy(renewal_needs_certificate=True)])
def test_by_setting_it_has_to_be_presented_at_the_button_too(house: House, server: Server) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    browser = server.browser(certificate_of(house))
    browser.authenticate()
    browser.follow()

    browser.certificate = None
    answer = browser.submit("/issuance/confirm")

    assert answer.status_code == 409
    assert house.count("IssuanceStarted") == 1


def test_staff_renew_in_their_own_open_session(house: House, server: Server) -> None:
    house.staff("bank0001")
    house.desk.certification.issue_to_file("bank0001", RIGHT, COMMAND_LINE, house.clock())
    house.clock.set(RENEWAL)
    browser = server.browser(certificate_of(house, "bank0001"))
    outside = browser.authenticate("bank0001")

    browser.log_in("bank0001")
    inside = browser.authenticate("bank0001")

    assert (outside.status_code, inside.status_code) == (401, 303)


# ---- ⑤


def test_5_shows_what_will_be_issued_until_when_and_for_which_windows_account(browser: Browser) -> None:
    browser.authenticate()
    answer = browser.follow()

    page = browser.page
    assert answer.status_code == 200
    assert page.title.startswith("電子証明書発行")
    assert page.h1 == "電子証明書発行"
    assert "⑤ 発行" in page.text
    assert "見本商事株式会社" in page.main
    assert "2026年11月24日から 2027年11月24日まで" in page.main
    assert "9:10までに[発行]を押してください" in page.main
    assert "Windows のログオンアカウントごとに一度ずつインポートします" in page.main
    assert page.form("/issuance/confirm").buttons == ["発行"]
    assert page.form("/issuance/cancel").buttons == ["キャンセル"]


def test_cancelling_leads_to_the_login_screen_and_leaves_nothing_behind(house: House, browser: Browser) -> None:
    browser.authenticate()
    browser.follow()

    answer = browser.submit("/issuance/cancel")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert TICKET not in browser.cookies
    assert browser.open("/issuance/confirm").status_code == 409
    assert house.database.execute("select id from tickets") == []
    assert house.kinds()[-1] == "PasswordAccepted"


def test_cancelling_what_timed_out_or_is_gone_leads_to_the_login_screen_too(house: House, browser: Browser) -> None:
    browser.authenticate()
    browser.follow()
    house.clock.advance(10 * MINUTE)
    fields = browser.page.form("/issuance/cancel").fields

    answers = [browser.post("/issuance/cancel", **fields) for _ in range(2)]

    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [(303, "/")] * 2
    assert house.database.execute("select id from tickets") == []


def test_cancelling_in_another_tab_what_is_under_way_leads_to_the_wait_and_keeps_the_ticket(
    house: House, server: Server, browser: Browser, slow: Event
) -> None:
    browser.authenticate()
    browser.follow()
    other_tab = browser.page.form("/issuance/cancel").fields
    browser.submit("/issuance/confirm")

    answer = browser.post("/issuance/cancel", **other_tab)

    assert (answer.status_code, answer.headers["location"]) == (303, "/issuance/progress")
    slow.set()
    server.finish_work()
    assert browser.follow().headers["location"] == "/issuance/result"
    assert browser.open("/issuance/p12").status_code == 200


def test_cancelling_what_is_done_leads_to_its_result(house: House, server: Server, browser: Browser) -> None:
    browser.authenticate()
    browser.follow()
    back = browser.page.form("/issuance/cancel").fields
    browser.submit("/issuance/confirm")
    server.finish_work()

    browser.post("/issuance/cancel", **back)

    assert browser.follow().headers["location"] == "/issuance/result"
    assert TICKET in browser.cookies


def test_without_a_ticket_there_is_nothing_to_confirm(browser: Browser) -> None:
    token = browser.token()

    shown, sent = browser.open("/issuance/confirm"), browser.post("/issuance/confirm", csrf_token=token, ticket="")

    assert (shown.status_code, sent.status_code) == (409, 409)
    assert browser.page.h1 == "発行の手続きが見つかりません"
    assert Link("/issuance", "ユーザー認証からやり直す") in browser.page.links


def test_a_ticket_lives_to_the_last_moment_of_its_ten_minutes(house: House, browser: Browser) -> None:
    browser.authenticate()
    browser.follow()
    house.clock.advance(10 * MINUTE - MILLISECOND)

    answer = browser.submit("/issuance/confirm")

    assert (answer.status_code, answer.headers["location"]) == (303, "/issuance/progress")


def test_after_ten_minutes_the_ticket_has_timed_out(house: House, browser: Browser) -> None:
    browser.authenticate()
    browser.follow()
    house.clock.advance(10 * MINUTE)

    answer = browser.submit("/issuance/confirm")

    assert answer.status_code == 409
    assert browser.page.h1 == "時間が過ぎたため、手続きを終わりました"
    assert browser.open("/issuance/confirm").status_code == 409
    assert house.count("IssuanceStarted") == 0


@pytest.mark.parametrize("action", ["/issuance/confirm", "/issuance/cancel"])
def test_the_form_of_another_tab_is_refused(house: House, browser: Browser, action: str) -> None:
    browser.authenticate()
    browser.follow()
    first_tab = browser.page.form(action).fields
    browser.authenticate()

    answer = browser.post(action, **first_tab)

    assert answer.status_code == 409
    assert browser.page.h1 == "別の画面で手続きが進んでいます"
    assert house.count("IssuanceStarted") == 0


def test_the_lock_is_judged_again_at_the_button(house: House, browser: Browser) -> None:
    browser.authenticate()
    browser.follow()
    house.fail(6)

    answer = browser.submit("/issuance/confirm")

    assert answer.status_code == 401
    assert browser.page.h1 == "ロック中です"
    assert house.count("IssuanceStarted") == 0


def test_while_another_browser_issues_the_ticket_opens_no_second_issue(
    house: House, server: Server, slow: Event
) -> None:
    first, second = server.browser(), server.browser()
    for browser in (first, second):
        browser.authenticate()
        browser.follow()
    first.submit("/issuance/confirm")

    answer = second.submit("/issuance/confirm")

    assert answer.status_code == 409
    assert second.page.h1 == "別の画面で発行しています"
    slow.set()
    server.finish_work()
    assert house.count("CertificateIssued") == 1
