"""Every route, asked by every role, answers as the table of rights says (Q12; R1.3, R2.4, R9.1, R9.4).

The routes are those of the application as `infra/bootstrap.py` puts it together: one without a row fails here.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from httpx2 import Response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from domain.fact import COMMAND_LINE
from domain.policy import Policy
from domain.user_account_facts import Role
from infra import bootstrap, log_key
from infra.applications import private_application, web_application
from infra.authority import IssuingAuthority
from infra.embedded_postgres import Cluster
from infra.pkcs12 import KeyPackageFactory
from infra.pki import Pki
from infra.postgres import Database, DatabaseTurns
from infra.settings import Settings
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.accounts import DAY
from tests.support.browser import Browser, certificate_of
from tests.support.clock import MovableClock
from tests.support.database import Dsn, new_database
from tests.support.given_up_mail import given_up
from tests.support.heads import Heads
from tests.support.house import MASTER, NINE, RIGHT, TARO, House, furnish
from tests.support.site import NoLimits
from tests.web.rights import PRIVATE, TABLE, Right, rows
from web import pki
from web.cookies import FORM, SESSION
from web.form_token import FIELD, form_token
from web.pki import Answer, Clock, Document

FORM_COOKIE = "f" * 43
SERVED = (200, 303, 409, 422)  # as the file of the table says
PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")


class Person(msgspec.Struct, frozen=True):
    user_id: str
    role: Role
    change_due: bool = False


LOGGED_IN = {
    "general": Person(TARO, "general"),
    "master": Person(MASTER, "master"),
    "admin": Person("bank0001", "bank_admin"),
    "auditor": Person("audit001", "auditor"),
    "due": Person("bank0002", "bank_admin", change_due=True),
    "other": Person("jiro0001", "master"),
}


class Published:
    """What the authority publishes, for whoever asks."""

    def at_once(self, request: bytes, now: datetime, *, may_sign: bool) -> Answer:
        return Answer(b"an answer")

    def answer(self, request: bytes, now: datetime) -> Answer:
        return Answer(b"an answer")

    def try_later(self) -> Answer:
        return Answer(b"later")

    def revocation_list(self, name: str, now: datetime) -> Document:
        return Document((b"a list",), "tag", NINE, NINE + DAY)

    def certificate(self, name: str) -> Document:
        return self.revocation_list(name, NINE)

    def routes(self, clock: Clock) -> list[BaseRoute]:
        return pki.routes(self, self, clock)


class SettledViews(CurrentViews):
    """No projector runs beside the test: there is nothing to wait for."""

    def settle(self, bound: float) -> bool:
        return True


class World:
    """Everybody of the table, with a certificate each, and the things that addresses name."""

    def __init__(self, house: House, app: Starlette, host: TestClient, secret: str, named: dict[str, str]) -> None:
        self.app = app
        self._house = house
        self._secret = secret
        self._named = named
        self._browser = Browser(app)
        self._browser.client.portal = host.portal
        self._certificates = {each.user_id: certificate_of(house, each.user_id) for each in LOGGED_IN.values()}

    def address(self, path: str) -> str:
        """KeyError where the route names something new: say above what of the first organization that is."""
        filled = PARAMETER.sub(lambda found: self._named[found[1]], path)
        return f"{filled}/style.css" if path == "/static" else filled

    def ask(self, column: str, right: Right) -> Response:
        """Each time in a log-in of its own, so that no answer depends on the one before."""
        path, cookies = self.address(right.path), {FORM: FORM_COOKIE}
        headers: dict[str, str] = {}
        self._browser.certificate = None
        if person := LOGGED_IN.get("admin" if column == "token" else column):
            self._browser.certificate = self._certificates[person.user_id]
            if column == "token":
                headers["authorization"] = f"Bearer {self._secret}"
            else:
                cookies[SESSION] = self.log_in(person)
        headers["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._browser.client.cookies.clear()
        form = {FIELD: token_at(path, headers["cookie"])} if right.method == "POST" else None
        return self._browser.send(right.method, path, headers=headers, data=form)

    def log_in(self, person: Person) -> str:
        known_by = self._house.fingerprint(1, person.user_id)
        cookie, row = self._house.sessions.begin(person.user_id, person.role, known_by, person.change_due, NINE)
        self._house.store.save(rows=[row])
        return cookie


def token_at(path: str, cookies: str) -> str:
    """What the form of a page of ours would carry."""
    request = Request({"type": "http", "path": path, "headers": [(b"cookie", cookies.encode())]})
    return form_token(request, FORM_COOKIE)


def people(house: House) -> None:
    for organization in ("ACME01", "OTHER1"):
        house.organization(organization)
    for person in LOGGED_IN.values():
        staff = person.role in ("bank_admin", "auditor")
        code = None if staff else "OTHER1" if person is LOGGED_IN["other"] else "ACME01"
        house.desk.accounts.register(
            person.user_id, person.role, code, "見本 太郎", "taro@example.com", COMMAND_LINE, NINE
        )
        house.own_password(person.user_id, RIGHT)
        if staff:
            house.desk.certification.issue_to_file(person.user_id, RIGHT, COMMAND_LINE, NINE)
        else:
            house.issue(person.user_id)


def things(house: House) -> dict[str, str]:
    """What the addresses name, by the word that the routes have for it."""
    serial = str(house.certificate().serial)
    return {
        "user_id": TARO,
        "code": "ACME01",
        "serial": serial,
        "notification": str(given_up(house)),
        "approval": str(house.desk.approvals.revoke(serial, "lost", "bank0002", NINE)),
        "mail_id": "1",
        "name": "issuing",
        "request": "MA==",
    }


@pytest.fixture(scope="module")
def dsn(cluster: Cluster) -> Iterator[Dsn]:
    with new_database(cluster) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def house(dsn: Dsn, authority: IssuingAuthority, packages: KeyPackageFactory) -> Iterator[House]:
    """One for all: nothing that is asked here needs another's absence."""
    database, turns = Database(dsn.process), DatabaseTurns(dsn.process)
    try:
        house = furnish(database, turns, authority, packages, MovableClock(NINE), Policy(approval="two_persons"))
        people(house)
        yield house
    finally:
        turns.close()
        database.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home")
    (made / "authority").mkdir()
    return made


