"""Which certificate the visitor showed, told by who ended the TLS (R5.1, R6.1; architecture 'TLS').

The embedded server tells it by the ASGI TLS extension 0.2, and headers say nothing: anybody can send them. On the Unix
socket nginx tells it by two headers, which it sets in every request whatever the visitor sent (deploy/nginx.conf).
Which of the two holds is a setting, never guessed from the connection.
"""

import base64
import hashlib
import re
import ssl
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request

from domain.certificate import Certificate
from web.pages import ShownLine
from web.site import Site

# OpenSSL's words (X509_verify_cert_error_string) for a certificate that is only out of its time: it reaches our page,
# which says so (R5.1). They are the last error OpenSSL met, not the only one, so they prove no issuer: who the
# certificate belongs to, and whether it is ours, is always asked of the store by its fingerprint.
OUT_OF_ITS_TIME = frozenset({"certificate has expired", "certificate is not yet valid"})

VERIFICATION = "x-ssl-client-verify"  # nginx's $ssl_client_verify
CERTIFICATE = "client-cert"  # its DER in base64 (RFC 9440 2.2, RFC 8941 3.3.5), at most 4 kB; ours takes less than 2
BYTE_SEQUENCE = re.compile(r":((?:[A-Za-z0-9+/]{4}){1,1024}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?):")
FAILED = "FAILED:"
BELIEVED = frozenset({"SUCCESS", *(FAILED + error for error in OUT_OF_ITS_TIME)})

# What the domain calls the fault, in the words of the line that names the certificate.
STATES: dict[str, Literal["expired", "not_yet_valid", "revoked", "superseded"]] = {
    "certificate_expired": "expired",
    "certificate_not_yet_valid": "not_yet_valid",
    "certificate_revoked": "revoked",
    "certificate_superseded": "superseded",
}


class ShownCertificate(msgspec.Struct, frozen=True):
    """A certificate whose key the visitor holds. `fingerprint` is the SHA-256 of its DER in lower-case hex."""

    fingerprint: str


NOT_OURS = ShownCertificate("not ours")  # no fingerprint, so the store has nothing under it


def shown_certificate(scope: Mapping[str, Any]) -> ShownCertificate | None:
    """None without a certificate, or with one whose verification failed for more than its time.

    Raises ValueError when the server reports something that is no PEM.
    """
    tls = scope.get("extensions", {}).get("tls", {})
    pem = next(iter(tls.get("client_cert_chain", ())), None)
    error = tls.get("client_cert_error")
    if pem is None or (error is not None and error not in OUT_OF_ITS_TIME):
        return None
    return ShownCertificate(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest())


def certificate_told(headers: Headers) -> ShownCertificate | None:
    """As nginx tells it; NOT_OURS where the verification failed for more than its time, so that the page can say so and
    the store is never asked for it. None without one, and for whatever nginx would not write: never an error."""
    match headers.getlist(VERIFICATION), headers.getlist(CERTIFICATE):
        case [verification], [told] if verification in BELIEVED and (found := BYTE_SEQUENCE.fullmatch(told)):
            return ShownCertificate(hashlib.sha256(base64.b64decode(found[1])).hexdigest())
        case [verification], _ if verification.startswith(FAILED):
            return NOT_OURS
        case _:
            return None


def fingerprint(request: Request) -> str | None:
    behind_nginx = request.app.state.behind_nginx
    shown = certificate_told(request.headers) if behind_nginx else shown_certificate(request.scope)
    return shown.fingerprint if shown else None


async def shown_line(site: Site, request: Request) -> ShownLine | None:
    """The line that names the certificate received and its state; None where none was."""
    known_by = fingerprint(request)
    if known_by is None:
        return None
    certificate: Certificate | None = await site.ask(site.desk.sessions.shown, known_by)
    if certificate is None or certificate.validity is None:
        return ShownLine(None, "unknown", None)
    fault = certificate.unusable(site.clock())
    return ShownLine(certificate.user_id, STATES[fault.code] if fault else "live", certificate.validity.last_day)
