"""What is no OCSP request of ours, or too much (RFC 6960 4.2.1, RFC 9654, RFC 5019 2.1; R4.10)."""

import base64
from collections.abc import Iterator
from threading import Event, Thread
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from infra.authority import IssuingAuthority
from infra.pki import Pki
from tests.support.eventually import eventually
from tests.support.house import House
from tests.support.ocsp import GOOD, UNKNOWN, issued, pki, read, request
from web import pki as web_pki
from web.pki import LONGEST_REQUEST, create_pki_app

__all__ = ["pki"]

TYPE = {"content-type": "application/ocsp-request"}
MALFORMED, TRY_LATER, UNAUTHORIZED = (
    bytes.fromhex("30030a0101"),
    bytes.fromhex("30030a0103"),
    bytes.fromhex("30030a0106"),
)
NONCE = bytes(range(32))


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


SHORT = bytes.fromhex("3003020101")


def named_twice(asked: bytes) -> bytes:
    """Two certificates in one request."""
    one = asked[6:]
    return (
        b"\x30\x81"
        + bytes([len(one) * 2 + 6])
        + b"\x30\x81"
        + bytes([len(one) * 2 + 3])
        + b"\x30\x81"
        + bytes([len(one) * 2])
        + one * 2
    )


@pytest.mark.parametrize("spoilt", [b"", b"0", b"\x30\x00", SHORT, b"x" * LONGEST_REQUEST])
def test_what_is_no_request_is_told_so_in_ocsp(client: TestClient, spoilt: bytes) -> None:
    posted = client.post("/ocsp", content=spoilt, headers=TYPE)
    got = client.get(in_the_path(spoilt)) if len(spoilt) < 1000 else posted

    assert [(one.status_code, one.content) for one in (posted, got)] == [(200, MALFORMED)] * 2


def test_a_request_for_two_certificates_is_malformed(client: TestClient, asked: bytes) -> None:
    assert client.post("/ocsp", content=named_twice(asked), headers=TYPE).content == MALFORMED


@pytest.mark.parametrize(
    ("length", "is_answered"), [(0, False), (1, True), (15, True), (32, True), (128, True), (129, False)]
)
def test_a_nonce_has_one_to_128_octets(
    client: TestClient, authority: IssuingAuthority, serial: str, length: int, is_answered: bool
) -> None:
    asked = request(authority.issuing, serial, b"n" * length)

    answer = client.post("/ocsp", content=asked, headers=TYPE).content

    if is_answered:
        assert [one.value for one in read(answer).extensions] == [x509.OCSPNonce(b"n" * length)]
    else:
        assert answer == MALFORMED


@pytest.mark.parametrize("critical", [False, True])
def test_an_extension_nobody_knows_is_passed_over_unless_it_is_critical(
    client: TestClient, authority: IssuingAuthority, serial: str, critical: bool
) -> None:
    named = ocsp.load_der_ocsp_request(request(authority.issuing, serial))
    unheard_of = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.7"), b"\x05\x00")
    asked = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        named.issuer_name_hash, named.issuer_key_hash, named.serial_number, named.hash_algorithm
    )
    sent = asked.add_extension(unheard_of, critical).build().public_bytes(Encoding.DER)

    answer = client.post("/ocsp", content=sent, headers=TYPE).content

    assert answer == MALFORMED if critical else read(answer).certificate_status is GOOD


@pytest.mark.parametrize("algorithm", [hashes.SHA224(), hashes.SHA384(), hashes.SHA512()])
def test_by_a_hash_we_do_not_keep_we_cannot_tell_whose_it_is(
    client: TestClient, authority: IssuingAuthority, algorithm: hashes.SHA512
) -> None:
    octets = bytes(algorithm.digest_size)
    asked = ocsp.OCSPRequestBuilder().add_certificate_by_hash(octets, octets, 7, algorithm).build()

    answer = client.post("/ocsp", content=asked.public_bytes(Encoding.DER), headers=TYPE)

    assert answer.content == UNAUTHORIZED


