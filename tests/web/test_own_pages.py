"""/home/email and /home/history: a person's own address and history (screens.md, "Behind login"; R6.2, R6.3)."""

import pytest

from domain.credentials import account_stream
from domain.fact import COMMAND_LINE
from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import MASTER, NINE, RIGHT, TARO, WRONG, House

NEW = "t.mihon@example.com"


@pytest.fixture
def inside(house: House, server: Server) -> Browser:
    """taro0001, logged in."""
    house.issue()
    browser = server.browser(certificate_of(house))
    browser.log_in()
    return browser


@pytest.fixture
def master(house: House, server: Server) -> Browser:
    """hanako1, the master, logged in."""
    house.desk.accounts.register(MASTER, "master", "ACME01", "見本 花子", "h@example.com", COMMAND_LINE, NINE)
    house.own_password(MASTER, RIGHT)
    house.issue(MASTER)
    browser = server.browser(certificate_of(house, MASTER))
    browser.log_in(MASTER)
    return browser


def test_the_address_is_changed_by_the_pages_own_form(house: House, inside: Browser) -> None:
    inside.open("/home/email")
    assert inside.page.h1 == "メールアドレス変更"
    assert "taro@example.com" in inside.page.main

    answer = inside.submit("/home/email", current_password=RIGHT, email=NEW, email_again=NEW)

    assert (answer.status_code, answer.headers["location"]) == (303, "/home")
    inside.follow()
    assert NEW in inside.page.main
    assert house.people.of(account_stream(TARO), 2) is not None


def test_a_wrong_password_shows_the_form_again_with_what_was_typed(inside: Browser) -> None:
    inside.open("/home/email")

    answer = inside.submit("/home/email", current_password=WRONG, email=NEW, email_again=NEW)

    assert answer.status_code == 401
    assert inside.page.form("/home/email").fields["email"] == NEW
    assert inside.page.form("/home/email").fields["current_password"] == ""
    assert "メールアドレスを変更できませんでした" in inside.page.main


def test_an_address_that_is_none_is_told(inside: Browser) -> None:
    inside.open("/home/email")

    answer = inside.submit("/home/email", current_password=RIGHT, email="no address", email_again=NEW)

    assert answer.status_code == 422
    assert "入力内容をご確認ください" in inside.page.main


def test_the_history_tells_what_happened_in_words(inside: Browser) -> None:
    answer = inside.open("/home/history")

    assert answer.status_code == 200
    assert inside.page.h1 == "ご利用の履歴"
    for words in ("ログインしました", "電子証明書を発行しました", "ユーザーを登録しました", "労金", "ご本人"):
        assert words in inside.page.main
    assert COMMAND_LINE not in inside.page.main


def test_a_general_user_does_not_read_the_organizations(inside: Browser) -> None:
    assert inside.open("/home/history?of=organization").status_code == 403


def test_the_master_reads_the_organizations(inside: Browser, master: Browser) -> None:
    answer = master.open("/home/history?of=organization")

    assert answer.status_code == 200
    assert master.page.h1 == "団体の履歴"
    assert TARO in master.page.main
    assert MASTER in master.page.main


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=1234567890", "before=", "of=all"])
def test_a_query_that_is_none_is_refused(inside: Browser, query: str) -> None:
    assert inside.open(f"/home/history?{query}").status_code == 422


def test_before_the_first_line_there_is_nothing(inside: Browser) -> None:
    assert inside.open("/home/history?before=0").status_code == 200
    assert "これより前の記録はありません" in inside.page.main
