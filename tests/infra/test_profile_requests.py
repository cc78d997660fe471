"""What a certificate request may ask (R4.1, R4.7, R4.9): refused before anything is built."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from application.ports import ProfileViolation
from domain.validity import Validity
from infra.authority import IssuingAuthority
from infra.profile import CertificateProfile
from tests.support.pkix import ORGANIZATION, PKI_URL, authority_in, request_for, spki

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

WRONG_KEYS = {
    "P-384": spki(ec.generate_private_key(ec.SECP384R1()).public_key()),
    "Ed25519": spki(ed25519.Ed25519PrivateKey.generate().public_key()),
    "RSA of 4096 bits": spki(rsa.RSAPublicNumbers(65537, (1 << 4096) - 1).public_key()),
    "RSA of 2047 bits": spki(rsa.RSAPublicNumbers(65537, (1 << 2047) - 1).public_key()),
    "RSA with exponent 3": spki(rsa.RSAPublicNumbers(3, (1 << 2048) - 1).public_key()),
    "no key at all": b"0",
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> IssuingAuthority:
    return authority_in(Path(tmp_path_factory.mktemp("profile"), "authority"))


@pytest.fixture(scope="module")
def profile(authority: IssuingAuthority) -> CertificateProfile:
    return CertificateProfile(authority.issuing, PKI_URL + "/")


@pytest.mark.parametrize(
    ("rule", "user_id", "organization"),
    [
        ("user ID", "taro0", ORGANIZATION),
        ("user ID", "taro012345678", ORGANIZATION),
        ("user ID", "tarotaro", ORGANIZATION),
        ("user ID", "ｔａｒｏ０１", ORGANIZATION),
        ("user ID", "", ORGANIZATION),
        ("organization length", "taro01", ""),
        ("organization length", "taro01", "漢" * 65),
        ("organization characters", "taro01", "サンプル\n商事"),
        ("organization characters", "taro01", "サンプル\0"),
        ("organization characters", "taro01", "サンプル\u202e商事"),
        ("organization characters", "taro01", "サンプル\ue000"),
        ("organization characters", "taro01", "サンプル\ud800"),
        ("organization characters", "taro01", "サンプル\u2028商事"),
        ("organization characters", "taro01", " サンプル"),
        ("organization characters", "taro01", "サンプル　"),
    ],
)
def test_a_name_that_does_not_fit_is_refused_before_building(
    authority: IssuingAuthority, rule: str, user_id: str, organization: str
) -> None:
    request = request_for(user_id, organization)

    with pytest.raises(ProfileViolation, match=f"^{rule}$"):
        authority.plan(request)


@pytest.mark.parametrize("key", WRONG_KEYS.values(), ids=WRONG_KEYS.keys())
def test_any_other_kind_of_key_is_refused(authority: IssuingAuthority, key: bytes) -> None:
    request = request_for(key=key)

    with pytest.raises(ProfileViolation, match=r"^key type$"):
        authority.plan(request)


@pytest.mark.parametrize(
    ("rules", "earlier", "later"),
    [
        ("not before in whole seconds", timedelta(milliseconds=1), timedelta()),
        ("not after at the last second of a day", timedelta(), -SECOND),
        ("not after at the last second of a day, 366 days", timedelta(), SECOND),
        ("366 days", timedelta(), DAY),
        ("366 days", timedelta(), -DAY),
    ],
)
def test_a_validity_other_than_366_days_to_the_second_is_refused(
    authority: IssuingAuthority, rules: str, earlier: timedelta, later: timedelta
) -> None:
    request = request_for()
    validity = Validity(request.validity.not_before + earlier, request.validity.not_after + later)

    with pytest.raises(ProfileViolation, match=f"^{rules}$"):
        authority.plan(msgspec.structs.replace(request, validity=validity))


@pytest.mark.parametrize("at", [datetime(2026, 11, 23, 14, 59, 59, tzinfo=UTC), datetime(2026, 11, 23, 15, tzinfo=UTC)])
def test_around_midnight_the_issue_instant_decides_the_day_not_its_skewed_copy(
    profile: CertificateProfile, at: datetime
) -> None:
    profile.check_request(request_for(at=at))


def test_a_certificate_may_end_with_the_issuing_authority_but_not_after_it(
    authority: IssuingAuthority, profile: CertificateProfile
) -> None:
    last = authority.issuing.not_valid_after_utc - 366 * DAY

    profile.check_request(request_for(at=last))

    with pytest.raises(ProfileViolation, match=r"^end of the issuing authority$"):
        profile.check_request(request_for(at=last + DAY))


def test_all_broken_rules_are_named_at_once(authority: IssuingAuthority) -> None:
    request = request_for("x", "", key=b"0")

    with pytest.raises(ProfileViolation, match=r"^user ID, organization length, key type$"):
        authority.plan(request)
