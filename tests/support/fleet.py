"""Real processes of ours on one database, as the Procfile starts them, and visitors that speak TLS with them."""

import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx2
import pytest
from psycopg.conninfo import conninfo_to_dict

from infra import development_certificate
from infra.authority import create
from tests.support.database import Dsn
from tests.support.html import Page

ROOT = Path(__file__).parents[2]
PATIENCE = 30  # seconds until a process must answer
PASSPHRASE = "a passphrase"
LATELY_GIVEN: deque[int] = deque(maxlen=200)  # ports
NO_MAIL_SERVER = "smtp://127.0.0.1:1"  # nobody listens there


class Process:
    """One of ours. `port` is where it serves; `log` is what it printed."""

    def __init__(
        self, words: tuple[str, ...], environment: dict[str, str], home: Path, port: int, program: str = "infra.cli"
    ) -> None:
        self.port = port
        self.log = home / f"{'-'.join(words)}-{port}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", program, *words], env=environment, cwd=home, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def ended(self) -> int:
        """The exit status, once it has ended by itself."""
        return self.process.wait(PATIENCE)


class Fleet:
    """`settings` are those of every process; each start may add its own, such as `SHOMEI_FAILPOINT`."""

    def __init__(self, dsn: Dsn, home: Path, settings: dict[str, str]) -> None:
        self.home = home
        self.processes: list[Process] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SHOMEI_", "COV_"))},
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": address(dsn.process),
            "SHOMEI_MIGRATION_URL": address(dsn.owner),
            "SHOMEI_HOME": str(home),
            "SHOMEI_HOST": "127.0.0.1",
            "SHOMEI_PRIVATE_PORT": "0",
            "SHOMEI_SMTP_URL": NO_MAIL_SERVER,
            "SHOMEI_ANSWER_FLOOR_MS": "0",
            "SHOMEI_RATE_POSTS": "0",
            "SHOMEI_RATE_IDS": "0",
            "SHOMEI_P12_KEY_ROUNDS": "10000",
            "SHOMEI_P12_CERTIFICATE_ROUNDS": "10000",
            "SHOMEI_P12_MAC_ROUNDS": "10000",
            **settings,
        }
        (home / "authority-passphrase").write_text(PASSPHRASE)
        create(
            home / "authority", PASSPHRASE.encode(), datetime(2020, 1, 1, tzinfo=UTC), "http://127.0.0.1:8480", "見本"
        )
        self.root = development_certificate.ensure(home, "127.0.0.1", datetime.now(UTC)).root

    def start(self, *words: str, program: str = "infra.cli", **settings: str) -> Process:
        """`program` is a module that ends in the command line, such as tests/support/witness.py."""
        port = free_port()
        ports = {"SHOMEI_PORT": str(port), "SHOMEI_PKI_PORT": str(free_port())}
        process = Process(words, {**self.environment, **ports, **settings}, self.home, port, program)
        self.processes.append(process)
        return process

    def run(self, *words: str) -> str:
        """A command to its end; its output. Raises CalledProcessError."""
        command = [sys.executable, "-m", "infra.cli", *words]
        done = subprocess.run(
            command, env=self.environment, cwd=self.home, check=True, capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout

    def web(self, count: int = 1, **settings: str) -> list[Process]:
        """Web processes, once each of them is ready."""
        started = [self.start("serve", **settings) for _ in range(count)]
        for process in started:
            with self.visitor(process) as visitor:
                visitor.wait_until_ready(process)
        return started

    def visitor(self, process: Process) -> "Visitor":
        return Visitor(f"https://127.0.0.1:{process.port}", self.root)

    @property
    def pids(self) -> list[int]:
        return [process.process.pid for process in self.processes]

    def stop(self) -> None:
        for process in self.processes:
            process.kill() if process.process.poll() is None else None


class Visitor:
    """A browser without a screen: keeps cookies, follows nothing by itself, sends a page's own form token."""

    def __init__(self, url: str, root: Path) -> None:
        self.url = url
        self.client = httpx2.Client(
            base_url=url, verify=ssl.create_default_context(cafile=root), timeout=PATIENCE, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.client.close()

    def wait_until_ready(self, process: Process) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if process.process.poll() is not None:
                raise RuntimeError(f"ended before it was ready: {process.log.read_text()[-2000:]}")
            with suppress(httpx2.TransportError):
                if self.client.get("/readyz").status_code == 200:
                    return
            wait(0.05)
        raise RuntimeError(f"not ready in time: {process.log.read_text()[-2000:]}")

    def at(self, other: Process) -> Self:
        """The same browser at another process of the fleet, cookies and all."""
        self.url = f"https://127.0.0.1:{other.port}"
        self.client.base_url = httpx2.URL(self.url)
        return self

    def get(self, path: str) -> httpx2.Response:
        return self.client.get(path)

    def token(self, path: str) -> str:
        """A form token of this browser's, from the page at `path`."""
        page = Page(self.client.get(path).text)
        return page.forms[0].fields["csrf_token"]

    def post(self, path: str, token: str, **fields: str) -> httpx2.Response:
        return self.client.post(path, data={"csrf_token": token, **fields})

    def authenticate(self, user_id: str, password: str) -> httpx2.Response:
        """④."""
        return self.post("/issuance", self.token("/issuance"), user_id=user_id, password=password)

    def ticket(self) -> str:
        """The ticket's id in ⑤'s form."""
        return Page(self.client.get("/issuance/confirm").text).form("/issuance/confirm").fields["ticket"]

    def issue(self) -> httpx2.Response:
        """⑤: press 発行."""
        page = Page(self.client.get("/issuance/confirm").text)
        fields = page.form("/issuance/confirm").fields
        return self.post("/issuance/confirm", fields["csrf_token"], ticket=fields["ticket"])

    def wait_for_the_result(self, patience: float = PATIENCE) -> httpx2.Response:
        """⑥ until it leads on, or says that it failed."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            answer = self.client.get("/issuance/progress")
            if answer.status_code != 200 or "refresh" not in answer.text:
                return answer
            wait(0.1)
        raise RuntimeError("the wait page never led on")


def address(conninfo: str) -> str:
    """A database on a Unix socket, written as the settings want it."""
    parts = conninfo_to_dict(conninfo)
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={quote(str(parts['host']), safe='')}"


def wait(seconds: float) -> None:
    """Between two looks at another process; a test never waits blindly."""
    time.sleep(seconds)


def free_port() -> int:
    """Below the ports that Linux gives to connections: none of ours can take it before the process has. No other test
    process is given it, and here it is not given again soon: it is free until the process that was told it binds it."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = random.randrange(20_000 + worker % 8, 32_000, 8)  # noqa: S311  (no secret)
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            if port not in LATELY_GIVEN:
                LATELY_GIVEN.append(port)
                return port


@contextmanager
def fleet_on(dsn: Dsn, home: Path, **settings: str) -> Iterator[Fleet]:
    fleet = Fleet(dsn, home, settings)
    try:
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture
def fleet(dsn: Dsn, tmp_path: Path) -> Iterator[Fleet]:
    """With the limits off and no floor under the answers, on a migrated database of its own."""
    with fleet_on(dsn, tmp_path) as fleet:
        yield fleet