@pytest.fixture(scope="module")
def secret(house: House) -> str:
    """A bank admin's API token."""
    return house.desk.tokens.issue(LOGGED_IN["admin"].user_id, 90, COMMAND_LINE, NINE)[1]


@pytest.fixture(scope="module")
def world(house: House, dsn: Dsn, home: Path, secret: str) -> Iterator[World]:
    parts = SimpleNamespace(
        settings=Settings(home=home, answer_floor_ms=0),
        clock=house.clock,
        views=SettledViews(house.database),
        limits=NoLimits(),
        database=house.database,
        store=house.store,
    )
    app = web_application(cast("bootstrap.House", parts), house.desk, cast("Pki", Published()))
    log_key.ensure(home / "authority", b"secret")
    heads = Heads(house, dsn, home)
    heads.sign()
    named = {**things(house), "view": "lock_status", "size": str(heads.signed()[0].size)}
    with ExitStack() as opened:
        connection = opened.enter_context(connect(dsn.process, "test"))
        for view in parts.views.all:
            catch_up(connection, view, house.store)
        yield World(house, app, opened.enter_context(TestClient(app)), secret, named)


def asked(routes: Sequence[BaseRoute]) -> list[str]:
    """What can be asked of them: method and path. Where a route does not say, both methods."""
    found = []
    for route in routes:
        assert isinstance(route, Route | Mount)
        methods = {"GET"} if isinstance(route, Mount) else (route.methods or {"GET", "POST"}) - {"HEAD"}
        found += [f"{method} {route.path}" for method in methods]
    return found


def test_every_route_has_a_row_and_every_row_a_route(world: World) -> None:
    routes, listed = asked(world.app.routes), [str(right) for right in rows(TABLE)]

    assert [route for route in routes if route not in listed] == [], "say in tests/web/rights.py who may ask them"
    assert [row for row in listed if row not in routes] == [], "nothing answers there any more"
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("right", rows(TABLE), ids=str)
def test_each_role_is_answered_as_the_table_says(world: World, right: Right) -> None:
    answers = {column: world.ask(column, right) for column in right.answers}

    assert {column: word(answer, right.answers[column]) for column, answer in answers.items()} == right.answers


def word(answer: Response, expected: str) -> str:
    """How the table would put it."""
    if answer.status_code == 303 and answer.headers["location"] == "/home/password" and expected == "change":
        return "change"
    return "ok" if answer.status_code in SERVED else str(answer.status_code)


# ---- the private port


@pytest.fixture(scope="module")
def private(world: World, dsn: Dsn, house: House, home: Path) -> Iterator[TestClient]:
    with private_application(Settings(home=home), dsn.process, house.clock) as app, TestClient(app) as client:
        yield client


def test_every_route_of_the_private_port_has_a_row_too(private: TestClient) -> None:
    assert sorted(asked(cast("Starlette", private.app).routes)) == sorted(str(right) for right in rows(PRIVATE))


@pytest.mark.parametrize("right", rows(PRIVATE), ids=str)
def test_on_the_private_port_only_a_token_opens(world: World, private: TestClient, secret: str, right: Right) -> None:
    headers = {
        "nobody": {},
        "admin": {"cookie": f"{SESSION}={world.log_in(LOGGED_IN['admin'])}"},
        "token": {"authorization": f"Bearer {secret}"},
    }

    answers = {column: private.request(right.method, right.path, headers=headers[column]) for column in right.answers}

    assert {column: word(answer, "ok") for column, answer in answers.items()} == right.answers
