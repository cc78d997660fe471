"""The certification authority (R4.9, R4.11) signs what was planned; openssl and pkilint have the last word."""

import subprocess
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, KeySerializationEncryption, PrivateFormat
from cryptography.utils import Buffer
from cryptography.x509.oid import ExtendedKeyUsageOID

from application.ports import ProfileViolation
from infra.authority import IssuingAuthority
from infra.authority_certificates import issuing_certificate, root_certificate
from infra.certificate_parts import IssuerKey
from tests.support.certificate_by_hand import made_by_hand
from tests.support.pkix import BANK, NINE, PKI_URL, authority_in, findings, request_for

TRUST = ("-x509_strict", "-attime", str(int(NINE.timestamp())), "-CAfile")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> IssuingAuthority:
    return authority_in(tmp_path_factory.mktemp("authority") / "home")


@pytest.fixture(scope="module")
def rsa_authority() -> IssuingAuthority:
    root_key, key = ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)
    root = root_certificate(root_key, NINE, BANK)
    issuing = issuing_certificate(key.public_key(), root, root_key, NINE, PKI_URL, BANK)
    return IssuingAuthority(key, issuing, root, PKI_URL)


class KeyElsewhere(ec.EllipticCurvePrivateKey):
    """A key that signs and keeps a list of what, as an HSM does; it cannot be read."""

    def __init__(self, key: IssuerKey) -> None:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self.signed: list[bytes] = []

    def sign(self, data: Buffer, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        self.signed.append(bytes(data))
        return self._key.sign(data, signature_algorithm)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._key.public_key()

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._key.curve

    @property
    def key_size(self) -> int:
        return self._key.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        raise NotImplementedError

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        raise NotImplementedError

    def private_bytes(
        self,
        encoding: Encoding,
        format: PrivateFormat,  # noqa: A002  (the name it has in `cryptography`)
        encryption_algorithm: KeySerializationEncryption,
    ) -> bytes:
        raise NotImplementedError

    def __copy__(self) -> "KeyElsewhere":
        raise NotImplementedError

    def __deepcopy__(self, memo: dict[int, object]) -> "KeyElsewhere":
        raise NotImplementedError


def openssl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)


def pem_files(folder: Path, authority: IssuingAuthority, leaf: bytes) -> Iterable[Path]:
    for name, certificate in (
        ("root", authority.root),
        ("issuing", authority.issuing),
        ("leaf", x509.load_der_x509_certificate(leaf)),
    ):
        path = folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        yield path


# ---- its own certificates ------------------------------------------------------------------------------------------


def test_root_and_issuing_certificate_are_clean(authority: IssuingAuthority) -> None:
    assert [findings(der) for der in authority.chain] == [[], []]


def test_the_summary_names_subject_serial_end_and_fingerprint(authority: IssuingAuthority) -> None:
    shown = authority.show()

    issuing, root = authority.chain
    assert shown["issuing"] == {
        "subject": "CN=Client Issuing CA,O=サンプル労働金庫",
        "serial": shown["issuing"]["serial"],
        "not_after": "2036-11-21T23:54:59+00:00",
        "sha256": sha256(issuing).hexdigest(),
    }
    assert (shown["root"]["not_after"], shown["root"]["sha256"]) == (
        "2046-11-22T23:54:59+00:00",
        sha256(root).hexdigest(),
    )


def test_openssl_accepts_a_certificate_for_a_client_and_for_nothing_else(
    authority: IssuingAuthority, tmp_path: Path
) -> None:
    request = request_for()
    root, issuing, leaf = pem_files(tmp_path, authority, authority.sign(request, authority.plan(request)))
    policy = ("-policy_check", "-explicit_policy", "-policy", "1.3.6.1.4.1.99999.1.1")

    client = openssl("verify", *TRUST, root, "-untrusted", issuing, *policy, "-purpose", "sslclient", leaf)
    server = openssl("verify", *TRUST, root, "-untrusted", issuing, "-purpose", "sslserver", leaf)

    assert (client.returncode, client.stderr) == (0, "")
    assert "unsuitable certificate purpose" in server.stderr


