"""Whatever is sent, in whatever shape, the site answers for itself: no 500, no bug's words, no hang (Q12).

Each form, cookie and common header from the right one spoilt by a seed; Hypothesis does the same from nothing
(tests/web/test_hostile_input.py), and the forms of acts on others have a file of their own (test_mutations_of_acts.py).
Then broken HTTP over TLS at a real process.
"""

import base64
import os
import random
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from infra.authority import IssuingAuthority
from infra.pki import Pki
from tests.support.applicants import CODE, letter_to
from tests.support.browser import Browser, Server, certificate_of, serving
from tests.support.fleet import PATIENCE, Fleet
from tests.support.house import RIGHT, TARO, House
from tests.support.mutations import FORM, TYPES, Fields, spoilt, spoilt_der, spoilt_octets
from tests.support.ocsp import GOOD, HASHES, UNKNOWN, pki
from tests.support.ocsp import read as read_answer
from tests.support.ocsp import request as request_of
from tests.support.registering import TYPED, at_confirmation
from tests.support.stress_table import record
from tests.support.verdicts import judged, told
from web.cookies import FORM as FORM_COOKIE
from web.cookies import NOTE, REGISTRATION, SESSION, TICKET
from web.pki import OCSP_REQUEST, create_pki_app

__all__ = ["pki"]

COMMAND = "make stress"
UNSIGNED = [bytes.fromhex(answer) for answer in ("30030a0101", "30030a0103", "30030a0106")]
SEED = 12
SHORT, LONG = 150, 2000  # mutations of each
SHORT_RAW, LONG_RAW = 60, 2000
PAUSE = 0.2  # seconds without an octet, after which we stop speaking; the verdict does not hang on it

FORMS: dict[str, Fields] = {
    "/issuance": [("user_id", TARO), ("password", RIGHT)],
    "/issuance/confirm": [("ticket", "0" * 64)],
    "/issuance/cancel": [("ticket", "0" * 64)],
    "/issuance/close": [],
    "/login": [("user_id", TARO), ("password", RIGHT)],
    "/logout": [],
    "/registration/master": [("organization_code", CODE), ("initial_password", RIGHT)],
    "/registration/master/profile": list(TYPED.items()),
    "/registration/master/confirm": [("registration", "0" * 64)],
    "/registration/master/cancel": [("registration", "0" * 64)],
    "/home/password": [("current_password", RIGHT), ("password", "sesame98"), ("password_again", "sesame98")],
}
PAGES = (
    "/",
    "/issuance",
    "/issuance/confirm",
    "/issuance/progress",
    "/issuance/result",
    "/issuance/p12",
    "/login",
    "/home",
    "/registration/master/profile",
    "/registration/master/done",
)
COMMON = (
    *(
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "client-cert",
    ),
    *("connection", "content-type", "cookie", "expect", "forwarded", "host", "if-modified-since", "if-none-match"),
    *("origin", "range", "referer", "te", "upgrade", "user-agent", "x-forwarded-for", "x-forwarded-proto", "x-real-ip"),
)


@pytest.fixture
def count(long: bool) -> int:
    return LONG if long else SHORT


@pytest.fixture
def server(house: House) -> Iterator[Server]:
    house.organization()
    house.user()
    house.issue()
    with serving(house) as server:
        yield server


@pytest.fixture
def browser(house: House, server: Server) -> Browser:
    """With a certificate and in, and before 登録; a bug would be a page of ours, as it is for a visitor."""
    browser = server.browser(certificate_of(house), bugs_are_raised=False)
    browser.log_in()
    at_confirmation(browser, letter_to(house))
    return browser


@pytest.mark.parametrize("path", FORMS)
def test_no_mutation_of_a_form_is_too_much(path: str, browser: Browser, count: int) -> None:
    chance = random.Random(f"{SEED} {path}")  # noqa: S311  (a test's chance, that a failure can repeat)
    answers, wrong = Counter[int](), list[object]()

    for _ in range(count):
        content_type, body = spoilt(chance, [("csrf_token", browser.token()), *FORMS[path]])
        answer = browser.send("POST", path, content=body, headers=[(b"content-type", content_type.encode())])
        judged(answers, wrong, answer, (content_type, body))

    record(f"Q12-form{path}", f"{count} mutations of the form of {path}", told(answers, wrong), COMMAND)
    assert wrong == []


