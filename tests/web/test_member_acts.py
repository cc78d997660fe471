"""What a master does to a general user: asked once more, confirmed by the own password, shown (R1.1, R3.6, R6.4)."""

from collections.abc import Callable
from functools import partial

import pytest

from domain.credentials import account_stream
from domain.user_account import UserAccount
from tests.support.accounts import HOUR, MINUTE
from tests.support.browser import Browser, Server, certificate_of, serving
from tests.support.house import MASTER, NINE, RIGHT, TARO, WRONG, House
from tests.support.members import generated, settle
from tests.support.watched_site import WatchedSite

PAGE = f"/users/{TARO}"
ACTS = ("release", "suspend", "resume", "reset", "close")
SHOWN_AFTERWARDS = {
    "release": ("AccountReleased", "利用可能"),
    "suspend": ("AccountSuspended", "停止"),
    "resume": ("AccountResumed", "ロック中"),
    "close": ("AccountClosed", "削除済み"),
}
CONSEQUENCES = {
    "release": "すぐにパスワードを試せるようになります",
    "suspend": "すぐにログインできなくなり",
    "resume": "すぐにログインと電子証明書の発行ができるようになります",
    "reset": "ロックと閉塞も解除されます",
    "close": "電子証明書は、すべて失効します",
}
every_act = pytest.mark.parametrize("act", ACTS)

Project = Callable[[], None]


@pytest.fixture
def act() -> str:
    """For what taro0001 is made ready; most tests say it for themselves."""
    return "close"


@pytest.fixture
def ready(house: House, master: Browser, project: Project, act: str) -> Browser:
    """taro0001 has a certificate, is locked, and for the resumption suspended: the act would do something."""
    house.issue()
    house.fail(6)
    if act == "resume":
        house.desk.members.suspend(MASTER, TARO, NINE)
    project()
    return master


def recorded(house: House) -> list[str]:
    """Of the user's account."""
    return [type(fact).__name__ for fact in house.store.load(account_stream(TARO))]


@every_act
def test_an_act_is_asked_once_more_with_the_person_and_what_follows(ready: Browser, act: str) -> None:
    answer = ready.open(f"{PAGE}/{act}")

    assert answer.status_code == 200
    assert "見本 太郎" in ready.page.main
    assert TARO in ready.page.main
    assert CONSEQUENCES[act] in ready.page.main
    assert list(ready.page.form(f"{PAGE}/{act}").fields) == ["csrf_token", "own_password"]


def test_a_deletion_says_that_nothing_of_it_can_be_taken_back(ready: Browser) -> None:
    ready.open(f"{PAGE}/close")

    assert "元に戻すことはできません" in ready.page.main
    assert "このユーザーIDは、二度と使うことができません" in ready.page.main


@pytest.mark.parametrize("act", SHOWN_AFTERWARDS)
def test_an_act_is_done_and_the_person_shown_as_it_then_is(
    house: House, ready: Browser, project: Project, act: str
) -> None:
    fact, state = SHOWN_AFTERWARDS[act]
    ready.open(f"{PAGE}/{act}")

    answer = ready.submit(f"{PAGE}/{act}", own_password=RIGHT)

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert recorded(house)[-1] == fact
    assert house.store.load(account_stream(TARO))[-1].by == MASTER
    project()
    ready.follow()
    assert state in ready.page.main


def test_a_reset_shows_the_new_password_once(house: House, ready: Browser) -> None:
    ready.open(f"{PAGE}/reset")

    answer = ready.submit(f"{PAGE}/reset", own_password=RIGHT)

    shown = generated(ready.page)
    assert answer.status_code == 200
    assert "14日間" in ready.page.main
    assert house.desk.sessions.log_in(TARO, shown, house.fingerprint(), NINE)[1]
    assert shown not in ready.open(PAGE).text


def test_a_deleted_users_page_tells_it_and_the_certificate_revoked(
    house: House, ready: Browser, project: Project
) -> None:
    ready.open(f"{PAGE}/close")

    ready.submit(f"{PAGE}/close", own_password=RIGHT)

    project()
    ready.follow()
    assert "削除済み" in ready.page.main
    assert "失効" in ready.page.main
    assert house.certificate().revoked == "closed"


def test_the_user_finds_the_own_session_ended_with_the_reason(house: House, master: Browser, server: Server) -> None:
    house.issue()
    user = server.browser(certificate_of(house))
    user.log_in()
    master.open(f"{PAGE}/suspend")

    master.submit(f"{PAGE}/suspend", own_password=RIGHT)

    assert user.open("/home").status_code == 401
    assert "このユーザーIDは利用を停止しているため" in user.page.main


# ---- what makes no sense, or comes too late


@pytest.mark.parametrize(
    ("act", "told"),
    [("release", "解除するものはありません"), ("resume", "再開の必要はありません")],
)
def test_an_act_that_would_do_nothing_is_not_offered(master: Browser, act: str, told: str) -> None:
    answer = master.open(f"{PAGE}/{act}")

    assert answer.status_code == 200
    assert told in master.page.main
    assert [form.action for form in master.page.forms] == ["/logout"]


def test_a_release_where_nothing_is_held_is_a_conflict(house: House, master: Browser) -> None:
    answer = master.post(f"{PAGE}/release", csrf_token=master.token("/home"), own_password=RIGHT)

    assert answer.status_code == 409
    assert "ロックも閉塞もされていません" in master.page.main
    assert house.count("AccountReleased") == 0


