"""The plain-HTTP port for OCSP, CRL and the authority's certificates, from a thread beside the process's own work.

One a machine: of several processes that are to serve there one has the port, and the others stand by.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog
from starlette.types import ASGIApp

from infra.tls_server import Server, configuration, listen_on

log = structlog.get_logger(__name__)

LOOK_AGAIN = 2.0  # seconds, while another process has the port


@contextmanager
def answering(app: ASGIApp, host: str, port: int) -> Iterator[None]:
    """Accepts from the start to the end of the block; where the port is taken, from when it comes free."""
    server, stopped = Server(configuration(app, None)), Event()
    listeners = _listen(host, port)
    if not listeners:
        log.warning("another process has the port for OCSP and CRL: standing by", host=host, port=port)

    def run() -> None:
        found = listeners
        while not found:
            if stopped.wait(LOOK_AGAIN):
                return
            found = _listen(host, port)
        try:
            server.run(found)
        finally:
            for listener in found:
                listener.close()

    thread = Thread(target=run, name="pki-listener")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        server.should_exit = True
        thread.join()


def _listen(host: str, port: int) -> list[socket.socket]:
    try:
        return listen_on(host, port)
    except OSError:
        return []
