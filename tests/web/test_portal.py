"""Logging in with certificate and password, the first page, logging out (R3.9, R5.1, R6.1, R6.2, R6.3)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.fact import COMMAND_LINE
from tests.support.browser import UNUSABLE, Browser, Server, certificate_of
from tests.support.house import RENEWAL, RIGHT, TARO, WRONG, House
from web.cookies import SESSION

MILLISECOND = timedelta(milliseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

HEADINGS = {
    "certificate_none": "電子証明書を受け取れませんでした",
    "certificate_unknown": "本サービスの電子証明書ではありません",
    "certificate_not_yet_valid": "電子証明書の有効期間が始まっていません",
    "certificate_expired": "電子証明書の有効期限が切れています",
    "certificate_revoked": "電子証明書は失効しています",
    "certificate_superseded": "更新前の古い電子証明書です",
}


@pytest.fixture
def member(house: House, server: Server) -> Browser:
    """taro0001's, with the certificate imported."""
    house.issue()
    return server.browser(certificate_of(house))


def test_with_certificate_and_password_one_is_let_in(house: House, member: Browser) -> None:
    answer = member.log_in()

    assert (answer.status_code, answer.headers["location"]) == (303, "/home")
    assert member.follow().status_code == 200
    assert member.page.title.startswith("ホーム")
    assert house.kinds()[-3:] == ["PasswordAccepted", "LoggedIn", "CertificateFirstUsed"]


