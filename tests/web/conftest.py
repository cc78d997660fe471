"""The application as one process serves it, over a house with one organization and one user, taro0001."""

from collections.abc import Iterator
from threading import Event

import pytest

from tests.support.browser import Browser, Server, serving
from tests.support.house import House

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
def slow(house: House) -> Iterator[Event]:
    """The issue stands before its signature until this is set."""
    gate = Event()
    house.between.at("sign", lambda: gate.wait(BOUND))
    try:
        yield gate
    finally:
        gate.set()
