"""User management: the master's list of general users, as a page and as CSV (section 1; R6.2; screens.md)."""

from collections.abc import Callable
from functools import partial

import pytest

from domain.credentials import account_stream
from domain.policy import Policy
from domain.user_account import UserAccount
from tests.support.accounts import DAY, HOUR
from tests.support.browser import Browser, Server, certificate_of
from tests.support.erasing import erase
from tests.support.house import MASTER, NINE, RENEWAL, TARO, House
from tests.support.html import Link
from tests.support.lists import csv_rows, first_cells
from tests.support.members import NEW, register, settle
from web import members

PAGE = f"/users/{TARO}"
FORM = "/users/new"

Project = Callable[[], None]


def row(browser: Browser, name: str) -> list[str]:
    """The cells of the row that begins with it."""
    (cells,) = (
        [cell.text for cell in line.all("td")]
        for line in browser.page.root.all("tr")
        if line.all("td") and line.all("td")[0].text == name
    )
    return cells


def test_the_list_has_the_own_general_users_and_nobody_else(house: House, master: Browser, project: Project) -> None:
    register(house, "jiro0001")
    project()

    answer = master.open("/users")

    assert answer.status_code == 200
    assert (master.page.h1, master.page.title[:6]) == ("ユーザー管理", "ユーザー管理")
    assert sorted(first_cells(master.page)) == sorted([NEW.name, "見本 太郎"])
    assert "19名まで登録でき、いま2名です" in master.page.main
    assert Link(FORM, "ユーザーを登録") in master.page.links


def test_a_user_without_a_certificate_is_told_as_such(master: Browser) -> None:
    master.open("/users")

    assert row(master, "見本 太郎")[1:4] == [TARO, "未発行", "まだありません"]


def test_state_and_certificate_of_each_are_told(house: House, master: Browser, project: Project) -> None:
    house.issue()
    project()

    master.open("/users")

    assert row(master, "見本 太郎")[2:4] == ["利用可能", "有効2027年11月24日まで(あと365日)"]


def test_a_locked_user_is_shown_with_the_end_of_the_lock_and_a_way_to_release(
    house: House, master: Browser, project: Project
) -> None:
    house.fail(6)
    project()

    master.open("/users")

    assert row(master, "見本 太郎")[2] == "ロック中 10:00まで"
    assert Link(f"{PAGE}/release", f"ロックを解除({TARO})") in master.page.links


@pytest.mark.parametrize(
    ("act", "word"),
    [("suspend", "停止"), ("block", "閉塞"), ("lock", "ロック中 10:00まで")],
)
def test_what_holds_a_user_stands_there(house: House, master: Browser, project: Project, act: str, word: str) -> None:
    at = {"block": [NINE - 2 * HOUR] * 6 + [NINE - HOUR] * 6 + [NINE] * 6, "lock": [NINE] * 6}.get(act, [])
    for now in at:
        house.record(partial(UserAccount.fail_password, entry="login", now=now))
    if act == "suspend":
        house.desk.members.suspend(MASTER, TARO, NINE)
    project()

    master.open("/users")

    assert row(master, "見本 太郎")[2] == word


def test_of_several_certificates_the_one_that_lives_is_shown(house: House, master: Browser, project: Project) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()
    house.desk.revocation.revoke_serial(str(house.certificate(2).serial), "not_imported", "bank0001", RENEWAL)
    project()
    master.log_in(MASTER)

    master.open("/users")

    assert row(master, "見本 太郎")[3] == "まもなく期限切れ2027年11月24日まで(あと30日)"


def test_of_two_that_live_the_one_that_ends_later_is_shown(house: House, master: Browser, project: Project) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()
    project()
    master.log_in(MASTER)

    master.open("/users")

    assert row(master, "見本 太郎")[3] == "有効2028年10月24日まで(あと365日)"


def test_the_certificates_last_day_and_the_day_after_it(house: House, master: Browser, project: Project) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue(MASTER)
    master.certificate = certificate_of(house, MASTER, 2)
    project()

    house.clock.set(RENEWAL + 30 * DAY)
    master.log_in(MASTER)
    master.open("/users")
    last = row(master, "見本 太郎")[3]
    house.clock.set(RENEWAL + 31 * DAY)
    master.log_in(MASTER)
    master.open("/users")

    assert last == "まもなく期限切れ2027年11月24日まで(今日が最後の日)"
    assert row(master, "見本 太郎")[3] == "期限切れ2027年11月24日で期限切れ"


def test_a_deleted_user_is_not_in_the_list_but_has_a_page(house: House, master: Browser, project: Project) -> None:
    house.issue()
    house.desk.members.close(MASTER, TARO, NINE)
    project()

    master.open("/users")
    listed = first_cells(master.page)
    master.open(PAGE)

    assert listed == []
    assert "削除済み" in master.page.main
    assert "失効" in master.page.main
    assert [form.action for form in master.page.forms] == ["/logout"]


