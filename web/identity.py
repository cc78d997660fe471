"""Which certificate the visitor showed, as the ASGI TLS extension 0.2 reports the connection (R5.1, R6.1).

Headers say nothing here: anybody can send them. Behind nginx the trusted socket's side fills the same extension.
"""

import hashlib
import ssl
from collections.abc import Mapping
from typing import Any

import msgspec

# OpenSSL's words (X509_verify_cert_error_string) for a certificate that is only out of its time: it reaches our page,
# which says so (R5.1). They are the last error OpenSSL met, not the only one, so they prove no issuer: who the
# certificate belongs to, and whether it is ours, is always asked of the store by its fingerprint.
OUT_OF_ITS_TIME = frozenset({"certificate has expired", "certificate is not yet valid"})


class ShownCertificate(msgspec.Struct, frozen=True):
    """A certificate whose key the visitor holds. `fingerprint` is the SHA-256 of its DER in lower-case hex."""

    fingerprint: str


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
