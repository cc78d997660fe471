"""Revocation by two persons of the bank on their screens (R9.3; screens.md, Behind login)."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

from domain.approval import approval_stream
from domain.fact import COMMAND_LINE
from domain.policy import Policy
from domain.user_account import UserAccount
from tests.support.accounts import MINUTE
from tests.support.approvals import FIRST, SECOND, admins_of
from tests.support.browser import Browser, Server
from tests.support.erasing import erase
from tests.support.given_up_mail import given_up
from tests.support.house import NINE, RIGHT, TARO, WRONG, House
from tests.support.html import Link, Page

LIST = "/bank/approvals"
STRANGER = "5f0c2b7a-91d3-4e68-a0b1-c2d3e4f50617"
TYPED = {"reason": "lost", "requested_by": "見本 花子", "paper_number": "2026-17", "own_password": RIGHT}

Project = Callable[[], None]


@pytest.fixture
def policy() -> Policy:
    return Policy(approval="two_persons")


@pytest.fixture
def admins(house: House, server: Server, project: Project) -> list[Browser]:
    """taro0001 has a certificate."""
    house.issue()
    browsers = admins_of(house, server)
    project()
    return browsers


def serial(house: House) -> str:
    return str(house.certificate().serial)


def address(approval: UUID, act: str) -> str:
    return f"{LIST}/{approval}/{act}"


@pytest.fixture
def approval(house: House, admins: list[Browser], project: Project) -> UUID:
    """The first admin has asked for it."""
    path = f"/bank/certificates/{serial(house)}/revoke"
    admins[0].open(path)
    answer = admins[0].submit(path, **TYPED)
    assert (answer.status_code, answer.headers["location"]) == (303, LIST)
    project()
    return approval_stream("revoke", serial(house), 1)


# ---- asked for


def test_the_form_says_that_a_second_person_is_needed_and_leads_to_the_list(
    house: House, admins: list[Browser], project: Project
) -> None:
    first = admins[0]
    path = f"/bank/certificates/{serial(house)}/revoke"

    first.open(path)
    told, buttons = first.page.main, first.page.form(path).buttons
    answer = first.submit(path, **TYPED)
    project()
    first.follow()

    assert "二人目の労金担当者が承認したとき" in told
    assert buttons == ["失効を依頼する"]
    assert (answer.status_code, answer.headers["location"]) == (303, LIST)
    assert first.page.h1 == "承認待ち"
    assert house.certificate().state(NINE) == "live"


def test_the_list_tells_the_second_person_all_there_is_to_know(approval: UUID, admins: list[Browser]) -> None:
    answer = admins[1].open(LIST)

    shown = admins[1].page
    assert answer.status_code == 200
    assert all(words in shown.main for words in (TARO, "紛失", "見本 花子 様から", "依頼書 2026-17", FIRST, "承認待ち"))
    assert address(approval, "approve") in {link.href for link in shown.links}
    admins[1].open(address(approval, "approve"))
    assert Link(address(approval, "refuse"), "却下へ") in admins[1].page.links


def test_who_asked_the_bank_is_shown_as_erased_in_list_and_form(
    house: House, approval: UUID, admins: list[Browser]
) -> None:
    erase(house)

    admins[1].open(LIST)
    listed = admins[1].page.main
    admins[1].open(address(approval, "refuse"))

    assert "依頼した方:消去済み" in listed
    assert "依頼した方消去済み" in admins[1].page.main
    assert "見本 花子" not in listed + admins[1].page.main


def test_who_asked_is_offered_to_withdraw_but_not_to_approve(approval: UUID, admins: list[Browser]) -> None:
    admins[0].open(LIST)

    ways = {link.href: link.text for link in admins[0].page.links}
    assert ways[address(approval, "refuse")].startswith("取り下げ")
    assert address(approval, "approve") not in ways


def test_the_overview_tells_how_many_wait(approval: UUID, admins: list[Browser]) -> None:
    admins[1].open("/bank")

    assert LIST in {link.href for link in admins[1].page.links if "二人目の承認を待つ操作" in link.text}


def test_the_list_is_sent_as_csv_without_the_requesters_name(approval: UUID, admins: list[Browser]) -> None:
    answer = admins[1].open(f"{LIST}?format=csv")

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("依頼の日時,操作,対象")
    assert len(lines) == 2
    assert "見本" not in answer.text


def test_the_list_is_read_by_state(approval: UUID, admins: list[Browser]) -> None:
    found = {}
    for state in ("open", "given", "declined", "impossible"):
        admins[1].open(f"{LIST}?state={state}")
        found[state] = TARO in admins[1].page.main

    offered = {link.href for link in admins[1].page.links}
    assert found == {"open": True, "given": False, "declined": False, "impossible": False}
    assert {f"{LIST}?state={state}" for state in found} <= offered
    assert "当てはまる操作はありません" in admins[1].page.main
    assert admins[1].open(f"{LIST}?state=refused").status_code == 422


def test_a_csv_has_the_rows_of_the_list_it_stands_under(approval: UUID, admins: list[Browser]) -> None:
    sent = {state: admins[1].open(f"{LIST}?state={state}&format=csv") for state in ("open", "given")}

    assert [len(answer.text.splitlines()) for answer in sent.values()] == [2, 1]


# ---- decided


def test_the_second_persons_password_revokes(
    house: House, approval: UUID, admins: list[Browser], project: Project
) -> None:
    second, path = admins[1], address(approval, "approve")
    second.open(path)

    answer = second.submit(path, own_password=RIGHT)
    project()
    second.follow()

    assert (answer.status_code, answer.headers["location"]) == (303, LIST)
    assert house.certificate().revoked == "lost"
    assert "承認済み" in second.page.main
    assert second.page.forms == [second.page.form("/logout")]


def test_a_wrong_password_counts_for_who_typed_it_and_revokes_nothing(
    house: House, approval: UUID, admins: list[Browser]
) -> None:
    path = address(approval, "approve")
    admins[1].open(path)

    answer = admins[1].submit(path, own_password=WRONG)

    assert answer.status_code == 401
    assert admins[1].page.h1 == "失効の承認"
    assert house.account(SECOND).lockout.failures == 1
    assert house.certificate().state(NINE) == "live"


@pytest.mark.parametrize("act", ["approve", "refuse"])
def test_a_wrong_password_that_blocks_who_typed_it_ends_the_session(
    house: House, approval: UUID, admins: list[Browser], act: str
) -> None:
    path = address(approval, act)
    admins[1].open(path)
    for at in [NINE - 120 * MINUTE] * 6 + [NINE - 60 * MINUTE] * 6 + [NINE] * 5:
        house.record(partial(UserAccount.fail_password, entry="login", now=at), SECOND)

    answer = admins[1].submit(path, own_password=WRONG)

    assert house.account(SECOND).lockout.blocked
    assert answer.status_code == 401
    assert admins[1].page.h1 == "ログアウトしました"


def test_the_first_persons_own_word_is_refused_however_it_is_sent(
    house: House, approval: UUID, admins: list[Browser]
) -> None:
    path = address(approval, "approve")
    admins[0].open(path)
    offered = admins[0].page.forms

    answer = admins[0].post(path, csrf_token=admins[0].token(LIST), own_password=RIGHT)

    assert [form.action for form in offered] == ["/logout"]
    assert answer.status_code == 409
    assert "ご自分の依頼は承認できません" in admins[0].page.main
    assert house.certificate().state(NINE) == "live"


@pytest.mark.parametrize(("who", "heading"), [(0, "失効の取り下げ"), (1, "失効の却下")])
def test_either_person_refuses(
    house: House, approval: UUID, admins: list[Browser], project: Project, who: int, heading: str
) -> None:
    browser, path = admins[who], address(approval, "refuse")
    browser.open(path)
    shown = browser.page.h1

    answer = browser.submit(path, own_password=RIGHT)
    project()
    browser.follow()

    assert (shown, answer.status_code) == (heading, 303)
    assert "却下" in browser.page.main
    assert house.certificate().state(NINE) == "live"


def test_what_has_become_impossible_is_said_on_the_page_and_ends_the_request(
    house: House, approval: UUID, admins: list[Browser], project: Project
) -> None:
    house.desk.revocation.revoke_user(TARO, "retired", COMMAND_LINE, NINE)
    path = address(approval, "approve")
    admins[1].open(path)

    answer = admins[1].submit(path, own_password=RIGHT)
    told = admins[1].page.main
    project()
    admins[1].open(LIST)

    assert answer.status_code == 409
    assert "依頼された操作は、できなくなっていました" in told
    assert "実行できず" in admins[1].page.main


def test_what_was_decided_is_not_offered_again(
    house: House, approval: UUID, admins: list[Browser], project: Project
) -> None:
    house.desk.approvals.refuse(approval, SECOND, NINE)
    project()

    admins[1].open(address(approval, "approve"))

    assert "すでに決定が済んでいます" in admins[1].page.main
    assert Link(LIST, "承認待ちへ戻る") in admins[1].page.links


@pytest.mark.parametrize("act", ["approve", "refuse"])
@pytest.mark.parametrize("named", [STRANGER, "1", "%00"])
def test_what_was_never_asked_for_is_not_found(admins: list[Browser], act: str, named: str) -> None:
    path = f"{LIST}/{named}/{act}"

    assert admins[0].open(path).status_code == 404
    assert admins[0].post(path, csrf_token=admins[0].token(LIST), own_password=RIGHT).status_code == 404


# ---- mails, for which no second person is needed


def test_the_list_of_mails_offers_to_send_again_what_was_given_up(
    house: House, admins: list[Browser], project: Project
) -> None:
    stream = given_up(house)
    project()
    admins[0].open("/bank/mails?state=given_up")
    path = f"/bank/mails/{stream}/resend"

    answer = admins[0].submit(path)
    project()
    admins[0].open("/bank/mails?state=waiting")

    assert (answer.status_code, answer.headers["location"]) == (303, "/bank/mails")
    assert "送信待ち" in admins[0].page.main


def test_a_mail_that_waits_is_not_sent_again(house: House, admins: list[Browser], project: Project) -> None:
    stream = given_up(house)
    token = admins[0].token(LIST)
    admins[0].post(f"/bank/mails/{stream}/resend", csrf_token=token)

    again = admins[0].post(f"/bank/mails/{stream}/resend", csrf_token=token)

    assert again.status_code == 409
    assert Page(again.text).h1 == "このメールは再送できません"


@pytest.mark.parametrize("named", [STRANGER, "1"])
def test_a_mail_never_asked_for_is_not_found(admins: list[Browser], named: str) -> None:
    answer = admins[0].post(f"/bank/mails/{named}/resend", csrf_token=admins[0].token(LIST))

    assert answer.status_code == 404
