"""The open session: one a user, bound to its certificate, and how it ends (R6.3, R4.10, R9.1)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.fact import COMMAND_LINE
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.browser import Browser, Server, certificate_of
from tests.support.database import Dsn
from tests.support.house import OVER, RENEWAL, RIGHT, TARO, House
from tests.support.html import Link
from web.cookies import SESSION

MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LOCK_STATUS = "/api/v1/lock-status"


@pytest.fixture
def inside(house: House, server: Server) -> Browser:
    """taro0001's, logged in."""
    house.issue()
    browser = server.browser(certificate_of(house))
    browser.log_in()
    return browser


@pytest.fixture
def clerk(house: House, server: Server) -> Browser:
    """A bank admin's, logged in."""
    house.staff("bank0001")
    house.desk.certification.issue_to_file("bank0001", RIGHT, COMMAND_LINE, house.clock())
    browser = server.browser(certificate_of(house, "bank0001"))
    browser.log_in("bank0001")
    return browser


@pytest.fixture
def told(house: House, dsn: Dsn, server: Server, clerk: Browser) -> None:
    """The read models know what has happened."""
    with connect(dsn.process, "test") as connection:
        for view in CurrentViews(house.database).all:
            catch_up(connection, view, house.store)


def replaced(house: House, browser: Browser) -> None:
    house.log_in()


def other_certificate(house: House, browser: Browser) -> None:
    house.user("jiro0002")
    house.issue("jiro0002")
    browser.certificate = certificate_of(house, "jiro0002")


def no_certificate(house: House, browser: Browser) -> None:
    browser.certificate = None


def revoked(house: House, browser: Browser) -> None:
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())


def reset(house: House, browser: Browser) -> None:
    house.desk.accounts.reset_password(TARO, COMMAND_LINE, house.clock())


def idle(house: House, browser: Browser) -> None:
    house.clock.advance(15 * MINUTE)


def too_long(house: House, browser: Browser) -> None:
    house.clock.advance(8 * HOUR)


ENDS: dict[str, Callable[[House, Browser], None]] = {
    "同じユーザーIDで新しいログインがあったため": replaced,
    "ログインしたときの電子証明書を確認できなくなったため": other_certificate,
    "電子証明書を確認できなくなったため、ログアウトしました": no_certificate,
    "電子証明書が失効したため": revoked,
    "パスワードが再設定されたため": reset,
    "15分間操作がなかったため": idle,
    "ログインから8時間が過ぎたため": too_long,
}


@pytest.mark.parametrize("told", ENDS)
def test_an_ended_session_is_a_page_with_the_reason_and_a_way_on(house: House, inside: Browser, told: str) -> None:
    ENDS[told](house, inside)

    answer = inside.open("/home")

    assert answer.status_code == 401
    assert inside.page.h1 == "ログアウトしました"
    assert told in inside.page.main
    assert Link("/", "ログイン画面へ") in inside.page.links
    assert SESSION not in inside.cookies


def test_the_login_with_the_new_certificate_ends_the_session_of_the_old(house: House, inside: Browser) -> None:
    house.clock.set(RENEWAL)
    inside.log_in()
    house.issue()

    house.desk.sessions.log_in(TARO, RIGHT, house.fingerprint(number=2), house.clock())

    assert inside.open("/home").status_code == 401


def test_a_session_ends_with_its_certificate(house: House, server: Server, inside: Browser) -> None:
    house.clock.set(OVER - SECOND)
    inside.log_in()
    before = inside.open("/home").status_code

    house.clock.set(OVER)
    answer = inside.open("/home")

    assert (before, answer.status_code) == (200, 401)
    assert "電子証明書の有効期限が切れたため" in inside.page.main


def test_without_a_session_the_way_in_is_shown(browser: Browser) -> None:
    answer = browser.open("/home")

    assert answer.status_code == 401
    assert browser.page.h1 == "ログインが必要です"
    assert Link("/", "ログイン画面へ") in browser.page.links


def test_a_session_is_open_to_the_last_moment_of_fifteen_idle_minutes(house: House, inside: Browser) -> None:
    house.clock.advance(15 * MINUTE - MILLISECOND)

    assert inside.open("/home").status_code == 200


def test_whatever_one_does_puts_the_idle_end_off(house: House, inside: Browser) -> None:
    house.clock.advance(10 * MINUTE)
    inside.open("/home")
    house.clock.advance(10 * MINUTE)

    assert inside.open("/home").status_code == 200


def test_a_later_login_ends_the_earlier_and_says_so(house: House, server: Server, inside: Browser) -> None:
    later = server.browser(certificate_of(house))

    later.log_in()
    later.follow()

    assert "ほかの画面のログインを終了しました" in later.page.main
    assert inside.open("/home").status_code == 401


def test_a_lock_leaves_the_session_open(house: House, inside: Browser) -> None:
    house.fail(6)

    assert inside.open("/home").status_code == 200


def test_a_cookie_taken_elsewhere_opens_nothing_without_the_certificate(server: Server, inside: Browser) -> None:
    thief = server.browser()

    answer = thief.send("GET", "/home", headers={"cookie": f"{SESSION}={inside.cookies[SESSION]}"})

    assert answer.status_code == 401


# ---- the API


@pytest.mark.usefixtures("told")
def test_a_bank_admins_session_may_ask_the_lock_status(house: House, clerk: Browser) -> None:
    answer = clerk.open(f"{LOCK_STATUS}?user_id={TARO}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert [(item["user_id"], item["state"]) for item in answer.json()["items"]] == [(TARO, "open")]


def test_before_the_projector_has_begun_it_is_unavailable(clerk: Browser) -> None:
    answer = clerk.open(LOCK_STATUS)

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "5"


def test_a_users_session_may_not_ask(inside: Browser) -> None:
    answer = inside.open(LOCK_STATUS)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_session_the_api_answers_a_problem(browser: Browser) -> None:
    answer = browser.open(LOCK_STATUS)

    assert (answer.status_code, answer.json()["code"]) == (401, "no_session")
    assert answer.headers["content-type"] == "application/problem+json"


def test_with_an_ended_session_the_api_answers_a_problem(house: House, clerk: Browser) -> None:
    house.clock.advance(15 * MINUTE)

    answer = clerk.open(LOCK_STATUS)

    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
    assert answer.headers["content-type"] == "application/problem+json"
