"""Which certificate was shown (R5.1, R6.1, architecture 'TLS'): by the ASGI TLS extension 0.2, or nginx's headers."""

import base64
import hashlib
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.datastructures import Headers

from tests.support.browser import UNUSABLE, Server, certificate_of, serving
from tests.support.house import House
from web.identity import NOT_OURS, ShownCertificate, certificate_told, shown_certificate

DER, OTHER_DER = b"the certificate of taro01", b"the authority's certificate"
SHOWN = ShownCertificate(hashlib.sha256(DER).hexdigest())


def scope(*chain: bytes, error: str | None = None, headers: tuple[tuple[bytes, bytes], ...] = ()) -> dict[str, Any]:
    tls = {"client_cert_chain": [ssl.DER_cert_to_PEM_cert(der) for der in chain], "client_cert_error": error}
    return {"type": "http", "headers": headers, "extensions": {"tls": tls}}


def test_the_certificate_is_known_by_the_sha256_of_its_der() -> None:
    shown = shown_certificate(scope(DER))

    assert shown == SHOWN
    assert shown.fingerprint == hashlib.sha256(DER).hexdigest()


def test_the_first_of_the_chain_is_the_visitors() -> None:
    assert shown_certificate(scope(DER, OTHER_DER)) == SHOWN


def test_the_chain_may_be_any_iterable() -> None:
    given = scope()
    given["extensions"]["tls"]["client_cert_chain"] = iter([ssl.DER_cert_to_PEM_cert(DER)])

    assert shown_certificate(given) == SHOWN


def test_an_empty_chain_is_no_certificate() -> None:
    assert shown_certificate(scope()) is None


@pytest.mark.parametrize("extensions", [{}, {"tls": {}}, {"tls": {"client_cert_name": "CN=taro01"}}])
def test_without_a_chain_there_is_no_certificate(extensions: dict[str, Any]) -> None:
    assert shown_certificate({"type": "http", "extensions": extensions}) is None


def test_a_connection_without_extensions_shows_no_certificate() -> None:
    assert shown_certificate({"type": "http"}) is None


@pytest.mark.parametrize("error", ["certificate has expired", "certificate is not yet valid"])
def test_a_certificate_out_of_its_time_is_shown(error: str) -> None:
    assert shown_certificate(scope(DER, error=error)) == SHOWN


@pytest.mark.parametrize(
    "error",
    [
        "unable to get local issuer certificate",
        "self-signed certificate",
        "certificate revoked",
        "certificate has expired and more",
        "CERTIFICATE HAS EXPIRED",
        "NONE",
        "",
    ],
)
def test_a_certificate_that_failed_for_anything_else_is_none(error: str) -> None:
    assert shown_certificate(scope(DER, error=error)) is None


FORGED = base64.b64encode(OTHER_DER)
FORGED_HEADERS = (
    (b"client-cert", b":" + FORGED + b":"),
    (b"client-cert-chain", b":" + FORGED + b":"),
    (b"x-ssl-cert", FORGED),
    (b"x-ssl-client-cert", FORGED),
    (b"x-ssl-client-verify", b"SUCCESS"),
    (b"x-client-cert", FORGED),
    (b"x-forwarded-client-cert", b"Hash=" + hashlib.sha256(OTHER_DER).hexdigest().encode()),
    (b"x-forwarded-for", b"127.0.0.1"),
    (b"x-forwarded-proto", b"https"),
    (b"forwarded", b"for=127.0.0.1;proto=https"),
)


def test_no_header_makes_a_certificate() -> None:
    assert shown_certificate(scope(headers=FORGED_HEADERS)) is None


def test_no_header_changes_the_certificate() -> None:
    assert shown_certificate(scope(DER, headers=FORGED_HEADERS)) == SHOWN


def test_a_server_that_reports_no_pem_is_an_error_and_not_nobody() -> None:
    given = scope()
    given["extensions"]["tls"]["client_cert_chain"] = ["MIIB"]

    with pytest.raises(ValueError, match="PEM"):
        shown_certificate(given)


# ---- behind nginx (RFC 9440)


def told(*certificates: str, verification: tuple[str, ...] = ("SUCCESS",)) -> ShownCertificate | None:
    headers = [("client-cert", value) for value in certificates]
    return certificate_told(Headers(raw=[(n.encode(), v.encode()) for n, v in [*headers, *verified(verification)]]))


def verified(verification: tuple[str, ...]) -> list[tuple[str, str]]:
    return [("x-ssl-client-verify", value) for value in verification]


def sequence(der: bytes) -> str:
    return f":{base64.b64encode(der).decode()}:"


