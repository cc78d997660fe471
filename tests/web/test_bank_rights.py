"""Who may see the bank's console, and act there (section 1, R1.3; screens.md)."""

from collections.abc import Callable

import pytest

from domain.fact import COMMAND_LINE
from domain.user_account_facts import Role
from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import RIGHT, TARO, House
from tests.support.lists import first_cells

LISTS = ("/bank/organizations", "/bank/accounts", "/bank/certificates", "/bank/mails")
SHOWN = (
    *("/bank", *LISTS, "/bank/organizations/new", "/bank/organizations/ACME01"),
    *(f"/bank/organizations/ACME01/{act}" for act in ("initialize", "release", "close")),
    *(f"/bank/accounts/{TARO}", f"/bank/accounts/{TARO}/release"),
)
ACTS = (
    *("/bank/organizations/new", "/bank/organizations/ACME01", f"/bank/accounts/{TARO}/release"),
    "/bank/certificates/0A1B/revoke",
    *(f"/bank/organizations/ACME01/{act}" for act in ("initialize", "release", "close")),
)


Project = Callable[[], None]


def other(house: House, server: Server, role: Role) -> Browser:
    """Of that role, logged in."""
    home = None if role == "auditor" else "ACME01"
    house.desk.accounts.register("other001", role, home, "見本 次郎", "jiro@example.com", COMMAND_LINE, house.clock())
    house.own_password("other001", RIGHT)
    house.desk.certification.issue_to_file("other001", RIGHT, COMMAND_LINE, house.clock())
    browser = server.browser(certificate_of(house, "other001"))
    browser.log_in("other001")
    return browser


@pytest.mark.parametrize("role", ["general", "master", "auditor"])
def test_only_a_bank_admin_may_see_the_console(house: House, server: Server, project: Project, role: Role) -> None:
    browser = other(house, server, role)
    project()

    answers = [browser.open(path) for path in SHOWN]

    assert {answer.status_code for answer in answers} == {403}
    assert browser.page.h1 == "この画面はご利用いただけません"


@pytest.mark.parametrize("role", ["general", "master", "auditor"])
def test_only_a_bank_admin_may_act(house: House, server: Server, project: Project, role: Role) -> None:
    browser = other(house, server, role)
    house.fail(6)
    project()
    typed = {"csrf_token": browser.token("/home"), "own_password": RIGHT, "reason": "lost", "code": "NEW001"}
    before = house.kinds()

    answers = [browser.post(path, **typed) for path in ACTS]

    assert {answer.status_code for answer in answers} == {403}
    assert house.kinds() == before


@pytest.mark.parametrize("path", SHOWN)
def test_without_a_session_nothing_is_shown(browser: Browser, project: Project, path: str) -> None:
    project()

    answer = browser.open(path)

    assert answer.status_code == 401
    assert browser.page.h1 == "ログインが必要です"


@pytest.mark.parametrize("path", ACTS)
def test_without_a_session_nothing_is_done(house: House, browser: Browser, path: str) -> None:
    before = house.kinds()

    answer = browser.post(path, csrf_token=browser.token(), own_password=RIGHT)

    assert answer.status_code == 401
    assert house.kinds() == before


@pytest.mark.parametrize("path", ACTS)
def test_an_act_needs_the_form_of_its_page(house: House, admin: Browser, project: Project, path: str) -> None:
    house.fail(6)
    project()
    before = house.kinds()

    answer = admin.post(path, csrf_token="made up", own_password=RIGHT)

    assert answer.status_code == 403
    assert admin.page.h1 == "画面を開き直してください"
    assert house.kinds() == before


def test_a_bank_admin_comes_home_and_finds_the_console_there_and_in_the_menu(admin: Browser) -> None:
    admin.log_in("bank0001")

    admin.follow()

    assert admin.page.h1 == "ホーム"
    assert [link.href for link in admin.page.links].count("/bank") == 2
    assert {"/bank", *LISTS} <= {link.href for link in admin.page.links}


@pytest.mark.parametrize("role", ["general", "auditor"])
def test_nobody_else_is_led_to_the_console(house: House, server: Server, role: Role) -> None:
    browser = other(house, server, role)

    browser.open("/home")

    assert not [link for link in browser.page.links if link.href.startswith("/bank")]


# ---- what is not there


@pytest.mark.parametrize(
    "path",
    [
        "/bank/organizations/NONE01",
        "/bank/organizations/%00",
        "/bank/accounts/nobody01",
        f"/bank/accounts/{TARO.upper()}",
        "/bank/accounts/taro0001%0A",
        "/bank/accounts/nobody01/release",
        "/bank/certificates/0A1B",
        "/bank/certificates/no-serial",
        "/bank/certificates/0A1B/revoke",
        "/bank/nowhere",
    ],
)
def test_what_is_unknown_is_a_404(admin: Browser, project: Project, path: str) -> None:
    project()

    answer = admin.open(path)

    assert answer.status_code == 404
    assert admin.page.h1 == "お探しの画面が見つかりません"


@pytest.mark.parametrize(
    "query",
    ["state=new", "state=null", "user_id=%00", "organization='", "cursor=*", "limit=0", "status=open", "format=xml"],
)
def test_a_question_that_cannot_be_asked_is_refused_and_no_list_of_everything(
    admin: Browser, project: Project, query: str
) -> None:
    project()

    answer = admin.open(f"/bank/accounts?{query}")

    assert answer.status_code == 422
    assert first_cells(admin.page) == []


@pytest.mark.parametrize("path", ["/bank", *LISTS])
def test_while_the_read_models_are_not_there_the_answer_is_to_come_again(admin: Browser, path: str) -> None:
    answers = [admin.open(path), admin.open(f"{path}?format=csv")]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert {answer.headers["retry-after"] for answer in answers} == {"5"}
