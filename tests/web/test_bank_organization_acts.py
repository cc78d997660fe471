"""The bank initializes a master, releases an invitation, closes an organization (R1.1, R3.6, R6.4, R7.4, R9.2)."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.credentials import organization_stream
from domain.fact import COMMAND_LINE
from domain.organization import Organization, organization_from
from domain.policy import Policy
from tests.support.applicants import Letter
from tests.support.browser import Browser
from tests.support.house import MASTER, NINE, RIGHT, TARO, WRONG, House
from tests.support.lists import first_cells
from tests.support.organization_pages import (
    ACTS,
    CLOSE,
    INITIALIZE,
    LIST,
    ONE,
    RELEASE,
    generated,
    hold_invitation,
    ways,
)

Project = Callable[[], None]


def organization(house: House) -> Organization:
    return organization_from(house.store.load(organization_stream("ACME01")))


@pytest.fixture
def browser(house: House, admin: Browser, project: Project) -> Browser:
    """The bank admin's; the organization has a master and taro0001, who has a certificate."""
    house.desk.accounts.register(MASTER, "master", "ACME01", "見本 花子", "hanako@example.com", COMMAND_LINE, NINE)
    house.own_password(MASTER, RIGHT)
    house.issue()
    project()
    return admin


# ---- initialized


def test_an_initialized_master_ends_and_the_new_letters_password_is_shown_once(
    house: House, browser: Browser, project: Project
) -> None:
    browser.open(INITIALIZE)
    told, buttons = browser.page.main, browser.page.form(INITIALIZE).buttons

    answer = browser.submit(INITIALIZE, own_password=RIGHT)
    (shown,) = generated(browser)
    project()

    assert f"マスターユーザー {MASTER} は利用を終了し" in told
    assert buttons == ["初期化する"]
    assert (answer.status_code, browser.page.h1) == (200, "初期化の完了")
    assert "2027年2月12日(金) 9:00" in browser.page.main
    assert house.account(MASTER).closed
    assert Letter(house, shown, "ACME01").enter()
    assert shown not in browser.open(ONE).text
    assert "未登録" in browser.page.main


def test_without_a_master_the_page_speaks_of_the_letter_alone(house: House, admin: Browser, project: Project) -> None:
    project()
    admin.open(INITIALIZE)
    told = admin.page.main

    answer = admin.submit(INITIALIZE, own_password=RIGHT)

    assert "いまの手紙の初期パスワードは、使えなくなります" in told
    assert "は利用を終了し" not in told
    assert answer.status_code == 200
    assert house.count("AccountClosed") == 0


# ---- released


@pytest.mark.parametrize(("locks", "heading"), [(1, "初期登録のロックの解除"), (3, "初期登録の閉塞の解除")])
def test_a_released_invitation_can_be_tried_at_once(house: House, browser: Browser, locks: int, heading: str) -> None:
    hold_invitation(house, locks)
    browser.open(RELEASE)
    shown = browser.page.h1

    answer = browser.submit(RELEASE, own_password=RIGHT)

    assert shown == heading
    assert (answer.status_code, answer.headers["location"]) == (303, ONE)
    assert not organization(house).lockout.is_held(NINE)
    browser.follow()
    assert ways(browser) == {INITIALIZE, CLOSE}


def test_where_nothing_is_held_there_is_no_form_and_a_post_says_so(house: House, browser: Browser) -> None:
    browser.open(RELEASE)
    offered = [form.action for form in browser.page.forms]

    answer = browser.post(RELEASE, csrf_token=browser.token(ONE), own_password=RIGHT)

    assert offered == ["/logout"]
    assert answer.status_code == 409
    assert "解除するものがありません" in browser.page.main
    assert house.count("InvitationReleased") == 0


# ---- closed


def test_a_closed_organization_says_so_and_offers_nothing_more(
    house: House, browser: Browser, project: Project
) -> None:
    browser.open(CLOSE)

    answer = browser.submit(CLOSE, own_password=RIGHT)
    project()
    browser.follow()

    assert (answer.status_code, answer.headers["location"]) == (303, ONE)
    assert all(house.account(user_id).closed for user_id in (TARO, MASTER))
    assert house.certificate().revoked == "closed"
    assert "解約済み2026年11月24日(火) 9:00に解約しました。" in browser.page.main
    assert ways(browser) == set()
    assert [form.action for form in browser.page.forms] == ["/logout"]


