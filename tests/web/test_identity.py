"""Which certificate was shown (R5.1, R6.1, architecture 'TLS'): from the ASGI TLS extension 0.2 alone."""

import base64
import hashlib
import ssl
from typing import Any

import pytest

from web.identity import ShownCertificate, shown_certificate

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
