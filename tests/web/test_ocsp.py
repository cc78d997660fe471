"""OCSP over HTTP (screens.md, Machine; RFC 6960 appendix A, RFC 5019 5 and 6)."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from domain.fact import COMMAND_LINE
from infra.authority import IssuingAuthority
from infra.pki import Pki
from tests.support.eventually import eventually
from tests.support.house import TARO, House
from tests.support.ocsp import GOOD, REVOKED, UNKNOWN, issued, pki, read, request
from web.pki import create_pki_app

__all__ = ["pki"]

TYPE = {"content-type": "application/ocsp-request"}
NONCE = bytes(range(32))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def client(pki: Pki, house: House) -> Iterator[TestClient]:
    with TestClient(create_pki_app(pki.routes(house.clock))) as client:
        yield client


@pytest.fixture
def serial(house: House) -> str:
    house.organization()
    return issued(house)


@pytest.fixture
def asked(authority: IssuingAuthority, serial: str) -> bytes:
    return request(authority.issuing, serial)


def in_the_path(asked: bytes) -> str:
    return "/ocsp/" + quote(base64.b64encode(asked).decode(), safe="")


def revoke(house: House) -> None:
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())


@pytest.mark.parametrize("content_type", ["application/ocsp-request", "Application/OCSP-Request ; x=y"])
@pytest.mark.parametrize("path", ["/ocsp", "/ocsp/"])
def test_a_request_is_posted(client: TestClient, asked: bytes, path: str, content_type: str) -> None:
    answer = client.post(path, content=asked, headers={"content-type": content_type})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ocsp-response")
    assert read(answer.content).certificate_status is GOOD
    assert answer.headers["cache-control"] == "no-store"


def with_slashes(authority: IssuingAuthority) -> bytes:
    """A request whose base64 has every character that means something in an address."""
    return next(
        asked
        for asked in (request(authority.issuing, number) for number in range(1 << 150, (1 << 150) + 10_000))
        if {"/", "+", "="} <= set(base64.b64encode(asked).decode())
    )


@pytest.mark.parametrize("safe", ["", "/", "+/=", "+="])
def test_a_request_may_stand_in_the_path_however_it_is_encoded(
    client: TestClient, authority: IssuingAuthority, safe: str
) -> None:
    typed = quote(base64.b64encode(with_slashes(authority)).decode(), safe=safe)

    answer = client.get(f"/ocsp/{typed}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ocsp-response")
    assert read(answer.content).certificate_status is UNKNOWN


def test_caches_are_told_how_long_an_answer_is_good(client: TestClient, asked: bytes, house: House) -> None:
    path = in_the_path(asked)
    signed_at = house.clock()
    client.get(path)
    house.clock.advance(MINUTE)

    answer = client.get(path)

    found = read(answer.content)
    age = int((found.next_update_utc - house.clock()).total_seconds()) if found.next_update_utc else None
    assert answer.headers["cache-control"] == f"max-age={age}, public, no-transform, must-revalidate"
    assert parsedate_to_datetime(answer.headers["last-modified"]) == found.this_update_utc
    assert parsedate_to_datetime(answer.headers["expires"]) == found.next_update_utc
    assert signed_at <= found.this_update_utc <= house.clock()


def test_an_answer_that_is_known_is_not_sent_again(client: TestClient, asked: bytes, house: House) -> None:
    path = in_the_path(asked)
    assert eventually(lambda: client.get(path).headers["etag"] == client.get(path).headers["etag"])  # once it is cached
    tag = client.get(path).headers["etag"]

    known, other = (client.get(path, headers={"if-none-match": sent}) for sent in (f'"x", W/{tag}', '"x"'))

    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    assert (other.status_code, other.headers["etag"]) == (200, tag)


@pytest.mark.parametrize("kind", ["nonce", "unknown", "malformed"])
def test_what_is_not_for_others_is_not_for_their_caches(
    client: TestClient, authority: IssuingAuthority, serial: str, kind: str
) -> None:
    asked = {
        "nonce": request(authority.issuing, serial, NONCE),
        "unknown": request(authority.issuing, 1 << 150),
        "malformed": b"x",
    }[kind]

    answer = client.get(in_the_path(asked))

    assert answer.headers["cache-control"] == "no-store"
    assert {"etag", "expires"} & set(answer.headers) == set()


def test_head_tells_what_get_would(client: TestClient, asked: bytes) -> None:
    assert client.head(in_the_path(asked)).status_code == 200


def test_the_next_answer_after_a_revocation_says_so(client: TestClient, asked: bytes, house: House) -> None:
    before = client.post("/ocsp", content=asked, headers=TYPE)
    revoke(house)

    assert eventually(
        lambda: read(client.post("/ocsp", content=asked, headers=TYPE).content).certificate_status is REVOKED
    )
    assert read(before.content).certificate_status is GOOD