IN_TIME = "SUCCESS"
OUT_OF_TIME = ("FAILED:certificate has expired", "FAILED:certificate is not yet valid")


@pytest.mark.parametrize("verification", [IN_TIME, *OUT_OF_TIME])
def test_nginx_tells_a_certificate_by_its_der(verification: str) -> None:
    assert told(sequence(DER), verification=(verification,)) == SHOWN


@pytest.mark.parametrize(
    "verification",
    [
        "FAILED:self-signed certificate",
        "FAILED:unable to verify the first certificate",
        "FAILED:certificate revoked",
        "FAILED:certificate has expired and more",
        "FAILED:",
    ],
)
def test_one_that_nginx_cannot_verify_is_not_ours_even_if_the_store_has_it(verification: str) -> None:
    assert told(sequence(DER), verification=(verification,)) == NOT_OURS
    assert told(verification=(verification,)) == NOT_OURS


@pytest.mark.parametrize(
    "verification",
    [(), ("",), ("NONE",), ("success",), ("SUCCESS ",), ("certificate has expired",), ("SUCCESS", "SUCCESS")],
)
def test_without_nginxs_word_for_it_there_is_no_certificate(verification: tuple[str, ...]) -> None:
    assert told(sequence(DER), verification=verification) is None


@pytest.mark.parametrize(
    "certificates",
    [
        (),
        ("",),
        ("::",),
        (":",),
        (sequence(DER), sequence(DER)),
        (f"{sequence(DER)}, {sequence(DER)}",),
        (f"{sequence(DER)};a=1",),
        (f" {sequence(DER)}",),
        (sequence(DER) + "\n",),
        (sequence(DER).strip(":"),),
        (sequence(DER).replace("=", ""),),
        (":QUJD=:",),
        (":QUJDR===:",),
        (":QU=JDQ==:",),
        (":QUJ\u00c3:",),
        (":QUJ_:",),
        ("-----BEGIN%20CERTIFICATE-----%0AQUJD%0A-----END%20CERTIFICATE-----%0A",),
    ],
)
def test_what_nginx_would_not_write_is_no_certificate_and_no_error(certificates: tuple[str, ...]) -> None:
    assert told(*certificates) is None


@pytest.mark.parametrize(("size", "is_read"), [(1, False), (3, True), (3074, True), (3075, False)])
def test_a_certificate_has_three_bytes_to_three_kilobytes(size: int, is_read: bool) -> None:
    der = b"x" * size

    assert told(sequence(der)) == (ShownCertificate(hashlib.sha256(der).hexdigest()) if is_read else None)


def by_nginx(der: bytes | None) -> dict[str, str]:
    """What nginx writes into each request of a visitor with that certificate, or with none."""
    if der is None:
        return {"X-SSL-Client-Verify": "NONE"}
    return {"Client-Cert": sequence(der), "X-SSL-Client-Verify": "SUCCESS"}


@pytest.fixture
def behind_nginx(house: House) -> Iterator[Server]:
    house.organization()
    house.user()
    with serving(house, behind_nginx=True) as server:
        yield server


REASONS = {
    "certificate_none": "受け取れませんでした",
    "certificate_unknown": "本サービスの電子証明書ではありません",
    "certificate_not_yet_valid": "有効期間が始まっていません",
    "certificate_expired": "有効期限が切れています",
    "certificate_revoked": "失効しています",
    "certificate_superseded": "更新前の古い電子証明書です",
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_behind_nginx_the_headers_tell_and_the_connection_does_not(
    house: House, behind_nginx: Server, case: str
) -> None:
    shown = UNUSABLE[case](house)
    browser = behind_nginx.browser(b"the certificate of a neighbour")
    browser.client.headers.update(by_nginx(shown))

    answer = browser.open("/login")

    assert answer.status_code == 403
    assert REASONS[case] in browser.page.main


def test_behind_nginx_one_logs_in_and_stays_in_by_the_headers(house: House, behind_nginx: Server) -> None:
    house.issue()
    browser = behind_nginx.browser()
    browser.client.headers.update(by_nginx(certificate_of(house)))

    answer = browser.log_in()
    inside = browser.open("/home").status_code
    browser.client.headers["x-ssl-client-verify"] = "FAILED:unable to verify the first certificate"

    assert (answer.status_code, inside) == (303, 200)
    assert browser.open("/home").status_code == 401


def test_over_tcp_the_same_headers_show_no_certificate(house: House, behind_nginx: Server) -> None:
    house.issue()
    with serving(house) as over_tcp:
        browser = over_tcp.browser()
        browser.client.headers.update(by_nginx(certificate_of(house)))

        answer = browser.open("/login")

    assert answer.status_code == 403
    assert "受け取れませんでした" in browser.page.main
