"""The log's own key: made once, sealed like the authority's, never replaced (R10.4, R4.11)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra.authority import AuthorityUnavailable, sealed
from infra.log_key import KEY, PUBLIC_KEY, ensure, load, read_public

PASSPHRASE = b"a passphrase"


def test_a_key_is_made_once_and_stays(tmp_path: Path) -> None:
    first = ensure(tmp_path, PASSPHRASE)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    second = ensure(tmp_path, PASSPHRASE)

    assert (first, second) == (True, False)
    assert set(made) == {KEY, PUBLIC_KEY}
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == made
    assert load(tmp_path, PASSPHRASE).public_key() == read_public(tmp_path / PUBLIC_KEY)


def test_the_private_key_is_sealed_and_its_owners_alone(tmp_path: Path) -> None:
    ensure(tmp_path, PASSPHRASE)

    assert (tmp_path / KEY).read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / PUBLIC_KEY).stat().st_mode & 0o777 == 0o644


def test_of_several_that_begin_at_once_one_makes_the_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: ensure(tmp_path, PASSPHRASE), range(4)))

    assert made.count(True) == 1
    load(tmp_path, PASSPHRASE)


def test_a_start_that_was_cut_off_is_finished_with_the_key_that_there_is(tmp_path: Path) -> None:
    ensure(tmp_path, PASSPHRASE)
    made = (tmp_path / PUBLIC_KEY).read_bytes()
    (tmp_path / PUBLIC_KEY).unlink()

    assert ensure(tmp_path, PASSPHRASE) is False
    assert (tmp_path / PUBLIC_KEY).read_bytes() == made


def test_where_the_private_key_has_gone_none_is_made(tmp_path: Path) -> None:
    """What it signed is out in the world under log.pem."""
    ensure(tmp_path, PASSPHRASE)
    (tmp_path / KEY).unlink()

    assert ensure(tmp_path, PASSPHRASE) is False
    with pytest.raises(AuthorityUnavailable, match=r"log\.key cannot be read"):
        load(tmp_path, PASSPHRASE)


def test_another_passphrase_opens_nothing(tmp_path: Path) -> None:
    ensure(tmp_path, PASSPHRASE)

    with pytest.raises(AuthorityUnavailable, match="does not open with the passphrase"):
        load(tmp_path, b"another")


def test_an_open_key_is_refused(tmp_path: Path) -> None:
    ensure(tmp_path, PASSPHRASE)
    key = Ed25519PrivateKey.generate()
    (tmp_path / KEY).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with pytest.raises(AuthorityUnavailable, match="does not open with the passphrase"):
        load(tmp_path, PASSPHRASE)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    ensure(tmp_path, PASSPHRASE)
    (tmp_path / KEY).write_bytes(sealed(ec.generate_private_key(ec.SECP256R1()), PASSPHRASE))

    with pytest.raises(AuthorityUnavailable, match="is not Ed25519"):
        load(tmp_path, PASSPHRASE)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    ensure(tmp_path, PASSPHRASE)
    ensure(tmp_path / "other", PASSPHRASE)
    (tmp_path / "other" / KEY).rename(tmp_path / KEY)

    with pytest.raises(AuthorityUnavailable, match=r"log\.key is not the key of log\.pem"):
        load(tmp_path, PASSPHRASE)


@pytest.mark.parametrize("content", [b"", b"no PEM", b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_public_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.pem").write_bytes(content)

    with pytest.raises(AuthorityUnavailable, match="is not the public key of a log"):
        read_public(tmp_path / "log.pem")


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(AuthorityUnavailable, match="No log key can be made in"):
        ensure(tmp_path / "none", PASSPHRASE)
