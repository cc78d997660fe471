"""Two organizations with a master each, for what a master may and may not do (section 1, R1.3)."""

from application.ports import Contact
from domain.fact import COMMAND_LINE
from domain.user_account_facts import Role
from tests.support.house import MASTER, RIGHT, House
from tests.support.html import Page

OTHERS_MASTER, OTHERS_USER, STAFF = "master02", "other001", "bank0001"
NEW = Contact("見本 次郎", "jiro@example.com")


def settle(house: House) -> None:
    """Beside ACME01 with taro0001: its master, another organization with master and user, and a bank admin."""
    house.organization("OTHER1", "別の商店")
    person(house, MASTER, "master", "ACME01")
    person(house, OTHERS_MASTER, "master", "OTHER1")
    person(house, OTHERS_USER, "general", "OTHER1")
    house.staff(STAFF)


def person(house: House, user_id: str, role: Role, organization: str) -> None:
    house.desk.accounts.register(
        user_id, role, organization, "見本 花子", "hanako@example.com", COMMAND_LINE, house.clock()
    )
    house.own_password(user_id, RIGHT)


def register(house: House, user_id: str, master: str = MASTER) -> str:
    return house.desk.members.register(master, user_id, NEW.name, NEW.email, house.clock())


def users(house: House, master: str = MASTER) -> tuple[str, ...]:
    """The general users of that master's organization, as its own stream has them."""
    return house.desk.members.organization(master).general_users


def generated(page: Page) -> str:
    """The password that the page shows."""
    (shown,) = (each.text for each in page.root.walk() if each.attributes.get("id") == "generated-password")
    return shown
