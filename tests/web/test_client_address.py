"""Whose the limits per client address are: over TCP the peer's, behind nginx the address it sends (R3.10)."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.rate_limits import RateLimits
from tests.support.browser import Server, serving
from tests.support.eventually import eventually
from tests.support.house import House
from tests.support.limited import POSTS, USER_IDS, fail, fail_on, limits_of, posted
from tests.support.server import BackgroundServer
from web.limits import client_of


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


def test_over_tcp_a_missing_address_is_not_made_up_for_by_a_header(server: Server, limits: RateLimits) -> None:
    posted(limits, POSTS, "::")
    forger = server.browser().comes_from(None)
    forger.client.headers["X-Real-IP"] = "192.0.2.9"

    assert forger.authenticate().status_code == 429


def test_a_connection_reset_before_it_was_accepted_counts_for_nobody_it_names() -> None:
    counted: list[str] = []

    async def form(request: Request) -> Response:
        counted.append(client_of(request))
        return Response()

    async def stall(request: Request) -> Response:
        """While this does not give way, the server accepts nobody."""
        send_and_reset(running.port, b"POST /form HTTP/1.1\r\nhost: localhost\r\nx-real-ip: 192.0.2.9\r\n\r\n")
        return Response()

    app = Starlette(routes=[Route("/form", form, methods=["POST"]), Route("/stall", stall)])
    app.state.behind_nginx = False
    with BackgroundServer(app) as running, closing(HTTPConnection("127.0.0.1", running.port)) as other:
        other.request("GET", "/stall")
        other.getresponse().read()

        assert eventually(lambda: counted == ["::"])


def send_and_reset(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(sent)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by RST


# ---- behind nginx


@pytest.fixture
def socket_server(house: House, limits: RateLimits) -> Iterator[Server]:
    house.organization()
    house.user()
    with serving(house, limits=limits, behind_nginx=True) as server:
        yield server


def test_on_the_unix_socket_the_address_is_the_one_that_nginx_sends(socket_server: Server, limits: RateLimits) -> None:
    posted(limits, POSTS, "192.0.2.9")
    statuses = []
    for address in ("192.0.2.9", "192.0.2.8"):
        browser = socket_server.browser().comes_from(None)
        browser.client.headers.update({"X-Real-IP": address, "X-Forwarded-For": "192.0.2.7"})
        statuses.append(browser.authenticate().status_code)

    assert statuses == [429, 303]


@pytest.mark.parametrize("sent", [{}, {"X-Real-IP": ""}, {"X-Real-IP": "unix:"}, {"X-Real-IP": "192.0.2.9, 192.0.2.8"}])
def test_on_the_unix_socket_all_whose_address_is_not_told_count_together(
    socket_server: Server, limits: RateLimits, sent: dict[str, Any]
) -> None:
    posted(limits, POSTS, "::")
    browser = socket_server.browser().comes_from(None)
    browser.client.headers.update(sent)

    assert browser.authenticate().status_code == 429