@pytest.mark.parametrize("name", [SESSION, TICKET, REGISTRATION, FORM_COOKIE, NOTE])
def test_no_mutation_of_a_cookie_is_too_much(name: str, browser: Browser, count: int) -> None:
    chance = random.Random(f"{SEED} {name}")  # noqa: S311
    right = browser.cookies | {TICKET: "a" * 43, NOTE: "logged_out"}
    browser.client.cookies.clear()
    answers, wrong = Counter[int](), list[object]()

    for _ in range(count):
        cookies = {other: value.encode() for other, value in right.items()}
        cookies[name] = chance.choice((cookies[name], b"")) + spoilt_octets(chance, 20_000)
        line = b"; ".join(other.encode() + b"=" + value for other, value in cookies.items())
        answer = browser.send("GET", chance.choice(PAGES), headers=[(b"cookie", line)])
        judged(answers, wrong, answer, line)
        browser.client.cookies.clear()

    record(f"Q12-cookie-{name}", f"{count} mutations of the cookie {name}", told(answers, wrong), COMMAND)
    assert wrong == []


def test_no_mutation_of_a_header_is_too_much(browser: Browser, count: int) -> None:
    chance = random.Random(f"{SEED} headers")  # noqa: S311
    answers, wrong = Counter[int](), list[object]()

    for _ in range(count):
        some = [(name.encode(), spoilt_octets(chance, 5_000)) for name in chance.sample(COMMON, chance.choice((1, 4)))]
        method, body = chance.choice((("GET", b""), ("POST", b"user_id=taro0001"), ("HEAD", b""), ("OPTIONS", b"")))
        answer = browser.send(method, chance.choice(PAGES), headers=some, content=body)
        judged(answers, wrong, answer, (method, some))

    record("Q12-headers", f"{count} mutations of {len(COMMON)} headers", told(answers, wrong), COMMAND)
    assert wrong == []


def test_no_mutation_of_an_ocsp_request_is_too_much(
    house: House, server: Server, authority: IssuingAuthority, pki: Pki, count: int
) -> None:
    chance = random.Random(f"{SEED} ocsp")  # noqa: S311
    serial = str(house.certificate().serial)
    right = [request_of(authority.issuing, serial, nonce, hash_=one) for nonce in (None, b"n" * 32) for one in HASHES]
    answers, wrong = Counter[int](), list[object]()

    with TestClient(create_pki_app(pki.routes(house.clock)), raise_server_exceptions=False) as client:
        for _ in range(count):
            body = spoilt_der(chance, chance.choice(right))
            sent_type = chance.choice((OCSP_REQUEST, OCSP_REQUEST, OCSP_REQUEST, *TYPES))
            path = quote(base64.b64encode(body[:3000]).decode() + chance.choice(("", "", "=", "%")), safe="/+")
            posted = client.post("/ocsp", content=body, headers=[(b"content-type", sent_type.encode())])
            for answer in (posted, client.get(f"/ocsp/{path}")):
                answers[answer.status_code] += 1
                if answer.status_code >= 500 or (answer.status_code == 200 and not is_clear(answer.content)):
                    wrong.append((sent_type, body))

    statuses = ", ".join(f"{times} x {status}" for status, times in sorted(answers.items()))
    record(
        "Q12-ocsp", f"{count} mutations of an OCSP request, by POST and GET", f"{len(wrong)} wrong; {statuses}", COMMAND
    )
    assert wrong == []


def is_clear(answer: bytes) -> bool:
    """Something that OCSP has to say; nothing here is revoked."""
    return answer in UNSIGNED or read_answer(answer).certificate_status in (GOOD, UNKNOWN)


# ---- octets over TLS


