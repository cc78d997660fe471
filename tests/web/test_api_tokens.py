"""API tokens over HTTP: with the account's certificate on the main listener, without one on the private port (R9.4)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import httpx2
import pytest

from domain.fact import COMMAND_LINE
from infra import private_listener
from infra.applications import private_application
from infra.settings import Settings
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.browser import Browser, Server, certificate_of, serving
from tests.support.database import Dsn
from tests.support.fleet import free_port
from tests.support.house import RIGHT, TARO, House
from web.limits import TooMany

ADMIN = "bank0001"
LOCK_STATUS = "/api/v1/lock-status"


class FewRequests:
    """web.limits.Limits that lets so many requests by token through."""

    def __init__(self, most: int) -> None:
        self._left = most

    def post(self, client: str) -> None:
        pass

    def trying(self, client: str, user_id: str) -> AbstractContextManager[None]:
        return nullcontext()

    def token(self, user_id: str) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooMany(30)


@pytest.fixture
def house(house: House) -> House:
    house.organization()
    house.user()
    house.staff(ADMIN)
    house.desk.certification.issue_to_file(ADMIN, RIGHT, COMMAND_LINE, house.clock())
    house.issue()
    return house


@pytest.fixture
def secret(house: House, dsn: Dsn) -> str:
    with connect(dsn.process, "test") as connection:
        for view in CurrentViews(house.database).all:
            catch_up(connection, view, house.store)
    return house.desk.tokens.issue(ADMIN, 90, COMMAND_LINE, house.clock())[1]


@pytest.fixture
def server(house: House) -> Iterator[Server]:
    with serving(house) as server:
        yield server


def asked(browser: Browser, authorization: str, path: str = LOCK_STATUS) -> tuple[int, str | None]:
    """Status, and the code of a refusal."""
    answer = browser.client.get(path, headers={"Authorization": authorization})
    return answer.status_code, answer.json().get("code")


def test_a_token_reads_lock_status_beside_its_accounts_certificate(house: House, server: Server, secret: str) -> None:
    browser = server.browser(certificate_of(house, ADMIN))

    answer = browser.client.get(LOCK_STATUS, headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 200
    assert [row["user_id"] for row in answer.json()["items"]] == [ADMIN, TARO]


def test_without_that_certificate_it_opens_nothing(house: House, server: Server, secret: str) -> None:
    assert asked(server.browser(), f"Bearer {secret}") == (401, "token_refused")
    assert asked(server.browser(certificate_of(house, TARO)), f"Bearer {secret}") == (401, "token_refused")


@pytest.mark.parametrize("told", ["Bearer", "Bearer ", "Bearer x", "Basic dGFybzp4", "bearer  ", "x" * 3000])
def test_another_header_is_refused_and_no_session_is_looked_at(house: House, server: Server, told: str) -> None:
    browser = server.browser(certificate_of(house, ADMIN))
    browser.log_in(ADMIN)

    assert asked(browser, told) == (401, "token_refused")


@pytest.mark.parametrize("path", ["/home", "/logout", "/bank"])
def test_it_opens_no_page_and_no_button(house: House, server: Server, secret: str, path: str) -> None:
    browser = server.browser(certificate_of(house, ADMIN))
    bearer = {"Authorization": f"Bearer {secret}"}

    answers = [browser.client.get(path, headers=bearer), browser.client.post(path, headers=bearer)]

    assert all(answer.status_code >= 400 for answer in answers)


def test_too_many_requests_of_one_account_are_told_to_come_again(house: House, secret: str) -> None:
    with serving(house, limits=FewRequests(2)) as server:
        browser = server.browser(certificate_of(house, ADMIN))
        statuses = [asked(browser, f"Bearer {secret}")[0] for _ in range(3)]
        late = browser.client.get(LOCK_STATUS, headers={"Authorization": f"Bearer {secret}"})

    assert statuses == [200, 200, 429]
    assert late.headers["retry-after"] == "30"


def test_on_the_private_port_the_token_alone_reads_and_nothing_else_does(house: House, dsn: Dsn, secret: str) -> None:
    port = free_port()
    opened = private_application(Settings(), dsn.process, house.clock)

    with opened as app, private_listener.answering(app, port):
        url = f"http://127.0.0.1:{port}{LOCK_STATUS}"
        with_token = httpx2.get(url, headers={"Authorization": f"Bearer {secret}"})
        without = httpx2.get(url)
        wrong = httpx2.get(url, headers={"Authorization": "Bearer x"})

    assert [answer.status_code for answer in (with_token, without, wrong)] == [200, 401, 401]
    assert without.headers["www-authenticate"].startswith("Bearer")
