"""The certificates of the two authorities (R4.11; RFC 5280)."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import CertificatePoliciesOID, ExtendedKeyUsageOID

from domain.policy import CLOCK_SKEW
from infra.certificate_parts import (
    IssuerKey,
    IssuerPublicKey,
    access_at,
    authority_key_identifier,
    crl_at,
    digest_for,
    key_usage,
    subject,
)

ROOT_LIFE = timedelta(days=20 * 365 + 5)  # 20 years with their leap days
ISSUING_LIFE = timedelta(days=10 * 365 + 2)


def root_certificate(key: IssuerKey, now: datetime, bank_name: str) -> x509.Certificate:
    name = subject(organization=bank_name, common_name="Client Root CA")
    return (
        _authority(key.public_key(), name, now, ROOT_LIFE)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, digest_for(key.public_key()))
    )


def issuing_certificate(
    key: IssuerPublicKey,
    root: x509.Certificate,
    root_key: IssuerKey,
    now: datetime,
    pki_url: str,
    bank_name: str,
    generation: int = 1,
) -> x509.Certificate:
    """Its extended key usage binds all below it, so nothing there passes for a web server (R4.11).

    OCSPSigning stands in it for verifiers that intersect the usages of a chain: they would refuse the responder's
    certificate without. It also lets this key answer for the root, which names no responder: it has a CRL only.
    Each generation has a name of its own, for a list is complete for all that its issuer's name issued (RFC 5280 5),
    and none outlives the root.
    """
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.OCSP_SIGNING]
    any_policy = x509.PolicyInformation(CertificatePoliciesOID.ANY_POLICY, None)
    suffix = f" G{generation}" if generation > 1 else ""
    name = subject(organization=bank_name, common_name=f"Client Issuing CA{suffix}")
    return (
        _authority(key, name, now, ISSUING_LIFE, root.not_valid_after_utc)
        .issuer_name(root.subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(authority_key_identifier(root), critical=False)
        .add_extension(x509.CertificatePolicies([any_policy]), critical=False)
        .add_extension(crl_at(f"{pki_url}/crl/root.crl"), critical=False)
        .add_extension(access_at(ca_issuers=f"{pki_url}/ca/root.cer"), critical=False)
        .sign(root_key, digest_for(root_key.public_key()))
    )


def _authority(
    key: IssuerPublicKey, name: x509.Name, now: datetime, life: timedelta, latest: datetime | None = None
) -> x509.CertificateBuilder:
    """What root and issuing authority share. Both begin as early as the first certificate under them (R4.1)."""
    begin = now.replace(microsecond=0) - CLOCK_SKEW
    end = begin + life - timedelta(seconds=1)
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .subject_name(name)
        .not_valid_before(begin)
        .not_valid_after(min(end, latest or end))
        .public_key(key)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
