"""The list of revoked certificates (RFC 5280 section 5; R4.10).

Each entry is encoded once and then only spliced: a list of a million costs a digest and one signature.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import SignatureAlgorithmOID as Signature

from domain.certificate import Reason
from infra import der
from infra.certificate_parts import IssuerKey, authority_key_identifier, digest_for, signature_of

# What a bank means in the words of RFC 5280 5.3.1. A PC changed and a p12 never imported are replaced by a new
# certificate; a lost PC may have taken the key along; a person who left and an account closed need none any more.
# `requested` says no more than unspecified, which is written by leaving the reason out.
REASONS: dict[Reason, x509.ReasonFlags | None] = {
    "pc_changed": x509.ReasonFlags.superseded,
    "not_imported": x509.ReasonFlags.superseded,
    "lost": x509.ReasonFlags.key_compromise,
    "retired": x509.ReasonFlags.cessation_of_operation,
    "requested": None,
    "superseded": x509.ReasonFlags.superseded,
    "closed": x509.ReasonFlags.cessation_of_operation,
}
CODES = {
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
}
REASON_CODE = bytes.fromhex("0603551d15")  # OBJECT IDENTIFIER 2.5.29.21
KEY_IDENTIFIER, NUMBER = bytes.fromhex("0603551d23"), bytes.fromhex("0603551d14")  # 2.5.29.35, 2.5.29.20
VERSION_2 = bytes.fromhex("020101")
EXTENSIONS = 0xA0  # [0] EXPLICIT
ALGORITHMS = {  # AlgorithmIdentifier
    Signature.ECDSA_WITH_SHA256: bytes.fromhex("300a06082a8648ce3d040302"),
    Signature.ECDSA_WITH_SHA384: bytes.fromhex("300a06082a8648ce3d040303"),
    Signature.RSA_WITH_SHA256: bytes.fromhex("300d06092a864886f70d01010b0500"),
}
PART = 1 << 20  # bytes


def _reason_extension(reason: Reason) -> bytes:
    flag = REASONS[reason]
    if flag is None:
        return b""
    code = der.value(der.OCTET_STRING, der.value(der.ENUMERATED, bytes((CODES[flag],))))
    return der.value(der.SEQUENCE, der.value(der.SEQUENCE, REASON_CODE, code))


REASON_EXTENSIONS = {reason: _reason_extension(reason) for reason in REASONS}


def entry(serial: str, at: datetime, reason: Reason) -> bytes:
    """One of revokedCertificates; `serial` in hex, without leading zeros."""
    return der.value(der.SEQUENCE, der.positive(bytes.fromhex(serial)), der.time(at), REASON_EXTENSIONS[reason])


class Entries:
    """The entries' DER, those of certificates that end together one behind the other.

    Ends are few, for each is the end of a day, so a whole day is dropped at once; and beside the bytes themselves a
    million of entries takes no memory.
    """

    def __init__(self) -> None:
        self._by_end: dict[datetime, bytearray] = {}
        self._counts: dict[datetime, int] = {}

    def add(self, serial: str, at: datetime, reason: Reason, end: datetime) -> None:
        """`end`: the certificate's own, or `at` where that is later, so that every entry appears on some list."""
        end = max(end, at)
        self._by_end.setdefault(end, bytearray()).extend(entry(serial, at, reason))
        self._counts[end] = self._counts.get(end, 0) + 1

    def drop(self, listed_at: datetime) -> None:
        """Those that had ended when a list named them last: one list beyond its end is enough (RFC 5280 3.3)."""
        for end in [end for end in self._by_end if end < listed_at]:
            del self._by_end[end], self._counts[end]

    def __len__(self) -> int:
        return sum(self._counts.values())

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self._by_end.values()))

    def __iter__(self) -> Iterator[bytes | bytearray]:
        return iter(self._by_end.values())


class SignedList(msgspec.Struct, frozen=True):
    """A CertificateList in pieces that are not joined: those of `entries` are the cached ones themselves."""

    head: bytes
    entries: Entries
    tail: bytes

    @property
    def sha256(self) -> str:
        digest = sha256()
        for piece in self._pieces():
            digest.update(piece)
        return digest.hexdigest()

    def parts(self) -> Iterator[bytes]:
        """The DER, in parts of at most PART bytes."""
        gathered = bytearray()
        for piece in self._pieces():
            view = memoryview(piece)
            for start in range(0, len(view), PART):
                gathered += view[start : start + PART]
                if len(gathered) >= PART:
                    yield bytes(gathered[:PART])
                    del gathered[:PART]
        yield bytes(gathered)

    def _pieces(self) -> Iterator[bytes | bytearray]:
        yield self.head
        yield from self.entries
        yield self.tail


def sign(
    issuer: x509.Certificate,
    key: IssuerKey,
    number: int,
    this_update: datetime,
    next_update: datetime,
    entries: Entries,
) -> SignedList:
    """A complete v2 list of all that `issuer` revoked. `key` is the issuer's."""
    algorithm = ALGORITHMS[signature_of(key.public_key())]
    before = b"".join(
        [
            VERSION_2,
            algorithm,
            issuer.subject.public_bytes(),
            der.time(this_update),
            der.time(next_update),
            # Absent rather than empty (RFC 5280 5.1.2.6).
            der.head(der.SEQUENCE, entries.size) if len(entries) else b"",
        ]
    )
    after = der.value(
        EXTENSIONS,
        der.value(
            der.SEQUENCE,
            _extension(KEY_IDENTIFIER, authority_key_identifier(issuer).public_bytes()),
            _extension(NUMBER, x509.CRLNumber(number).public_bytes()),
        ),
    )
    before = der.head(der.SEQUENCE, len(before) + entries.size + len(after)) + before
    signature = der.value(der.BIT_STRING, b"\0", _signature(key, [before, *entries, after]))
    tail = after + algorithm + signature
    head = der.head(der.SEQUENCE, len(before) + entries.size + len(tail)) + before
    return SignedList(head, entries, tail)


def next_number(previous: int, now: datetime) -> int:
    """Strictly upwards for ever (RFC 5280 5.2.3), also where `previous` comes from an older backup (R10.7).

    Milliseconds, for many lists may be made in a second: a number ahead of the time would be given again after that.
    """
    return max(previous + 1, int(now.timestamp() * 1000))


def _extension(identifier: bytes, content: bytes) -> bytes:
    return der.value(der.SEQUENCE, identifier, der.value(der.OCTET_STRING, content))


def _signature(key: IssuerKey, pieces: Iterable[bytes | bytearray]) -> bytes:
    algorithm = digest_for(key.public_key())
    digest = hashes.Hash(algorithm)
    for piece in pieces:
        digest.update(piece)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest.finalize(), PKCS1v15(), Prehashed(algorithm))
    return key.sign(digest.finalize(), ec.ECDSA(Prehashed(algorithm)))
