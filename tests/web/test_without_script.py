"""Every form of every page, sent by a browser that has no script: opened, filled in, taken (R5.5).

What a browser with its script switched off shows is looked at in tests/journeys/test_keyboard.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from httpx2 import Response
from starlette.routing import Route

from application.ports import Changes
from domain.fact import COMMAND_LINE, WORKER
from domain.notification import NotificationRequested, notification_from
from domain.policy import Policy
from tests.support.applicants import letter_to
from tests.support.approvals import FIRST, SECOND, ask
from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import MASTER, NINE, RIGHT, TARO, House
from tests.support.members import person
from tests.support.organization_pages import CLOSE, INITIALIZE, ONE, RELEASE, hold_invitation
from tests.support.registering import CANCEL, CONFIRM, LOGIN, PROFILE, TYPED, at_confirmation, at_profile

OWN = {"own_password": RIGHT}
PERSON = {"name": "見本 次郎", "email": "jiro@example.com"}
NEW_PASSWORD = {"current_password": RIGHT, "password": "tulip2026", "password_again": "tulip2026"}
NEW_ADDRESS = {"current_password": RIGHT, "email": "jiro@example.com", "email_again": "jiro@example.com"}
USER = f"/users/{TARO}"


@dataclass(frozen=True)
class Visit:
    """Somebody at a page of ours, where taro0001 of ACME01 has no certificate yet."""

    house: House
    server: Server
    project: Callable[[], None]

    def sends(self, browser: Browser, page: str, action: str | None = None, **typed: str) -> Response:
        """The form of that page which posts to `action`; by default to the page's own address."""
        self.project()
        assert browser.open(page).status_code == 200
        return browser.submit(action or page, **typed)

    def applicant(self, issued: bool = False) -> Browser:
        """④ is done; where `issued`, the result waits."""
        browser = self.server.browser()
        browser.authenticate()
        browser.follow()
        if issued:
            browser.submit("/issuance/confirm")
            self.server.finish_work()
        return browser

    def logged_in(self, user_id: str) -> Browser:
        self.house.desk.certification.issue_to_file(user_id, RIGHT, COMMAND_LINE, NINE)
        browser = self.server.browser(certificate_of(self.house, user_id))
        browser.log_in(user_id)
        return browser

    def master(self) -> Browser:
        person(self.house, MASTER, "master", "ACME01")
        return self.logged_in(MASTER)

    def admin(self, user_id: str = FIRST) -> Browser:
        self.house.staff(user_id)
        return self.logged_in(user_id)


Way = Callable[[Visit], Response]


def log_in(visit: Visit) -> Response:
    visit.house.issue()
    return visit.sends(visit.server.browser(certificate_of(visit.house)), "/login", user_id=TARO, password=RIGHT)


def give_the_code(visit: Visit) -> Response:
    visit.house.desk.organizations.set("ACME01", COMMAND_LINE, NINE, issuance_code="on")
    browser = visit.applicant()
    [row] = visit.house.database.execute("select code from issuance_codes")
    return visit.sends(browser, "/issuance/code", code=str(row["code"]))


def register(visit: Visit) -> Response:
    browser, letter = visit.server.browser(), letter_to(visit.house)
    return visit.sends(browser, LOGIN, organization_code=letter.code, initial_password=letter.password)


def fill_in_the_profile(visit: Visit) -> Response:
    return visit.sends(at_profile(visit.server.browser(), letter_to(visit.house)), PROFILE, **TYPED)


def confirm_the_profile(visit: Visit) -> Response:
    return visit.sends(at_confirmation(visit.server.browser(), letter_to(visit.house)), CONFIRM)


def cancel_the_registration(visit: Visit) -> Response:
    """By the second button of the profile's form, which has an address of its own."""
    browser = at_profile(visit.server.browser(), letter_to(visit.house))
    return browser.post(CANCEL, **browser.page.form(PROFILE).fields)


def release_the_user(visit: Visit) -> Response:
    visit.house.fail(6)
    return visit.sends(visit.master(), f"{USER}/release", **OWN)


def resume_the_user(visit: Visit) -> Response:
    master = visit.master()
    visit.house.desk.members.suspend(MASTER, TARO, NINE)
    return visit.sends(master, f"{USER}/resume", **OWN)


def release_an_account(visit: Visit) -> Response:
    visit.house.fail(6)
    return visit.sends(visit.admin(), f"/bank/accounts/{TARO}/release", **OWN)


def release_an_invitation(visit: Visit) -> Response:
    hold_invitation(visit.house)
    return visit.sends(visit.admin(), RELEASE, **OWN)


def revoke(visit: Visit) -> Response:
    visit.house.issue()
    path = f"/bank/certificates/{visit.house.certificate().serial}/revoke"
    return visit.sends(visit.admin(), path, reason="lost", requested_by="見本 花子", paper_number="2026-17", **OWN)


