"""What every act of the bank has in common: the page shown afterwards (R9.2; architecture, The way of one fact)."""

from collections.abc import Callable

from domain.fact import COMMAND_LINE
from tests.support.browser import certificate_of, serving
from tests.support.house import RIGHT, TARO, House
from tests.support.watched_site import WatchedSite

ADMIN = "bank0001"
ACCOUNT = f"/bank/accounts/{TARO}"
ORGANIZATION = "/bank/organizations/ACME01"

Project = Callable[[], None]


def test_the_page_shown_after_an_act_waits_for_the_read_models_to_know_of_it(house: House, project: Project) -> None:
    house.organization()
    house.user()
    house.issue()
    house.staff(ADMIN)
    house.desk.certification.issue_to_file(ADMIN, RIGHT, COMMAND_LINE, house.clock())
    house.fail(6)
    certificate = f"/bank/certificates/{house.certificate().serial}"
    project()

    with serving(house, WatchedSite) as server:
        browser = server.browser(certificate_of(house, ADMIN))
        browser.log_in(ADMIN)
        token = {"csrf_token": browser.token("/home"), "own_password": RIGHT}
        browser.post(f"{ACCOUNT}/release", **token)
        browser.post(f"{certificate}/revoke", **token, reason="lost")
        browser.post(ORGANIZATION, **token, language="en")
        led = server.site.led  # type: ignore[attr-defined]  # a WatchedSite's

    assert led == {"/home": False, ACCOUNT: True, certificate: True, ORGANIZATION: True}
