"""What the web process says as it starts, and `up` once it answers (screens.md, Command line; architecture 'TLS')."""

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from infra.authority import create, passphrase_from
from infra.processes import listening, the_log_key
from infra.readiness import SocketConnection, is_answered, tell_when_ready
from infra.settings import Settings
from infra.tls_server import Server, configuration, listen_at, listen_on
from tests.support.fleet import PATIENCE
from tests.support.pkix import BANK, PASSPHRASE, PKI_URL
from tests.support.server import echo

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


UNHEARD = """
import signal, threading
from infra.processes import on_stop

stopped = threading.Event()
on_stop(stopped.set)
work = threading.Thread(target=stopped.wait)
work.start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
print("waits", flush=True)
work.join()
print("ended")
"""


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({"socket": Path("/run/shomei/web.sock")}, None),
        ({"host": "192.0.2.1"}, "the web server's certificate is a development one"),
        ({"host": "localhost"}, None),
    ],
)
def test_what_will_disappoint_is_said_once_at_the_start(
    tmp_path: Path, settings: dict[str, str], warned: str | None
) -> None:
    create(tmp_path / "authority", PASSPHRASE, LONG_AGO, PKI_URL, BANK)

    with capture_logs() as logged:
        listening(Settings(home=tmp_path, **settings))  # type: ignore[arg-type]  # one of the above

    assert [line["event"].startswith(warned) for line in logged] == ([True] if warned else [])
    assert {line["log_level"] for line in logged} <= {"warning"}


def test_a_socket_is_answered_once_the_application_answers_there(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    said: list[str] = []

    missing = is_answered(SocketConnection(path))
    listen_at(path).close()
    left_over = is_answered(SocketConnection(path))
    server = Server(configuration(echo, None))
    serving = threading.Thread(target=lambda: server.run([listen_at(path)]))
    serving.start()
    tell_when_ready(Settings(home=tmp_path, socket=path, public_url="https://bank.example.jp"), said.append)
    server.should_exit = True
    serving.join()

    assert (missing, left_over) == (False, False)
    assert said == ["ready: https://bank.example.jp"]


def test_the_log_key_that_an_older_authority_lacks_is_made_and_told_once(tmp_path: Path) -> None:
    """R10.4."""
    settings = Settings(home=tmp_path)
    passphrase = passphrase_from(settings.authority_passphrase_file, create=True)
    create(tmp_path / "authority", passphrase, LONG_AGO, settings.pki_url, settings.bank_name)

    with capture_logs() as logs:
        first = the_log_key(settings)
        second = the_log_key(settings)

    assert first.public_key() == second.public_key()
    assert [line["event"] for line in logs] == ["log key made"]


@pytest.mark.parametrize("kind", [HTTPConnection, HTTPSConnection])
def test_a_port_where_nobody_listens_is_not_answered(kind: type[HTTPConnection]) -> None:
    (listener,) = listen_on("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()

    assert not is_answered(kind("127.0.0.1", port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_heard_though_the_main_thread_takes_no_step(number: int) -> None:
    with subprocess.Popen([sys.executable, "-c", UNHEARD], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "waits\n"
            process.send_signal(number)

            said, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()

    assert (said, process.returncode) == ("ended\n", 0)
