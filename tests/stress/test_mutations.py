"""Whatever is sent, in whatever shape, the site answers for itself: no 500, no bug's words, no hang (Q12).

Each form and cookie from the right one spoilt by a seed; Hypothesis does the same from nothing
(tests/web/test_hostile_input.py). The forms of acts on others, headers and questions have files of their own
(test_mutations_of_acts.py, _of_headers.py, _of_queries.py). Then broken HTTP over TLS at a real process.
"""

import base64
import os
import random
import socket
import ssl
from collections import Counter
from contextlib import suppress
from urllib.parse import quote

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from infra.authority import IssuingAuthority
from infra.pki import Pki
from tests.support.cookies import COOKIES, Jar
from tests.support.fleet import PATIENCE, Fleet
from tests.support.mutations import FORM, TYPES, spoilt_der, spoilt_value
from tests.support.ocsp import GOOD, HASHES, UNKNOWN, pki
from tests.support.ocsp import read as read_answer
from tests.support.ocsp import request as request_of
from tests.support.scenes import OWN, PUBLIC, Stage, stage
from tests.support.scenes_of_acts import OF_A_MASTER, OF_THE_BANK
from tests.support.stress_table import record
from tests.support.trials import BETWEEN, DONE, Trial
from tests.support.verdicts import counted, judged, told
from web.pki import OCSP_REQUEST, create_pki_app

__all__ = ["pki", "stage"]

COMMAND = "make stress"
UNSIGNED = [bytes.fromhex(answer) for answer in ("30030a0101", "30030a0103", "30030a0106")]
SEED = 12
SHORT, LONG = 75, 2000  # mutations of each
SHORT_RAW, LONG_RAW = 60, 2000
PAUSE = 0.2  # seconds without an octet, after which we stop speaking; the verdict does not hang on it

PAGES = (
    "/",
    "/issuance",
    "/issuance/code",
    "/issuance/confirm",
    "/issuance/progress",
    "/issuance/result",
    "/issuance/p12",
    "/login",
    "/home",
    "/home/history",
    "/registration/master/profile",
    "/registration/master/confirm",
    "/registration/master/done",
    "/help/check",
    "/help/check/cookie",
)


@pytest.fixture
def count(long: bool) -> int:
    return LONG if long else SHORT


def test_every_form_that_can_be_sent_is_spoilt_here_or_beside_the_other_acts(stage: Stage) -> None:
    routes = [route for route in stage.server.app.routes if isinstance(route, Route)]

    sent = [route.path for route in routes if "POST" in (route.methods or ())]

    assert sorted(sent) == sorted([*PUBLIC, *OWN, *OF_A_MASTER, *OF_THE_BANK]), "set a scene for it (tests/support/)"


@pytest.mark.parametrize("path", PUBLIC)
def test_no_mutation_of_a_form_is_too_much(path: str, stage: Stage, count: int) -> None:
    chance = random.Random(f"{SEED} {path}")  # noqa: S311  (a test's chance, that a failure can repeat)
    trial = Trial()

    trial.spoil(stage, PUBLIC[path], count, chance)

    assert trial.wrong == []
    assert (trial.kept_out, trial.let_in) == ([], count // BETWEEN)
    record(f"Q12-form{path}", f"{count} mutations of the form of {path}", trial.told(), COMMAND)


@pytest.mark.parametrize("name", COOKIES)
def test_no_mutation_of_a_cookie_is_too_much_or_opens_anything(name: str, stage: Stage, count: int) -> None:
    chance = random.Random(f"{SEED} {name}")  # noqa: S311
    answers, wrong, let_in = Counter[int](), list[object](), 0
    jar = Jar.of(name, stage)

    for number in range(1, count + 1):
        line = jar.line(spoilt_value(chance, jar.right, 20_000))
        is_post = chance.random() < 0.5
        answer = jar.post(line) if is_post else jar.get(chance.choice((jar.page, *PAGES)), line)
        judged(answers, wrong, answer, line)
        if is_post and answer.status_code in DONE:
            if not jar.opens(line):
                wrong.append(("opened", line))
            jar = Jar.of(name, stage)
        if number % BETWEEN == 0:
            let_in += jar.post(jar.line(jar.right)).status_code in DONE
            jar = Jar.of(name, stage)

    assert wrong == []
    assert let_in == count // BETWEEN
    record(
        f"Q12-cookie-{name}",
        f"{count} mutations of the cookie {name}, in forms and for pages",
        f"{told(answers, wrong)}; all {let_in} unspoilt ones between them went through",
        COMMAND,
    )


def test_no_mutation_of_an_ocsp_request_is_too_much(
    stage: Stage, authority: IssuingAuthority, pki: Pki, count: int
) -> None:
    chance = random.Random(f"{SEED} ocsp")  # noqa: S311
    serial = str(stage.house.certificate().serial)
    right = [request_of(authority.issuing, serial, nonce, hash_=one) for nonce in (None, b"n" * 32) for one in HASHES]
    answers, wrong = Counter[int](), list[object]()

    with TestClient(create_pki_app(pki.routes(stage.house.clock)), raise_server_exceptions=False) as client:
        for _ in range(count):
            body = spoilt_der(chance, chance.choice(right))
            sent_type = chance.choice((OCSP_REQUEST, OCSP_REQUEST, OCSP_REQUEST, *TYPES))
            path = quote(base64.b64encode(body[:3000]).decode() + chance.choice(("", "", "=", "%")), safe="/+")
            posted = client.post("/ocsp", content=body, headers=[(b"content-type", sent_type.encode())])
            for answer in (posted, client.get(f"/ocsp/{path}")):
                answers[answer.status_code] += 1
                if answer.status_code >= 500 or (answer.status_code == 200 and not is_clear(answer.content)):
                    wrong.append((sent_type, body))

    what = f"{count} mutations of an OCSP request, by POST and GET"
    assert wrong == []
    record("Q12-ocsp", what, counted(answers, wrong), COMMAND)


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
