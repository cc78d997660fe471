"""One answer to every refused try on the public password forms, whatever its reason (manual ④; R3.9)."""

from collections.abc import Callable, Iterator

import anyio
import pytest
from httpx2 import Response
from starlette.requests import Request

from domain.fact import COMMAND_LINE
from tests.support.accounts import HOUR
from tests.support.browser import Browser, Server, certificate_of, serving
from tests.support.house import RIGHT, TARO, WRONG, House
from web.site import Site

Answer = tuple[int, list[tuple[str, str]], str]


class WatchedSite(Site):
    """Counts how often the floor was waited for."""

    waited = 0

    async def wait_for_the_floor(self, request: Request) -> None:
        self.waited += 1
        await super().wait_for_the_floor(request)


@pytest.fixture
def watched(house: House) -> Iterator[Server]:
    house.organization()
    house.user()
    with serving(house, WatchedSite) as server:
        yield server


def seen(answer: Response, user_id: str) -> Answer:
    """All that reaches the visitor, the ID he typed left out. The form token is the same browser's."""
    headers = sorted((name, value) for name, value in answer.headers.multi_items())
    return answer.status_code, headers, answer.text.replace(user_id, "ID")


def tried(browser: Browser, user_id: str, password: str) -> Answer:
    return seen(browser.authenticate(user_id, password), user_id)


def wrong(house: House) -> None:
    """An account like any other."""


def locked(house: House) -> None:
    house.fail(6)


def about_to_lock(house: House) -> None:
    house.fail(5)


def about_to_block(house: House) -> None:
    house.fail(6)
    house.clock.advance(HOUR)
    house.fail(6)
    house.clock.advance(HOUR)
    house.fail(5)


def blocked(house: House) -> None:
    about_to_block(house)
    house.fail(1)


def suspended(house: House) -> None:
    house.record(lambda account: account.suspend(COMMAND_LINE, house.clock()))


def closed(house: House) -> None:
    house.record(lambda account: account.close("deleted", COMMAND_LINE, house.clock()))


def live_certificate(house: House) -> None:
    house.issue()


@pytest.mark.parametrize(
    ("state", "password"),
    [
        (wrong, WRONG),
        (about_to_lock, WRONG),
        (about_to_block, WRONG),
        (live_certificate, WRONG),
        *((held, RIGHT) for held in (locked, blocked, suspended, closed)),
        *((held, WRONG) for held in (locked, blocked, suspended, closed)),
    ],
)
def test_every_state_of_an_account_gets_the_answer_of_an_unknown_id(
    house: House, browser: Browser, state: Callable[[House], None], password: str
) -> None:
    state(house)
    unknown = tried(browser, "nobody01", password)

    known = tried(browser, TARO, password)

    assert known == unknown
    assert known[0] == 401


@pytest.mark.parametrize("password", [RIGHT, WRONG])
def test_a_member_of_staff_is_unknown_at_4(house: House, browser: Browser, password: str) -> None:
    house.staff("bank0001")
    facts = house.kinds()

    assert tried(browser, "bank0001", password) == tried(browser, "nobody01", password)
    assert house.kinds() == facts


def test_the_id_of_somebody_in_another_case_is_unknown(house: House, browser: Browser) -> None:
    facts = house.kinds()

    assert tried(browser, "TARO0001", RIGHT) == tried(browser, "nobody01", RIGHT)
    assert house.kinds() == facts


def test_the_answer_tells_the_rule_and_no_reason(browser: Browser) -> None:
    answer = browser.authenticate(password=WRONG)

    assert answer.status_code == 401
    assert "ユーザーIDまたはパスワードが正しくないか、現在ご利用いただけない状態です" in browser.page.main
    assert "続けて6回間違えると、60分間ご利用いただけません" in browser.page.main
    assert browser.page.form("/issuance").fields["user_id"] == TARO
    assert WRONG not in answer.text


@pytest.mark.parametrize("state", [wrong, locked, closed])
def test_at_the_login_without_a_certificate_no_state_is_told(
    house: House, browser: Browser, state: Callable[[House], None]
) -> None:
    state(house)
    token = browser.token()
    unknown = browser.post("/login", csrf_token=token, user_id="nobody01", password=RIGHT)

    known = browser.post("/login", csrf_token=token, user_id=TARO, password=RIGHT)

    assert seen(known, TARO) == seen(unknown, "nobody01")
    assert known.status_code == 403
    assert "電子証明書を受け取れませんでした" in browser.page.main


@pytest.mark.parametrize("host", ["evil.example/?", "evil.example/api/", "evil.example#", "[", ""])
def test_no_host_name_changes_the_answer(browser: Browser, host: str) -> None:
    fields = {"csrf_token": browser.token(), "user_id": "nobody01", "password": WRONG}
    usual = browser.post("/issuance", **fields)

    answer = browser.send("POST", "/issuance", data=fields, headers={"host": host})

    assert seen(answer, "nobody01") == seen(usual, "nobody01")


# ---- the floor


@pytest.mark.parametrize("user_id", [TARO, "nobody01"])
def test_a_refused_try_waits_for_the_floor(watched: Server, user_id: str) -> None:
    watched.browser().authenticate(user_id, WRONG)

    assert isinstance(watched.site, WatchedSite)
    assert watched.site.waited == 1


def test_a_refused_login_waits_for_the_floor(house: House, watched: Server) -> None:
    house.issue()
    watched.browser(certificate_of(house)).log_in(password=WRONG)

    assert isinstance(watched.site, WatchedSite)
    assert watched.site.waited == 1


def is_let_go(site: Site, after: float) -> bool:
    """Whether a refusal is answered that many seconds after its arrival, or waits on."""

    async def ask() -> bool:
        request = Request({"type": "http", "state": {"arrived_at": anyio.current_time() - after}})
        async with anyio.create_task_group() as group:
            group.start_soon(site.wait_for_the_floor, request)
            await anyio.wait_all_tasks_blocked()
            waiting = len(anyio.get_running_tasks()) - 1
            group.cancel_scope.cancel()
        return waiting == 0

    return anyio.run(ask)


def test_the_floor_is_counted_from_the_arrival(server: Server) -> None:
    server.site.answer_floor = 1000.0

    assert is_let_go(server.site, after=1000.0)
    assert not is_let_go(server.site, after=900.0)


def test_nothing_else_waits(house: House, watched: Server) -> None:
    browser = watched.browser()
    browser.authenticate(password="sesame")
    browser.authenticate()
    browser.post("/issuance")
    browser.open("/nowhere")

    assert isinstance(watched.site, WatchedSite)
    assert watched.site.waited == 0