def test_a_long_list_of_closed_users_hides_nobody(
    house: House, master: Browser, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MANY", 2)
    for number in range(3):
        register(house, f"user{number:04}")
        house.desk.members.close(MASTER, f"user{number:04}", NINE)
    register(house, "zoe00001")
    house.issue()
    project()

    master.open("/users")

    assert [row(master, name)[1] for name in first_cells(master.page)] == [TARO, "zoe00001"]


def test_an_erased_user_is_shown_as_erased(house: House, master: Browser) -> None:
    erase(house)

    master.open(PAGE)

    assert master.page.h1 == "消去済み"
    assert "メール消去済み" in master.page.main
    assert TARO in master.page.main
    assert "見本 太郎" not in master.page.main


def test_while_the_read_models_are_behind_the_list_shows_nobody_who_was_erased(house: House, master: Browser) -> None:
    erase(house)

    master.open("/users")

    assert first_cells(master.page) == []


def test_whose_row_of_the_vault_is_gone_is_shown_as_erased_in_list_and_csv(house: House, master: Browser) -> None:
    house.database.execute("delete from vault_persons where subject = %s", account_stream(TARO))

    master.open("/users")
    listed = first_cells(master.page)
    (line,) = csv_rows(master.open("/users?format=csv"))

    assert listed == ["消去済み"]
    assert [line["氏名"], line["メールアドレス"]] == ["消去済み"] * 2


@pytest.mark.parametrize("act", ["suspend", "reset", "close"])
def test_a_form_for_whose_row_is_gone_says_erased(house: House, master: Browser, act: str) -> None:
    house.database.execute("delete from vault_persons where subject = %s", account_stream(TARO))

    master.open(f"{PAGE}/{act}")

    assert "氏名消去済み" in master.page.main


@pytest.mark.parametrize("policy", [Policy(general_users=1)], ids=["one place"])
def test_where_all_places_are_taken_the_list_and_the_form_say_so(master: Browser) -> None:
    master.open("/users")
    listed = master.page
    master.open(FORM)

    assert "登録できる人数に達しているため" in listed.main
    assert FORM not in [link.href for link in listed.links]
    assert "一般ユーザーは1名まで登録できます" in master.page.main
    assert [form.action for form in master.page.forms] == ["/logout"]


def test_the_list_as_csv_is_safe_for_a_spreadsheet(house: House, master: Browser, project: Project) -> None:
    house.desk.members.register(MASTER, "jiro0001", "=HYPERLINK(1)", "jiro@example.com", NINE)
    house.issue()
    house.fail(6)
    project()

    answer = master.open("/users?format=csv")

    assert answer.headers["content-disposition"] == 'attachment; filename="users-20261124.csv"'
    assert [list(each.values()) for each in csv_rows(answer)] == [
        ["jiro0001", "'=HYPERLINK(1)", "jiro@example.com", "not_issued", "", "", "", ""],
        [TARO, "見本 太郎", "taro@example.com", "locked", "2026-11-24 10:00:00", "live", "2027-11-24", "365"],
    ]


@pytest.mark.parametrize("query", ["format=xml", "state=open", "organization=OTHER1", "format=csv&format=csv"])
def test_a_list_asked_otherwise_is_refused(master: Browser, query: str) -> None:
    answer = master.open(f"/users?{query}")

    assert answer.status_code == 422
    assert first_cells(master.page) == []


def test_while_the_read_models_are_not_there_the_answer_is_to_come_again(house: House, server: Server) -> None:
    settle(house)
    house.issue(MASTER)
    browser = server.browser(certificate_of(house, MASTER))
    browser.log_in(MASTER)

    answers = [browser.open("/users"), browser.open("/users?format=csv"), browser.open(PAGE)]

    assert [answer.status_code for answer in answers] == [503] * 3
    assert browser.open("/home").status_code == 200


def test_a_master_is_led_there_from_home_and_menu(master: Browser) -> None:
    master.open("/home")

    assert [link.href for link in master.page.links].count("/users") == 2


def test_nobody_else_is_led_there(house: House, server: Server, master: Browser) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))
    browser.log_in()

    browser.open("/home")

    assert "/users" not in [link.href for link in browser.page.links]


def test_a_master_who_owes_a_change_of_the_password_sees_nothing_yet(house: House, master: Browser) -> None:
    password = house.desk.accounts.reset_password(MASTER, "bank0001", NINE)
    master.log_in(MASTER, password)

    answers = [master.open(path) for path in ("/users", FORM, PAGE, f"{PAGE}/close")]

    assert {answer.status_code for answer in answers} == {403}
    assert master.page.h1 == "先にパスワードの変更が必要です"
    assert "/home/password" in [link.href for link in master.page.links]
