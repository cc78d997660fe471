"""The bank releases a lock or a block, each time with the own password (R1.1, R3.6, R9.2)."""

from collections.abc import Callable
from functools import partial

import pytest

from domain.credentials import account_stream
from domain.user_account import UserAccount
from tests.support.accounts import MINUTE
from tests.support.browser import Browser
from tests.support.house import NINE, RIGHT, TARO, WRONG, House

ADMIN = "bank0001"
RELEASE = f"/bank/accounts/{TARO}/release"

Project = Callable[[], None]


@pytest.fixture
def held(house: House, admin: Browser, project: Project) -> Browser:
    """taro0001 is locked, and the bank admin has the page of the release before him."""
    house.fail(6)
    project()
    admin.open(RELEASE)
    return admin


def test_a_lock_is_released_and_the_account_shown_without_it(house: House, held: Browser, project: Project) -> None:
    answer = held.submit(RELEASE, own_password=RIGHT)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/bank/accounts/{TARO}")
    project()
    held.follow()
    assert "利用可能" in held.page.main
    assert house.count("AccountReleased") == 1
    assert house.store.load(account_stream(TARO))[-1].by == ADMIN


def test_the_page_after_it_tells_of_it_however_far_the_read_models_are_behind(held: Browser) -> None:
    held.submit(RELEASE, own_password=RIGHT)
    held.follow()

    assert "利用可能" in held.page.main
    assert "0 / 6" in held.page.main
    assert "0 / 3" in held.page.main
    assert RELEASE not in {link.href for link in held.page.links}


def test_a_lock_is_told_and_its_release_offered_however_far_the_read_models_are_behind(
    house: House, admin: Browser, project: Project
) -> None:
    project()
    house.fail(6)

    admin.open(f"/bank/accounts/{TARO}")

    assert "ロック中 10:00まで" in admin.page.main
    assert "6 / 6" in admin.page.main
    assert "1 / 3" in admin.page.main
    assert RELEASE in {link.href for link in admin.page.links}


def test_a_block_is_released_alike(house: House, admin: Browser, project: Project) -> None:
    for _ in range(3):
        house.fail(6)
        house.clock.advance(60 * MINUTE)
    admin.log_in(ADMIN)
    project()
    admin.open(RELEASE)

    assert admin.page.h1 == "閉塞の解除"
    assert admin.submit(RELEASE, own_password=RIGHT).status_code == 303
    assert house.account().hold(house.clock()) is None


def test_what_is_neither_locked_nor_blocked_has_nothing_to_release(
    house: House, admin: Browser, project: Project
) -> None:
    project()
    before = house.kinds()

    admin.open(RELEASE)
    answer = admin.post(RELEASE, csrf_token=admin.token("/home"), own_password=RIGHT)

    assert answer.status_code == 409
    assert "ロックも閉塞もされていません" in admin.page.main
    assert [kind for kind in house.kinds()[len(before) :] if kind != "PasswordAccepted"] == []


def test_a_release_that_comes_too_late_shows_what_is_so_now(house: House, held: Browser, project: Project) -> None:
    house.clock.advance(60 * MINUTE)
    held.log_in(ADMIN)
    fields = {"csrf_token": held.token("/home"), "own_password": RIGHT}

    answer = held.post(RELEASE, **fields)

    assert answer.status_code == 409
    assert "利用可能" in held.page.main
    assert [form.action for form in held.page.forms] == ["/logout"]
    assert house.count("AccountReleased") == 0


# ---- the own password


def test_a_wrong_own_password_counts_for_the_one_who_typed_it_and_nothing_is_done(house: House, held: Browser) -> None:
    answer = held.submit(RELEASE, own_password=WRONG)

    assert answer.status_code == 401
    assert "あなたのパスワードが正しくありません" in held.page.main
    assert held.page.form(RELEASE).fields["own_password"] == ""
    assert house.account(ADMIN).lockout.failures == 1
    assert house.account().lockout.failures == 6
    assert house.count("AccountReleased") == 0


def test_the_sixth_wrong_own_password_locks_the_admin_and_the_page_says_until_when(house: House, held: Browser) -> None:
    for _ in range(5):
        held.submit(RELEASE, own_password=WRONG)

    sixth = held.submit(RELEASE, own_password=WRONG)
    seventh = held.submit(RELEASE, own_password=RIGHT)

    assert (sixth.status_code, seventh.status_code) == (401, 401)
    assert "あなたのユーザーIDはロック中です" in held.page.main
    assert "10:00まで(あと60分)" in held.page.main
    assert house.count("AccountReleased") == 0


def test_a_wrong_own_password_that_blocks_the_admin_ends_the_session(house: House, held: Browser) -> None:
    for at in [NINE - 120 * MINUTE] * 6 + [NINE - 60 * MINUTE] * 6 + [NINE] * 5:
        house.record(partial(UserAccount.fail_password, entry="login", now=at), ADMIN)

    answer = held.submit(RELEASE, own_password=WRONG)

    assert house.account(ADMIN).lockout.blocked
    assert answer.status_code == 401
    assert held.page.h1 == "ログアウトしました"
    assert "このユーザーIDは閉塞しているため" in held.page.main
    assert house.count("AccountReleased") == 0


@pytest.mark.parametrize("password", ["", "short", "sesame9\uff19"])
def test_a_malformed_own_password_is_told_and_counts_for_nothing(house: House, held: Browser, password: str) -> None:
    before = house.kinds()

    answer = held.submit(RELEASE, own_password=password)

    assert answer.status_code == 422
    assert "入力内容をご確認ください" in held.page.main
    assert house.kinds() == before
