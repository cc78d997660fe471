"""The delegated OCSP signer (R4.11; RFC 6960 4.2.2.2): its certificate, its file, and when it is renewed."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from infra.authority import AuthorityUnavailable, IssuingAuthority
from infra.ocsp_signer import OcspSigner, OcspSignerFile
from tests.support.pkix import NINE, PASSPHRASE, PKI_URL, authority_in, findings

FILE = "ocsp.pem"
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
DUE = NINE - 5 * MINUTE + 60 * DAY - SECOND  # 30 days before its end


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "authority"


@pytest.fixture
def authority(home: Path) -> IssuingAuthority:
    return authority_in(home)


def process(home: Path, authority: IssuingAuthority, passphrase: bytes = PASSPHRASE) -> OcspSignerFile:
    return OcspSignerFile(home, passphrase, authority, PKI_URL)


@pytest.fixture
def signer(home: Path, authority: IssuingAuthority) -> OcspSigner:
    return process(home, authority).ensure(NINE)


def test_it_is_issued_by_the_issuing_authority_to_sign_answers_and_for_nothing_else(
    signer: OcspSigner, authority: IssuingAuthority
) -> None:
    extensions = {one.value.oid: (one.critical, one.value) for one in signer.certificate.extensions}

    signer.certificate.verify_directly_issued_by(authority.issuing)
    assert extensions[x509.ExtendedKeyUsage.oid] == (False, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]))
    assert extensions[x509.BasicConstraints.oid] == (True, x509.BasicConstraints(False, None))
    assert extensions[x509.OCSPNoCheck.oid] == (False, x509.OCSPNoCheck())
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    assert extensions[x509.KeyUsage.oid] == (True, usage)
    assert findings(signer.certificate.public_bytes(Encoding.DER)) == []


def test_it_lives_ninety_days_from_five_minutes_ago(signer: OcspSigner) -> None:
    certificate = signer.certificate

    assert certificate.not_valid_before_utc == NINE - 5 * MINUTE
    assert certificate.not_valid_after_utc == NINE - 5 * MINUTE + 90 * DAY - SECOND


def test_it_does_not_outlive_the_authority(home: Path, authority: IssuingAuthority) -> None:
    end = authority.issuing.not_valid_after_utc

    signer = process(home, authority).ensure(end - DAY)

    assert signer.certificate.not_valid_after_utc == end


def test_its_key_is_encrypted_in_a_file_of_ours_alone(signer: OcspSigner, home: Path) -> None:
    content = (home / FILE).read_bytes()

    assert (home / FILE).stat().st_mode & 0o777 == 0o600
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in content
    with pytest.raises(TypeError):
        load_pem_private_key(content, None)


def test_every_process_has_the_same(signer: OcspSigner, home: Path, authority: IssuingAuthority) -> None:
    assert process(home, authority).ensure(NINE).certificate == signer.certificate


@pytest.mark.parametrize(("now", "is_another"), [(DUE - SECOND, False), (DUE, True), (NINE - 6 * MINUTE, True)])
def test_it_is_renewed_thirty_days_before_its_end(
    home: Path, authority: IssuingAuthority, signer: OcspSigner, now: object, is_another: bool
) -> None:
    running = process(home, authority)
    running.ensure(NINE)

    found = [one.ensure(now) for one in (running, process(home, authority))]  # type: ignore[arg-type]  # a datetime

    assert [one.certificate != signer.certificate for one in found] == [is_another] * 2
    assert found[0].certificate == found[1].certificate


def test_one_that_another_process_has_renewed_is_taken_over(home: Path, authority: IssuingAuthority) -> None:
    running = process(home, authority)
    first = running.ensure(NINE)
    renewed = process(home, authority).ensure(DUE)

    assert renewed.certificate != first.certificate
    assert running.ensure(DUE).certificate == renewed.certificate


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])
def test_a_damaged_one_is_replaced(home: Path, authority: IssuingAuthority, content: bytes) -> None:
    (home / FILE).write_bytes(content)

    signer = process(home, authority).ensure(NINE)

    assert process(home, authority).ensure(NINE).certificate == signer.certificate


def test_one_of_another_authority_is_replaced(home: Path, authority: IssuingAuthority, tmp_path: Path) -> None:
    other = authority_in(tmp_path / "other")
    foreign = process(home, other).ensure(NINE)

    signer = process(home, authority).ensure(NINE)

    assert signer.certificate != foreign.certificate
    signer.certificate.verify_directly_issued_by(authority.issuing)


def test_a_key_that_does_not_open_is_replaced(home: Path, authority: IssuingAuthority, signer: OcspSigner) -> None:
    assert process(home, authority, b"another").ensure(NINE).certificate != signer.certificate


def test_where_it_cannot_be_kept_it_is_said(home: Path, authority: IssuingAuthority) -> None:
    with pytest.raises(AuthorityUnavailable):
        process(home / "missing", authority).ensure(NINE)
