"""Certificates for tests: an authority of their own, requests to it, and an outside linter's opinion."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkilint import loader
from pkilint import pkix as rules
from pkilint.pkix import certificate, crl, extension, name, ocsp
from pkilint.validation import ValidationFindingSeverity

from application.ports import CertificateRequest
from domain.validity import Validity
from infra.authority import IssuingAuthority, create

NINE = datetime(2026, 11, 23, 0, tzinfo=UTC)  # 09:00 JST
PKI_URL = "http://pki.example.com:8480"
BANK = "サンプル労働金庫"
ORGANIZATION = "株式会社サンプル商事"
PASSPHRASE = b"of-the-tests-alone"


def authority_in(home: Path) -> IssuingAuthority:
    create(home, PASSPHRASE, NINE, PKI_URL, BANK)
    return IssuingAuthority.load(home, PASSPHRASE, PKI_URL)


@cache
def public_key() -> bytes:
    return spki(ec.generate_private_key(ec.SECP256R1()).public_key())


def spki(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def request_for(
    user_id: str = "taro01", organization: str = ORGANIZATION, key: bytes | None = None, at: datetime = NINE
) -> CertificateRequest:
    return CertificateRequest(user_id, organization, key or public_key(), Validity.from_issue(at))


def findings(der: bytes) -> list[str]:
    """What pkilint says of a certificate at severity NOTICE and above, against RFC 5280."""
    document = loader.RFC5280CertificateDocumentLoader().load_der_document(der, "certificate")
    return [
        str(description)
        for result in _linter().validate(document.root)
        for description in result.finding_descriptions
        if description.finding.severity <= ValidationFindingSeverity.NOTICE
    ]


def findings_in_list(der: bytes) -> list[str]:
    """What pkilint says of a list of revoked certificates above severity INFO."""
    document = loader.RFC5280CertificateListDocumentLoader().load_der_document(der, "list")
    return _told(_list_linter().validate(document.root))


def findings_in_answer(der: bytes) -> list[str]:
    """What pkilint says of an OCSP answer above severity INFO."""
    document = loader.RFC6960OCSPResponseDocumentLoader().load_der_document(der, "answer")
    return _told(_answer_linter().validate(document.root))


def _told(results: Any) -> list[str]:
    return [
        str(description)
        for result in results
        for description in result.finding_descriptions
        if description.finding.severity < ValidationFindingSeverity.INFO
    ]


def _decoders() -> list[Any]:
    return [
        rules.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        rules.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ]


@cache
def _list_linter() -> Any:
    return crl.create_pkix_crl_validator_container(
        _decoders(),
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


@cache
def _answer_linter() -> Any:
    return ocsp.create_pkix_ocsp_response_validator_container([ocsp.create_response_decoder(), *_decoders()], [])


@cache
def _linter() -> Any:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )
