"""The embedded web server's own certificate, from a development-only root that is in no p12 (R4.11).

Whoever uses the embedded server trusts this root in the browser; the authority's root, which stands in every p12,
never vouches for a web server.
"""

import fcntl
import ipaddress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.private_file import write_whole

ROOT_LIFE = timedelta(days=3652)
SERVER_LIFE = timedelta(days=397)  # browsers refuse more than 398 (CA/Browser Forum Baseline Requirements 6.3.2)
RENEWED_BEFORE = timedelta(days=60)
BACKDATED = timedelta(hours=1)  # for a browser whose clock is behind ours


class DevelopmentCertificate(msgspec.Struct, frozen=True):
    """Paths of PEM files. `certificate` and `key` are one file, so that one rename changes both."""

    root: Path
    certificate: Path
    key: Path


class Issued(msgspec.Struct, frozen=True):
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def ensure(home: Path, host: str, now: datetime) -> DevelopmentCertificate:
    """Makes root and server certificate, or what of them is missing or can no longer be used; else changes nothing.

    Several processes may call it at the same time. Raises ValueError for a host that is neither an address nor an
    ASCII name.
    """
    folder = home / "development-tls"
    folder.mkdir(parents=True, exist_ok=True)
    root_file, root_key_file, server_file = (folder / name for name in ("root.pem", "root.key", "server.pem"))
    names = subject_alternative_names(host)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = load(root_key_file)
        if root is None or not (valid_from(root) <= now <= root.certificate.not_valid_after_utc - SERVER_LIFE):
            root = new_root(now)
            write_whole(root_key_file, as_pem(root))
        if not root_file.exists() or root_file.read_bytes() != public_pem(root):
            write_whole(root_file, public_pem(root), mode=0o644)
        server = load(server_file)
        if server is None or not is_good(server, root, names, now):
            write_whole(server_file, as_pem(new_server(root, names, now)))
    return DevelopmentCertificate(root=root_file, certificate=server_file, key=server_file)


def is_good(server: Issued, root: Issued, names: x509.SubjectAlternativeName, now: datetime) -> bool:
    extensions = server.certificate.extensions
    return (
        extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value == issuer_identifier(root)
        and extensions.get_extension_for_class(x509.SubjectAlternativeName).value == names
        and valid_from(server) <= now <= server.certificate.not_valid_after_utc - RENEWED_BEFORE
    )


def valid_from(issued: Issued) -> datetime:
    return issued.certificate.not_valid_before_utc


def subject_alternative_names(host: str) -> x509.SubjectAlternativeName:
    """The host first, then every name of this machine's loopback (RFC 5280 §4.2.1.6)."""
    names = dict.fromkeys([host.lower(), "localhost", "127.0.0.1", "::1"])
    return x509.SubjectAlternativeName([general_name(name) for name in names])


def general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def new_root(now: datetime) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    name = common_name("Shomei development root")
    certificate = (
        builder(name, key, now, ROOT_LIFE)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .sign(key, SHA256())
    )
    return Issued(key, certificate)


def new_server(root: Issued, names: x509.SubjectAlternativeName, now: datetime) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        builder(common_name("Shomei development server"), key, now, SERVER_LIFE)
        .issuer_name(root.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(issuer_identifier(root), critical=False)
        .add_extension(names, critical=False)
        .sign(root.key, SHA256())
    )
    return Issued(key, certificate)


def builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    begin = now.replace(microsecond=0) - BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + life - timedelta(seconds=1))  # both ends belong to the life (RFC 5280 §4.1.2.5)
        # On the root too: a browser that trusts it takes nothing but web servers from it.
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issuer_identifier(root: Issued) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def public_pem(issued: Issued) -> bytes:
    return issued.certificate.public_bytes(Encoding.PEM)


def as_pem(issued: Issued) -> bytes:
    return issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + public_pem(issued)


def load(path: Path) -> Issued | None:
    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        return None
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path.name} holds a key of another type")
    return Issued(key, x509.load_pem_x509_certificate(pem))
