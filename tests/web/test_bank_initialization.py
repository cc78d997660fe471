"""A master initialized by two persons of the bank on their screens (R7.4, R9.3; screens.md, Behind login)."""

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.approval import approval_stream
from domain.fact import COMMAND_LINE
from domain.policy import Policy
from tests.support.applicants import Letter
from tests.support.approvals import FIRST, admins_of
from tests.support.browser import Browser, Server
from tests.support.house import MASTER, NINE, RIGHT, WRONG, House
from tests.support.html import Link
from tests.support.organization_pages import INITIALIZE, ONE, generated

LIST = "/bank/approvals"

Project = Callable[[], None]


@pytest.fixture
def policy() -> Policy:
    return Policy(approval="two_persons")


@pytest.fixture
def admins(house: House, server: Server, project: Project) -> list[Browser]:
    """The organization has a master."""
    house.desk.accounts.register(MASTER, "master", "ACME01", "見本 花子", "hanako@example.com", COMMAND_LINE, NINE)
    browsers = admins_of(house, server)
    project()
    return browsers


def address(approval: UUID, act: str) -> str:
    return f"{LIST}/{approval}/{act}"


@pytest.fixture
def initialization(admins: list[Browser], project: Project) -> UUID:
    """The first admin has asked for it."""
    admins[0].open(INITIALIZE)
    answer = admins[0].submit(INITIALIZE, own_password=RIGHT)
    assert (answer.status_code, answer.headers["location"]) == (303, LIST)
    project()
    return approval_stream("initialize", "ACME01", 1)


def test_an_initialization_is_only_asked_for_and_nobody_sees_a_password(
    house: House, initialization: UUID, admins: list[Browser]
) -> None:
    first = admins[0]
    first.open(INITIALIZE)
    told, buttons = first.page.main, first.page.form(INITIALIZE).buttons

    first.open(LIST)

    assert "二人目の労金担当者が承認したとき" in told
    assert "承認した担当者の画面に一度だけ" in told
    assert buttons == ["初期化を依頼する"]
    assert generated(first) == []
    assert not house.account(MASTER).closed


def test_asked_for_again_it_says_that_it_waits_already(
    house: House, initialization: UUID, admins: list[Browser]
) -> None:
    admins[1].open(INITIALIZE)

    answer = admins[1].submit(INITIALIZE, own_password=RIGHT)

    assert answer.status_code == 409
    assert "すでに承認を待っています" in admins[1].page.main
    assert house.count("ApprovalRequested") == 1


def test_the_list_and_the_page_tell_the_second_person_what_will_end(
    initialization: UUID, admins: list[Browser]
) -> None:
    second = admins[1]
    second.open(LIST)
    listed = second.page

    second.open(address(initialization, "approve"))

    assert all(words in listed.main for words in ("見本商事株式会社", MASTER, "初期化", FIRST, "承認待ち"))
    assert Link(ONE, "見本商事株式会社") in listed.links
    assert second.page.h1 == "初期化の承認"
    assert f"マスターユーザー {MASTER} は利用を終了し" in second.page.main
    assert "失効の理由" not in second.page.main


def test_the_second_person_alone_sees_the_new_letters_password_and_once(
    house: House, initialization: UUID, admins: list[Browser], project: Project
) -> None:
    first, second = admins
    path = address(initialization, "approve")
    second.open(path)

    answer = second.submit(path, own_password=RIGHT)
    (shown,) = generated(second)
    project()

    assert (answer.status_code, second.page.h1) == (200, "初期化の完了")
    assert house.account(MASTER).closed
    assert Letter(house, shown, "ACME01").enter()
    pages = [LIST, path, INITIALIZE, ONE, f"{LIST}?format=csv"]
    assert [each for browser in (first, second) for each in pages if shown in browser.open(each).text] == []
    assert "承認済み" in first.open(LIST).text


def test_pressed_again_it_is_over_and_makes_no_second_letter(
    house: House, initialization: UUID, admins: list[Browser]
) -> None:
    path = address(initialization, "approve")
    admins[1].open(path)
    fields = admins[1].page.form(path).fields | {"own_password": RIGHT}
    admins[1].post(path, **fields)

    again = admins[1].post(path, **fields)

    assert again.status_code == 409
    assert generated(admins[1]) == []
    assert house.count("MasterInitialized") == 1


def test_with_a_wrong_password_nothing_is_initialized(
    house: House, initialization: UUID, admins: list[Browser]
) -> None:
    path = address(initialization, "approve")
    admins[1].open(path)

    answer = admins[1].submit(path, own_password=WRONG)

    assert (answer.status_code, admins[1].page.h1) == (401, "初期化の承認")
    assert house.count("MasterInitialized") == 0


def test_who_asked_for_it_does_not_get_the_letter_by_approving(
    house: House, initialization: UUID, admins: list[Browser]
) -> None:
    answer = admins[0].post(address(initialization, "approve"), csrf_token=admins[0].token(LIST), own_password=RIGHT)

    assert answer.status_code == 409
    assert generated(admins[0]) == []
    assert house.count("MasterInitialized") == 0


@pytest.mark.parametrize(("who", "heading"), [(0, "初期化の取り下げ"), (1, "初期化の却下")])
def test_either_person_refuses_an_initialization(
    house: House, initialization: UUID, admins: list[Browser], who: int, heading: str
) -> None:
    browser, path = admins[who], address(initialization, "refuse")
    browser.open(path)
    shown, told = browser.page.h1, browser.page.main

    answer = browser.submit(path, own_password=RIGHT)

    assert (shown, answer.status_code) == (heading, 303)
    assert "マスターユーザーは、そのまま利用できます" in told
    assert not house.account(MASTER).closed


def test_an_initialization_that_has_become_impossible_is_said_and_over(
    house: House, initialization: UUID, admins: list[Browser], project: Project
) -> None:
    house.desk.organizations.close("ACME01", COMMAND_LINE, NINE)
    path = address(initialization, "approve")
    admins[1].open(path)

    answer = admins[1].submit(path, own_password=RIGHT)
    told = admins[1].page.main
    project()
    admins[1].open(LIST)

    assert answer.status_code == 409
    assert "依頼された操作は、できなくなっていました" in told
    assert "実行できず" in admins[1].page.main