def test_a_server_certificate_under_the_issuing_authority_passes_for_no_server(
    authority: IssuingAuthority, tmp_path: Path
) -> None:
    server = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    root, issuing, leaf = pem_files(tmp_path, authority, made_by_hand(authority, {"eku": server}))

    answer = openssl("verify", *TRUST, root, "-untrusted", issuing, "-purpose", "sslserver", leaf)

    assert "error 26 at 1 depth lookup: unsuitable certificate purpose" in answer.stderr


# ---- planned, then signed ------------------------------------------------------------------------------------------


def test_what_is_signed_is_what_was_planned(authority: IssuingAuthority) -> None:
    request = request_for()
    planned = authority.plan(request)

    certificate = x509.load_der_x509_certificate(authority.sign(request, planned))

    assert certificate.tbs_certificate_bytes == planned.tbs
    assert planned.sha256 == sha256(planned.tbs).hexdigest()
    certificate.verify_directly_issued_by(authority.issuing)


def test_a_plan_carries_no_signature_of_the_authority(authority: IssuingAuthority) -> None:
    planned = authority.plan(request_for())

    assert asn1.TbsCertificate.load(planned.tbs, strict=True).dump() == planned.tbs


def test_every_plan_draws_its_own_serial(authority: IssuingAuthority) -> None:
    serials = {authority.plan(request_for()).serial for _ in range(20)}

    assert len(serials) == 20


def test_a_serial_is_written_as_openssl_prints_it(authority: IssuingAuthority, tmp_path: Path) -> None:
    request = request_for()
    planned = authority.plan(request)
    *_, leaf = pem_files(tmp_path, authority, authority.sign(request, planned))

    printed = openssl("x509", "-noout", "-serial", "-in", leaf).stdout

    assert printed == f"serial={planned.serial}\n"


@pytest.mark.parametrize("place", [5, 60, 200, -1])
def test_one_changed_bit_in_the_plan_is_found(authority: IssuingAuthority, place: int) -> None:
    request = request_for()
    planned = authority.plan(request)
    changed = bytearray(planned.tbs)
    changed[place] ^= 1

    with pytest.raises(ProfileViolation, match="not the planned one"):
        authority.sign(request, msgspec.structs.replace(planned, tbs=bytes(changed)))


def test_another_request_than_the_planned_one_is_found(authority: IssuingAuthority) -> None:
    planned = authority.plan(request_for())

    with pytest.raises(ProfileViolation, match="not the planned one"):
        authority.sign(request_for("taro02"), planned)


def test_the_authoritys_key_may_be_elsewhere_and_signs_only_what_was_planned(authority: IssuingAuthority) -> None:
    key = KeyElsewhere(authority.key)
    remote = IssuingAuthority(key, authority.issuing, authority.root, PKI_URL)
    planned = remote.plan(request_for())

    with pytest.raises(ProfileViolation, match="not the planned one"):
        remote.sign(request_for("taro02"), planned)
    remote.sign(request_for(), planned)

    assert key.signed == [planned.tbs]


def test_a_plan_made_by_one_process_can_be_signed_by_another(tmp_path: Path) -> None:
    planned = authority_in(tmp_path / "authority").plan(request_for())

    der = authority_in(tmp_path / "authority").sign(request_for(), planned)

    assert x509.load_der_x509_certificate(der).tbs_certificate_bytes == planned.tbs


def test_a_signature_that_does_not_verify_does_not_leave(authority: IssuingAuthority) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    torn = IssuingAuthority(stranger, authority.issuing, authority.root, PKI_URL)

    with pytest.raises(ProfileViolation, match="signature"):
        torn.sign(request_for(), torn.plan(request_for()))


def test_an_rsa_authority_signs_by_the_same_rules(rsa_authority: IssuingAuthority) -> None:
    request = request_for()

    der = rsa_authority.sign(request, rsa_authority.plan(request))

    assert findings(der) == []
    x509.load_der_x509_certificate(der).verify_directly_issued_by(rsa_authority.issuing)
