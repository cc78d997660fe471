"""The certification authority: an offline root, an issuing authority of path length 0, and signing by it (R4.9, R4.11).

In `home` stand root.pem, issuing.pem, clients.pem, root.crl (0644) and issuing.key (0600); the root's key is in root/,
to be moved away. Further generations of the issuing authority stand beside the first (infra/generations.py).
"""

import errno
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from application.ports import CertificateRequest, Planned, ProfileViolation, Unavailable
from infra import root_list
from infra.authority_certificates import issuing_certificate, root_certificate
from infra.certificate_parts import RSA_EXPONENT, IssuerKey, hex_serial, key_identifier
from infra.private_file import sync_folder, write_first, write_whole
from infra.profile import CertificateProfile, signed

THROWAWAY_BITS = 1024  # with RSA, where signing takes a quarter of what it takes with 2048
PASSPHRASE_BYTES = 32  # random, so that the cost of the key file's derivation does not matter

ROOT_CERTIFICATE, ROOT_KEY = "root.pem", "root/root.key"
ISSUING = "issuing"  # the first generation's name, in its files and in its addresses
CLIENTS = "clients.pem"  # all that vouch for a client certificate, for a reverse proxy


class AuthorityUnavailable(Unavailable):
    """The authority's files are missing, unreadable, damaged, or do not open with the passphrase."""


class IssuingAuthority:
    """The port Authority. Safe to share between threads; the key is loaded once, for RSA that takes 0.1 s."""

    def __init__(
        self, key: IssuerKey, issuing: x509.Certificate, root: x509.Certificate, pki_url: str, name: str = ISSUING
    ) -> None:
        """`key` may be any implementation of the type, so also one in an HSM; `name` is that of its generation."""
        self.key = key
        self.issuing = issuing
        self.root = root
        self.name = name
        self._profile = CertificateProfile(issuing, pki_url, name)
        self._throwaway = _key_like(key)

    @classmethod
    def load(cls, home: Path, passphrase: bytes, pki_url: str, name: str = ISSUING) -> Self:
        """Raises AuthorityUnavailable, also where the files do not belong together."""
        root, issuing = read_certificate(home / ROOT_CERTIFICATE), read_certificate(home / f"{name}.pem")
        key = read_key(home / f"{name}.key", passphrase)
        if key.public_key() != issuing.public_key():
            raise AuthorityUnavailable(f"{name}.key is not the key of {name}.pem.")
        try:
            issuing.verify_directly_issued_by(root)
        except (InvalidSignature, ValueError, TypeError) as fault:
            raise AuthorityUnavailable(f"{name}.pem was not issued by {ROOT_CERTIFICATE}.") from fault
        return cls(key, issuing, root, pki_url, name)

    @property
    def key_identifier(self) -> str:
        return key_identifier(self.issuing)

    @property
    def chain(self) -> tuple[bytes, bytes]:
        return self.issuing.public_bytes(Encoding.DER), self.root.public_bytes(Encoding.DER)

    def plan(self, request: CertificateRequest) -> Planned:
        """A real signature on a wrong certificate cannot be taken back: the copy that is held against the rules is
        signed by a key that nobody trusts and that dies with this process (R4.9)."""
        self._profile.check_request(request)
        serial = x509.random_serial_number()  # 159 random bits
        copy = signed(self._profile.builder(request, serial), self._throwaway)
        self._profile.check(copy.public_bytes(Encoding.DER), request, serial)
        tbs = copy.tbs_certificate_bytes
        return Planned(hex_serial(serial), tbs, sha256(tbs).hexdigest())

    def sign(self, request: CertificateRequest, planned: Planned) -> bytes:
        """Built again rather than signed as it lies, so that the record and the request must agree: first by the
        throwaway key, so that the real one never signs anything else, and then, as R4.9 asks, once more by the real."""
        builder = self._profile.builder(request, int(planned.serial, 16))
        for key in (self._throwaway, self.key):
            certificate = signed(builder, key)
            if certificate.tbs_certificate_bytes != planned.tbs:
                raise ProfileViolation("the certificate is not the planned one")
        try:
            certificate.verify_directly_issued_by(self.issuing)
        except (InvalidSignature, ValueError, TypeError) as fault:
            raise ProfileViolation("the signature does not verify") from fault
        return certificate.public_bytes(Encoding.DER)

    def show(self) -> dict[str, dict[str, str]]:
        return {"root": summary(self.root), "issuing": summary(self.issuing)}


