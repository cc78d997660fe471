"""What only this machine may ask: plain HTTP at 127.0.0.1, from a thread beside what the process is there for.

One a machine, however many web processes serve there: with several of them their supervisor opens it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from starlette.types import ASGIApp

from infra.tls_server import Server, configuration, listen_on

LOOPBACK = "127.0.0.1"


@contextmanager
def answering(app: ASGIApp, port: int) -> Iterator[None]:
    """Accepts from the start to the end of the block. Raises OSError where the port is taken."""
    listeners = listen_on(LOOPBACK, port)
    config = configuration(app, None)
    config.lifespan = "off"  # or else the log tells of a second start, for which people and tests would take it
    server = Server(config)
    thread = Thread(target=server.run, args=[listeners], name="private-listener")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