@pytest.mark.parametrize("act", ["suspend", "resume"])
def test_a_second_press_does_nothing_more(house: House, master: Browser, act: str) -> None:
    fields = {"csrf_token": master.token("/home"), "own_password": RIGHT}
    master.post(f"{PAGE}/suspend", **fields)
    master.post(f"{PAGE}/{act}", **fields)
    before = [kind for kind in house.kinds() if kind.startswith("Account")]

    answer = master.post(f"{PAGE}/{act}", **fields)

    assert answer.status_code == 303
    assert [kind for kind in house.kinds() if kind.startswith("Account")] == before


@every_act
def test_with_a_deleted_user_nothing_is_done_any_more(house: House, ready: Browser, act: str) -> None:
    ready.open(f"{PAGE}/{act}")
    house.desk.members.close(MASTER, TARO, NINE)

    answer = ready.submit(f"{PAGE}/{act}", own_password=RIGHT)

    assert answer.status_code == 409
    assert "すでに利用を終了しています" in ready.page.main
    assert [form.action for form in ready.page.forms] == ["/logout"]
    assert recorded(house)[-1] == "AccountClosed"


def test_a_deleted_users_contact_is_changed_no_more(house: House, ready: Browser) -> None:
    ready.open(PAGE)
    house.desk.members.close(MASTER, TARO, NINE)

    answer = ready.submit(PAGE, name="見本 次郎", email="jiro@example.com", own_password=RIGHT)

    assert answer.status_code == 409
    assert "すでに利用を終了しています" in ready.page.main


# ---- the own password


@every_act
def test_a_wrong_own_password_is_a_failed_try_of_the_master_and_nothing_is_done(
    house: House, ready: Browser, act: str
) -> None:
    ready.open(f"{PAGE}/{act}")
    before = recorded(house)

    answer = ready.submit(f"{PAGE}/{act}", own_password=WRONG)

    assert answer.status_code == 401
    assert "あなたのパスワードが正しくありません" in ready.page.main
    assert ready.page.form(f"{PAGE}/{act}").fields["own_password"] == ""
    assert house.account(MASTER).lockout.failures == 1
    assert recorded(house) == before


@every_act
def test_a_locked_masters_act_is_refused_with_the_minutes_left(house: House, ready: Browser, act: str) -> None:
    house.fail(6, MASTER)
    ready.open(f"{PAGE}/{act}")
    before = recorded(house)
    house.clock.advance(MINUTE)

    answer = ready.submit(f"{PAGE}/{act}", own_password=RIGHT)

    assert answer.status_code == 401
    assert "あなたのユーザーIDはロック中です" in ready.page.main
    assert "10:00まで(あと59分)" in ready.page.main
    assert recorded(house) == before


def test_the_sixth_wrong_own_password_locks_the_master(house: House, ready: Browser) -> None:
    ready.open(f"{PAGE}/close")
    before = recorded(house)
    for _ in range(5):
        ready.submit(f"{PAGE}/close", own_password=WRONG)

    sixth = ready.submit(f"{PAGE}/close", own_password=WRONG)
    seventh = ready.submit(f"{PAGE}/close", own_password=RIGHT)

    assert (sixth.status_code, seventh.status_code) == (401, 401)
    assert "10:00まで(あと60分)" in ready.page.main
    assert house.account(MASTER).lockout.is_locked(NINE)
    assert recorded(house) == before


def test_a_wrong_own_password_that_blocks_the_master_ends_the_session(house: House, ready: Browser) -> None:
    for at in [NINE - 2 * HOUR] * 6 + [NINE - HOUR] * 6 + [NINE] * 5:
        house.record(partial(UserAccount.fail_password, entry="login", now=at), MASTER)
    ready.open(f"{PAGE}/close")
    before = recorded(house)

    answer = ready.submit(f"{PAGE}/close", own_password=WRONG)

    assert house.account(MASTER).lockout.blocked
    assert answer.status_code == 401
    assert ready.page.h1 == "ログアウトしました"
    assert recorded(house) == before


@every_act
@pytest.mark.parametrize("password", ["", "short", "sesame9\uff19"])
def test_a_malformed_own_password_is_told_and_counts_for_nothing(
    house: House, ready: Browser, act: str, password: str
) -> None:
    before = house.kinds()
    ready.open(f"{PAGE}/{act}")

    answer = ready.submit(f"{PAGE}/{act}", own_password=password)

    assert answer.status_code == 422
    assert "入力内容をご確認ください" in ready.page.main
    assert house.kinds() == before


@every_act
def test_an_act_needs_the_form_of_its_page(house: House, ready: Browser, act: str) -> None:
    before = house.kinds()

    answer = ready.post(f"{PAGE}/{act}", csrf_token="made up", own_password=RIGHT)

    assert answer.status_code == 403
    assert house.kinds() == before


# ---- the page shown afterwards


def test_the_page_shown_after_a_deletion_waits_for_the_read_models(house: House, project: Project) -> None:
    house.organization()
    house.user()
    settle(house)
    house.issue(MASTER)
    project()

    with serving(house, WatchedSite) as server:
        browser = server.browser(certificate_of(house, MASTER))
        browser.log_in(MASTER)
        browser.post(f"{PAGE}/close", csrf_token=browser.token("/home"), own_password=RIGHT)
        led = server.site.led  # type: ignore[attr-defined]  # a WatchedSite's

    assert led == {"/home": False, PAGE: True}
