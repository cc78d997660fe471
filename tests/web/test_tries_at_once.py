"""How many password tries one process has under way: more are answered 503 at once (R3.5)."""

import asyncio

import anyio
import pytest

from application.ports import Busy
from tests.support.browser import serving
from tests.support.crowd import refusals
from tests.support.house import House
from web.site import Site


@pytest.fixture
def site(house: House) -> Site:
    """Of a process that takes two tries at once."""
    with serving(house, tries_waiting=2) as server:
        return server.site


def burst(site: Site, tries: int) -> list[object]:
    """That many, all asked for before the first begins."""

    async def ask() -> list[object]:
        return await asyncio.gather(*(site.attempt(str) for _ in range(tries)), return_exceptions=True)

    return anyio.run(ask)


def test_of_six_tries_that_come_at_once_where_two_are_taken_four_are_busy(site: Site) -> None:
    outcomes = burst(site, 6)

    assert refusals(outcomes) == [Busy] * 4


def test_the_places_are_free_again_after_the_tries_however_they_ended(site: Site) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            anyio.run(site.attempt, fail)
        burst(site, 6)

    assert refusals(burst(site, 2)) == []
