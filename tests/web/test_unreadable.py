"""Where a stored fact was changed into none, pages and API say that it cannot be read, and the log where (R10.4)."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow
from structlog.testing import capture_logs

from application.ports import Unreadable
from domain.certificate import certificate_stream
from domain.credentials import account_stream
from tests.support.accounts import NINE
from tests.support.api import LOCK_STATUS, Door, api_of
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.house import TARO
from tests.support.html import Link
from tests.support.unreadable_facts import ACTS, tamper
from web.cookies import SESSION

Owner = psycopg.Connection[TupleRow]
HEADING = "記録の一部を読めません"


@pytest.mark.parametrize("act", ACTS)
def test_the_page_of_a_tampered_account_says_so_and_keeps_the_head(
    auditor: Browser, owner: Owner, project: Callable[[], None], act: str
) -> None:
    project()
    tamper(owner, account_stream(TARO), 1, act)

    answer = auditor.open(f"/audit/accounts/{TARO}")

    assert (answer.status_code, auditor.page.h1) == (500, HEADING)
    assert "retry-after" not in answer.headers
    assert "shomei audit verify" in auditor.page.main
    assert auditor.page.form("/logout").buttons == ["ログアウト"]
    assert Link("/home", "ホームへ戻る") in auditor.page.links
    assert auditor.cookies[SESSION]


def test_so_does_the_page_of_a_read_model(auditor: Browser, owner: Owner, project: Callable[[], None]) -> None:
    project()
    tamper(owner, account_stream(TARO), 1)

    answer = auditor.open("/audit/views/lock_status")

    assert (answer.status_code, auditor.page.h1) == (500, HEADING)


def test_the_log_names_the_place_once_and_the_page_does_not(
    auditor: Browser, owner: Owner, project: Callable[[], None]
) -> None:
    project()
    position = tamper(owner, account_stream(TARO), 1)

    with capture_logs() as lines:
        answer = auditor.open(f"/audit/accounts/{TARO}")

    stream = account_stream(TARO)
    told = [line["place"] for line in lines if line["log_level"] == "error"]
    assert told == [f"the fact at position {position} (version 1 of stream {stream}) cannot be read"]
    assert str(stream) not in answer.text


def test_who_is_tampered_with_sees_the_page_without_a_head(auditor: Browser, owner: Owner) -> None:
    tamper(owner, account_stream("audit001"), 1)

    answer = auditor.open("/home/nowhere")
    home = auditor.open("/home")

    assert (answer.status_code, home.status_code) == (404, 500)
    assert (auditor.page.h1, auditor.page.forms) == (HEADING, [])


def test_so_does_every_page_of_whose_certificate_was_tampered_with(auditor: Browser, owner: Owner) -> None:
    tamper(owner, certificate_stream("audit001", 1), 2)

    answers = [auditor.open(path) for path in ("/home", "/audit/events")]

    assert [answer.status_code for answer in answers] == [500, 500]
    assert (auditor.page.h1, auditor.page.forms) == (HEADING, [])


class ViewsOfTheUnreadable:
    """Views that read a stored fact, and cannot."""

    def events(self, *question: object, **filters: object) -> Any:
        raise Unreadable(account_stream(TARO), 2, 7)

    lock_status = certificates = organizations = users = mails = events


def test_the_api_answers_a_problem_of_its_own_code() -> None:
    with api_of(ViewsOfTheUnreadable(), Door(), MovableClock(NINE)) as client:
        answer = client.get(LOCK_STATUS)

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["code"] == "unreadable"
    assert "retry-after" not in answer.headers
    assert str(account_stream(TARO)) not in answer.text
