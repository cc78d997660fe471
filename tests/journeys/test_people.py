"""From an empty database and the bank's console alone: an organization, its master, a general user (R6, R7).

Three people with a browser and a certificate store each, on real processes; typed at the command line is `staff add`
alone. The certificates are imported as the manual's ⑧ does.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from playwright.sync_api import Page

from tests.support.desktop import Desktop, desktop_for, fill, needs_chromium, needs_root
from tests.support.fleet import Fleet, Process

STAFF = ("--role", "bank_admin", "--name", "森田 恵", "--email", "megumi@example.com", "--p12", "admin.p12")
WRONG = "wrong9999"


class People(NamedTuple):
    bank: Desktop
    master: Desktop
    user: Desktop


@pytest.fixture
def web(fleet: Fleet) -> Process:
    fleet.start("project")
    (web,) = fleet.web()
    return web


@pytest.fixture
def url(web: Process) -> str:
    return f"https://127.0.0.1:{web.port}"


@pytest.fixture
def people(fleet: Fleet, url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with ExitStack() as opened:
        homes = [tmp_path_factory.mktemp(name) for name in People._fields]
        yield People(*(opened.enter_context(desktop_for(url, fleet.root, home)) for home in homes))


def heading(page: Page) -> str:
    return page.inner_text("h1").replace("\n", "")


def generated(page: Page) -> str:
    """The password that a page shows once."""
    return page.inner_text("#generated-password").strip()


def issue(desktop: Desktop, url: str, user_id: str, password: str) -> None:
    """③ to ⑧ in one browser, which is closed at the end."""
    with desktop.browser() as page:
        page.goto(url)
        page.click("a:has-text('電子証明書発行')")
        fill(page, "認証", user_id=user_id, password=password)
        with page.expect_download() as downloaded:
            page.click("button:has-text('発行')")
            page.wait_for_url("**/issuance/result")
        p12 = desktop.home / downloaded.value.suggested_filename
        downloaded.value.save_as(p12)
        desktop.import_p12(p12, password)
        page.click("button:has-text('閉じる')")


def log_in(page: Page, url: str, user_id: str, password: str) -> None:
    page.goto(f"{url}/login")
    fill(page, "ログイン", user_id=user_id, password=password)


@needs_chromium
@needs_root
@pytest.mark.timeout(240)
def test_an_organization_its_master_and_a_general_user_come_in_and_help_themselves_by_their_browsers_alone(
    fleet: Fleet, url: str, people: People
) -> None:
    first = json.loads(fleet.run("staff", "add", "morita01", *STAFF, "--json"))["password"]
    people.bank.import_p12(fleet.home / "admin.p12", first)

    # The bank registers the organization, and gets the password for its letter.
    with people.bank.browser() as page:
        log_in(page, url, "morita01", first)
        fill(page, "変更", current_password=first, password="kaede2026", password_again="kaede2026")
        page.goto(f"{url}/bank/organizations/new")
        fill(
            page,
            "登録",
            code="SAKURA01",
            name="さくら精機労働組合",
            email="keiri@example.com",
            own_password="kaede2026",
        )
        letter = generated(page)

    # The letter's owner tries a wrong one, and then registers.
    with people.master.browser() as page:
        page.goto(url)
        page.click("a:has-text('マスターユーザーの初期登録')")
        fill(page, "ログイン", organization_code="SAKURA01", initial_password=WRONG)
        assert "ログインできませんでした" in page.inner_text("main")
        fill(page, "ログイン", organization_code="SAKURA01", initial_password=letter)
        assert heading(page) == "マスターユーザー初期登録"
        address = "h-suzuki@example.com"
        people.master.picture(page, "20-registration-profile")
        fill(
            page,
            "次へ",
            name="鈴木 花子",
            email=address,
            email_again=address,
            user_id="suzuki77",
            password="tsubaki26",
            password_again="tsubaki26",
        )
        assert heading(page) == "マスターユーザー初期登録確認"
        page.click("button:has-text('登録')")
        assert heading(page) == "マスターユーザー初期登録完了"
        page.click("main a:has-text('電子証明書発行へ')")
        assert heading(page) == "電子証明書発行 ユーザー認証"
    issue(people.master, url, "suzuki77", "tsubaki26")

    # The master registers a general user.
    with people.master.browser() as page:
        log_in(page, url, "suzuki77", "tsubaki26")
        assert heading(page) == "ホーム"
        page.click("nav a:has-text('ユーザー管理')")
        page.goto(f"{url}/users/new")
        fill(page, "登録", user_id="sato2001", name="佐藤 由美", email="y-sato@example.com", own_password="tsubaki26")
        given = generated(page)

    # The general user: issued, imported, logged in, forced change, home; then locked out.
    issue(people.user, url, "sato2001", given)
    with people.user.browser() as page:
        log_in(page, url, "sato2001", given)
        assert heading(page) == "パスワード変更"
        fill(page, "変更", current_password=given, password="sakura2026", password_again="sakura2026")
        assert heading(page) == "ホーム"
        page.goto(f"{url}/home/history")
        assert "パスワードを変更しました" in page.inner_text("main")
        page.goto(f"{url}/home")
        page.click("button:has-text('ログアウト')")
        page.goto(f"{url}/login")
        for _ in range(6):
            fill(page, "ログイン", user_id="sato2001", password=WRONG)
        assert "ロック" in page.inner_text("main")
        fill(page, "ログイン", user_id="sato2001", password="sakura2026")
        assert "ロック" in page.inner_text("main")

    # The master sees it, and releases.
    with people.master.browser() as page:
        log_in(page, url, "suzuki77", "tsubaki26")
        page.goto(f"{url}/users")
        assert "ロック中" in page.inner_text("main")
        people.master.picture(page, "21-users")
        page.goto(f"{url}/users/sato2001/release")
        fill(page, "解除", own_password="tsubaki26")
        assert "ロック中" not in page.inner_text("main")
    with people.user.browser() as page:
        log_in(page, url, "sato2001", "sakura2026")
        assert heading(page) == "ホーム"
