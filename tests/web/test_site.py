"""A command's answer, and whether it waits for the read models (architecture.md, The way of one fact)."""

from functools import partial

import anyio
import pytest

from tests.support.browser import serving
from tests.support.house import House
from web.site import Site


@pytest.fixture
def site(house: House) -> Site:
    with serving(house) as server:
        return server.site


def test_a_commands_answer_waits_for_the_read_models_only_where_its_page_asks_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[str] = []
    monkeypatch.setattr(site, "_settle", lambda: waited.append("settled"))

    at_once = anyio.run(site.done, "/home")
    before = waited[:]
    behind = anyio.run(partial(site.done, "/bank", settled=True))

    assert [answer.headers["location"] for answer in (at_once, behind)] == ["/home", "/bank"]
    assert (before, waited) == ([], ["settled"])
