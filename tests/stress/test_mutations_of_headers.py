"""As in test_mutations.py, for headers: each that our code reads, where it reads it, and many together (Q12).

Cookies are spoilt one by one in test_mutations.py.
"""

import inspect
import random
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import NamedTuple

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

import infra
import web
from domain.fact import COMMAND_LINE
from infra.applications import private_application
from infra.pki import Pki
from infra.settings import Settings
from tests.support.browser import certificate_of, serving
from tests.support.database import Dsn
from tests.support.house import NINE, TARO
from tests.support.limited import limits_of
from tests.support.members import STAFF
from tests.support.mutations import FORM, spoilt_octets, spoilt_value
from tests.support.ocsp import pki
from tests.support.scenes import Stage, authentication, own_email, stage
from tests.support.stress_table import record
from tests.support.verdicts import counted, judged, told
from web.pki import create_pki_app

__all__ = ["pki", "stage"]

COMMAND = "make stress"
SEED = 14
SHORT, LONG = 75, 2000  # mutations of each header that is read, and of all others together
BETWEEN = 25  # mutations from one unspoilt header to the next

EDGE = b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"
PAGES = (
    *("/", "/issuance", "/issuance/confirm", "/issuance/p12", "/login", "/home", "/registration/master/profile"),
    *("/help/check", "/api/v1/lock-status", "/static/style.css"),
)
COMMON = (
    *("accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "cache-control"),
    *("client-cert", "connection", "content-type", "cookie", "expect", "forwarded", "host", "if-modified-since"),
    *("if-none-match", "origin", "range", "referer", "te", "upgrade", "user-agent", "x-forwarded-for"),
    *("x-forwarded-proto", "x-real-ip"),
)
SERVED = (200, 303, 304)
EXCEPT = {"content-length"}  # the server itself refuses one that is no number (Q12-octets)
READING = re.compile(
    r"""(?:request\.headers\[|[Hh]eaders(?:\(scope=scope\))?\.get(?:list)?\(|\bheader\([\w.]+, )b?("[\w-]+"|[A-Z]+)"""
)


class Place(NamedTuple):
    """Where a header is read, and one that is right there; `framed` where each answer has the site's own headers."""

    ask: Callable[..., Response]
    path: str
    right: bytes
    beside: Mapping[bytes, bytes] = {}
    body: bytes | None = None  # of a POST
    framed: bool = True

    def send(self, name: str, *values: bytes) -> Response:
        headers = [*self.beside.items(), *((name.encode(), value) for value in values)]
        return self.ask("GET" if self.body is None else "POST", self.path, headers=headers, content=self.body)

    def judge(self, answers: Counter[int], wrong: list[object], answer: Response, sent: object) -> None:
        if self.framed:
            judged(answers, wrong, answer, sent)
            return
        answers[answer.status_code] += 1
        if answer.status_code >= 500 or "Traceback" in answer.text:
            wrong.append((answer.status_code, sent))

    def told(self, answers: Counter[int], wrong: list[object]) -> str:
        return told(answers, wrong) if self.framed else counted(answers, wrong)


@pytest.fixture
def count(long: bool) -> int:
    return LONG if long else SHORT


@pytest.fixture
def places(stage: Stage, dsn: Dsn, pki: Pki, tmp_path: Path) -> Iterator[Mapping[str, Place]]:
    """By the header; a request is right as often as it is sent."""
    house = stage.house
    stage.project()
    secret = house.desk.tokens.issue(STAFF, 90, COMMAND_LINE, NINE)[1]
    told_by_nginx = b":" + b64encode(certificate_of(house, STAFF)) + b":"
    _, email = own_email(stage).right()
    with ExitStack() as opened:
        limits = limits_of(house, posts=10**6)
        nginx = opened.enter_context(serving(house, behind_nginx=True, limits=limits))
        private = opened.enter_context(private_application(Settings(home=tmp_path), dsn.process, house.clock))
        metrics = opened.enter_context(TestClient(private, raise_server_exceptions=False))
        lists = opened.enter_context(TestClient(create_pki_app(pki.routes(house.clock)), raise_server_exceptions=False))
        behind = Stage(house, nginx, stage.project)
        _, password = authentication(behind).right()
        site, program = stage.browser, stage.server.browser(certificate_of(house, STAFF), bugs_are_raised=False)
        tag = lists.get("/crl/issuing.crl").headers["etag"].encode()
        yield {
            "content-type": Place(site.send, "/home/email", FORM.encode(), body=email),
            "user-agent": Place(site.send, "/help/check", EDGE),
            "authorization": Place(program.send, "/api/v1/lock-status", f"Bearer {secret}".encode()),
            "x-real-ip": Place(
                behind.browser.send, "/issuance", b"192.0.2.1", {b"content-type": FORM.encode()}, password
            ),
            "x-ssl-client-verify": Place(behind.browser.send, "/login", b"SUCCESS", {b"client-cert": told_by_nginx}),
            "client-cert": Place(behind.browser.send, "/login", told_by_nginx, {b"x-ssl-client-verify": b"SUCCESS"}),
            "x-ssl-protocol": Place(behind.browser.send, "/help/check", b"TLSv1.3"),
            "accept": Place(metrics.request, "/metrics", b"text/plain", framed=False),
            "if-none-match": Place(lists.request, "/crl/issuing.crl", tag, framed=False),
        }


READ = (
    *("content-type", "user-agent", "authorization", "x-real-ip", "x-ssl-client-verify", "client-cert"),
    *("x-ssl-protocol", "accept", "if-none-match"),
)


def read_by(package: ModuleType) -> set[str]:
    """The headers that a request is asked for by its files."""
    found = set()
    for each in iter_modules(package.__path__, f"{package.__name__}."):
        module = import_module(each.name)
        for word in READING.findall(inspect.getsource(module)):
            found.add(word.strip('"') if '"' in word else getattr(module, word))
    return found


def test_every_header_that_our_code_reads_is_spoilt_where_it_is_read() -> None:
    assert read_by(web) | read_by(infra) == {*READ, *EXCEPT}


@pytest.mark.parametrize("name", READ)
def test_no_mutation_of_a_header_that_is_read_is_too_much(name: str, places: Mapping[str, Place], count: int) -> None:
    chance = random.Random(f"{SEED} {name}")  # noqa: S311  (a test's chance, that a failure can repeat)
    place = places[name]
    answers, wrong, let_in = Counter[int](), list[object](), 0

    for number in range(1, count + 1):
        value = spoilt_value(chance, place.right, 5_000)
        values = chance.choice(((value,), (value,), (value,), (place.right, value), (value, place.right)))
        place.judge(answers, wrong, place.send(name, *values), values)
        if number % BETWEEN == 0:
            let_in += place.send(name, place.right).status_code in SERVED

    assert wrong == []
    assert let_in == count // BETWEEN
    record(
        f"Q12-headers-{name}",
        f"{count} mutations of the header {name} where it is read, {place.path}",
        f"{place.told(answers, wrong)}; all {let_in} unspoilt ones between them were served",
        COMMAND,
    )


def test_no_mutation_of_some_headers_together_is_too_much(stage: Stage, count: int) -> None:
    chance = random.Random(f"{SEED} headers")  # noqa: S311
    browser = stage.inside(TARO)
    answers, wrong = Counter[int](), list[object]()

    for _ in range(count):
        some = [(name.encode(), spoilt_octets(chance, 5_000)) for name in chance.sample(COMMON, chance.choice((1, 4)))]
        method, body = chance.choice((("GET", b""), ("POST", b"user_id=taro0001"), ("HEAD", b""), ("OPTIONS", b"")))
        answer = browser.send(method, chance.choice(PAGES), headers=some, content=body)
        judged(answers, wrong, answer, (method, some))

    assert wrong == []
    record("Q12-headers", f"{count} mutations of {len(COMMON)} headers", told(answers, wrong), COMMAND)
