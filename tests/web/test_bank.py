"""The bank's day at a glance, and the pages of one account, organization or certificate (R9.1)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from application.ports import Unavailable
from domain.fact import COMMAND_LINE
from tests.support.browser import Browser, certificate_of
from tests.support.erasing import erase
from tests.support.house import RENEWAL, RIGHT, TARO, House
from tests.support.html import Page
from tests.support.lists import csv_rows, first_cells
from tests.support.site import ROOT_LIST_END
from web import bank

HOUR = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)


Project = Callable[[], None]


def blocked(house: House, user_id: str) -> None:
    for _ in range(3):
        house.clock.advance(HOUR)
        house.fail(6, user_id)


def members(house: House, count: int) -> list[str]:
    names = [f"user{number:04}" for number in range(count)]
    for name in names:
        house.register(name)
    return names


def shown(browser: Browser) -> Page:
    browser.open("/bank")
    return browser.page


def told(page: Page) -> dict[str, str]:
    """What is to be done, and how much of it."""
    (todo,) = (element for element in page.root.all("ul") if element.attributes.get("class") == "todo")
    return {link.all("span")[0].text: link.all("b")[0].text for link in todo.all("a")}


def test_a_quiet_day_says_so(admin: Browser, project: Project) -> None:
    project()

    answer = admin.open("/bank")

    assert answer.status_code == 200
    assert admin.page.h1 == "本日の概況"
    assert "2026年11月24日(火) 9:00 現在" in admin.page.main
    assert set(told(admin.page).values()) == {"0"}
    assert "ロック中または閉塞中のアカウントはありません" in admin.page.main
    assert "2027年5月1日(土)まで有効" in admin.page.main
    assert "2026年11月2日に作成(経過日数 22日)" in admin.page.main


def test_what_needs_a_hand_is_counted_and_the_blocked_stand_first(
    house: House, admin: Browser, project: Project
) -> None:
    house.user("aaron001")
    blocked(house, TARO)
    house.fail(6, "aaron001")
    admin.log_in("bank0001")
    project()

    admin.open("/bank")

    assert told(admin.page)["閉塞中のアカウント"] == "1"
    assert told(admin.page)["ロック中のアカウント"] == "1"
    assert first_cells(admin.page)[:2] == [TARO, "aaron001"]
    assert {f"/bank/accounts/{TARO}/release", "/bank/accounts/aaron001/release"} <= {
        link.href for link in admin.page.links
    }


def test_a_lock_is_gone_from_the_day_at_the_instant_it_ends(house: House, admin: Browser, project: Project) -> None:
    house.fail(6)
    project()
    house.clock.advance(HOUR - MILLISECOND)
    admin.log_in("bank0001")
    before = told(shown(admin))

    house.clock.advance(MILLISECOND)

    assert before["ロック中のアカウント"] == "1"
    assert told(shown(admin))["ロック中のアカウント"] == "0"


def test_certificates_never_used_are_counted_and_shown_by_their_last_day(
    house: House, admin: Browser, project: Project
) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.desk.certification.issue_to_file("bank0001", RIGHT, COMMAND_LINE, house.clock())
    admin.certificate = certificate_of(house, "bank0001", 2)
    admin.log_in("bank0001")
    project()

    admin.open("/bank")

    # The admin's first certificate ends on the same day; the log-in with the second has superseded it.
    assert told(admin.page)["発行後、使われていない電子証明書"] == "1"
    assert (
        admin.page.root.all("svg")[-1]
        .attributes["aria-label"]
        .startswith("30日以内に期限が切れる電子証明書の日別枚数。未更新1枚、更新済み0枚。")
    )
    assert "11月24日(水)10" in admin.page.main.replace(" ", "")


def test_of_what_is_much_so_many_are_counted_and_the_page_says_so(
    house: House, admin: Browser, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank, "COUNTED", 2)
    for name in members(house, 3):
        house.own_password(name, RIGHT)
        house.fail(6, name)
    project()

    admin.open("/bank")

    assert told(admin.page)["ロック中のアカウント"] == "2"
    assert "2件以上" in admin.page.main
    assert len(csv_rows(admin.open("/bank?format=csv"))) == 3


@pytest.mark.parametrize(("days", "due"), [(31, False), (30, True)])
def test_the_roots_list_is_to_be_renewed_thirty_days_before_its_end(
    house: House, admin: Browser, project: Project, days: int, due: bool
) -> None:
    house.clock.set(ROOT_LIST_END - timedelta(days=days))
    admin.log_in("bank0001")
    project()

    admin.open("/bank")

    assert ("更新が必要です" in admin.page.main) is due


# ---- one of them


def test_an_account_is_shown_with_its_lock_certificates_and_mails(
    house: House, admin: Browser, project: Project
) -> None:
    house.issue()
    house.fail(6)
    project()

    admin.open(f"/bank/accounts/{TARO}")

    assert admin.page.h1 == f"アカウント {TARO}"
    assert "ロック中 10:00まで" in admin.page.main
    assert "氏名見本 太郎" in admin.page.main
    assert f"/bank/certificates/{house.certificate().serial}" in {link.href for link in admin.page.links}
    assert "ロックのお知らせ" in admin.page.main


def test_an_erased_person_is_shown_as_erased(house: House, admin: Browser, project: Project) -> None:
    erase(house)
    project()

    answer = admin.open(f"/bank/accounts/{TARO}")

    assert answer.status_code == 200
    assert "氏名消去済み" in admin.page.main


def test_an_organization_is_shown_with_its_users_and_their_certificates(
    house: House, admin: Browser, project: Project
) -> None:
    house.register("jiro0002")
    house.issue()
    project()

    answer = admin.open("/bank/organizations/acme01")

    assert answer.status_code == 200
    assert admin.page.h1 == "見本商事株式会社"
    assert first_cells(admin.page) == ["jiro0002", TARO]
    assert "2027年11月24日まで" in admin.page.main
    assert "有効なものはありません" in admin.page.main


def test_a_certificate_is_shown_with_what_has_happened_to_it(house: House, admin: Browser, project: Project) -> None:
    house.issue()
    house.log_in()
    serial = str(house.certificate().serial)
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())
    project()

    answer = admin.open(f"/bank/certificates/{serial.lower().lstrip('0')}")

    assert answer.status_code == 200
    assert "2026年11月24日(火) 9:00" in admin.page.main
    assert "理由:紛失" in admin.page.main
    assert "失効の手続きへ" not in admin.page.main


def test_a_planned_serial_that_was_revoked_is_shown_too(house: House, admin: Browser, project: Project) -> None:
    cookie = house.enter()
    house.between.fails_at("sign", Unavailable("the key is away"))
    house.start(cookie)
    with suppress(Unavailable):
        house.work(cookie)
    (plan,) = house.certificate().plans
    house.desk.revocation.revoke_serial(plan, "requested", COMMAND_LINE, house.clock())
    project()

    answer = admin.open(f"/bank/certificates/{plan}")

    assert answer.status_code == 200
    assert "発行の途中で終わったため" in admin.page.main
