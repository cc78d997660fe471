"""The bank's pages of one organization, ACME01, and its invitation held (R7.2, R9.2)."""

from tests.support.accounts import HOUR
from tests.support.applicants import Letter
from tests.support.browser import Browser
from tests.support.house import NINE, House

LIST = "/bank/organizations"
ONE = f"{LIST}/ACME01"
INITIALIZE, RELEASE, CLOSE = ACTS = tuple(f"{ONE}/{act}" for act in ("initialize", "release", "close"))


def ways(browser: Browser) -> set[str]:
    """The acts that the page shown leads to."""
    return {link.href for link in browser.page.links if link.href in ACTS}


def generated(browser: Browser) -> list[str]:
    """The passwords that the page shown gives away."""
    return [each.text for each in browser.page.root.walk() if each.attributes.get("id") == "generated-password"]


def hold_invitation(house: House, locks: int = 1) -> None:
    """Locked so often, the last time at NINE."""
    for lock in range(locks):
        house.clock.set(NINE - (locks - 1 - lock) * HOUR)
        Letter(house, "", "ACME01").fail(6)
