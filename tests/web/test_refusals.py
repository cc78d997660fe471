"""Every refusal has its page and its status (screens.md, style 22); a fault of the world is 503 and never a way in."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from application.ports import Busy, Unavailable
from domain import errors
from domain.errors import DomainError
from tests.support.browser import Browser, Server, certificate_of, serving
from tests.support.house import RIGHT, TARO, House
from tests.support.html import Link, Page
from web.cookies import SESSION, TICKET
from web.errors import BadForm, BadFormToken, WebError
from web.limits import is_public
from web.refusals import handlers
from web.statuses import status_of

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)
NEW = "tulip2026"
PAGES = (
    *("/", "/login", "/home", "/home/password", "/readyz", "/issuance", "/issuance/confirm"),
    *("/issuance/progress", "/issuance/result", "/issuance/p12"),
)
FORMS = ("/login", "/home/password", "/logout", "/issuance", "/issuance/confirm", "/issuance/cancel", "/issuance/close")
GENERAL = {"処理を完了できませんでした", "受け付けられない内容です"}

# What to raise where the class alone is not enough.
MADE: dict[type[DomainError], DomainError] = {
    errors.InvalidInput: errors.InvalidInput(user_id="missing"),
    errors.AccountIsLocked: errors.AccountIsLocked(NOON),
    errors.InvitationIsLocked: errors.InvitationIsLocked(NOON),
    errors.NotThereYet: errors.NotThereYet(NOON),
    errors.TooManyUsers: errors.TooManyUsers(19),
    errors.CertificateStillValid: errors.CertificateStillValid(date(2027, 11, 24), date(2027, 10, 25)),
    errors.IssuanceIsRunning: errors.IssuanceIsRunning(NOON),
    errors.SessionEnded: errors.SessionEnded("idle"),
    errors.WrongCode: errors.WrongCode(4),
}

STATUSES = {
    422: {"InvalidInput"},
    401: {
        *("UnknownUser", "WrongPassword", "AccountIsLocked", "AccountIsBlocked", "AccountIsSuspended"),
        *("UnknownOrganization", "InvitationIsLocked", "InvitationIsBlocked", "OrganizationIsClosed"),
        *("AccountIsClosed", "NoSession", "SessionEnded", "TokenRefused", "WrongCode"),
    },
    403: {
        *("NoCertificateShown", "CertificateUnknown", "CertificateNotYetValid", "CertificateExpired"),
        *("CertificateIsRevoked", "CertificateIsSuperseded", "CertificateOfAnother", "NotPermitted"),
        "ChangeDue",
    },
    404: {"NotFound", "NotThereYet"},
    409: {
        *("CertificateStillValid", "CertificateNotShown", "IssuanceIsRunning", "IssuanceIsOver", "TicketMissing"),
        *("IssuanceTimedOut", "OnlyAtCommandLine"),
        *("TicketTimedOut", "OtherTab", "CodeAwaited", "CodeOver", "TooManyCodes"),
        *("PackageWaits", "NoPackage", "UserIdTaken", "OrganizationCodeTaken"),
        *("MasterExists", "AlreadyClosed", "NotClosed", "NothingToRelease", "NothingToRevoke", "TooManyUsers"),
        *("RegistrationMissing", "RegistrationTimedOut", "InvitationReplaced"),
        *("AlreadyRegistered", "InvitationExpired", "ReplayTooLong"),
        *("NotGivenUp", "ApprovalAwaited", "ApprovalIsOver", "ApprovalImpossible", "NotByTheSamePerson"),
    },
    410: {"PackageGone"},
}


def tree(root: type[DomainError]) -> Iterator[type[DomainError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from tree(kind)


# What the code raises: the leaves of the tree.
LEAVES = {kind.__name__: MADE.get(kind) or kind() for kind in tree(DomainError) if not kind.__subclasses__()}


def shown(server: Server, error: Exception) -> Page:
    """The page of that error, raised where no form is at hand."""

    async def refuse(request: Request) -> Response:
        raise error

    app = Starlette(routes=[Route("/refused", refuse)], exception_handlers=handlers(server.site))
    app.state.behind_nginx = False
    return Page(TestClient(app).get("/refused").text)


def test_every_refusal_of_the_domain_has_the_status_of_the_contract() -> None:
    found = {status: {name for name, each in LEAVES.items() if status_of(each) == status} for status in STATUSES}

    assert found == STATUSES
    assert set.union(*STATUSES.values()) == set(LEAVES)


def test_every_refusal_of_the_domain_has_a_page_of_its_own(server: Server) -> None:
    headings = {name: shown(server, each).h1 for name, each in LEAVES.items()}

    assert [name for name, heading in headings.items() if heading in GENERAL] == []


def test_every_page_of_a_refusal_has_a_way_on(server: Server) -> None:
    ways = {name: [link.href for link in shown(server, each).links][2:] for name, each in LEAVES.items()}

    assert [name for name, way in ways.items() if not way] == []


def test_what_no_form_of_ours_sends_has_its_page_too(server: Server) -> None:
    assert shown(server, BadForm()).h1 == "受け付けられない内容です"
    assert shown(server, BadFormToken()).h1 == "画面を開き直してください"
    assert [status_of(kind()) for kind in (BadForm, BadFormToken, WebError)] == [422, 403, 403]


# ---- with a session


@pytest.fixture
def member(house: House, server: Server) -> Browser:
    """Logged in, with a ticket and a package."""
    browser = server.browser()
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")
    server.finish_work()
    browser.certificate = certificate_of(house)
    browser.log_in()
    return browser


def test_behind_the_log_in_a_refusal_keeps_the_head_and_leads_home(member: Browser) -> None:
    answer = member.open("/home/nowhere")

    assert answer.status_code == 404
    assert member.page.form("/logout").buttons == ["ログアウト"]
    assert Link("/home", "ホームへ戻る") in member.page.links
    assert member.submit("/logout").status_code == 303


def test_a_newcomer_is_led_to_the_password(house: House, server: Server) -> None:
    password = house.register("jiro0002")
    house.issue("jiro0002", password)
    browser = server.browser(certificate_of(house, "jiro0002"))
    browser.log_in("jiro0002", password)

    browser.open("/home/nowhere")

    assert Link("/home/password", "パスワード変更へ") in browser.page.links


@pytest.mark.parametrize("path", ["/issuance/nowhere", "/home/nowhere"])
def test_on_public_pages_and_without_a_session_there_is_no_such_head(member: Browser, path: str) -> None:
    if not is_public(path):
        del member.client.cookies[SESSION]

    answer = member.open(path)

    assert (answer.status_code, member.page.forms) == (404, [])


# ---- faults of the world


def test_without_the_database_every_page_is_a_503_that_says_when_to_come_again(house: House, member: Browser) -> None:
    kept = member.cookies
    house.database.close()

    missing = member.open("/home/nowhere")
    answers = [member.open(path) for path in PAGES]

    assert missing.status_code == 404
    assert [answer.status_code for answer in answers] == [503] * len(PAGES)
    assert {answer.headers["retry-after"] for answer in answers} == {"5"}
    assert {Page(answer.text).h1 for answer in answers} == {"ただいまご利用いただけません"}
    assert member.cookies == kept


def test_without_the_database_every_form_is_a_503_and_lets_nobody_in(house: House, member: Browser) -> None:
    member.open("/login")
    typed = {"user_id": TARO, "password": NEW, "current_password": RIGHT, "password_again": NEW}
    fields = member.page.form("/login").fields | typed
    inside = {"csrf_token": member.token("/home/password")}
    kept = member.cookies
    house.database.close()

    answers = [member.post(path, **fields | ({} if is_public(path) else inside)) for path in FORMS]

    assert [answer.status_code for answer in answers] == [503] * len(FORMS)
    assert {Page(answer.text).h1 for answer in answers} == {"ただいまご利用いただけません"}
    assert member.cookies == kept


def test_without_the_database_who_shows_nothing_gets_in_nowhere(house: House, browser: Browser) -> None:
    token = browser.token()
    house.database.close()

    answer = browser.post("/issuance", csrf_token=token, user_id=TARO, password=RIGHT)

    assert answer.status_code == 503
    assert browser.open("/").status_code == 200
    assert browser.open("/login").status_code == 403
    assert browser.open("/home").status_code == 401
    assert not {SESSION, TICKET} & set(browser.cookies)


def test_without_the_database_the_api_answers_a_problem(house: House, member: Browser) -> None:
    house.database.close()

    answer = member.open("/api/v1/lock-status")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("fault", "heading"),
    [(Busy("all taken"), "ただいま混み合っています"), (Unavailable("away"), "ただいまご利用いただけません")],
)
def test_a_fault_is_told_without_its_cause(server: Server, fault: Exception, heading: str) -> None:
    page = shown(server, fault)

    assert page.h1 == heading
    assert str(fault) not in page.text


def test_more_tries_than_a_process_takes_are_busy_and_not_looked_at(house: House) -> None:
    house.organization()
    house.user()
    with serving(house, tries_waiting=0) as crowded:
        browser = crowded.browser()

        answer = browser.authenticate()

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert browser.page.h1 == "ただいま混み合っています"
    assert house.passwords.checked == []
