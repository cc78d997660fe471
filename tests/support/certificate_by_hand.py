"""A second builder of users' certificates, which makes what it is told, also what no authority should sign."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.authority import IssuingAuthority
from tests.support.pkix import ORGANIZATION, PKI_URL, public_key

SERIAL = 0x5A << 144


def name(*parts: tuple[x509.ObjectIdentifier, str, _ASN1Type]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value, kind) for oid, value, kind in parts])


O, CN, OU = NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME  # noqa: E741  (the type)
UTF8, PRINTABLE = _ASN1Type.UTF8String, _ASN1Type.PrintableString


def usage(*bits: str) -> x509.KeyUsage:
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
        " encipher_only decipher_only"
    )
    return x509.KeyUsage(**{bit: bit in bits for bit in every.split()})


def crl(url: str) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)])


def access(**urls: str) -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(getattr(Access, method), x509.UniformResourceIdentifier(url))
            for method, url in urls.items()
        ]
    )


def policy(oid: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)])


Extensions = Mapping[str, tuple[x509.ExtensionType, bool] | None]


def made_by_hand(
    authority: IssuingAuthority,
    extensions: Extensions,
    digest: hashes.SHA256 | hashes.SHA384 | None = None,
    **changes: Any,
) -> bytes:
    """The certificate of `request_for()`, signed by the authority, but for the changed extensions and fields; an
    extension set to None is left out."""
    issuer = authority.issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    fields: dict[str, Any] = {
        "issuer_name": authority.issuing.subject,
        "subject_name": name((O, ORGANIZATION, UTF8), (CN, "taro01", UTF8)),
        "public_key": load_der_public_key(public_key()),
        "serial_number": SERIAL,
        "not_valid_before": datetime(2026, 11, 22, 23, 55, tzinfo=UTC),
        "not_valid_after": datetime(2027, 11, 23, 14, 59, 59, tzinfo=UTC),
    } | changes
    values: dict[str, tuple[x509.ExtensionType, bool] | None] = {
        "ski": (x509.SubjectKeyIdentifier.from_public_key(fields["public_key"]), False),
        "aki": (x509.AuthorityKeyIdentifier(issuer.digest, None, None), False),
        "usage": (usage("digital_signature"), True),
        "eku": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        "constraints": (x509.BasicConstraints(False, None), True),
        "policy": (policy("1.3.6.1.4.1.99999.1.1"), False),
        "crl": (crl(f"{PKI_URL}/crl/issuing.crl"), False),
        "access": (access(OCSP=f"{PKI_URL}/ocsp", CA_ISSUERS=f"{PKI_URL}/ca/issuing.cer"), False),
        **extensions,
    }
    made = x509.CertificateBuilder(
        **fields,
        extensions=[x509.Extension(entry[0].oid, entry[1], entry[0]) for entry in values.values() if entry],
    )
    return made.sign(authority.key, digest or hashes.SHA256()).public_bytes(Encoding.DER)
