"""Ways to claim, by what one writes into a request, that a certificate was shown: 30 of them (Q9)."""

import hashlib
import ssl
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

# A server may answer these 400, for they are no HTTP (RFC 9112 2.2, 5.1, 5.2).
MALFORMED = frozenset(
    (
        "folded",
        "with a blank before the colon",
        "with a blank before the name",
        "behind a bare line feed",
        "behind a bare carriage return",
        "behind a null",
    )
)


def forgeries(der: bytes) -> Mapping[str, bytes]:
    """Header lines, each way under its name. `der` is a certificate that would be let in."""
    base64 = b64encode(der).decode()
    pem = ssl.DER_cert_to_PEM_cert(der)
    escaped = quote(pem, safe="")
    sequence, sha256 = f":{base64}:", hashlib.sha256(der).hexdigest()
    told, verified = f"Client-Cert: {sequence}", "X-SSL-Client-Verify: SUCCESS"
    ways = {
        "as nginx writes them": (told, verified),
        "in lower case": (f"client-cert: {sequence}", "x-ssl-client-verify: SUCCESS"),
        "in upper case": (f"CLIENT-CERT: {sequence}", "X-SSL-CLIENT-VERIFY: SUCCESS"),
        "with underscores": (f"Client_Cert: {sequence}", "X_SSL_Client_Verify: SUCCESS"),
        "as a gateway's variables": (f"HTTP_CLIENT_CERT: {sequence}", "HTTP_X_SSL_CLIENT_VERIFY: SUCCESS"),
        "twice": (told, told, verified, verified),
        "as a list": (f"{told}, {sequence}", f"{verified}, SUCCESS"),
        "with a parameter": (f"{told};verified=?1", f"{verified};q=1"),
        "folded": (f"Client-Cert:\r\n {sequence}", "X-SSL-Client-Verify:\r\n\tSUCCESS"),
        "with a blank before the colon": (f"Client-Cert : {sequence}", "X-SSL-Client-Verify : SUCCESS"),
        "with a blank before the name": (f" {told}", f" {verified}"),
        "behind a bare line feed": (f"X-Any: thing\n{told}\n{verified}",),
        "behind a bare carriage return": (f"X-Any: thing\r{told}\r{verified}",),
        "behind a null": (f"X-Any: thing\0\r\n{told}", verified),
        "percent-encoded": (f"Client%2DCert: {sequence}", "X%2DSSL%2DClient%2DVerify: SUCCESS"),
        "as one's own hop's": ("Connection: Client-Cert, X-SSL-Client-Verify", told, verified),
        "as a chain": (f"Client-Cert-Chain: {sequence}, {sequence}", verified),
        "as escaped PEM": (f"Client-Cert: {escaped}", f"X-SSL-Cert: {escaped}", verified),
        "as an ingress controller": (f"ssl-client-cert: {escaped}", "ssl-client-verify: SUCCESS"),
        "as Apache": (f"SSL_CLIENT_CERT: {pem.replace(chr(10), ' ')}", "SSL_CLIENT_VERIFY: SUCCESS"),
        "by a fingerprint": (f"X-SSL-Client-Fingerprint: {sha256}", f"X-SSL-Client-SHA256: {sha256}", verified),
        "by a name": ("X-SSL-Client-S-DN: CN=livei001", "X-SSL-Client-CN: livei001", verified),
        "as Envoy": (f'X-Forwarded-Client-Cert: Hash={sha256};Cert="{escaped}";Subject="CN=livei001"',),
        "as HAProxy": (f"X-SSL-Client-Cert: {base64}", "X-SSL-Client-Verify: 0", "X-SSL: 1"),
        "as Traefik": (f"X-Forwarded-Tls-Client-Cert: {quote(base64)}", "X-Forwarded-Tls-Client-Cert-Info: valid"),
        "as IIS": (f"X-ARR-ClientCert: {base64}", "X-ARR-SSL: 2048|256|CN=issuing|CN=livei001"),
        "as a load balancer": (f"X-Amzn-Mtls-Clientcert: {escaped}", f"X-Amzn-Mtls-Clientcert-Leaf: {escaped}"),
        "as a content network": (f"Cf-Client-Cert-Der-Base64: {base64}", "Cf-Cert-Verified: true"),
        "as a proxy with a login": ("X-Remote-User: livei001", "Remote-User: livei001", "X-Client-Verify: SUCCESS"),
        "from this machine": ("X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1;proto=https", told, verified),
    }
    return {way: "\r\n".join(lines).encode() + b"\r\n" for way, lines in ways.items()}
