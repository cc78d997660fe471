"""The demo (screens.md, "The demo"): what a newcomer needs to try the main job, made once, and only at home."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from infra import demo
from infra.settings import Settings
from tests.support.house import House

URL = "https://localhost:8443"
ROOT, SERVER_ROOT = Path("authority/root.pem"), Path("development-tls/root.pem")


class CutOff(Exception):
    """The process died here."""


def made(house: House, home: Path) -> demo.Demo:
    return demo.make(home, house.desk, url=URL, root=ROOT, server_root=SERVER_ROOT, now=house.clock())


def written(home: Path) -> Any:
    return json.loads((home / "demo.json").read_bytes())


def test_the_file_says_what_was_made_with_paths_that_hold_in_every_folder(house: House, tmp_path: Path) -> None:
    returned = made(house, tmp_path)

    found = written(tmp_path)
    assert found == json.loads(msgspec.json.encode(returned))
    assert set(found) == {"url", "root", "server_root", "organization", "accounts"}
    assert (found["url"], found["organization"]) == (URL, "DEMO01")
    assert found["root"] == str(Path.cwd() / ROOT)
    assert found["server_root"] == str(Path.cwd() / SERVER_ROOT)
    assert [account["role"] for account in found["accounts"]] == ["master", "general", "bank_admin", "auditor"]
    assert all(set(account) == {"user_id", "password", "role", "p12"} for account in found["accounts"])


def test_it_is_for_its_owner_alone(house: House, tmp_path: Path) -> None:
    made(house, tmp_path)

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 3


def test_the_passwords_are_their_own_and_no_change_is_due(house: House, tmp_path: Path) -> None:
    for account in made(house, tmp_path).accounts:
        assert not house.account(account.user_id).must_change_password
        if account.p12 is None:
            assert house.enter(account.user_id, account.password)
        else:
            assert house.log_in(1, account.user_id, account.password)


def test_staff_have_a_p12_that_their_password_opens_and_the_others_no_certificate(house: House, tmp_path: Path) -> None:
    accounts = made(house, tmp_path).accounts

    files = {account.role: account.p12 and Path(account.p12) for account in accounts}
    assert files == {
        "master": None,
        "general": None,
        "bank_admin": tmp_path / "bank0001.p12",
        "auditor": tmp_path / "audit001.p12",
    }
    for account in accounts:
        if account.p12:
            assert pkcs12.load_pkcs12(Path(account.p12).read_bytes(), account.password.encode()).key is not None
    assert house.count("CertificateIssued") == 2


def test_every_demo_has_passwords_of_its_own(house: House, tmp_path: Path) -> None:
    passwords = {account.password for account in made(house, tmp_path).accounts}

    assert len(passwords) == 4
    assert all(len(password) == 12 for password in passwords)


@pytest.mark.parametrize(
    "step",
    [
        "saved OrganizationRegistered",
        "saved UserRegistered",
        "saved PasswordAccepted",
        "saved IssuanceStarted",
        "saved CertificatePlanned",
        "saved CertificateIssued",
    ],
)
def test_a_start_that_was_cut_off_is_taken_up_by_the_next(house: House, tmp_path: Path, step: str) -> None:
    house.between.fails_at(step, CutOff())
    with pytest.raises(CutOff):
        made(house, tmp_path)

    accounts = made(house, tmp_path).accounts

    for account in accounts:
        number = house.account(account.user_id).issues
        if account.p12:
            assert house.log_in(number, account.user_id, account.password)
        else:
            assert house.enter(account.user_id, account.password)
    assert house.count("UserRegistered") == len(accounts)


def test_a_later_start_tells_the_same_accounts_at_its_own_address(house: House, tmp_path: Path) -> None:
    before = made(house, tmp_path)

    again = demo.read_again(tmp_path, url="https://localhost:9443", root=ROOT, server_root=SERVER_ROOT)

    assert again is not None
    assert again.accounts == before.accounts
    assert written(tmp_path)["url"] == "https://localhost:9443"
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600


def test_where_none_was_made_there_is_none_to_tell_of(tmp_path: Path) -> None:
    assert demo.read_again(tmp_path, url=URL, root=ROOT, server_root=SERVER_ROOT) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "allowed"),
    [
        ({}, True),
        ({"SHOMEI_HOST": "127.0.0.1"}, True),
        ({"SHOMEI_HOST": "::1"}, True),
        ({"SHOMEI_DEMO": "off"}, False),
        ({"SHOMEI_HOST": "0.0.0.0"}, False),  # noqa: S104  (nothing listens)
        ({"SHOMEI_HOST": "192.0.2.1"}, False),
        ({"SHOMEI_SOCKET": "/run/shomei/web.sock"}, False),
        ({"DATABASE_URL": "postgresql://shomei@localhost/shomei"}, False),
    ],
)
def test_only_our_own_database_at_a_loopback_address_gets_one(environ: dict[str, str], allowed: bool) -> None:
    assert Settings.read(environ, None).demo_allowed is allowed
