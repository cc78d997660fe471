"""The private port: this machine's alone, and gone with its process (screens.md, Machine)."""

import socket

import pytest

from infra.private_listener import answering
from tests.support.fleet import free_port
from tests.support.server import echo


def test_it_is_reached_at_the_loopback_address_and_at_no_other() -> None:
    port = free_port()

    with answering(echo, port):
        socket.create_connection(("127.0.0.1", port)).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port))


def test_after_the_end_the_port_is_free_again() -> None:
    port = free_port()

    with answering(echo, port):
        pass

    socket.create_server(("127.0.0.1", port)).close()


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(OSError, match="in use"), answering(echo, port):
            pass
