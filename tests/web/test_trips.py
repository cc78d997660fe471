"""What a page costs: questions to the database and ways to a thread, counted (docs/benchmarks.md, P7)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from domain.fact import COMMAND_LINE
from tests.support.browser import Browser, Server, certificate_of, serving
from tests.support.house import RIGHT, TARO, House
from tests.support.questions import questions
from web.site import Site

ADMIN = "bank0001"
LOCK_STATUS = f"/api/v1/lock-status?user_id={TARO}"


class WatchedSite(Site):
    """Counts the ways to a thread."""

    ways = 0

    async def ask(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.ways += 1
        return await super().ask(call, *args, **kwargs)


@pytest.fixture
def watched(house: House) -> Iterator[Server]:
    house.organization()
    house.user()
    house.issue()
    house.staff(ADMIN)
    house.desk.certification.issue_to_file(ADMIN, RIGHT, COMMAND_LINE, house.clock())
    with serving(house, WatchedSite) as server:
        yield server


def inside(house: House, server: Server, user_id: str) -> Browser:
    """One that has seen its first pages, and a thread of the site with it."""
    browser = server.browser(certificate_of(house, user_id))
    browser.log_in(user_id)
    browser.open("/home")
    return browser


@pytest.mark.parametrize(
    ("user_id", "path", "count"),
    [
        # Session and certificate in one; then the account, the person, and the organization, which staff have none of.
        (TARO, "/home", 4),
        (ADMIN, "/home", 3),
        # And what the page itself asks.
        (ADMIN, LOCK_STATUS, 2),
        (ADMIN, "/api/v1/openapi.json", 1),
    ],
)
def test_a_page_asks_once_for_session_and_certificate_and_goes_to_a_thread_once(
    house: House,
    project: Callable[[], None],
    watched: Server,
    monkeypatch: pytest.MonkeyPatch,
    user_id: str,
    path: str,
    count: int,
) -> None:
    project()
    browser = inside(house, watched, user_id)
    asked = questions(monkeypatch)
    watched.site.ways = 0  # type: ignore[attr-defined]  # a WatchedSite's

    response = browser.open(path)

    assert response.status_code == 200
    assert (len(asked), watched.site.ways) == (count, 1), asked  # type: ignore[attr-defined]  # as above
