"""What all certificates of this authority are made of: names, extension values, digests (RFC 5280; R4.9, R4.11)."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from cryptography.x509.oid import SignatureAlgorithmOID as Signature

IssuerKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
IssuerPublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

RSA_EXPONENT = 65537


def hex_serial(serial: int) -> str:
    """Whole octets in upper-case hex, as `openssl x509 -serial` prints them."""
    return serial.to_bytes((serial.bit_length() + 7) // 8, "big").hex().upper()


def subject(organization: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def key_usage(*, digital_signature: bool = False, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def key_identifier(certificate: x509.Certificate) -> str:
    """In hex; what certificates under this one name their issuer by."""
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()


def authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    )


def crl_at(url: str) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)],
    )


def access_at(ca_issuers: str, ocsp: str | None = None) -> x509.AuthorityInformationAccess:
    places = [(AuthorityInformationAccessOID.OCSP, ocsp), (AuthorityInformationAccessOID.CA_ISSUERS, ca_issuers)]
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in places if url]
    )


def digest_for(public_key: object) -> hashes.SHA256 | hashes.SHA384:
    """The digest that goes with an authority's key: SHA-384 for P-384, else SHA-256."""
    if isinstance(public_key, ec.EllipticCurvePublicKey) and isinstance(public_key.curve, ec.SECP384R1):
        return hashes.SHA384()
    return hashes.SHA256()


def signature_of(public_key: object) -> x509.ObjectIdentifier:
    if isinstance(public_key, rsa.RSAPublicKey):
        return Signature.RSA_WITH_SHA256
    return {"sha256": Signature.ECDSA_WITH_SHA256, "sha384": Signature.ECDSA_WITH_SHA384}[digest_for(public_key).name]
