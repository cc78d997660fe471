"""Whether the web process answers: `shomei up` asks, and says so."""

import select
import socket
import ssl
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

from infra import development_certificate
from infra.clock import now
from infra.settings import Settings

PAUSE = 0.1  # seconds between two looks


class SocketConnection(HTTPConnection):
    """As nginx connects: plain HTTP on a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def tell_when_ready(settings: Settings, say: Callable[[str], None]) -> None:
    """Says so at the first answer; in a thread of its own."""
    connect: Callable[[], HTTPConnection]
    if settings.socket:
        connect = partial(SocketConnection, settings.socket)
    else:
        server_root = development_certificate.ensure(settings.home, settings.host, now()).root
        trusted = ssl.create_default_context(cafile=server_root)
        connect = partial(HTTPSConnection, settings.host, settings.port, context=trusted)
    while not is_answered(connect()):
        select.select([], [], [], PAUSE)  # not time.sleep, which fails under libfaketime
    say(f"ready: {settings.public_url}")


def is_answered(connection: HTTPConnection) -> bool:
    """Closes it, too."""
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
