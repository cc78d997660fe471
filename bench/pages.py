"""P7: pages for each second of processor time of the web process, beside a Starlette hello world on the same server.

Both are asked over TLS on a connection that stays open, by a visitor who shows a certificate.
"""

import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path

from bench.place import Browser, Customer, Place, place
from bench.rounds import A_CPU_SECOND, Comparison, Cost, Row, cost_of, interleaved, table
from infra import development_certificate, generations
from infra.bootstrap import authority_home
from infra.clock import now
from tests.support.fleet import PATIENCE, free_port, wait

PAGES = 300  # in one round
ACCOUNTS = 100  # a page of the API
ROOT = Path(__file__).parents[1]
ONE = Comparison("P7", "lock status of one account, JSON; hello world", A_CPU_SECOND, ">= 0.4")
MANY = Comparison("P7", f"lock status of {ACCOUNTS} accounts, JSON; hello world", A_CPU_SECOND)
HOME = Comparison("P7", "/home, a page with session check; hello world", A_CPU_SECOND, ">= 0.25")
ENTRANCE = Comparison("P7", "/, which names the certificate shown; hello world", A_CPU_SECOND)
COMPARISONS = [ONE, MANY, HOME, ENTRANCE]

HELLO = """
import sys
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from infra.tls_server import Tls, run

async def hello(request):
    return PlainTextResponse("Hello, world!")

port, certificate, clients = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
run(Starlette(routes=[Route("/", hello)]), host="127.0.0.1", port=port, tls=Tls(certificate, certificate, clients))
"""

Side = Callable[[], Cost]


class Reader:
    """Asks for one path again and again; speaks as little HTTP as it takes."""

    def __init__(self, at: Place, customer: Customer, port: int, cookies: str = "") -> None:
        trusting = ssl.create_default_context(cafile=at.fleet.root)
        assert customer.file is not None
        trusting.load_cert_chain(customer.file)
        self._connection = HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=trusting)
        self._headers = {"Cookie": cookies} if cookies else {}

    def get(self, path: str) -> bytes:
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body[:200])
        return body

    def close(self) -> None:
        self._connection.close()


def reading(reader: Reader, path: str, process: int) -> Side:
    def side() -> Cost:
        return cost_of(lambda: [reader.get(path) for _ in range(PAGES)], process).per(PAGES)

    return side


def logged_in(at: Place, customer: Customer, port: int) -> Reader:
    with Browser(f"https://127.0.0.1:{port}", at.fleet.root, customer.file) as browser:
        fields = {"user_id": customer.user_id, "password": customer.password}
        assert browser.post("/login", browser.token("/login"), **fields).status_code == 303
        cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    return Reader(at, customer, port, cookies)


@contextmanager
def hello_world(at: Place, customer: Customer) -> Iterator[tuple[Reader, int]]:
    port, settings = free_port(), at.house.settings
    clients = at.home / "clients.pem"
    clients.write_bytes(generations.trusted(authority_home(settings)))
    server = development_certificate.ensure(at.home, "127.0.0.1", now()).certificate
    with subprocess.Popen([sys.executable, "-c", HELLO, str(port), str(server), str(clients)], cwd=ROOT) as process:
        try:
            yield when_it_answers(at, customer, port), process.pid
        finally:
            process.terminate()


def when_it_answers(at: Place, customer: Customer, port: int) -> Reader:
    deadline = time.monotonic() + PATIENCE
    while True:
        reader = Reader(at, customer, port)
        try:
            reader.get("/")
        except OSError:
            assert time.monotonic() < deadline
            wait(0.05)
        else:
            return reader


def rows() -> list[Row]:
    with place() as at:
        at.fleet.start("project")
        (web,) = at.fleet.web()
        user, bank = at.certified(), at.member_of_staff()
        for _ in range(ACCOUNTS):
            at.customer()
        at.house.views.settle(PATIENCE)
        with hello_world(at, user) as (greeting, greeter):
            home, api = logged_in(at, user, web.port), logged_in(at, bank, web.port)
            hello, one, many, page, entrance = map(
                rates,
                interleaved(
                    reading(greeting, "/", greeter),
                    reading(api, f"/api/v1/lock-status?user_id={user.user_id}", web.process.pid),
                    reading(api, f"/api/v1/lock-status?limit={ACCOUNTS}", web.process.pid),
                    reading(home, "/home", web.process.pid),
                    reading(home, "/", web.process.pid),
                ),
            )
    return [ONE.of(one, hello), MANY.of(many, hello), HOME.of(page, hello), ENTRANCE.of(entrance, hello)]


def rates(costs: list[Cost]) -> list[float]:
    return [1 / cost.cpu for cost in costs]


if __name__ == "__main__":
    print(table(rows()))
