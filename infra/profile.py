"""The profile of a user's certificate (R4.9; RFC 5280): how it is built, and the rules it must keep to be signed.

The rules state the profile a second time, and not from the builder's values: a slip in the one shows in the other.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import timedelta

from asn1crypto.x509 import TbsCertificate
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from application.ports import CertificateRequest, ProfileViolation
from domain.credentials import fault_of
from domain.policy import CLOCK_SKEW, VALIDITY_DAYS
from domain.validity import Validity, japanese_day, start_of_day
from infra.certificate_parts import (
    RSA_EXPONENT,
    IssuerKey,
    access_at,
    authority_key_identifier,
    crl_at,
    digest_for,
    key_usage,
    signature_of,
    subject,
)

# An arc of nobody's, for trials. A bank puts its own here, under its private enterprise number, before it issues for
# real: it is no setting, for the certificates of one authority all say the same.
POLICY = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1.1")

# ub-organization-name counts characters (RFC 5280 appendix A.1). `cryptography` 50 counts bytes, in a common name only,
# and a user ID has at most twelve; so its builder lets 64 kanji (192 bytes) pass, and the counting is ours.
ORGANIZATION_LENGTH = range(1, 65)
SERIAL_BITS = range(120, 160)  # at least R4.9's randomness; at most 20 octets with the sign bit (RFC 5280 4.1.2.2)
RSA_SIZES = (2048, 3072)


class CertificateProfile:
    def __init__(self, issuing: x509.Certificate, pki_url: str, name: str = "issuing") -> None:
        """`pki_url` is the base of CDP, OCSP and AIA: plain HTTP, for fetching them may not need them (RFC 5280 8).
        `name` is that of the issuer's files there."""
        if not pki_url.startswith("http://"):
            raise ValueError("the address of CRL, OCSP and authority certificates must begin with http://")
        self._issuing = issuing
        self._base = pki_url.rstrip("/")
        self._name = name
        # The same in every certificate, before and behind its own key's identifier.
        self._purpose: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (key_usage(digital_signature=True), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        ]
        self._origin: list[tuple[x509.ExtensionType, bool]] = [
            (authority_key_identifier(issuing), False),
            (x509.CertificatePolicies([x509.PolicyInformation(POLICY, None)]), False),
            (crl_at(f"{self._base}/crl/{name}.crl"), False),
            (access_at(f"{self._base}/ca/{name}.cer", f"{self._base}/ocsp"), False),
        ]

    def builder(self, request: CertificateRequest, serial: int) -> x509.CertificateBuilder:
        """Signed by `signed`; the to-be-signed bytes depend on the key's type alone."""
        public_key = _client_key(request.public_key)
        builder = (
            x509.CertificateBuilder()
            .serial_number(serial)
            .issuer_name(self._issuing.subject)
            .not_valid_before(request.validity.not_before)
            .not_valid_after(request.validity.not_after)
            .subject_name(subject(organization=request.organization, common_name=request.user_id))
            .public_key(public_key)
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
        for extension, critical in (*self._purpose, (identifier, False), *self._origin):
            builder = builder.add_extension(extension, critical)
        return builder

    def check_request(self, request: CertificateRequest) -> None:
        """What can be said before building. Raises ProfileViolation with every broken rule."""
        _refuse(self._broken_by(request))

    def check(self, der: bytes, request: CertificateRequest, serial: int) -> None:
        """Hold a certificate, whoever signed it, against request and profile. Raises ProfileViolation likewise."""
        broken = [*self._broken_by(request), *_unfit(serial)]
        try:
            certificate = x509.load_der_x509_certificate(der)
            extensions = {extension.oid: extension for extension in certificate.extensions}
            key_bytes = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension) as fault:
            raise ProfileViolation("the certificate cannot be read") from fault
        tbs = TbsCertificate.load(certificate.tbs_certificate_bytes)
        validity = Validity(certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        expected = self._extensions(certificate)
        named = [
            ("version", certificate.version is x509.Version.v3),
            ("serial", certificate.serial_number == serial),
            ("issuer", certificate.issuer == self._issuing.subject),
            ("validity", validity == request.validity),
            ("subject", _subject(tbs) == _expected_subject(request)),
            ("public key", key_bytes == request.public_key),
            (
                "signature algorithm",
                _signatures(certificate, tbs) == {signature_of(self._issuing.public_key())},
            ),
            ("unexpected extension", extensions.keys() <= expected.keys()),
        ]
        for oid, (name, critical, value) in expected.items():
            found = extensions.get(oid)
            named.append((name, found is not None and (found.critical, found.value) == (critical, value)))
        _refuse([*broken, *(name for name, holds in named if not holds)])

    def _broken_by(self, request: CertificateRequest) -> Iterator[str]:
        validity, organization = request.validity, request.organization
        issue_day = japanese_day(validity.not_before + CLOCK_SKEW)
        if fault_of(request.user_id):
            yield "user ID"
        if len(organization) not in ORGANIZATION_LENGTH:
            yield "organization length"
        if organization != organization.strip() or any(map(_is_unprintable, organization)):
            yield "organization characters"
        if validity.not_before.microsecond:
            yield "not before in whole seconds"
        if validity.not_after != start_of_day(validity.last_day + timedelta(days=1)) - timedelta(seconds=1):
            yield "not after at the last second of a day"
        if validity.last_day - issue_day != timedelta(days=VALIDITY_DAYS - 1):
            yield "366 days"
        if validity.not_after > self._issuing.not_valid_after_utc:
            yield "end of the issuing authority"
        try:
            _client_key(request.public_key)
        except ProfileViolation:
            yield "key type"

    def _extensions(self, certificate: x509.Certificate) -> dict[x509.ObjectIdentifier, tuple[str, bool, object]]:
        """Each extension that must be there: its name as a rule, whether critical, its value. No other may be."""
        issuer = self._issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        point = x509.DistributionPoint([self._at(f"/crl/{self._name}.crl")], None, None, None)
        access = [
            x509.AccessDescription(x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1"), self._at("/ocsp")),
            x509.AccessDescription(x509.ObjectIdentifier("1.3.6.1.5.5.7.48.2"), self._at(f"/ca/{self._name}.cer")),
        ]
        values: list[tuple[str, bool, x509.ExtensionType]] = [
            ("basic constraints", True, x509.BasicConstraints(False, None)),
            ("key usage", True, usage),
            ("extended key usage", False, x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.2")])),
            ("subject key identifier", False, x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())),
            ("authority key identifier", False, x509.AuthorityKeyIdentifier(issuer, None, None)),
            ("certificate policies", False, x509.CertificatePolicies([x509.PolicyInformation(POLICY, None)])),
            ("CRL distribution point", False, x509.CRLDistributionPoints([point])),
            ("authority information access", False, x509.AuthorityInformationAccess(access)),
        ]
        return {value.oid: (name, critical, value) for name, critical, value in values}

    def _at(self, path: str) -> x509.UniformResourceIdentifier:
        return x509.UniformResourceIdentifier(self._base + path)


def signed(builder: x509.CertificateBuilder, key: IssuerKey) -> x509.Certificate:
    return builder.sign(key, digest_for(key.public_key()))


def _client_key(spki: bytes) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    """A key of R4.7: P-256, or RSA of 2048 or 3072 bits. Raises ProfileViolation for any other."""
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise ProfileViolation("key type") from fault
    match key:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return key
        case rsa.RSAPublicKey(key_size=size) if size in RSA_SIZES and key.public_numbers().e == RSA_EXPONENT:
            return key
        case _:
            raise ProfileViolation("key type")


def _is_unprintable(character: str) -> bool:
    """Control, bidirectional, surrogate, private-use and unassigned characters, and line separators."""
    category = unicodedata.category(character)
    return category.startswith("C") or category in ("Zl", "Zp")


def _unfit(serial: int) -> Iterator[str]:
    """A number this short comes from a broken source: of 159 random bits it happens once in 2^39 draws."""
    if serial <= 0 or serial.bit_length() not in SERIAL_BITS:
        yield "serial length"


def _subject(tbs: TbsCertificate) -> list[list[tuple[str, str, str]]]:
    """Type, ASN.1 string type and value of each attribute, by relative distinguished name."""
    return [
        [(part["type"].dotted, getattr(part["value"], "name", ""), part["value"].native) for part in relative_name]
        for relative_name in tbs["subject"].chosen
    ]


def _expected_subject(request: CertificateRequest) -> list[list[tuple[str, str, str]]]:
    return [[("2.5.4.10", "utf8_string", request.organization)], [("2.5.4.3", "utf8_string", request.user_id)]]


def _signatures(certificate: x509.Certificate, tbs: TbsCertificate) -> set[x509.ObjectIdentifier]:
    """The algorithm named inside what is signed, and the one beside it."""
    return {certificate.signature_algorithm_oid, x509.ObjectIdentifier(tbs["signature"]["algorithm"].dotted)}


def _refuse(broken: Iterable[str]) -> None:
    if rules := ", ".join(broken):
        raise ProfileViolation(rules)
