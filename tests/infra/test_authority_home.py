"""The certification authority's files (R4.11): made once and whole, by however many at once; refused when damaged."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from infra.authority import AuthorityUnavailable, IssuingAuthority, create, passphrase_from
from tests.support.pkix import BANK, NINE, PASSPHRASE, PKI_URL

T = TypeVar("T")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "authority"


@pytest.fixture
def restored_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def all_at_once(count: int, act: Callable[[], T]) -> list[T]:
    gate = Barrier(count)

    def when_all_are_there(_: int) -> T:
        gate.wait()
        return act()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(when_all_are_there, range(count)))


def files_in(folder: Path) -> dict[str, tuple[str, bytes]]:
    return {
        str(path.relative_to(folder)): (oct(path.stat().st_mode & 0o777), path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


# ---- made once -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_authority_is_six_files_with_the_root_key_apart(home: Path, umask: int, restored_umask: None) -> None:
    os.umask(umask)

    made = create(home, PASSPHRASE, NINE, PKI_URL, BANK)

    assert made
    assert {name: mode for name, (mode, _) in files_in(home).items()} == {
        "root.pem": "0o644",
        "root.crl": "0o644",
        "issuing.pem": "0o644",
        "clients.pem": "0o644",
        "issuing.key": "0o600",
        "root": "0o700",
        "root/root.key": "0o600",
    }
    assert list(home.parent.iterdir()) == [home]


def test_an_authority_that_stands_is_left_as_it_is(home: Path) -> None:
    create(home, PASSPHRASE, NINE, PKI_URL, BANK)
    before = files_in(home)

    made = create(home, b"another", NINE, PKI_URL, BANK)

    assert not made
    assert files_in(home) == before


def test_of_eight_that_start_at_once_one_makes_the_authority_and_all_can_use_it(home: Path) -> None:
    def start() -> tuple[bool, bytes]:
        passphrase = passphrase_from(home.parent / "passphrase", create=True)
        made = create(home, passphrase, NINE, PKI_URL, BANK)
        return made, IssuingAuthority.load(home, passphrase, PKI_URL).chain[0]

    results = all_at_once(8, start)

    assert sorted(made for made, _ in results) == [False] * 7 + [True]
    assert len({certificate for _, certificate in results}) == 1
    assert sorted(path.name for path in home.parent.iterdir()) == ["authority", "passphrase"]


def test_a_failure_in_the_making_leaves_nothing(home: Path) -> None:
    with pytest.raises(ValueError, match="bytes"):
        create(home, b"", NINE, PKI_URL, BANK)

    assert list(home.parent.iterdir()) == []


def test_a_folder_that_holds_something_else_is_not_touched(home: Path) -> None:
    home.mkdir()
    (home / "letter.txt").write_text("mine")

    with pytest.raises(AuthorityUnavailable, match="can be made"):
        create(home, PASSPHRASE, NINE, PKI_URL, BANK)

    assert files_in(home).keys() == {"letter.txt"}
    assert list(home.parent.iterdir()) == [home]


def test_a_place_that_cannot_be_a_folder_is_refused_in_one_sentence(home: Path) -> None:
    home.write_text("a file")

    with pytest.raises(AuthorityUnavailable, match=r"^No certification authority can be made in .*\.$"):
        create(home / "below", PASSPHRASE, NINE, PKI_URL, BANK)


# ---- the passphrase ------------------------------------------------------------------------------------------------


def test_a_missing_passphrase_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "passphrase"

    passphrases = all_at_once(8, lambda: passphrase_from(path, create=True))

    assert len(set(passphrases)) == 1
    assert len(passphrases[0]) >= 43  # 256 bits in base64
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_passphrase_file_of_ones_own_is_read_up_to_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(b"correct horse\r\nnot this\n")

    assert passphrase_from(path, create=True) == b"correct horse"


def test_a_missing_passphrase_file_is_refused_where_none_may_be_made(tmp_path: Path) -> None:
    with pytest.raises(AuthorityUnavailable, match=r"^The passphrase file .* cannot be used: .*\.$"):
        passphrase_from(tmp_path / "passphrase", create=False)

    assert list(tmp_path.iterdir()) == []


def test_an_empty_passphrase_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(b"\n")

    with pytest.raises(AuthorityUnavailable, match="is empty"):
        passphrase_from(path, create=True)


# ---- refused when damaged ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["root.pem", "issuing.pem", "issuing.key"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\n"], ids=["missing", "empty", "cut"])
def test_a_missing_or_damaged_file_is_named_in_one_sentence(home: Path, name: str, content: bytes | None) -> None:
    create(home, PASSPHRASE, NINE, PKI_URL, BANK)
    (home / name).unlink()
    if content is not None:
        (home / name).write_bytes(content)

    with pytest.raises(AuthorityUnavailable, match=rf"^The authority's [a-z]+ \S*/{name} [^.]*\.$"):
        IssuingAuthority.load(home, PASSPHRASE, PKI_URL)


def test_a_wrong_passphrase_is_refused_and_not_repeated(home: Path) -> None:
    create(home, PASSPHRASE, NINE, PKI_URL, BANK)

    with pytest.raises(AuthorityUnavailable, match="does not open with the passphrase") as refused:
        IssuingAuthority.load(home, b"a-wrong-one", PKI_URL)

    assert "a-wrong-one" not in f"{refused.value} {refused.value.__cause__}"


@pytest.mark.parametrize(
    ("key", "encryption", "reason"),
    [
        (ec.generate_private_key(ec.SECP256R1()), NoEncryption(), "does not open"),
        (ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(PASSPHRASE), "is not the key of"),
        (ed25519.Ed25519PrivateKey.generate(), BestAvailableEncryption(PASSPHRASE), "neither EC nor RSA"),
    ],
    ids=["in the clear", "another's", "another kind"],
)
def test_a_key_that_is_not_the_authoritys_own_encrypted_one_is_refused(
    home: Path,
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    encryption: KeySerializationEncryption,
    reason: str,
) -> None:
    create(home, PASSPHRASE, NINE, PKI_URL, BANK)
    (home / "issuing.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))

    with pytest.raises(AuthorityUnavailable, match=reason):
        IssuingAuthority.load(home, PASSPHRASE, PKI_URL)


def test_the_root_of_another_authority_is_refused(home: Path) -> None:
    create(home, PASSPHRASE, NINE, PKI_URL, BANK)
    create(home.parent / "other", PASSPHRASE, NINE, PKI_URL, BANK)
    (home.parent / "other" / "root.pem").rename(home / "root.pem")

    with pytest.raises(AuthorityUnavailable, match=r"issuing\.pem was not issued by root\.pem"):
        IssuingAuthority.load(home, PASSPHRASE, PKI_URL)


def test_the_issuing_authority_works_with_the_root_key_moved_away(home: Path) -> None:
    create(home, PASSPHRASE, NINE, PKI_URL, BANK)
    here = load_pem_private_key((home / "root" / "root.key").read_bytes(), PASSPHRASE)
    (home / "root").rename(home.parent / "safe")

    authority = IssuingAuthority.load(home, PASSPHRASE, PKI_URL)

    assert isinstance(here, ec.EllipticCurvePrivateKey)
    assert here.public_key() == authority.root.public_key()