def request(chance: random.Random) -> bytes:
    """One that is right, so that it can be spoilt."""
    body = b"user_id=taro0001&password=sesame99"
    head = [b"POST /issuance HTTP/1.1", b"host: 127.0.0.1", b"content-type: " + FORM.encode()]
    if chance.random() < 0.5:
        sizes = [chance.randrange(1, 9) for _ in range(len(body))]
        pieces, at = [], 0
        for size in sizes:
            if piece := body[at : at + size]:
                pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
            at += size
        return b"\r\n".join([*head, b"transfer-encoding: chunked", b"", b"".join(pieces) + b"0\r\n\r\n"])
    return b"\r\n".join([*head, b"content-length: %d" % len(body), b"", body])


def spoilt_request(chance: random.Random) -> bytes:
    """Broken lines, chunks and lengths, huge heads, requests and rubbish one behind the other, TLS in TLS."""
    right = request(chance)
    octets = bytearray(right)
    match chance.randrange(8):
        case 0:
            for _ in range(chance.choice((1, 2, 8))):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
        case 1:
            del octets[chance.randrange(len(octets)) :]
        case 2:
            octets[26:26] = b"x-long: " + b"a" * chance.choice((9_000, 70_000, 300_000)) + b"\r\n"
        case 3:
            octets[26:26] = b"".join(b"x-%d: a\r\n" % number for number in range(chance.choice((150, 5_000))))
        case 4:
            octets += chance.choice((right, right[: len(right) // 2], chance.randbytes(200), b"\r\n" * 50)) * 3
        case 5:
            octets[26:26] = chance.choice(
                (
                    b"content-length: 5\r\n",
                    b"content-length: -1\r\n",
                    b"content-length: 99999999999999999999\r\n",
                    b"transfer-encoding: chunked, chunked\r\n",
                    b"transfer-encoding: gzip\r\n",
                    b" folded: line\r\n",
                    b"no colon\r\n",
                    b": no name\r\n",
                    b"a\0b: c\r\n",
                    b"expect: 100-continue\r\n",
                    b"upgrade: websocket\r\nconnection: upgrade\r\n",
                )
            )
        case 6:
            octets = bytearray(chance.randbytes(chance.choice((1, 100, 5_000))))
        case _:
            octets[0:4] = chance.choice((b"GET ", b"PRI ", b"\x16\x03\x01\x00", b"get ", b"CONNECT ", b"P\r\n "))
    return bytes(octets)


def exchanged(port: int, context: ssl.SSLContext, sent: bytes) -> bytes:
    """All that comes back until the server closes, as it must once told that no more is sent. Raises TimeoutError."""
    back = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        suppress(ConnectionError, ssl.SSLError),  # it was closed while we still spoke
    ):
        connection.sendall(sent)
        connection.settimeout(PAUSE)
        with suppress(TimeoutError):
            while piece := connection.recv(65536):
                back += piece
            return back
        connection.settimeout(PATIENCE)
        with socket.socket(fileno=os.dup(connection.fileno())) as half:
            half.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            back += piece
    return back


def test_no_octets_over_tls_are_too_much_for_a_real_process(fleet: Fleet, long: bool) -> None:
    (web,) = fleet.web()
    context = ssl.create_default_context(cafile=fleet.root)
    chance = random.Random(SEED)  # noqa: S311
    answers, wrong = Counter[str](), list[object]()

    for _ in range(LONG_RAW if long else SHORT_RAW):
        sent = spoilt_request(chance)
        back = exchanged(web.port, context, sent)
        status = back[9:12].decode("latin-1") or "closed"
        answers[status] += 1
        if b"Traceback" in back or b" 500 " in back[:20] or (b"<html" in back and b"x-frame-options: DENY" not in back):
            wrong.append((sent[:300], back[:300]))

    with fleet.visitor(web) as visitor:
        healthy = visitor.get("/healthz").status_code
    statuses = ", ".join(f"{times} x {answer}" for answer, times in sorted(answers.items()))
    record(
        "Q12-octets",
        f"{sum(answers.values())} broken requests over TLS at a real process",
        f"{len(wrong)} wrong, none hung; {statuses}",
        COMMAND,
    )
    assert wrong == []
    assert healthy == 200
    assert "Traceback" not in web.log.read_text()
