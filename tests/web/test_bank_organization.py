"""What the bank's page of an organization tells of its contact and its invitation (R7.2, R9.2, R10.6)."""

from collections.abc import Callable

import pytest

from domain.fact import COMMAND_LINE
from tests.support.accounts import DAY
from tests.support.browser import Browser
from tests.support.erasing import erase
from tests.support.house import MASTER, NINE, House
from tests.support.html import Link
from tests.support.organization_pages import CLOSE, INITIALIZE, ONE, RELEASE, hold_invitation, ways

Project = Callable[[], None]


def test_the_contact_stands_there_as_the_vault_has_it(house: House, admin: Browser, project: Project) -> None:
    project()
    admin.open(ONE)

    assert "keiri@example.com" in admin.page.main


def test_an_erased_contact_is_shown_as_erased(house: House, admin: Browser, project: Project) -> None:
    house.desk.accounts.register(MASTER, "master", "ACME01", "見本 花子", "hanako@example.com", COMMAND_LINE, NINE)
    house.desk.organizations.close("ACME01", COMMAND_LINE, NINE)
    erase(house, MASTER)
    project()

    admin.open(ONE)

    assert "keiri@example.com" not in admin.page.main
    assert "連絡先消去済み" in admin.page.main


def test_a_used_invitation_is_told_with_the_master(house: House, admin: Browser, project: Project) -> None:
    house.desk.accounts.register(MASTER, "master", "ACME01", "見本 花子", "hanako@example.com", COMMAND_LINE, NINE)
    project()

    admin.open(ONE)

    assert "登録済み 手紙の初期パスワードは、もう使えません。" in admin.page.main
    assert Link(f"/bank/accounts/{MASTER}", MASTER) in admin.page.links
    assert ways(admin) == {INITIALIZE, CLOSE}


def test_a_waiting_invitation_is_told_until_when_in_japan(admin: Browser, project: Project) -> None:
    project()

    admin.open(ONE)

    assert "登録待ち 手紙の初期パスワードは、2027年2月12日(金) 9:00まで有効です。" in admin.page.main


def test_an_expired_invitation_is_told_as_such(house: House, admin: Browser, project: Project) -> None:
    # The letter is from eighty days before: a session lives eight hours.
    house.clock.set(NINE - 80 * DAY)
    house.desk.organizations.initialize("ACME01", COMMAND_LINE, house.clock())
    house.clock.set(NINE)
    project()

    admin.open(ONE)

    assert "期限切れ 手紙の初期パスワードは、2026年11月24日(火) 9:00に期限が切れました。" in admin.page.main


@pytest.mark.parametrize(
    ("locks", "told"), [(1, "ロック中 10:00まで"), (3, "閉塞は、解除するまで、時間がたっても続きます。")]
)
def test_a_held_invitation_is_told_and_its_release_offered(
    house: House, admin: Browser, project: Project, locks: int, told: str
) -> None:
    project()
    hold_invitation(house, locks)

    admin.open(ONE)

    assert told in admin.page.main
    assert ways(admin) == {INITIALIZE, RELEASE, CLOSE}
