"""The root's list (R4.10): 180 days, made where the root's key is, and a file everywhere else."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from infra import root_list
from infra.authority import AuthorityUnavailable, IssuingAuthority, publish_root_list
from tests.support.command_line import CommandLine
from tests.support.house import House
from tests.support.pkix import NINE, PASSPHRASE, authority_in, findings_in_list

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "apart"  # from that of the commands


@pytest.fixture
def authority(home: Path) -> IssuingAuthority:
    return authority_in(home)


def current(home: Path) -> x509.CertificateRevocationList:
    found = root_list.read(home)
    assert found is not None
    return found


def number(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_an_authority_is_made_with_its_roots_list(authority: IssuingAuthority, home: Path) -> None:
    found = current(home)

    key = authority.root.public_key()
    assert list(found) == []
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert found.is_signature_valid(key)
    assert (found.last_update_utc, found.next_update_utc) == (NINE, NINE + 180 * DAY)
    assert findings_in_list((home / root_list.FILE).read_bytes()) == []


def test_another_list_has_a_higher_number(authority: IssuingAuthority, home: Path) -> None:
    first = number(current(home))

    publish_root_list(home, PASSPHRASE, NINE)

    assert number(current(home)) == first + 1


def test_its_term_is_that_of_the_list(authority: IssuingAuthority, home: Path) -> None:
    assert root_list.term(home) == (NINE, NINE + 180 * DAY)


def test_without_the_roots_key_none_is_made(authority: IssuingAuthority, home: Path) -> None:
    before = (home / root_list.FILE).read_bytes()
    (home / "root" / "root.key").unlink()

    with pytest.raises(AuthorityUnavailable):
        publish_root_list(home, PASSPHRASE, NINE)

    assert (home / root_list.FILE).read_bytes() == before


@pytest.mark.parametrize(("left", "is_due"), [(30 * DAY + SECOND, False), (30 * DAY, True)])
def test_it_is_due_thirty_days_before_its_end(
    authority: IssuingAuthority, home: Path, left: timedelta, is_due: bool
) -> None:
    assert root_list.is_due(home, NINE + 180 * DAY - left) is is_due


@pytest.mark.parametrize("content", [None, b"", b"no list"])
def test_one_that_cannot_be_read_is_none(authority: IssuingAuthority, home: Path, content: bytes | None) -> None:
    (home / root_list.FILE).unlink()
    if content is not None:
        (home / root_list.FILE).write_bytes(content)

    assert root_list.read(home) is None
    assert root_list.term(home) is None
    assert root_list.is_due(home, NINE)


def test_the_command_makes_it_anew(shomei: CommandLine, with_authority: None, house: House) -> None:
    home = shomei.work / "authority"

    said = shomei.run("ca", "root-crl")

    assert said.exit_code == 0, said.stderr
    assert "good for 180 days" in said.stdout
    assert current(home).last_update_utc == house.clock()


def test_the_command_says_where_it_must_run(shomei: CommandLine, with_authority: None) -> None:
    (shomei.work / "authority" / "root" / "root.key").unlink()

    assert "root.key" in shomei.refusal("ca", "root-crl")
