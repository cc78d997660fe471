"""Behind Debian's nginx with deploy/nginx.conf: logging in, revocation, whose the limits are, what nginx keeps (R5.1).

Everything is real but the times at which the certificates were issued. Bad certificates and forged headers are in
tests/stress/test_client_certificates.py.
"""

import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from domain.fact import COMMAND_LINE
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.eventually import eventually
from tests.support.guest import Guest, certificate_file
from tests.support.house import RIGHT
from tests.support.html import Page
from tests.support.limited import POSTS, limits_of, posted
from tests.support.nginx import needs_nginx
from tests.support.ocsp import GOOD, read, request
from tests.support.openssl import OpenSsl
from tests.support.street import HOST, Street, answered

pytestmark = needs_nginx
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def live(street: Street) -> Path:
    """That of livei001."""
    return street.issued("livei001", DAY)


def test_one_logs_in_with_certificate_and_password(street: Street, live: Path) -> None:
    with street.guest(live) as guest:
        guest.open()
        answer = guest.send(user_id="livei001", password=RIGHT)
        home = guest.get("/home")

    assert (answer.status_code, answer.headers["location"]) == (303, "/home")
    assert home.status_code == 200
    assert "livei001" in Page(home.text).main
    assert home.headers["strict-transport-security"] == "max-age=31536000"


def test_a_revoked_certificate_is_refused_at_the_next_request_of_the_same_connection(street: Street) -> None:
    connection = street.connection(street.issued("later001", DAY))
    before, first = get(connection, "/login"), connection.sock

    street.revoke("later001")

    status, text = get(connection, "/login")
    assert before[0] == 200
    assert status == 403
    assert "電子証明書は失効しています" in text
    assert connection.sock is first
    connection.close()