def create(home: Path, passphrase: bytes, now: datetime, pki_url: str, bank_name: str) -> bool:
    """Make the authority in `home`, whole or not at all; False where there is one already, whoever made it.

    Any number of processes may try at once: each builds beside, and renaming a folder onto a full one fails.
    """
    try:
        if (home / f"{ISSUING}.pem").exists():
            return False
        home.parent.mkdir(parents=True, exist_ok=True)
        with _folder_beside(home) as beside:
            _make(beside, passphrase, now, pki_url.rstrip("/"), bank_name)
            beside.rename(home)
        sync_folder(home.parent)
    except OSError as fault:
        if fault.errno in (errno.ENOTEMPTY, errno.EEXIST) and (home / f"{ISSUING}.pem").exists():
            return False
        raise AuthorityUnavailable(f"No certification authority can be made in {home}: {fault.strerror}.") from fault
    return True


def publish_root_list(home: Path, passphrase: bytes, now: datetime) -> None:
    """Where the root's key is. Raises AuthorityUnavailable, as it should where that has been moved away."""
    root, key = read_root(home, passphrase)
    try:
        root_list.publish(home, root, key, now)
    except OSError as fault:
        raise AuthorityUnavailable(f"No list can be kept in {home}: {fault.strerror}.") from fault


def has_root_key(home: Path) -> bool:
    return (home / ROOT_KEY).exists()


def read_root(home: Path, passphrase: bytes) -> tuple[x509.Certificate, IssuerKey]:
    """Certificate and key. Raises AuthorityUnavailable, as it should where the key has been moved away."""
    if not has_root_key(home):
        raise AuthorityUnavailable(
            f"The root's key is not here: put it back as {home / ROOT_KEY} for this, and take it away again afterwards."
        )
    root, key = read_certificate(home / ROOT_CERTIFICATE), read_key(home / ROOT_KEY, passphrase)
    if key.public_key() != root.public_key():
        raise AuthorityUnavailable(f"{ROOT_KEY} is not the key of {ROOT_CERTIFICATE}.")
    return root, key


def passphrase_from(path: Path, *, create: bool) -> bytes:
    """The file's first line; with `create` a missing file gets a random one (0600). Raises AuthorityUnavailable."""
    try:
        if create and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_first(path, secrets.token_urlsafe(PASSPHRASE_BYTES).encode() + b"\n")
        passphrase = path.read_bytes().partition(b"\n")[0].strip()
    except OSError as fault:
        raise AuthorityUnavailable(f"The passphrase file {path} cannot be used: {fault.strerror}.") from fault
    if not passphrase:
        raise AuthorityUnavailable(f"The passphrase file {path} is empty.")
    return passphrase


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """An empty folder on the same file system, gone afterwards unless it was renamed."""
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make(folder: Path, passphrase: bytes, now: datetime, pki_url: str, bank_name: str) -> None:
    key, issuing_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    root = root_certificate(key, now, bank_name)
    issuing = issuing_certificate(issuing_key.public_key(), root, key, now, pki_url, bank_name)
    (folder / ROOT_KEY).parent.mkdir(mode=0o700)
    for name, content, mode in (
        (ROOT_KEY, sealed(key, passphrase), 0o600),
        (ROOT_CERTIFICATE, root.public_bytes(Encoding.PEM), 0o644),
        (f"{ISSUING}.key", sealed(issuing_key, passphrase), 0o600),
        (f"{ISSUING}.pem", issuing.public_bytes(Encoding.PEM), 0o644),
        (CLIENTS, issuing.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM), 0o644),
    ):
        write_whole(folder / name, content, mode=mode)
    root_list.publish(folder, root, key, now)
    folder.chmod(0o755)  # the certificates are for everybody: a reverse proxy reads them
    sync_folder(folder)


def _key_like(key: IssuerKey) -> IssuerKey:
    """A new key whose signatures have the same algorithm; of RSA a short one, for nobody trusts what it signs."""
    if isinstance(key, rsa.RSAPrivateKey):
        return rsa.generate_private_key(RSA_EXPONENT, THROWAWAY_BITS)
    return ec.generate_private_key(key.curve)


def sealed(key: IssuerKey, passphrase: bytes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise AuthorityUnavailable(f"The authority's file {path} cannot be read: {fault.strerror}.") from fault


def read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError as fault:
        raise AuthorityUnavailable(f"The authority's file {path} is not a certificate.") from fault


def read_key(path: Path, passphrase: bytes) -> IssuerKey:
    """TypeError is what an unencrypted key gives: it is refused like a wrong passphrase (R4.11)."""
    try:
        key = load_pem_private_key(_read(path), passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise AuthorityUnavailable(f"The authority's key {path} does not open with the passphrase.") from fault
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise AuthorityUnavailable(f"The authority's key {path} is neither EC nor RSA.")
    return key


def summary(certificate: x509.Certificate) -> dict[str, str]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "serial": hex_serial(certificate.serial_number),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "sha256": sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
    }