def test_it_is_told_as_closed_before_the_read_models_know(house: House, browser: Browser) -> None:
    house.desk.organizations.close("ACME01", COMMAND_LINE, NINE)

    browser.open(ONE)

    assert "解約済み" in browser.page.main
    assert ways(browser) == set()


def test_the_list_marks_it_and_the_csv_says_when(house: House, browser: Browser, project: Project) -> None:
    house.organization("BETA01")
    house.desk.organizations.close("ACME01", COMMAND_LINE, NINE)
    project()

    browser.open(LIST)
    listed = browser.page
    lines = browser.open(f"{LIST}?format=csv").content.decode("utf-8-sig").splitlines()

    assert first_cells(listed) == ["ACME01", "BETA01"]
    assert listed.main.count("解約済み") == 1
    assert lines[0].endswith(",解約日時")
    assert [line.rpartition(",")[2] != "" for line in lines[1:]] == [True, False]


@pytest.mark.parametrize("path", [*ACTS, ONE])
def test_on_a_closed_organization_every_act_is_refused_on_its_page(house: House, browser: Browser, path: str) -> None:
    token = browser.token(ONE)
    house.desk.organizations.close("ACME01", COMMAND_LINE, NINE)
    before = house.count("PasswordAccepted")
    browser.open(path)
    offered = [form.action for form in browser.page.forms]

    answer = browser.post(path, csrf_token=token, own_password=RIGHT, language="en")

    assert offered == ["/logout"]
    assert answer.status_code == 409
    assert "すでに利用を終了しています" in browser.page.main
    assert house.count("PasswordAccepted") == before + 1


# ---- the own password


@pytest.mark.parametrize("path", ACTS)
def test_a_wrong_own_password_counts_for_who_typed_it_and_nothing_is_done(
    house: House, browser: Browser, path: str
) -> None:
    hold_invitation(house)
    browser.open(path)
    before = organization(house)

    answer = browser.submit(path, own_password=WRONG)

    assert answer.status_code == 401
    assert "あなたのパスワードが正しくありません" in browser.page.main
    assert house.account("bank0001").lockout.failures == 1
    assert organization(house) == before


@pytest.mark.parametrize("path", ACTS)
def test_a_missing_own_password_is_told_at_its_field(house: House, browser: Browser, path: str) -> None:
    hold_invitation(house)
    browser.open(path)

    answer = browser.submit(path, own_password="")

    assert answer.status_code == 422
    assert browser.page.form(path).fields["own_password"] == ""
    assert house.count("PasswordFailed") == 0


# ---- strange requests


@pytest.mark.parametrize("code", ["NONE01", "%00", "ＡＣＭＥ０１", "ACME01%0A", "A" * 13])
@pytest.mark.parametrize("act", ["initialize", "release", "close"])
def test_an_organization_that_is_not_there_is_a_404(house: House, browser: Browser, code: str, act: str) -> None:
    path, before = f"{LIST}/{code}/{act}", house.count("PasswordAccepted")

    assert browser.open(path).status_code == 404
    assert browser.post(path, csrf_token=browser.token(ONE), own_password=RIGHT).status_code == 404
    assert house.count("PasswordAccepted") == before


@settings(max_examples=20, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(ACTS), typed=st.text(max_size=20), more=st.dictionaries(st.text(max_size=8), st.text()))
def test_whatever_is_typed_nothing_is_done_without_the_own_password(
    house: House, browser: Browser, path: str, typed: str, more: dict[str, str]
) -> None:
    token = browser.token(ONE)

    answer = browser.post(path, **more | {"csrf_token": token, "own_password": f"*{typed}"})

    assert answer.status_code in {400, 422}
    assert organization(house).master == MASTER


# ---- with a second person


@pytest.mark.parametrize("policy", [Policy(approval="two_persons")], ids=["two persons"])
def test_a_closing_and_a_release_need_no_second_person(house: House, browser: Browser) -> None:
    hold_invitation(house)
    for path in (RELEASE, CLOSE):
        browser.open(path)
        assert browser.submit(path, own_password=RIGHT).headers["location"] == ONE

    assert organization(house).closed
    assert house.count("ApprovalRequested") == 0
