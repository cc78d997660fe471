"""The generations of the issuing authority (R4.11): `shomei ca renew` makes another, and the earlier ones live on.

Each has a key, a name and addresses of its own: issuing.pem and issuing.key, then issuing-2.pem and issuing-2.key. The
newest signs certificates; an earlier one signs its list until the last of its certificates has ended, and OCSP signers.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from domain.policy import VALIDITY_DAYS
from infra.authority import (
    CLIENTS,
    ISSUING,
    ROOT_CERTIFICATE,
    AuthorityUnavailable,
    IssuingAuthority,
    read_certificate,
    read_root,
    sealed,
)
from infra.authority_certificates import issuing_certificate
from infra.private_file import write_whole

LEAST_LIFE = timedelta(days=VALIDITY_DAYS)  # of the root that is left, or no certificate could be issued


def names(home: Path) -> list[str]:
    """Of the generations that stand in the authority's folder, the newest first; at least that of the first."""
    later = {number: path.stem for path in home.glob(f"{ISSUING}-*.pem") if (number := _number(path.stem)) > 1}
    return [*(later[number] for number in sorted(later, reverse=True)), ISSUING]


def load(home: Path, passphrase: bytes, pki_url: str) -> list[IssuingAuthority]:
    """The newest first. Raises AuthorityUnavailable."""
    return [IssuingAuthority.load(home, passphrase, pki_url, name) for name in names(home)]


def renew(home: Path, passphrase: bytes, now: datetime, pki_url: str) -> IssuingAuthority:
    """Another generation, signed by the root; its certificate, which makes it one, is the last file to be written.

    Raises AuthorityUnavailable where the root's key is not here, or the root ends too soon.
    """
    try:
        with _alone(home):
            return _renew(home, passphrase, now, pki_url)
    except OSError as fault:
        raise AuthorityUnavailable(f"The authority in {home} cannot be renewed: {fault.strerror}.") from fault


def trusted(home: Path) -> bytes:
    """PEM of all that vouch for a client certificate. Raises AuthorityUnavailable."""
    files = [*(f"{name}.pem" for name in names(home)), ROOT_CERTIFICATE]
    return b"".join(_pem(read_certificate(home / file)) for file in files)


def _renew(home: Path, passphrase: bytes, now: datetime, pki_url: str) -> IssuingAuthority:
    root, root_key = read_root(home, passphrase)
    end = root.not_valid_after_utc
    if now + LEAST_LIFE > end:
        raise AuthorityUnavailable(
            f"The root ends on {end:%Y-%m-%d}, before a certificate issued now would: make a new authority."
        )
    number = _number(names(home)[0]) + 1
    name = f"{ISSUING}-{number}"
    key = ec.generate_private_key(ec.SECP256R1())
    (bank,) = root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    issuing = issuing_certificate(
        key.public_key(), root, root_key, now, pki_url.rstrip("/"), str(bank.value), generation=number
    )
    write_whole(home / f"{name}.key", sealed(key, passphrase))
    write_whole(home / CLIENTS, _pem(issuing) + trusted(home), mode=0o644)
    write_whole(home / f"{name}.pem", _pem(issuing), mode=0o644)
    return IssuingAuthority.load(home, passphrase, pki_url, name)


def _number(name: str) -> int:
    """1 for the first; 0 for what is no generation's name."""
    if name == ISSUING:
        return 1
    number = name.removeprefix(f"{ISSUING}-")
    return int(number) if number.isascii() and number.isdecimal() and number == str(int(number)) else 0


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Of two at once the second makes the generation after: none overwrites another's key."""
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