def test_about_another_authority_we_do_not_answer(client: TestClient, authority: IssuingAuthority) -> None:
    asked = request(authority.root, authority.issuing.serial_number)

    assert client.post("/ocsp", content=asked, headers=TYPE).content == UNAUTHORIZED


@pytest.mark.parametrize("typed", ["x", "====", "MDAw MDAw", "%FF", "%00", "日本", "a" * 5000])
def test_a_path_that_is_no_base64_is_no_request(client: TestClient, typed: str) -> None:
    answer = client.get(f"/ocsp/{typed}")

    assert (answer.status_code, answer.content) == (200, MALFORMED)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "\xff"])
def test_another_content_type_is_refused(client: TestClient, asked: bytes, content_type: str) -> None:
    answer = client.post("/ocsp", content=asked, headers=[(b"content-type", content_type.encode("latin-1"))])

    assert (answer.status_code, answer.headers["accept-post"]) == (415, "application/ocsp-request")


def test_a_body_that_is_too_long_is_refused(client: TestClient) -> None:
    answer = client.post("/ocsp", content=bytes(LONGEST_REQUEST + 1), headers=TYPE)

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/ocsp", "POST"), ("PUT", "/ocsp/", "GET, HEAD, POST"), ("POST", "/ocsp/MDAw", "GET, HEAD")],
)
def test_another_method_is_told_which_there_are(client: TestClient, method: str, path: str, allowed: str) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_over_its_bound_it_says_to_try_later_and_cached_answers_go_on(
    client: TestClient,
    pki: Pki,
    authority: IssuingAuthority,
    serial: str,
    asked: bytes,
    house: House,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_cached() -> bool:
        client.post("/ocsp", content=asked, headers=TYPE)
        return pki.responder.at_once(asked, house.clock()) is not None

    assert eventually(is_cached)
    monkeypatch.setattr(web_pki, "MOST_WAITING", 1)
    monkeypatch.setattr(web_pki, "MOST_SIGNED", 0)
    gate, reached, of = Event(), Event(), pki.newest.statuses.of

    def slowly(serial: str) -> object:
        reached.set()
        gate.wait(10)
        return of(serial)

    monkeypatch.setattr(pki.newest.statuses, "of", slowly)
    own = request(authority.issuing, 1 << 150, NONCE)
    waiting = Thread(target=client.post, args=["/ocsp"], kwargs={"content": own, "headers": TYPE})
    waiting.start()
    assert reached.wait(10)

    over = client.post("/ocsp", content=request(authority.issuing, serial, NONCE), headers=TYPE)
    cached = client.post("/ocsp", content=asked, headers=TYPE)

    gate.set()
    waiting.join()
    assert over.content == TRY_LATER
    assert read(cached.content).certificate_status is GOOD
    assert read(client.post("/ocsp", content=own, headers=TYPE).content).certificate_status is UNKNOWN


WALK = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
UNSIGNED = (MALFORMED, TRY_LATER, UNAUTHORIZED)


@WALK
@given(body=st.binary(max_size=200))
def test_any_body_gets_an_ocsp_answer(client: TestClient, body: bytes) -> None:
    answer = client.post("/ocsp", content=body, headers=TYPE)

    assert (answer.status_code, answer.content) == (200, MALFORMED)


@WALK
@given(place=st.integers(0, 200), octets=st.binary(max_size=3), cut=st.integers(0, 200))
def test_any_spoilt_request_gets_an_ocsp_answer(
    client: TestClient, asked: bytes, place: int, octets: bytes, cut: int
) -> None:
    spoilt = asked[:place] + octets + asked[place + len(octets) :][: cut or None]

    answer = client.post("/ocsp", content=spoilt, headers=TYPE)

    assert answer.status_code == 200
    assert answer.content in UNSIGNED or read(answer.content).certificate_status in (GOOD, UNKNOWN)
