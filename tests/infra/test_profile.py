"""The certificate profile (R4.1, R4.9; RFC 5280): what is built passes our rules and pkilint, and each rule bites."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports import CertificateRequest, ProfileViolation
from infra.authority import IssuingAuthority
from infra.profile import CertificateProfile
from tests.support.certificate_by_hand import (
    CN,
    OU,
    PRINTABLE,
    SERIAL,
    UTF8,
    Extensions,
    O,
    access,
    crl,
    made_by_hand,
    name,
    policy,
    usage,
)
from tests.support.pkix import ORGANIZATION, PKI_URL, authority_in, findings, public_key, request_for, spki

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

RSA_KEYS = {size: spki(rsa.RSAPublicNumbers(65537, (1 << size) - 1).public_key()) for size in (2048, 3072)}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> IssuingAuthority:
    return authority_in(Path(tmp_path_factory.mktemp("profile"), "authority"))


@pytest.fixture(scope="module")
def profile(authority: IssuingAuthority) -> CertificateProfile:
    return CertificateProfile(authority.issuing, PKI_URL + "/")


def broken_rules(profile: CertificateProfile, der: bytes, request: CertificateRequest | None = None) -> str:
    with pytest.raises(ProfileViolation) as refused:
        profile.check(der, request or request_for(), SERIAL)
    return str(refused.value)


# ---- what passes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [public_key(), *RSA_KEYS.values()], ids=["P-256", "RSA 2048", "RSA 3072"])
def test_a_certificate_for_each_kind_of_key_is_clean(authority: IssuingAuthority, key: bytes) -> None:
    request = request_for(key=key)

    der = authority.sign(request, authority.plan(request))

    assert findings(der) == []


def test_what_another_builder_makes_by_the_same_profile_passes(
    authority: IssuingAuthority, profile: CertificateProfile
) -> None:
    der = made_by_hand(authority, {})

    profile.check(der, request_for(), SERIAL)

    assert findings(der) == []


def test_pkilint_is_really_asked(authority: IssuingAuthority) -> None:
    der = made_by_hand(authority, {"aki": None})

    found = findings(der)

    assert any("authority_key_identifier" in finding for finding in found)


@pytest.mark.parametrize("organization", ["社", "漢" * 64, "株式会社　サンプル", "A & B, Inc. <+>", "𠮷" * 64])
def test_an_organization_has_up_to_64_characters_however_many_bytes(
    authority: IssuingAuthority, organization: str
) -> None:
    request = request_for(organization=organization)

    der = authority.sign(request, authority.plan(request))

    assert findings(der) == []
    assert x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(O)[0].value == organization


@given(
    user_id=st.from_regex(r"[A-Za-z]{3,6}[0-9]{3,6}", fullmatch=True) | st.text(max_size=80),
    organization=st.text(st.characters(), max_size=70),
)
@settings(max_examples=15, deadline=None, database=None)
def test_any_names_give_a_clean_certificate_or_a_refusal(
    authority: IssuingAuthority, user_id: str, organization: str
) -> None:
    request = request_for(user_id, organization)

    try:
        der = authority.sign(request, authority.plan(request))
    except ProfileViolation:
        return

    assert findings(der) == []


# ---- what a certificate may not be ---------------------------------------------------------------------------------

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
OTHER_KEY = ec.generate_private_key(ec.SECP256R1()).public_key()


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("serial", {"serial_number": SERIAL + 1}),
        ("issuer", {"issuer_name": name((O, "サンプル", UTF8), (CN, "Client Issuing CA", UTF8))}),
        ("validity", {"not_valid_before": datetime(2026, 11, 22, 23, 55, 1, tzinfo=UTC)}),
        ("validity", {"not_valid_after": datetime(2027, 11, 23, 14, 59, 58, tzinfo=UTC)}),
        ("validity", {"not_valid_after": datetime(2027, 11, 24, 14, 59, 59, tzinfo=UTC)}),
        ("subject", {"subject_name": name((O, ORGANIZATION, UTF8), (CN, "taro02", UTF8))}),
        ("subject", {"subject_name": name((O, "サンプル", UTF8), (CN, "taro01", UTF8))}),
        ("subject", {"subject_name": name((O, ORGANIZATION, UTF8), (CN, "taro01", PRINTABLE))}),
        ("subject", {"subject_name": name((CN, "taro01", UTF8), (O, ORGANIZATION, UTF8))}),
        ("subject", {"subject_name": name((O, ORGANIZATION, UTF8), (OU, "x", UTF8), (CN, "taro01", UTF8))}),
        ("subject", {"subject_name": name((CN, "taro01", UTF8))}),
        ("public key", {"public_key": OTHER_KEY}),
        ("signature algorithm", {"digest": hashes.SHA384()}),
    ],
)
def test_a_wrong_field_is_named(
    authority: IssuingAuthority, profile: CertificateProfile, rule: str, changes: dict[str, Any]
) -> None:
    der = made_by_hand(authority, {}, **changes)

    assert broken_rules(profile, der) == rule


@pytest.mark.parametrize(
    ("rule", "extensions"),
    [
        ("subject key identifier", {"ski": None}),
        ("subject key identifier", {"ski": (x509.SubjectKeyIdentifier(b"\1" * 20), False)}),
        ("subject key identifier", {"ski": (x509.SubjectKeyIdentifier.from_public_key(OTHER_KEY), False)}),
        ("authority key identifier", {"aki": None}),
        ("authority key identifier", {"aki": (x509.AuthorityKeyIdentifier(b"\1" * 20, None, None), False)}),
        ("key usage", {"usage": None}),
        ("key usage", {"usage": (usage("digital_signature"), False)}),
        ("key usage", {"usage": (usage("digital_signature", "key_encipherment"), True)}),
        ("key usage", {"usage": (usage("key_agreement"), True)}),
        ("extended key usage", {"eku": None}),
        ("extended key usage", {"eku": (x509.ExtendedKeyUsage([CLIENT]), True)}),
        ("extended key usage", {"eku": (x509.ExtendedKeyUsage([SERVER]), False)}),
        ("extended key usage", {"eku": (x509.ExtendedKeyUsage([CLIENT, SERVER]), False)}),
        ("basic constraints", {"constraints": None}),
        ("basic constraints", {"constraints": (x509.BasicConstraints(False, None), False)}),
        ("basic constraints", {"constraints": (x509.BasicConstraints(True, None), True)}),
        ("certificate policies", {"policy": None}),
        ("certificate policies", {"policy": (policy("2.5.29.32.0"), False)}),
        ("CRL distribution point", {"crl": None}),
        ("CRL distribution point", {"crl": (crl(f"{PKI_URL}/crl/root.crl"), False)}),
        ("CRL distribution point", {"crl": (crl("https://pki.example.com:8480/crl/issuing.crl"), False)}),
        ("authority information access", {"access": None}),
        ("authority information access", {"access": (access(OCSP=f"{PKI_URL}/ocsp"), False)}),
        ("authority information access", {"access": (access(CA_ISSUERS=f"{PKI_URL}/ca/issuing.cer"), False)}),
        ("unexpected extension", {"names": (x509.SubjectAlternativeName([x509.DNSName("example.com")]), False)}),
        ("unexpected extension", {"nocheck": (x509.OCSPNoCheck(), False)}),
    ],
)
def test_a_wrong_missing_or_additional_extension_is_named(
    authority: IssuingAuthority, profile: CertificateProfile, rule: str, extensions: Extensions
) -> None:
    der = made_by_hand(authority, extensions)

    assert broken_rules(profile, der) == rule


@pytest.mark.parametrize("serial", [1 << 119, (1 << 159) - 1])
def test_a_serial_may_have_120_bits_and_20_octets(
    authority: IssuingAuthority, profile: CertificateProfile, serial: int
) -> None:
    der = made_by_hand(authority, {}, serial_number=serial)

    profile.check(der, request_for(), serial)


@pytest.mark.parametrize("serial", [1, (1 << 119) - 1])
def test_a_shorter_serial_is_named(authority: IssuingAuthority, profile: CertificateProfile, serial: int) -> None:
    der = made_by_hand(authority, {}, serial_number=serial)

    with pytest.raises(ProfileViolation, match=r"^serial length$"):
        profile.check(der, request_for(), serial)


@pytest.mark.parametrize("serial", [1 << 159, -SERIAL])
def test_a_serial_of_21_octets_or_below_zero_is_named(
    authority: IssuingAuthority, profile: CertificateProfile, serial: int
) -> None:
    der = made_by_hand(authority, {})

    with pytest.raises(ProfileViolation, match=r"^serial length, serial$"):
        profile.check(der, request_for(), serial)


def test_a_certificate_of_version_1_is_named(authority: IssuingAuthority, profile: CertificateProfile) -> None:
    old = asn1.Certificate.load(made_by_hand(authority, {}))
    old["tbs_certificate"]["version"] = "v1"
    del old["tbs_certificate"]["extensions"]

    rules = broken_rules(profile, old.dump(force=True))

    assert rules.startswith("version, basic constraints, key usage, ")


def test_two_names_for_the_signature_algorithm_are_named(
    authority: IssuingAuthority, profile: CertificateProfile
) -> None:
    torn = asn1.Certificate.load(made_by_hand(authority, {}))
    torn["signature_algorithm"] = {"algorithm": "sha384_ecdsa"}

    assert broken_rules(profile, torn.dump(force=True)) == "signature algorithm"


def test_an_extension_that_stands_twice_is_refused(authority: IssuingAuthority, profile: CertificateProfile) -> None:
    double = asn1.Certificate.load(made_by_hand(authority, {}))
    extensions = double["tbs_certificate"]["extensions"]
    extensions.append(extensions[0].copy())

    assert broken_rules(profile, double.dump(force=True)) == "the certificate cannot be read"


def test_what_is_no_certificate_is_refused(profile: CertificateProfile) -> None:
    assert broken_rules(profile, b"0\0") == "the certificate cannot be read"


def test_a_request_that_breaks_the_rules_breaks_its_certificate_too(
    authority: IssuingAuthority, profile: CertificateProfile
) -> None:
    der = made_by_hand(authority, {}, subject_name=name((O, ORGANIZATION, UTF8), (CN, "taro", UTF8)))

    assert broken_rules(profile, der, request_for("taro")) == "user ID"


def test_the_addresses_in_certificates_are_plain_http(authority: IssuingAuthority) -> None:
    with pytest.raises(ValueError, match="http://"):
        CertificateProfile(authority.issuing, "https://pki.example.com")
