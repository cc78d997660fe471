"""The embedded web server's own certificate, from a root of its own (R4.11)."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from subprocess import run
from threading import Barrier

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from infra.development_certificate import DevelopmentCertificate, ensure

NINE = datetime(2026, 11, 23, 0, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def names(path: Path) -> tuple[list[str], list[object]]:
    alternative = certificate(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return alternative.get_values_for_type(x509.DNSName), list(alternative.get_values_for_type(x509.IPAddress))


def content(made: DevelopmentCertificate) -> tuple[bytes, bytes, bytes]:
    return made.root.read_bytes(), made.certificate.read_bytes(), made.key.read_bytes()


def test_the_server_certificate_names_the_host_and_the_loopback(tmp_path: Path) -> None:
    made = ensure(tmp_path, "shomei.example", NINE)

    assert names(made.certificate) == (["shomei.example", "localhost"], [ip_address("127.0.0.1"), ip_address("::1")])


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "::1"])
def test_a_loopback_host_is_not_named_twice(tmp_path: Path, host: str) -> None:
    made = ensure(tmp_path, host, NINE)

    dns, addresses = names(made.certificate)
    assert dns == ["localhost"]
    assert sorted(map(str, addresses)) == ["127.0.0.1", "::1"]


def test_an_address_is_named_as_an_address(tmp_path: Path) -> None:
    made = ensure(tmp_path, "192.0.2.7", NINE)

    assert ip_address("192.0.2.7") in names(made.certificate)[1]


def test_the_server_certificate_is_for_web_servers_only_and_verifies_under_the_root(tmp_path: Path) -> None:
    made = ensure(tmp_path, "localhost", NINE)

    extensions = certificate(made.certificate).extensions
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    certificate(made.certificate).verify_directly_issued_by(certificate(made.root))


def test_openssl_takes_it_for_the_host_and_not_for_another(tmp_path: Path) -> None:
    made = ensure(tmp_path, "shomei.example", NINE)
    ask = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-attime", str(int(NINE.timestamp()))]
    ask += ["-CAfile", str(made.root)]

    right = run([*ask, "-verify_hostname", "shomei.example", str(made.certificate)], capture_output=True, check=False)
    wrong = run([*ask, "-verify_hostname", "other.example", str(made.certificate)], capture_output=True, check=False)

    assert (right.returncode, wrong.returncode) == (0, 2)


def test_the_key_belongs_to_the_certificate(tmp_path: Path) -> None:
    made = ensure(tmp_path, "localhost", NINE)

    key = load_pem_private_key(made.key.read_bytes(), password=None).public_key()
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key.public_bytes(*form) == certificate(made.certificate).public_key().public_bytes(*form)


def test_keys_are_readable_by_their_owner_only_and_the_root_file_holds_none(tmp_path: Path) -> None:
    made = ensure(tmp_path, "localhost", NINE)

    secret = [path for path in made.root.parent.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert sorted(path.name for path in secret) == ["root.key", "server.pem"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_the_root_lives_ten_years_and_the_server_certificate_at_most_397_days(tmp_path: Path) -> None:
    made = ensure(tmp_path, "localhost", NINE)

    root, server = certificate(made.root), certificate(made.certificate)
    assert root.not_valid_after_utc.year == 2036
    assert server.not_valid_after_utc - server.not_valid_before_utc + SECOND == 397 * DAY
    assert server.not_valid_before_utc < NINE


def test_a_second_start_makes_nothing(tmp_path: Path) -> None:
    first = content(ensure(tmp_path, "localhost", NINE))

    second = content(ensure(tmp_path, "localhost", NINE + 30 * DAY))

    assert second == first


def test_with_sixty_days_left_it_stays_and_with_a_second_less_it_is_renewed_under_the_same_root(
    tmp_path: Path,
) -> None:
    first = ensure(tmp_path, "localhost", NINE)
    sixty_days_left = certificate(first.certificate).not_valid_after_utc - 60 * DAY
    before = content(first)

    at_sixty = content(ensure(tmp_path, "localhost", sixty_days_left))
    below = content(ensure(tmp_path, "localhost", sixty_days_left + SECOND))

    assert at_sixty == before
    assert below[0] == before[0]
    assert below[1] != before[1]


def test_another_host_gets_another_certificate_under_the_same_root(tmp_path: Path) -> None:
    before = content(ensure(tmp_path, "localhost", NINE))

    after = content(ensure(tmp_path, "shomei.example", NINE))

    assert after[0] == before[0]
    assert after[1] != before[1]


def test_at_its_first_second_it_stays_and_a_second_earlier_it_is_made_again(tmp_path: Path) -> None:
    first = ensure(tmp_path, "localhost", NINE)
    begin = certificate(first.certificate).not_valid_before_utc
    before = content(first)

    at_begin = content(ensure(tmp_path, "localhost", begin))
    earlier = ensure(tmp_path, "localhost", begin - SECOND)

    assert at_begin == before
    assert certificate(earlier.certificate).not_valid_before_utc < begin
    assert certificate(earlier.root).not_valid_before_utc < begin
    certificate(earlier.certificate).verify_directly_issued_by(certificate(earlier.root))


@pytest.mark.parametrize(("seconds", "same"), [(0, True), (1, False)])
def test_a_root_that_would_end_before_a_new_server_certificate_is_made_again(
    tmp_path: Path, seconds: int, same: bool
) -> None:
    first = ensure(tmp_path, "localhost", NINE)
    root = first.root.read_bytes()
    last = certificate(first.root).not_valid_after_utc - 397 * DAY

    later = ensure(tmp_path, "localhost", last + seconds * SECOND)

    assert (later.root.read_bytes() == root) is same
    assert certificate(later.certificate).not_valid_after_utc <= certificate(later.root).not_valid_after_utc
    certificate(later.certificate).verify_directly_issued_by(certificate(later.root))


@pytest.mark.parametrize("lost", ["root.pem", "server.pem", "root.key"])
def test_a_lost_file_is_made_again(tmp_path: Path, lost: str) -> None:
    made = ensure(tmp_path, "localhost", NINE)
    (made.root.parent / lost).unlink()

    again = ensure(tmp_path, "localhost", NINE)

    certificate(again.certificate).verify_directly_issued_by(certificate(again.root))


def test_several_at_once_make_one(tmp_path: Path) -> None:
    together = Barrier(8)

    def start(_: int) -> tuple[bytes, bytes, bytes]:
        together.wait()
        return content(ensure(tmp_path, "localhost", NINE))

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(start, range(8)))

    assert len(seen) == 1
    assert len(list((tmp_path / "development-tls").iterdir())) == 4


def test_a_host_that_is_no_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="A-label"):
        ensure(tmp_path, "証明.example", NINE)
