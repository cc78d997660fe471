"""OCSP requests read and answers written (RFC 6960, RFC 9654; R4.10).

Answers are written by hand rather than by `cryptography`'s builder, which takes twice as long as signing itself.
"""

from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import SignatureAlgorithmOID as Signature

from infra import der
from infra.certificate_status import CertificateStatus
from infra.ocsp_signer import OcspSigner
from infra.revocation_list import ALGORITHMS, CODES, REASONS
from web.pki import Answer

LIFE = timedelta(minutes=10)  # of an answer, to its nextUpdate (R4.10)
NONCE_OCTETS = range(1, 129)  # RFC 9654 2.1
SERIAL_BITS = range(1, 161)  # RFC 5280 4.1.2.2

# Unsigned (RFC 6960 4.2.1).
MALFORMED_REQUEST = Answer(bytes.fromhex("30030a0101"))
INTERNAL_ERROR = Answer(bytes.fromhex("30030a0102"))
TRY_LATER = Answer(bytes.fromhex("30030a0103"))
UNAUTHORIZED = Answer(bytes.fromhex("30030a0106"))

SUCCESSFUL = bytes.fromhex("0a0100")
BASIC = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic
NONCE = bytes.fromhex("06092b0601050507300102")  # id-pkix-ocsp-nonce
GOOD, UNKNOWN = bytes.fromhex("8000"), bytes.fromhex("8200")
REVOKED = 0xA1
EXPLICIT_0, EXPLICIT_1 = 0xA0, 0xA1
ECDSA_WITH_SHA256, ALGORITHM = ec.ECDSA(hashes.SHA256()), ALGORITHMS[Signature.ECDSA_WITH_SHA256]
HASHES: dict[str, tuple[hashes.SHA1 | hashes.SHA256, bytes]] = {  # with their AlgorithmIdentifier
    "sha1": (hashes.SHA1(), bytes.fromhex("300906052b0e03021a0500")),  # noqa: S303  (what clients name us by)
    "sha256": (hashes.SHA256(), bytes.fromhex("300d06096086480165030402010500")),
}


class Asked(msgspec.Struct, frozen=True):
    """What a request asks of this authority; `hash` is that of its CertID."""

    hash: str
    serial: int
    nonce: bytes | None


class Issuer:
    """The authority as CertIDs name it (RFC 6960 4.1.1)."""

    def __init__(self, certificate: x509.Certificate) -> None:
        self._hashes = dict[str, tuple[bytes, bytes]]()
        self._prefixes = dict[str, bytes]()
        for name, (algorithm, identifier) in HASHES.items():
            digest = hashes.Hash(algorithm)
            digest.update(certificate.subject.public_bytes())
            # The key's octets without its algorithm, which `cryptography` hashes for nobody else.
            named = ocsp.OCSPRequestBuilder().add_certificate(certificate, certificate, algorithm).build()
            self._hashes[name] = digest.finalize(), named.issuer_key_hash
            octets = (der.value(der.OCTET_STRING, one) for one in self._hashes[name])
            self._prefixes[name] = b"".join([identifier, *octets])

    def read(self, request: bytes) -> Asked | Answer:
        """Of several certificates in one request none is answered: a client names one (RFC 5019 2.1.1)."""
        try:
            read = ocsp.load_der_ocsp_request(request)
            nonce = _nonce(read.extensions)
        except (ValueError, NotImplementedError, x509.DuplicateExtension):  # the second: several certificates
            return MALFORMED_REQUEST
        if read.serial_number <= 0 or read.serial_number.bit_length() not in SERIAL_BITS:
            return MALFORMED_REQUEST
        try:
            name = read.hash_algorithm.name
        except UnsupportedAlgorithm:
            return UNAUTHORIZED
        # We answer for nobody else, nor where we cannot tell (RFC 5019 2.2.3).
        if self._hashes.get(name) != (read.issuer_name_hash, read.issuer_key_hash):
            return UNAUTHORIZED
        return Asked(name, read.serial_number, nonce)

    def certificate_id(self, asked: Asked) -> bytes:
        serial = asked.serial.to_bytes(
            asked.serial.bit_length() // 8 + 1, "big"
        )  # with a sign octet where it takes one
        return der.value(der.SEQUENCE, self._prefixes[asked.hash], der.value(der.INTEGER, serial))


def write(issuer: Issuer, signer: OcspSigner, asked: Asked, status: CertificateStatus | None, now: datetime) -> Answer:
    """Signs it. `status` is None for a serial that was never planned.

    Others may keep it unless it is theirs alone by its nonce, or says unknown, which the next moment may change.
    """
    this_update = now.replace(microsecond=0)
    next_update = this_update + LIFE
    shown, is_lasting = _status(status)
    single = der.value(
        der.SEQUENCE,
        issuer.certificate_id(asked),
        shown,
        der.generalized_time(this_update),
        der.value(EXPLICIT_0, der.generalized_time(next_update)),
    )
    to_be_signed = der.value(
        der.SEQUENCE,
        signer.responder_id,
        der.generalized_time(this_update),
        der.value(der.SEQUENCE, single),
        b"" if asked.nonce is None else _nonce_extension(asked.nonce),
    )
    basic = der.value(
        der.SEQUENCE,
        to_be_signed,
        ALGORITHM,
        der.value(der.BIT_STRING, b"\0", signer.key.sign(to_be_signed, ECDSA_WITH_SHA256)),
        signer.certificates,
    )
    octets = der.value(der.SEQUENCE, BASIC, der.value(der.OCTET_STRING, basic))
    body = der.value(der.SEQUENCE, SUCCESSFUL, der.value(EXPLICIT_0, octets))
    if asked.nonce is None and is_lasting:
        return Answer(body, this_update, next_update)
    return Answer(body, is_for_one=True)


def _status(status: CertificateStatus | None) -> tuple[bytes, bool]:
    """CertStatus, and whether it holds for a while: one that is only planned is known to nobody yet."""
    if status is None or (status.revoked_at is None and not status.is_issued):
        return UNKNOWN, False
    if status.revoked_at is None:
        return GOOD, True
    flag = REASONS[status.reason] if status.reason else None
    reason = der.value(EXPLICIT_0, der.value(der.ENUMERATED, bytes((CODES[flag],)))) if flag else b""
    return der.value(REVOKED, der.generalized_time(status.revoked_at), reason), True


def _nonce(extensions: x509.Extensions) -> bytes | None:
    """Raises ValueError for one of a length that must be refused, and for what is critical and not known to us."""
    nonce = None
    for extension in extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            nonce = extension.value.nonce
            if len(nonce) not in NONCE_OCTETS:
                raise ValueError("the nonce's length")
        elif extension.critical:
            raise ValueError("a critical extension")
    return nonce


def _nonce_extension(nonce: bytes) -> bytes:
    value = der.value(der.OCTET_STRING, der.value(der.OCTET_STRING, nonce))
    return der.value(EXPLICIT_1, der.value(der.SEQUENCE, der.value(der.SEQUENCE, NONCE, value)))
