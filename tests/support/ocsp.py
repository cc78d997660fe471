"""OCSP requests, and a house whose certificates can be asked about."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from infra.authority import IssuingAuthority
from infra.pki import Pki
from tests.support.house import PKI, TARO, House

HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}  # noqa: S303  (what clients send)
GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


def request(issuer: x509.Certificate, serial: str | int, nonce: bytes | None = None, *, hash_: str = "sha1") -> bytes:
    """For a serial of that issuer, written as our facts have it."""
    number = int(serial, 16) if isinstance(serial, str) else serial
    name = hashlib.new(hash_, issuer.subject.public_bytes()).digest()
    key = ocsp.OCSPRequestBuilder().add_certificate(issuer, issuer, HASHES[hash_]).build().issuer_key_hash
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, number, HASHES[hash_])
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def read(body: bytes) -> ocsp.OCSPResponse:
    return ocsp.load_der_ocsp_response(body)


def issued(house: House, user_id: str = TARO) -> str:
    """Another certificate in use; its serial."""
    house.user(user_id)
    house.issue(user_id)
    return str(house.certificate(user_id=user_id).serial)


@pytest.fixture
def pki(house: House, authority: IssuingAuthority, tmp_path: Path) -> Iterator[Pki]:
    """As one process has it, with the OCSP signer in `tmp_path`."""
    opened = Pki(tmp_path, b"a passphrase", PKI, authority, house.database, house.store)
    yield opened
    opened.close()


@pytest.fixture
def second_pki(second_house: House, authority: IssuingAuthority, tmp_path: Path) -> Iterator[Pki]:
    """As another process has it."""
    opened = Pki(tmp_path, b"a passphrase", PKI, authority, second_house.database, second_house.store)
    yield opened
    opened.close()
