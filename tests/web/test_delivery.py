"""Steps ⑦ and ⑧: the result, one download by itself, and its end (manual ⑦ and ⑧; R4.8, R5.3, R5.8)."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from domain.fact import COMMAND_LINE
from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import RIGHT, TARO, House
from tests.support.html import Link

MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
MIDNIGHT = datetime(2026, 11, 24, 15, tzinfo=UTC)  # in Japan
FILE_NAME = "taro000120261124090000.p12"  # issued at 09:00:00 in Japan on 24 November 2026


@pytest.fixture
def done(server: Server, browser: Browser) -> Browser:
    """At ⑦, which has not been shown yet."""
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")
    server.finish_work()
    return browser


def test_7_tells_what_the_manual_tells_there(done: Browser) -> None:
    answer = done.open("/issuance/result")

    page = done.page
    assert answer.status_code == 200
    assert page.title.startswith("電子証明書発行結果")
    assert "⑦ 発行結果" in page.text
    assert "インポートが終わるまで、この画面を閉じないでください" in page.main
    assert "Windows のログオンアカウントごとに、一度ずつ" in page.main
    assert FILE_NAME in page.main
    assert "[開く]を押します" in page.main
    assert "ファイルをダブルクリックするか、右クリックして[開く]を選びます" in page.main
    assert "IE モードで警告が出たら[許可する]を押します" in page.main
    assert "④で入力したパスワードを入力します" in page.main
    assert "パスワードを変更しても、このファイルは④のパスワードのままです" in page.main
    assert "ファイルを開かずに閉じると、この電子証明書は使えません。そのときは、労金へ失効をご依頼ください" in page.main
    assert page.form("/issuance/close").buttons == ["閉じる"]


def test_7_counts_the_days_of_the_certificate_though_midnight_came_before_its_record(
    house: House, server: Server, browser: Browser
) -> None:
    house.clock.set(MIDNIGHT - SECOND)
    house.between.at("sign", lambda: house.clock.set(MIDNIGHT))
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")
    server.finish_work()

    browser.open("/issuance/result")

    assert "2026年11月24日から2027年11月24日まで" in browser.page.main.replace(" ", "")


def test_the_download_begins_by_itself_and_only_once(done: Browser) -> None:
    done.open("/issuance/result")
    first = done.page.refresh

    done.open("/issuance/p12")
    done.open("/issuance/result")

    assert first == "1; url=/issuance/p12"
    assert done.page.refresh is None
    assert Link("/issuance/p12", "もう一度ダウンロード") in done.page.links


def test_the_file_is_a_download_named_after_user_and_japanese_time(house: House, done: Browser) -> None:
    answer = done.open("/issuance/p12")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-pkcs12"
    assert answer.headers["content-disposition"] == f'attachment; filename="{FILE_NAME}"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert house.count("KeyPackageDelivered") == 1


def test_the_file_opens_with_the_password_typed_at_4(house: House, done: Browser) -> None:
    content = done.open("/issuance/p12").content

    key, certificate, _ = pkcs12.load_key_and_certificates(content, RIGHT.encode())

    assert key is not None
    assert certificate is not None
    assert certificate.public_bytes(Encoding.DER) == certificate_of(house)


def test_a_look_is_no_delivery(house: House, done: Browser) -> None:
    looked = done.send("HEAD", "/issuance/p12")

    assert looked.status_code == 405
    assert house.count("KeyPackageDelivered") == 0
    done.open("/issuance/result")
    assert done.page.refresh is not None


def test_it_can_be_fetched_again_to_the_last_moment_of_ten_minutes(house: House, done: Browser) -> None:
    first = done.open("/issuance/p12").content
    house.clock.advance(10 * MINUTE - MILLISECOND)

    again = done.open("/issuance/p12")

    assert (again.status_code, again.content) == (200, first)
    assert done.open("/issuance/result").status_code == 200


@pytest.mark.parametrize("path", ["/issuance/p12", "/issuance/result"])
def test_after_ten_minutes_it_is_gone(house: House, done: Browser, path: str) -> None:
    house.clock.advance(10 * MINUTE)

    answer = done.open(path)

    assert answer.status_code == 410
    assert done.page.h1 == "電子証明書のファイルは、もう受け取れません"
    assert "労金へ失効をご依頼ください" in done.page.main


@pytest.mark.parametrize("path", ["/issuance/p12", "/issuance/result"])
def test_after_the_close_it_is_gone(done: Browser, path: str) -> None:
    done.open("/issuance/result")
    done.submit("/issuance/close")

    answer = done.open(path)

    assert answer.status_code == 410
    assert done.page.h1 == "電子証明書のファイルは、もう受け取れません"


def test_the_close_leads_to_the_page_that_says_to_close_every_window(done: Browser) -> None:
    done.open("/issuance/result")

    answer = done.submit("/issuance/close")
    shown = done.follow()

    assert (answer.status_code, answer.headers["location"]) == (303, "/issuance/closed")
    assert shown.status_code == 200
    assert "[×]ですべて閉じ" in done.page.main
    assert "ブラウザを起動し" in done.page.main


def test_a_second_close_is_answered_like_the_first(house: House, done: Browser) -> None:
    done.open("/issuance/result")
    fields = done.page.form("/issuance/close").fields

    answers = [done.post("/issuance/close", **fields) for _ in range(2)]

    assert [answer.headers["location"] for answer in answers] == ["/issuance/closed"] * 2
    assert house.count("KeyPackageDestroyed") == 1


def test_a_revocation_destroys_what_waits(house: House, done: Browser) -> None:
    house.desk.revocation.revoke_user(TARO, "not_imported", COMMAND_LINE, house.clock())

    assert done.open("/issuance/p12").status_code == 410


def test_a_lock_does_not_stop_the_download(house: House, done: Browser) -> None:
    house.fail(6)

    assert done.open("/issuance/p12").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/issuance/p12"), ("GET", "/issuance/result"), ("POST", "/issuance/close")]
)
def test_a_browser_without_a_package_is_told_so(browser: Browser, method: str, path: str) -> None:
    fields = {"csrf_token": browser.token()}

    answer = browser.send(method, path, data=fields)

    assert answer.status_code == 409
    assert browser.page.h1 == "受け取れる電子証明書がありません"


def test_another_browser_gets_nothing(server: Server, done: Browser) -> None:
    done.open("/issuance/result")

    assert server.browser().open("/issuance/p12").status_code == 409


# ---- a package that waits


def test_while_it_waits_4_leads_back_to_it(done: Browser) -> None:
    answer = done.open("/issuance")

    assert answer.status_code == 409
    assert done.page.h1 == "受け取っていない電子証明書があります"
    assert Link("/issuance/result", "発行結果の画面へ") in done.page.links


def test_while_it_waits_no_password_is_taken_at_4(house: House, server: Server, browser: Browser) -> None:
    browser.open("/issuance")
    fields = browser.page.form("/issuance").fields | {"user_id": TARO, "password": RIGHT}
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")
    server.finish_work()
    checked = len(house.passwords.checked)

    answer = browser.post("/issuance", **fields)

    assert answer.status_code == 409
    assert Link("/issuance/result", "発行結果の画面へ") in browser.page.links
    assert len(house.passwords.checked) == checked


def test_once_delivered_it_waits_no_longer(done: Browser) -> None:
    done.open("/issuance/p12")

    assert done.open("/issuance").status_code == 200


def test_once_its_time_is_over_it_waits_no_longer(house: House, done: Browser) -> None:
    house.clock.advance(10 * MINUTE)

    assert done.open("/issuance").status_code == 200
