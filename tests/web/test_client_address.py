"""Whose the limits per client address are: over TCP the peer's, behind nginx the address it sends (R3.10)."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.rate_limits import RateLimits
from tests.support.browser import Server, serving
from tests.support.house import House
from tests.support.limited import POSTS, USER_IDS, fail, fail_on, limits_of, posted


@pytest.fixture
def limits(house: House) -> RateLimits:
    return limits_of(house)


@pytest.fixture
def server(house: House, limits: RateLimits) -> Iterator[Server]:
    house.organization()
    house.user()
    with serving(house, limits=limits) as server:
        yield server


def test_another_address_is_not_touched(server: Server, limits: RateLimits) -> None:
    posted(limits, POSTS)
    fail_on(server.browser().comes_from("192.0.2.3"), USER_IDS)

    other = server.browser().comes_from("192.0.2.2")

    assert other.authenticate().status_code == 303


def test_the_addresses_of_one_ipv6_64_count_together_and_the_next_apart(server: Server, limits: RateLimits) -> None:
    posted(limits, POSTS, "2001:db8:0:1::1")

    same, next_one = (server.browser().comes_from(a) for a in ("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:2::1"))

    assert (same.authenticate().status_code, next_one.authenticate().status_code) == (429, 303)


def test_processes_count_together(house: House, second_house: House, server: Server, limits: RateLimits) -> None:
    posted(limits, POSTS - 1)
    with serving(second_house, limits=limits_of(second_house)) as other_process:
        there = other_process.browser().authenticate().status_code

    assert (there, server.browser().authenticate().status_code) == (303, 429)


def test_processes_count_user_ids_together(house: House, second_house: House, server: Server) -> None:
    with serving(second_house, limits=limits_of(second_house)) as other_process:
        fail_on(other_process.browser(), USER_IDS)

    assert fail(server.browser(), "hanako01") == 429


@pytest.mark.parametrize("header", ["X-Real-IP", "X-Forwarded-For", "Forwarded", "True-Client-IP"])
def test_over_tcp_nobody_says_in_a_header_who_he_is(server: Server, limits: RateLimits, header: str) -> None:
    posted(limits, POSTS)
    browser = server.browser()
    browser.client.headers[header] = "for=192.0.2.9" if header == "Forwarded" else "192.0.2.9"

    assert browser.authenticate().status_code == 429


def test_over_tcp_nobody_uses_up_the_limit_of_another(server: Server, limits: RateLimits) -> None:
    posted(limits, POSTS - 1, "192.0.2.9")
    forger = server.browser()
    forger.client.headers["X-Real-IP"] = "192.0.2.9"

    forger.authenticate()

    assert server.browser().comes_from("192.0.2.9").authenticate().status_code == 303


def test_on_the_unix_socket_the_address_is_the_one_that_nginx_sends(server: Server, limits: RateLimits) -> None:
    posted(limits, POSTS, "192.0.2.9")
    statuses = []
    for address in ("192.0.2.9", "192.0.2.8"):
        browser = server.browser().comes_from(None)
        browser.client.headers.update({"X-Real-IP": address, "X-Forwarded-For": "192.0.2.7"})
        statuses.append(browser.authenticate().status_code)

    assert statuses == [429, 303]


@pytest.mark.parametrize("sent", [{}, {"X-Real-IP": ""}, {"X-Real-IP": "unix:"}, {"X-Real-IP": "192.0.2.9, 192.0.2.8"}])
def test_on_the_unix_socket_all_whose_address_is_not_told_count_together(
    server: Server, limits: RateLimits, sent: dict[str, Any]
) -> None:
    posted(limits, POSTS, "::")
    browser = server.browser().comes_from(None)
    browser.client.headers.update(sent)

    assert browser.authenticate().status_code == 429