def get(connection: HTTPSConnection, path: str) -> tuple[int, str]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_a_session_is_open_only_with_its_certificate(street: Street, live: Path) -> None:
    with street.guest(live) as guest:
        guest.open()
        guest.send(user_id="livei001", password=RIGHT)
        cookies = guest.client.cookies

    with street.guest(street.issued("thief001", DAY)) as thief:
        thief.client.cookies = cookies
        answer = thief.get("/home")

    assert answer.status_code == 401


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_tls_session_is_taken_up_again(street: Street, live: Path, version: ssl.TLSVersion) -> None:
    context = street.context(live)
    context.minimum_version = context.maximum_version = version
    session, reused = None, []

    for _ in range(2):
        with (
            socket.create_connection((HOST, street.nginx.port)) as plain,
            context.wrap_socket(plain, server_hostname=HOST, session=session) as tls,
        ):
            tls.sendall(b"GET /login HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            answered(tls)  # a ticket comes before the answer
            session = tls.session
            reused.append(tls.session_reused)

    assert reused == [False, False]


def test_the_limits_are_those_of_the_address_that_nginx_sees(street: Street) -> None:
    posted(limits_of(street.house), POSTS, "127.0.0.9")
    forged = {"X-Real-IP": "192.0.2.1", "X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"}

    statuses = []
    for source in ("127.0.0.9", "127.0.0.8"):
        connection = street.connection(source=source)
        connection.request("POST", "/issuance", "", forged | {"Content-Type": "application/x-www-form-urlencoded"})
        statuses.append(connection.getresponse().status)
        connection.close()

    assert statuses == [429, 403]


# ---- what is fetched in the clear


def test_lists_and_certificates_and_nothing_else_are_served_without_tls(street: Street) -> None:
    with httpx2.Client(base_url=f"http://{HOST}:{street.nginx.plain}") as client:
        certificate, revoked = client.get("/ca/issuing.cer"), client.get("/crl/issuing.crl")
        others = [client.get(path) for path in ("/", "/login?user=x", "/ocspx", "/api/openapi.json", "/healthz")]

    assert certificate.content == street.ours.certificate.public_bytes(Encoding.DER)
    assert revoked.status_code == 200
    assert [answer.status_code for answer in others] == [301] * 5
    assert others[1].headers["location"] == "https://shomei.example.jp/login?user=x"


@pytest.fixture
def admin(street: Street, tmp_path: Path) -> Iterator[Guest]:
    """Logged in through nginx, with read models that know all; the authority's list is no longer years old."""
    street.fleet.run("ca", "root-crl")
    street.house.staff("bank0001")
    p12 = street.house.desk.certification.issue_to_file("bank0001", RIGHT, COMMAND_LINE, street.now)
    with street.guest(certificate_file(p12, RIGHT, tmp_path / "admin.pem")) as guest:
        guest.open()
        guest.send(user_id="bank0001", password=RIGHT)
        yield guest


def test_openssl_sees_a_revocation_in_the_console_at_once_by_ocsp_and_by_the_list(
    street: Street, admin: Guest, tmp_path: Path
) -> None:
    leaf = x509.load_pem_x509_certificate(street.issued("lost0001", DAY).read_bytes())
    root = (street.fleet.home / "authority" / "root.pem").read_bytes()
    chain = (street.ours.certificate, x509.load_pem_x509_certificate(root))
    openssl = OpenSsl(tmp_path / "verifier", f"http://{HOST}:{street.nginx.plain}", leaf, chain, root)
    with connect(street.house.database.dsn, "test") as connection:
        for view in CurrentViews(street.house.database).all:
            catch_up(connection, view, street.house.store)
    page = f"/bank/certificates/{street.house.certificate(user_id='lost0001').serial}/revoke"
    before = openssl.ocsp("-cert", "leaf.pem"), openssl.verify()

    answer = admin.post(page, admin.token(page), reason="lost", own_password=RIGHT)

    after = openssl.ocsp("-cert", "leaf.pem"), openssl.verify()
    assert "Response verify OK" in before[0]
    assert "leaf.pem: good" in before[0]
    assert before[1] == "leaf.pem: OK\n"
    assert answer.status_code == 303, Page(answer.text).main
    assert answer.headers["location"] == page.removesuffix("/revoke")
    assert "Response verify OK" in after[0]
    assert "leaf.pem: revoked" in after[0]
    assert "certificate revoked" in after[1]


def test_ocsp_is_answered_by_post_and_by_get_with_slashes_as_they_came(street: Street) -> None:
    street.issued("queri001", DAY)
    serial = str(street.house.certificate(user_id="queri001").serial)
    asked = request(street.ours.certificate, serial, nonce=b"\xff" * 30)  # base64 of it has many slashes in a row
    path = b64encode(asked).decode()

    with httpx2.Client(base_url=f"http://{HOST}:{street.nginx.plain}") as client:
        sent = client.post("/ocsp", content=asked, headers={"content-type": "application/ocsp-request"})
        got = [client.get(f"/ocsp/{written}") for written in (path, quote(path, safe=""))]

    assert "//" in path
    assert [read(answer.content).certificate_status for answer in (sent, *got)] == [GOOD] * 3


# ---- what nginx keeps of it


def test_nothing_that_was_typed_is_written_to_a_file(street: Street) -> None:
    typed = "password=" + "sesame99" * 12_000  # 96 kB

    connection = street.connection()
    connection.request("POST", "/issuance", typed, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()

    assert answer.status == 413
    assert Page(text).title  # a page of ours
    assert "temporary file" not in street.nginx.log.read_text()


def test_a_body_that_is_far_too_long_goes_no_further_than_nginx(street: Street) -> None:
    connection = street.connection()
    connection.request("POST", "/issuance", b"x" * (128 * 1024 + 1))

    answer = connection.getresponse()

    assert (answer.status, answer.headers["server"]) == (413, "nginx")
    assert "Strict-Transport-Security" not in answer.headers
    connection.close()


def test_the_log_has_no_query(street: Street) -> None:
    with street.guest() as guest:
        guest.get("/login?name=taro@example.com")

    assert eventually(lambda: '"GET /login" 403' in street.nginx.access_log.read_text())
    assert "taro@example.com" not in street.nginx.access_log.read_text()


def test_pages_are_not_compressed(street: Street) -> None:
    with street.guest() as guest:
        answer = guest.client.get("/issuance", headers={"accept-encoding": "gzip"})

    assert "content-encoding" not in answer.headers