def test_the_form_names_the_certificate_received(member: Browser) -> None:
    answer = member.open("/login")

    assert answer.status_code == 200
    assert member.page.title.startswith("ログイン")
    assert "受け取った電子証明書:taro0001(2027年11月24日まで有効)" in member.page.main
    assert list(member.page.form("/login").fields) == ["csrf_token", "user_id", "password"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("case", HEADINGS)
def test_without_a_usable_certificate_the_reason_is_told(house: House, server: Server, method: str, case: str) -> None:
    browser = server.browser(UNUSABLE[case](house))
    fields = {"csrf_token": browser.token(), "user_id": TARO, "password": RIGHT}
    checked, facts = len(house.passwords.checked), house.kinds()

    answer = browser.send(method, "/login", data=fields)

    assert answer.status_code == 403
    assert browser.page.h1 == "ログイン"
    assert HEADINGS[case] in browser.page.main
    assert "すべて閉じ" in browser.page.main
    assert SESSION not in browser.cookies
    assert (len(house.passwords.checked), house.kinds()) == (checked, facts)


def test_what_may_be_behind_a_missing_certificate_is_told(browser: Browser) -> None:
    browser.open("/login")

    assert [term.text for term in browser.page.root.all("dt")] == [
        "まだ電子証明書を発行していない",
        "有効期限が切れている",
        "別の Windows ログオンアカウントにインポートした",
        "選択画面で電子証明書を選ばなかった",
    ]


@pytest.mark.parametrize("password", [RIGHT, WRONG])
def test_a_certificate_of_another_id_is_refused_before_the_password(
    house: House, member: Browser, password: str
) -> None:
    house.user("jiro0002")
    checked, facts = len(house.passwords.checked), house.kinds()

    answer = member.log_in("jiro0002", password)

    assert answer.status_code == 403
    assert "入力したユーザーIDの電子証明書ではありません" in member.page.main
    assert "選んだ電子証明書は、taro0001 のものです" in member.page.main
    assert (len(house.passwords.checked), house.kinds()) == (checked, facts)


def test_an_id_in_another_case_is_another_id(house: House, member: Browser) -> None:
    answer = member.log_in("TARO0001")

    assert answer.status_code == 403
    assert house.count("PasswordFailed") == 0


def test_a_wrong_password_is_told_and_counted(house: House, member: Browser) -> None:
    answer = member.log_in(password=WRONG)

    assert answer.status_code == 401
    assert "パスワードが正しくありません" in member.page.main
    assert "続けて6回間違えると、60分間ご利用いただけません" in member.page.main
    assert member.page.form("/login").fields["user_id"] == TARO
    assert house.count("PasswordFailed") == 1
    assert SESSION not in member.cookies


@pytest.mark.parametrize(
    ("user_id", "password", "told"),
    [
        ("\uff54aro0001", RIGHT, "全角の文字は使えません"),
        (TARO, "sesame9\uff19", "全角の文字は使えません"),
        (TARO, "sesame!9", "半角の英字と数字だけで入力してください"),
        (TARO, "sesa9", "6〜12文字で入力してください"),
        (TARO, "sesame9999999", "6〜12文字で入力してください"),
        (TARO, "sesamese", "英字と数字の両方を使ってください"),
        ("", "", "ユーザーIDを入力してください"),
    ],
)
def test_malformed_input_is_told_and_counts_for_nothing(
    house: House, member: Browser, user_id: str, password: str, told: str
) -> None:
    facts = house.kinds()

    answer = member.log_in(user_id, password)

    assert answer.status_code == 422
    assert told in member.page.main
    assert member.page.form("/login").fields["user_id"] == user_id
    assert house.kinds() == facts


@pytest.mark.parametrize("password", [RIGHT, WRONG, "sesame", "sesame99x", "sesame!99"])
def test_a_password_typed_never_comes_back(member: Browser, password: str) -> None:
    answer = member.log_in(password=password)

    assert password not in answer.text
    assert member.log_in("taro", password).status_code == 422
    assert member.page.form("/login").fields["password"] == ""


# ---- the state is told behind a certificate


@pytest.mark.parametrize(
    ("waited", "left"),
    [(timedelta(0), "あと60分"), (MILLISECOND, "あと60分"), (MINUTE, "あと59分"), (HOUR - MILLISECOND, "あと1分")],
)
def test_the_minutes_left_of_a_lock_are_told(house: House, member: Browser, waited: timedelta, left: str) -> None:
    house.fail(6)
    house.clock.advance(waited)

    answer = member.log_in()

    assert answer.status_code == 401
    assert "ロック中です" in member.page.main
    assert f"10:00まで({left})ログインできません" in member.page.main
    assert "一般ユーザーの方はマスターユーザーへ、マスターユーザーの方は労金へ解除をご依頼ください" in member.page.main


def test_at_the_end_of_the_lock_one_is_let_in(house: House, member: Browser) -> None:
    house.fail(6)
    house.clock.advance(HOUR)

    assert member.log_in().status_code == 303


HELD: dict[str, Callable[[House], None]] = {
    "利用を停止しています": lambda house: house.record(lambda account: account.suspend(COMMAND_LINE, house.clock())),
    "利用を終了しています": lambda house: house.record(
        lambda account: account.close("deleted", COMMAND_LINE, house.clock())
    ),
}


@pytest.mark.parametrize("told", HELD)
def test_a_suspension_and_an_end_are_told(house: House, member: Browser, told: str) -> None:
    HELD[told](house)

    answer = member.log_in()

    assert answer.status_code == 401
    assert told in member.page.main
    assert SESSION not in member.cookies


def test_a_block_is_told(house: House, member: Browser) -> None:
    for _ in range(3):
        house.fail(6)
        house.clock.advance(HOUR)

    answer = member.log_in()

    assert answer.status_code == 401
    assert "閉塞しています" in member.page.main
    assert "時間がたっても解除されません" in member.page.main


# ---- the first page


def test_home_shows_the_certificate_and_what_happened_since(house: House, member: Browser) -> None:
    member.log_in()
    house.clock.advance(HOUR)
    house.fail(2)

    member.log_in()
    member.follow()

    assert "有効期限まで365日" in member.page.main
    assert "2027年10月25日(月)から更新できます" in member.page.main
    assert "2026年11月24日(火) 9:00" in member.page.main
    assert "2回" in member.page.main
    assert "taro@example.com" in member.page.main


def test_from_thirty_days_before_home_offers_the_renewal(house: House, member: Browser) -> None:
    house.clock.set(RENEWAL)
    member.log_in()
    member.follow()

    assert [link.href for link in member.page.links if link.text == "更新する"] == ["/issuance"]


def test_who_has_renewed_is_sent_to_the_new_certificate_and_not_into_another_renewal(
    house: House, member: Browser
) -> None:
    house.clock.set(RENEWAL)
    house.issue()
    member.log_in()
    member.follow()

    assert "新しい電子証明書を発行済みのときは" in member.page.main
    assert [link.href for link in member.page.links if link.text == "更新する"] == []


def test_a_renewal_that_was_revoked_can_be_done_again(house: House, member: Browser) -> None:
    house.clock.set(RENEWAL)
    house.issue()
    house.desk.revocation.revoke_serial(str(house.certificate(2).serial), "not_imported", "bank0001", house.clock())
    member.log_in()
    member.follow()

    assert [link.href for link in member.page.links if link.text == "更新する"] == ["/issuance"]


def test_a_moment_earlier_it_does_not(house: House, member: Browser) -> None:
    house.clock.set(RENEWAL - MILLISECOND)
    member.log_in()
    member.follow()

    assert [link.href for link in member.page.links if link.text == "更新する"] == []


# ---- out


def test_logging_out_says_to_close_every_window_once(house: House, member: Browser) -> None:
    member.log_in()
    member.follow()

    answer = member.submit("/logout")
    member.follow()
    first = member.page.main
    member.open("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "ログアウトしました" in first
    assert "ブラウザのウィンドウを[×]ですべて閉じてください" in first
    assert "ログアウトしました" not in member.page.main
    assert house.kinds()[-1] == "LoggedOut"


def test_logging_out_ends_the_session_and_not_only_its_cookie(member: Browser) -> None:
    member.log_in()
    member.follow()
    kept = member.cookies[SESSION]

    member.submit("/logout")

    assert SESSION not in member.cookies
    answer = member.send("GET", "/home", headers={"cookie": f"{SESSION}={kept}"})
    assert answer.status_code == 401
    assert "すでにログアウトしています" in member.page.main


@pytest.mark.parametrize("chosen", [None, b"another certificate"])
def test_logging_out_ends_the_session_whichever_certificate_is_shown(
    house: House, member: Browser, chosen: bytes | None
) -> None:
    member.log_in()
    member.follow()
    kept = member.cookies[SESSION]
    member.certificate = chosen

    answer = member.submit("/logout")

    ended = house.sessions.find(kept)
    assert answer.status_code == 303
    assert ended is not None
    assert ended.ended == "logged_out"


def test_leaving_without_a_session_is_never_refused(house: House, member: Browser) -> None:
    member.log_in()
    member.follow()
    house.clock.advance(HOUR)

    answer = member.submit("/logout")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert SESSION not in member.cookies
