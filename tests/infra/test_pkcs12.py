"""Key packages (R4.7; RFC 7292): what importers read in them, and what each way in costs."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import pkcs12 as asn1
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key, pkcs12

from application.ports import KeyPair
from domain.organization_facts import Profile
from infra.authority import IssuingAuthority
from infra.pkcs12 import MOST_ROUNDS, KeyPackageFactory, Rounds, mac_key, make_key
from tests.support.key_packages import FEW, PASSWORD, Issued, issued_by
from tests.support.pkix import authority_in

PROFILES: tuple[Profile, ...] = ("modern", "legacy")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> IssuingAuthority:
    return authority_in(tmp_path_factory.mktemp("pkcs12") / "authority")


@pytest.fixture(scope="module")
def issued(authority: IssuingAuthority) -> Issued:
    return issued_by(authority, make_key("p256"))


@pytest.fixture(scope="module")
def rsa_issued(authority: IssuingAuthority) -> Issued:
    return issued_by(authority, make_key("rsa2048"))


@pytest.fixture(scope="module")
def factory() -> Iterator[KeyPackageFactory]:
    """Its worker has started before the first test does."""
    factory = KeyPackageFactory("rsa2048", FEW, workers=1)
    factory._run(os.getpid)
    yield factory
    factory.close()


def algorithms(p12: bytes) -> dict[str, tuple[str, int]]:
    """Of each part the algorithm and its iterations, as they stand in the file."""
    pfx = asn1.Pfx.load(p12, strict=True)
    certificates, keys = asn1.AuthenticatedSafe.load(pfx["auth_safe"]["content"].native)
    bag = asn1.SafeContents.load(keys["content"].native)[0]["bag_value"]
    encryptions = {
        "certificates": certificates["content"]["encrypted_content_info"]["content_encryption_algorithm"],
        "key": bag["encryption_algorithm"],
    }
    mac = pfx["mac_data"]
    return {part: (name_of(algorithm), algorithm.kdf_iterations) for part, algorithm in encryptions.items()} | {
        "mac": (mac["mac"]["digest_algorithm"]["algorithm"].native, mac["iterations"].native)
    }


def name_of(algorithm: object) -> str:
    named = algorithm["algorithm"].native  # type: ignore[index]  # asn1crypto has no types
    return f"{algorithm.kdf_hmac} {algorithm.encryption_cipher}" if named == "pbes2" else str(named)  # type: ignore[attr-defined]  # as above


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


# ---- what is in it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_a_package_holds_the_key_its_certificate_and_the_whole_chain(issued: Issued, profile: Profile) -> None:
    p12 = issued.packed(profile)

    opened = pkcs12.load_pkcs12(p12, PASSWORD.encode())
    assert isinstance(opened.key, ec.EllipticCurvePrivateKey)
    assert opened.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == issued.key.public
    assert opened.cert is not None
    assert opened.cert.friendly_name == b"taro01"
    certificates = [opened.cert, *opened.additional_certs]
    assert [c.certificate.public_bytes(Encoding.DER) for c in certificates] == [issued.leaf, *issued.chain]


@pytest.mark.parametrize("profile", PROFILES)
def test_openssl_opens_it(issued: Issued, profile: Profile, tmp_path: Path) -> None:
    file = tmp_path / "taro01.p12"
    file.write_bytes(issued.packed(profile))

    opened = run("openssl", "pkcs12", "-in", file, "-passin", f"pass:{PASSWORD}", "-noenc")

    assert (opened.returncode, opened.stderr) == (0, "")
    assert opened.stdout.count("BEGIN CERTIFICATE") == 3
    assert opened.stdout.count("BEGIN PRIVATE KEY") == 1
    assert "friendlyName: taro01" in opened.stdout


@pytest.mark.parametrize("profile", PROFILES)
def test_nss_opens_it(issued: Issued, profile: Profile, tmp_path: Path) -> None:
    file = tmp_path / "taro01.p12"
    file.write_bytes(issued.packed(profile))

    listed = run("pk12util", "-l", file, "-W", PASSWORD)

    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.count("Certificate") >= 3
    assert "Friendly Name: taro01" in listed.stdout


@pytest.mark.parametrize("profile", PROFILES)
def test_a_wrong_password_opens_nothing(issued: Issued, profile: Profile, tmp_path: Path) -> None:
    file = tmp_path / "taro01.p12"
    file.write_bytes(issued.packed(profile))

    by_openssl = run("openssl", "pkcs12", "-in", file, "-passin", "pass:Abc123xyZ", "-noenc")

    assert by_openssl.returncode != 0
    assert "Mac verify error" in by_openssl.stderr
    with pytest.raises(ValueError, match="Invalid password"):
        pkcs12.load_pkcs12(file.read_bytes(), b"Abc123xyZ")


def test_an_rsa_package_opens_too(rsa_issued: Issued) -> None:
    opened = pkcs12.load_pkcs12(rsa_issued.packed("modern"), PASSWORD.encode())

    assert isinstance(opened.key, rsa.RSAPrivateKey)
    assert opened.key.key_size == 2048


def test_two_packages_of_the_same_share_no_salt(issued: Issued) -> None:
    salts = [asn1.Pfx.load(issued.packed("modern"))["mac_data"]["mac_salt"].native for _ in range(2)]

    assert salts[0] != salts[1]
    assert [len(salt) for salt in salts] == [16, 16]


# ---- what a guess costs --------------------------------------------------------------------------------------------


def test_by_default_each_way_in_costs_100_000_iterations(issued: Issued) -> None:
    p12 = issued.packed("modern", Rounds())

    assert algorithms(p12) == {
        "certificates": ("sha256 aes", 100_000),
        "key": ("sha256 aes", 100_000),
        "mac": ("sha256", 100_000),
    }
    assert pkcs12.load_pkcs12(p12, PASSWORD.encode()).key is not None


def test_the_old_profile_is_triple_des_with_the_same_iterations(issued: Issued) -> None:
    p12 = issued.packed("legacy", Rounds(key=2_000, certificates=2_000, mac=2_000))

    assert algorithms(p12) == {
        "certificates": ("pkcs12_sha1_tripledes_3key", 2_000),
        "key": ("pkcs12_sha1_tripledes_3key", 2_000),
        "mac": ("sha1", 2_000),
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_key_certificates_and_mac_may_differ_in_their_iterations(
    issued: Issued, profile: Profile, tmp_path: Path
) -> None:
    file = tmp_path / "taro01.p12"
    file.write_bytes(issued.packed(profile, Rounds(key=31, certificates=17, mac=53)))

    opened = run("openssl", "pkcs12", "-in", file, "-passin", f"pass:{PASSWORD}", "-noenc")

    assert {part: rounds for part, (_, rounds) in algorithms(file.read_bytes()).items()} == {
        "certificates": 17,
        "key": 31,
        "mac": 53,
    }
    assert opened.returncode == 0
    assert opened.stdout.count("localKeyID") == 2  # the key still finds its certificate
    assert len({line for line in opened.stdout.splitlines() if "localKeyID" in line}) == 1


@pytest.mark.parametrize("field", ["key", "certificates", "mac"])
@pytest.mark.parametrize("rounds", [0, MOST_ROUNDS + 1])
def test_iterations_outside_the_limits_are_refused(field: str, rounds: int) -> None:
    with pytest.raises(ValueError, match="1 to 190,000"):
        Rounds(**{field: rounds})


@pytest.mark.parametrize("rounds", [1, MOST_ROUNDS])
def test_iterations_at_the_limits_are_taken(rounds: int) -> None:
    assert Rounds(mac=rounds).mac == rounds


@pytest.mark.parametrize(
    ("password", "salt", "iterations", "key"),
    [
        ("smeg", "3d83c0e4546ac140", 1, "8d967d88f6caa9d714800ab3d48051d63f73a312"),
        ("queeg", "263216fcc2fab31c", 1_000, "5ec4c7a80df652294c3925b6489a7ab857c83476"),
    ],
)
def test_the_mac_key_is_that_of_the_published_vectors(password: str, salt: str, iterations: int, key: str) -> None:
    assert mac_key(password, bytes.fromhex(salt), "sha1", iterations).hex() == key


# ---- keys ----------------------------------------------------------------------------------------------------------


def test_a_p256_key_is_made_at_once() -> None:
    key = make_key("p256")

    loaded = load_der_private_key(key.private, None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    assert isinstance(loaded.curve, ec.SECP256R1)
    assert loaded.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == key.public


def test_an_rsa_key_is_made_by_a_worker(factory: KeyPackageFactory) -> None:
    key = factory.new_key()

    loaded = load_der_private_key(key.private, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    assert (loaded.key_size, loaded.public_key().public_numbers().e) == (2048, 65537)
    assert repr(key) == "KeyPair(…)"


# ---- workers -------------------------------------------------------------------------------------------------------


def test_a_worker_packs_what_this_process_would(factory: KeyPackageFactory, issued: Issued) -> None:
    p12 = issued.packed_by(factory)

    assert algorithms(p12)["mac"] == ("sha256", FEW.mac)
    assert pkcs12.load_pkcs12(p12, PASSWORD.encode()).key is not None


def test_a_fault_of_the_work_tells_nothing_secret(factory: KeyPackageFactory, issued: Issued) -> None:
    with pytest.raises(ValueError) as fault:  # noqa: PT011  (its text is the library's own)
        factory.pack("taro01", KeyPair(b"no key", b""), issued.leaf, issued.chain, PASSWORD, "modern")

    told = f"{fault.value!r} {fault.value.__cause__!r} {factory!r}"
    assert PASSWORD not in told
    assert "no key" not in told
