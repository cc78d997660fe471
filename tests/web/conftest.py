"""The application as one process serves it, over a house with one organization and one user, taro0001."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from domain.fact import COMMAND_LINE
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.browser import Browser, Server, certificate_of, serving
from tests.support.database import Dsn
from tests.support.house import MASTER, RIGHT, House
from tests.support.members import settle

BOUND = 60  # seconds; a test that waits so long has failed


@pytest.fixture
def server(house: House) -> Iterator[Server]:
    house.organization()
    house.user()
    with serving(house) as server:
        yield server


@pytest.fixture
def browser(server: Server) -> Browser:
    """One without a certificate."""
    return server.browser()


@pytest.fixture
def project(house: House, dsn: Dsn) -> Iterator[Callable[[], None]]:
    """The projector's part, whenever it is called: the read models then know all."""
    views = CurrentViews(house.database).all
    with connect(dsn.process, "test") as connection:

        def run() -> None:
            for view in views:
                catch_up(connection, view, house.store)

        yield run


@pytest.fixture
def admin(house: House, server: Server) -> Browser:
    """A bank admin's, logged in."""
    house.staff("bank0001")
    house.desk.certification.issue_to_file("bank0001", RIGHT, COMMAND_LINE, house.clock())
    browser = server.browser(certificate_of(house, "bank0001"))
    browser.log_in("bank0001")
    return browser


@pytest.fixture
def auditor(house: House, server: Server) -> Browser:
    """An auditor's, logged in."""
    house.staff("audit001", role="auditor")
    house.desk.certification.issue_to_file("audit001", RIGHT, COMMAND_LINE, house.clock())
    browser = server.browser(certificate_of(house, "audit001"))
    browser.log_in("audit001")
    return browser


@pytest.fixture
def master(house: House, server: Server, project: Callable[[], None]) -> Browser:
    """The master's of taro0001, who has no certificate; beside them another organization. The read models know all."""
    settle(house)
    house.issue(MASTER)
    browser = server.browser(certificate_of(house, MASTER))
    browser.log_in(MASTER)
    project()
    return browser


@pytest.fixture
def slow(house: House) -> Iterator[Event]:
    """The issue stands before its signature until this is set."""
    gate = Event()
    house.between.at("sign", lambda: gate.wait(BOUND))
    try:
        yield gate
    finally:
        gate.set()
