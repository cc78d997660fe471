"""The log's own Ed25519 key, which signs tree heads and nothing else (R10.4).

In the authority's folder stand log.key, sealed with its passphrase, and log.pem (0644), which auditors are given.
"""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from infra.authority import AuthorityUnavailable
from infra.private_file import write_first, write_whole

KEY, PUBLIC_KEY = "log.key", "log.pem"


def ensure(home: Path, passphrase: bytes) -> bool:
    """Makes the key where there is none; False where there is one already. Raises AuthorityUnavailable.

    Where a key was, none is made: what log.pem stands for may have been published.
    """
    if (home / PUBLIC_KEY).exists():
        return False
    key = Ed25519PrivateKey.generate()
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    try:
        write_first(home / KEY, sealed)  # of several processes at once the first one's stays
        kept = _private(home / KEY, passphrase).public_key()
        pem = kept.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_whole(home / PUBLIC_KEY, pem, mode=0o644)
    except OSError as fault:
        raise AuthorityUnavailable(f"No log key can be made in {home}: {fault.strerror}.") from fault
    return kept == key.public_key()


def load(home: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """Raises AuthorityUnavailable, also where the files do not belong together."""
    key = _private(home / KEY, passphrase)
    if key.public_key() != read_public(home / PUBLIC_KEY):
        raise AuthorityUnavailable(f"{KEY} is not the key of {PUBLIC_KEY}.")
    return key


def published(home: Path) -> bytes | None:
    """log.pem as auditors are given it; None where it was not made yet."""
    try:
        return (home / PUBLIC_KEY).read_bytes()
    except FileNotFoundError:
        return None


def read_public(path: Path) -> Ed25519PublicKey:
    """From log.pem. Raises AuthorityUnavailable."""
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise AuthorityUnavailable(f"{path} is not the public key of a log: it must be Ed25519, in PEM.")
    return key


def _private(path: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """TypeError is what an unencrypted key gives: it is refused like a wrong passphrase (R4.11)."""
    try:
        key = load_pem_private_key(_read(path), passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise AuthorityUnavailable(f"The log's key {path} does not open with the passphrase.") from fault
    if not isinstance(key, Ed25519PrivateKey):
        raise AuthorityUnavailable(f"The log's key {path} is not Ed25519.")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise AuthorityUnavailable(f"The log's key {path} cannot be read: {fault.strerror}.") from fault