def send_a_mail_again(visit: Visit) -> Response:
    visit.house.issue()
    entry = next(each for each in visit.house.store.entries(0, 1000) if isinstance(each.fact, NotificationRequested))
    mail = notification_from([entry.fact])
    assert mail is not None
    visit.house.store.save(Changes(entry.stream, 1, mail.give_up("refused", 40, WORKER, NINE)))
    return visit.sends(visit.admin(), "/bank/mails", f"/bank/mails/{entry.stream}/resend")


def judge(act: str) -> Way:
    """What the first admin asked for, the second approves or refuses."""

    def way(visit: Visit) -> Response:
        visit.house.issue()
        visit.house.staff(FIRST)
        approval = ask(visit.house)
        return visit.sends(visit.admin(SECOND), f"/bank/approvals/{approval}/{act}", **OWN)

    return way


FORMS: dict[str, Way] = {
    "/issuance": lambda visit: visit.sends(visit.server.browser(), "/issuance", user_id=TARO, password=RIGHT),
    "/issuance/code": give_the_code,
    "/issuance/confirm": lambda visit: visit.sends(visit.applicant(), "/issuance/confirm"),
    "/issuance/cancel": lambda visit: visit.sends(visit.applicant(), "/issuance/confirm", "/issuance/cancel"),
    "/issuance/close": lambda visit: visit.sends(visit.applicant(issued=True), "/issuance/result", "/issuance/close"),
    "/registration/master": register,
    "/registration/master/profile": fill_in_the_profile,
    "/registration/master/confirm": confirm_the_profile,
    "/registration/master/cancel": cancel_the_registration,
    "/login": log_in,
    "/logout": lambda visit: visit.sends(visit.logged_in(TARO), "/home", "/logout"),
    "/home/password": lambda visit: visit.sends(visit.logged_in(TARO), "/home/password", **NEW_PASSWORD),
    "/home/email": lambda visit: visit.sends(visit.logged_in(TARO), "/home/email", **NEW_ADDRESS),
    "/users/new": lambda visit: visit.sends(visit.master(), "/users/new", user_id="jiro0001", **PERSON, **OWN),
    "/users/{user_id}": lambda visit: visit.sends(visit.master(), USER, **PERSON, **OWN),
    "/users/{user_id}/release": release_the_user,
    "/users/{user_id}/suspend": lambda visit: visit.sends(visit.master(), f"{USER}/suspend", **OWN),
    "/users/{user_id}/resume": resume_the_user,
    "/users/{user_id}/reset": lambda visit: visit.sends(visit.master(), f"{USER}/reset", **OWN),
    "/users/{user_id}/close": lambda visit: visit.sends(visit.master(), f"{USER}/close", **OWN),
    "/bank/accounts/{user_id}/release": release_an_account,
    "/bank/certificates/{serial}/revoke": revoke,
    "/bank/organizations/new": lambda visit: visit.sends(
        visit.admin(), "/bank/organizations/new", code="BETA01", **PERSON, **OWN
    ),
    "/bank/organizations/{code}": lambda visit: visit.sends(
        visit.admin(), ONE, p12_profile="legacy", issuance_code="on", language="en", **OWN
    ),
    "/bank/organizations/{code}/initialize": lambda visit: visit.sends(visit.admin(), INITIALIZE, **OWN),
    "/bank/organizations/{code}/release": release_an_invitation,
    "/bank/organizations/{code}/close": lambda visit: visit.sends(visit.admin(), CLOSE, **OWN),
    "/bank/mails/{notification}/resend": send_a_mail_again,
    "/bank/approvals/{approval}/approve": judge("approve"),
    "/bank/approvals/{approval}/refuse": judge("refuse"),
}
SHOW_A_PASSWORD = (
    *("/users/new", "/users/{user_id}/reset"),
    *("/bank/organizations/new", "/bank/organizations/{code}/initialize"),
)
SEARCHES = {
    "/bank/accounts": "user_id",
    "/bank/certificates": "user_id",
    "/bank/organizations": "code",
    "/bank/mails": "user_id",
}


@pytest.fixture
def path() -> str:
    """Of the form; where a test is about none, no second person is asked."""
    return ""


@pytest.fixture
def policy(path: str) -> Policy:
    return Policy(approval="two_persons" if path.startswith("/bank/approvals") else "one_person")


@pytest.fixture
def visit(house: House, server: Server, project: Callable[[], None]) -> Visit:
    return Visit(house, server, project)


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_taken_without_any_script(visit: Visit, path: str) -> None:
    answer = FORMS[path](visit)

    assert answer.status_code == (200 if path in SHOW_A_PASSWORD else 303)
    visit.server.finish_work()


def test_every_address_that_takes_a_form_is_among_them(server: Server) -> None:
    routes = [route for route in server.app.routes if isinstance(route, Route)]

    assert {route.path for route in routes if "POST" in (route.methods or ())} == set(FORMS)


@pytest.mark.parametrize("path", SEARCHES)
def test_a_search_needs_no_script_either(visit: Visit, path: str) -> None:
    admin = visit.admin()
    visit.project()
    admin.open(path)
    form = admin.page.form(path)

    answer = admin.send("GET", path, params=form.fields | {SEARCHES[path]: "taro0001"})

    assert form.method == "get"
    assert answer.status_code == 200
