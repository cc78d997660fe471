"""Another generation of the issuing authority, beside the earlier ones (R4.11)."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from infra import generations
from infra.authority import AuthorityUnavailable, IssuingAuthority, create
from tests.support.command_line import CommandLine
from tests.support.pkix import BANK, NINE, PASSPHRASE, PKI_URL, authority_in, findings, request_for

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "apart"


@pytest.fixture
def first(home: Path) -> IssuingAuthority:
    return authority_in(home)


def renew(home: Path, at: datetime = NINE) -> IssuingAuthority:
    return generations.renew(home, PASSPHRASE, at, PKI_URL)


# ---- made ----------------------------------------------------------------------------------------------------------


def test_another_generation_has_a_key_a_name_and_files_of_its_own(home: Path, first: IssuingAuthority) -> None:
    second = renew(home)

    modes = {name: oct((home / name).stat().st_mode & 0o777) for name in ("issuing-2.pem", "issuing-2.key")}
    assert modes == {"issuing-2.pem": "0o644", "issuing-2.key": "0o600"}
    assert second.key.public_key() != first.key.public_key()
    assert second.issuing.subject.rfc4514_string() == f"CN=Client Issuing CA G2,O={BANK}"
    assert second.issuing.issuer == first.root.subject
    assert findings(second.issuing.public_bytes(Encoding.DER)) == []
    assert load_pem_private_key((home / "issuing-2.key").read_bytes(), PASSPHRASE) is not None


def test_the_newest_comes_first_and_the_others_stay(home: Path, first: IssuingAuthority) -> None:
    made = [renew(home) for _ in range(10)]

    found = generations.load(home, PASSPHRASE, PKI_URL)

    assert [one.name for one in found] == [*(f"issuing-{number}" for number in range(11, 1, -1)), "issuing"]
    assert [one.chain for one in found] == [one.chain for one in [*reversed(made), first]]


@pytest.mark.parametrize(
    "name", ["issuing-0.pem", "issuing-1.pem", "issuing-02.pem", "issuing-old.pem", "issuing-.pem"]
)
def test_another_name_is_no_generation(home: Path, first: IssuingAuthority, name: str) -> None:
    (home / name).write_bytes(b"anything")

    assert generations.names(home) == ["issuing"]


def test_a_renewal_that_was_cut_off_before_its_last_file_is_none(home: Path, first: IssuingAuthority) -> None:
    renew(home)
    (home / "issuing-2.pem").unlink()

    before, renewed = generations.names(home), renew(home)

    assert before == ["issuing"]
    assert renewed.name == "issuing-2"
    assert generations.load(home, PASSPHRASE, PKI_URL)[0].chain == renewed.chain


def test_two_renewals_at_once_are_two_generations(home: Path, first: IssuingAuthority) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: renew(home), range(2)))

    assert {one.name for one in made} == {"issuing-2", "issuing-3"}
    assert len(generations.load(home, PASSPHRASE, PKI_URL)) == 3


def test_all_that_vouch_for_clients_stand_in_one_file(home: Path, first: IssuingAuthority) -> None:
    second = renew(home)

    told = x509.load_pem_x509_certificates((home / "clients.pem").read_bytes())

    assert told == [second.issuing, first.issuing, first.root]
    assert (home / "clients.pem").read_bytes() == generations.trusted(home)


# ---- refused -------------------------------------------------------------------------------------------------------


def test_without_the_roots_key_nothing_is_made(home: Path, first: IssuingAuthority) -> None:
    (home / "root" / "root.key").unlink()
    before = sorted(path.name for path in home.iterdir())

    with pytest.raises(
        AuthorityUnavailable, match=r"^The root's key is not here: put it back as \S+/root/root\.key .*"
    ):
        renew(home)

    assert sorted(path.name for path in home.iterdir()) == before


def test_the_last_day_on_which_the_root_allows_a_renewal(home: Path, first: IssuingAuthority) -> None:
    last = first.root.not_valid_after_utc - 366 * DAY

    with pytest.raises(AuthorityUnavailable, match=r"^The root ends on 2046-11-\d\d, .*make a new authority\.$"):
        renew(home, last + SECOND)

    assert renew(home, last).issuing.not_valid_after_utc == first.root.not_valid_after_utc


def test_an_authority_lives_for_ten_years_where_the_root_does(home: Path, first: IssuingAuthority) -> None:
    assert renew(home, NINE).issuing.not_valid_after_utc == first.issuing.not_valid_after_utc


# ---- the certificates of the new one -------------------------------------------------------------------------------


def test_a_certificate_names_the_addresses_of_its_own_generation(home: Path, first: IssuingAuthority) -> None:
    second = renew(home)
    asked = request_for()

    certificate = x509.load_der_x509_certificate(second.sign(asked, second.plan(asked)))

    told = certificate.public_bytes(Encoding.DER)
    for path in (b"/crl/issuing-2.crl", b"/ca/issuing-2.cer", b"/ocsp"):
        assert PKI_URL.encode() + path in told
    certificate.verify_directly_issued_by(second.issuing)
    assert findings(told) == []


def test_openssl_trusts_certificates_of_both(home: Path, first: IssuingAuthority, tmp_path: Path) -> None:
    for authority in (first, renew(home)):
        asked = request_for()
        leaf = x509.load_der_x509_certificate(authority.sign(asked, authority.plan(asked)))
        (tmp_path / f"{authority.name}-leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))

    trust = ["-x509_strict", "-attime", str(int(NINE.timestamp())), "-CAfile", str(home / "clients.pem")]
    leaves = [str(tmp_path / name) for name in ("issuing-leaf.pem", "issuing-2-leaf.pem")]
    done = subprocess.run(["openssl", "verify", *trust, *leaves], capture_output=True, text=True)

    assert done.stdout == "".join(f"{leaf}: OK\n" for leaf in leaves)


# ---- the commands --------------------------------------------------------------------------------------------------


def test_the_command_renews_and_show_tells_of_all(shomei: CommandLine, with_authority: None) -> None:
    first = shomei.json("ca", "show")["issuing"]

    said = shomei.run("ca", "renew")

    shown = shomei.json("ca", "show")
    assert said.exit_code == 0, said.stderr
    assert "issuing-2.pem" in said.stdout
    assert "restart all" in said.stdout
    assert list(shown) == ["root", "issuing", "earlier_1"]
    assert shown["earlier_1"] == first
    assert "Client Issuing CA G2" in shown["issuing"]["subject"]


def test_the_command_says_where_it_must_run(shomei: CommandLine, with_authority: None) -> None:
    (shomei.work / "authority" / "root" / "root.key").unlink()

    assert shomei.refusal("ca", "renew").startswith("The root's key is not here: put it back as ")


def test_init_leaves_a_renewed_authority_as_it_is(home: Path, first: IssuingAuthority) -> None:
    second = renew(home)

    made = create(home, PASSPHRASE, NINE, PKI_URL, BANK)

    assert not made
    assert generations.load(home, PASSPHRASE, PKI_URL)[0].chain == second.chain
