"""What one connection may take: none that does not finish its request lives on (manual, step ②; measure Q1).

Judged by the server's closing, with its seconds made short; that it does not close too soon, by who is still answered.
"""

import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.development_certificate import ensure
from infra.tls_connection import TlsHttpProtocol
from infra.tls_server import Tls
from tests.support.server import BackgroundServer, Browser, ask, echo, get

NINE = datetime(2026, 11, 23, 0, tzinfo=UTC)
SHORT = 0.03  # seconds
LONG = 60.0
BOUND = 10.0  # seconds; a test that waits so long has failed

HALF_A_HEAD = get("/")[:-3]
HALF_A_BODY = get("/", "content-length: 10") + b"12345"


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once it has the whole body."""
    if scope["type"] == "http":
        await Request(scope, receive).body()
    await echo(scope, receive, send)


@pytest.fixture
def server() -> Iterator[BackgroundServer]:
    with BackgroundServer(reading) as running:
        yield running


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Browser]:
    """Of a server with TLS."""
    made = ensure(tmp_path, "localhost", NINE)
    with BackgroundServer(echo, Tls(made.certificate, made.key, made.root)) as running:
        yield Browser(running, made.root)


def seconds(patch: pytest.MonkeyPatch, *, head: float = LONG, body: float = LONG) -> None:
    patch.setattr(TlsHttpProtocol, "head_seconds", head)
    patch.setattr(TlsHttpProtocol, "body_seconds", body)


def connect(server: BackgroundServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), BOUND)


def ends(connection: socket.socket) -> bool:
    """Whether the server closes it, however rudely. Raises TimeoutError where it does not."""
    with suppress(ConnectionError, ssl.SSLError):
        while connection.recv(65536):
            pass
    return True


@pytest.mark.parametrize("sent", [b"", HALF_A_HEAD, b"\r\n", get("/") + HALF_A_HEAD])
def test_a_head_that_does_not_come_to_its_end_ends_the_connection(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    seconds(monkeypatch, head=SHORT)

    with connect(server) as connection:
        connection.sendall(sent)

        assert ends(connection)


def test_a_head_that_dribbles_in_wins_no_time_by_it(server: BackgroundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds(monkeypatch, head=SHORT)

    with connect(server) as connection:
        connection.sendall(HALF_A_HEAD)
        with suppress(ConnectionError):
            while not select.select([connection], [], [], SHORT / 10)[0]:
                connection.sendall(b"a")

        assert ends(connection)


@pytest.mark.parametrize("sent", [HALF_A_HEAD, b"\r\n", HALF_A_BODY])
def test_a_later_request_has_no_more_time_than_the_first(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    seconds(monkeypatch, head=SHORT, body=SHORT)

    with closing(HTTPConnection("127.0.0.1", server.port, BOUND)) as kept:
        ask(kept)
        kept.sock.sendall(sent)

        assert ends(kept.sock)


@pytest.mark.parametrize("app", [reading, echo], ids=["awaited", "answered already"])
def test_a_body_that_does_not_come_to_its_end_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, app: ASGIApp
) -> None:
    seconds(monkeypatch, body=SHORT)

    with BackgroundServer(app) as server, connect(server) as connection:
        connection.sendall(HALF_A_BODY)

        assert ends(connection)


def test_a_kept_connection_that_asks_nothing_outlives_one_that_never_asked(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds(monkeypatch, head=SHORT, body=SHORT)
    with closing(HTTPConnection("127.0.0.1", server.port, BOUND)) as kept, connect(server) as silent:
        ask(kept)

        assert ends(silent)
        assert ask(kept)["path"] == "/"


def test_after_its_handshake_a_silent_connection_ends_too(visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds(monkeypatch, head=SHORT)

    with visitor.handshake() as silent:
        silent.settimeout(BOUND)

        assert ends(silent)


def test_one_connection_more_than_a_process_takes_is_closed_and_the_others_go_on(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TlsHttpProtocol, "most_connections", 2)
    first, second = (HTTPConnection("127.0.0.1", server.port, BOUND) for _ in range(2))
    with closing(first), closing(second):
        answers = [ask(first), ask(second)]

        with connect(server) as third:
            assert ends(third)

        assert [ask(first), ask(second)] == answers
