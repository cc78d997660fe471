"""Two persons of the bank, and the revocation that the first one asks for (R9.3); what a crash leaves (R4.9)."""

from contextlib import suppress
from uuid import UUID

import pytest

from application.ports import Unavailable
from domain.fact import COMMAND_LINE
from domain.policy import Policy
from tests.support.accounts import DAY
from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import NINE, RIGHT, House

FIRST, SECOND, THIRD = "bank0001", "bank0002", "bank0003"
LATER = NINE + DAY
ASKED = {"requested_by": "見本 花子", "paper_number": "2026-17"}
two_persons = pytest.mark.parametrize("policy", [Policy(approval="two_persons")], ids=["two persons"])


def serial(house: House) -> str:
    return str(house.certificate().serial)


def ask(house: House, **asked: str) -> UUID:
    found = house.desk.approvals.revoke(serial(house), "lost", FIRST, NINE, **asked)
    assert found is not None
    return found


def state(house: House) -> str:
    return house.certificate().state(LATER)


def admins_of(house: House, server: Server) -> list[Browser]:
    """The first two, logged in."""
    browsers = []
    for admin in (FIRST, SECOND):
        house.staff(admin)
        house.desk.certification.issue_to_file(admin, RIGHT, COMMAND_LINE, NINE)
        browser = server.browser(certificate_of(house, admin))
        browser.log_in(admin)
        browsers.append(browser)
    return browsers


def left_over_plan(house: House) -> tuple[str, str]:
    """A crash came before the signature: the serial that was planned for it, and the ticket's cookie."""
    cookie = house.enter()
    house.start(cookie)
    house.between.fails_at("sign", Unavailable())
    with suppress(Unavailable):
        house.work(cookie)
    (plan,) = house.certificate().plans
    return plan, cookie
