"""Who signs OCSP answers (R4.11): a key of its own under a certificate of the issuing authority (RFC 6960 4.2.2.2).

Both stand in one file, so that one rename replaces them together; the key is encrypted like the authority's.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.policy import CLOCK_SKEW
from infra import der
from infra.authority import ISSUING, AuthorityUnavailable, IssuingAuthority
from infra.certificate_parts import access_at, authority_key_identifier, digest_for, key_usage, subject
from infra.private_file import write_whole

FILE = "ocsp.pem"  # of the first generation of the authority; of the second ocsp-2.pem
LIFE = timedelta(days=90)
RENEWAL = timedelta(days=30)  # before its end
BY_KEY, CERTIFICATES = 0xA2, 0xA0  # [2] and [0] EXPLICIT


class OcspSigner:
    """`responder_id` and `certificates` are the DER of what each answer says of it (RFC 6960 4.2.1): its name by its
    key, and its certificate."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.key = key
        self.certificate = certificate
        key_hash = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
        self.responder_id = der.value(BY_KEY, der.value(der.OCTET_STRING, key_hash))
        self.certificates = der.value(CERTIFICATES, der.value(der.SEQUENCE, certificate.public_bytes(Encoding.DER)))

    @classmethod
    def load(cls, path: Path, passphrase: bytes, issuing: x509.Certificate) -> Self | None:
        """None where there is none that can be used: it costs nothing to make another."""
        try:
            content = path.read_bytes()
            key, certificate = load_pem_private_key(content, passphrase), x509.load_pem_x509_certificate(content)
            certificate.verify_directly_issued_by(issuing)
        except (OSError, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            return None
        return cls(key, certificate)

    def is_due(self, now: datetime) -> bool:
        """Whether another should take its place."""
        return not self.certificate.not_valid_before_utc <= now < self.certificate.not_valid_after_utc - RENEWAL


def path_in(home: Path, generation: str) -> Path:
    """In the authority's folder, of the generation of that name."""
    return (home / FILE).with_stem(FILE.removesuffix(".pem") + generation.removeprefix(ISSUING))


class OcspSignerFile:
    """The signer that stands in the authority's folder, renewed by whoever finds it due first. Safe between threads."""

    def __init__(self, home: Path, passphrase: bytes, authority: IssuingAuthority, pki_url: str) -> None:
        self._path = path_in(home, authority.name)
        self._passphrase = passphrase
        self._authority = authority
        self._pki_url = pki_url.rstrip("/")
        self._signer: OcspSigner | None = None

    def ready(self, now: datetime) -> OcspSigner | None:
        """Without a look at the file; None where one must be taken."""
        signer = self._signer
        return None if signer is None or signer.is_due(now) else signer

    def ensure(self, now: datetime) -> OcspSigner:
        """Raises AuthorityUnavailable where a new one cannot be kept.

        Two at once each make one, and both are good: the file keeps the later.
        """
        signer = self.ready(now)
        if signer is None:
            signer = OcspSigner.load(self._path, self._passphrase, self._authority.issuing)
            if signer is None or signer.is_due(now):
                signer = make(self._authority, self._pki_url, now)
                self._keep(signer)
            self._signer = signer
        return signer

    def _keep(self, signer: OcspSigner) -> None:
        sealed = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(self._passphrase))
        try:
            write_whole(self._path, sealed + signer.certificate.public_bytes(Encoding.PEM))
        except OSError as fault:
            raise AuthorityUnavailable(f"The OCSP signer {self._path} cannot be kept: {fault.strerror}.") from fault


def make(authority: IssuingAuthority, pki_url: str, now: datetime) -> OcspSigner:
    """Its status is not asked for (id-pkix-ocsp-nocheck): who asks the responder of itself would ask for ever."""
    key, issuing = ec.generate_private_key(ec.SECP256R1()), authority.issuing
    (organization,) = issuing.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    begin = now.replace(microsecond=0) - CLOCK_SKEW
    end = min(begin + LIFE - timedelta(seconds=1), issuing.not_valid_after_utc)
    certificate = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(issuing.subject)
        .subject_name(subject(organization=str(organization.value), common_name="OCSP Responder"))
        .not_valid_before(begin)
        .not_valid_after(end)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority_key_identifier(issuing), critical=False)
        .add_extension(access_at(ca_issuers=f"{pki_url}/ca/{authority.name}.cer"), critical=False)
        .sign(authority.key, digest_for(authority.key.public_key()))
    )
    return OcspSigner(key, certificate)
