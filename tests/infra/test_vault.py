"""What is erasable, what is sealed, and a whole run after which the database holds nothing readable (R4.7, R10.6)."""

import hashlib
from base64 import b64encode
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from psycopg import sql

from application.ports import Conflict, Contact, Requester
from infra.postgres import Database
from infra.vault import PersonVault, derive, seal, unseal
from tests.support.accounts import HOUR, MINUTE
from tests.support.house import NINE, RIGHT, TARO, WRONG, House
from tests.support.rows import write

SUBJECT = UUID("4b1d8f0e-0000-4000-8000-000000000001")
PERSON = Contact("見本 太郎", "taro@example.com")
SECRET = "the value of a cookie"


@pytest.fixture
def vault(database: Database) -> PersonVault:
    return PersonVault(database)


# ---- persons


def test_a_person_is_found_under_subject_and_version(vault: PersonVault, database: Database) -> None:
    moved = Contact("見本 太郎", "another@example.com")
    write(database, vault.keep(SUBJECT, 1, PERSON)[1], vault.keep(SUBJECT, 2, moved)[1])

    assert (vault.of(SUBJECT, 1), vault.of(SUBJECT, 2), vault.of(SUBJECT, 3)) == (PERSON, moved, None)


def test_the_commitment_proves_the_row_and_says_nothing_without_its_salt(
    vault: PersonVault, database: Database
) -> None:
    commitment, row = vault.keep(SUBJECT, 1, PERSON)
    again, _ = vault.keep(SUBJECT, 1, PERSON)
    write(database, row)

    (kept,) = database.execute("select salt, data from vault_persons")
    assert commitment == hashlib.sha256(kept["salt"] + kept["data"]).hexdigest()
    assert len(kept["salt"]) == 16
    assert commitment != again


def test_an_erased_person_is_none(vault: PersonVault, database: Database) -> None:
    write(database, vault.keep(SUBJECT, 1, PERSON)[1])

    database.execute("delete from vault_persons")

    assert vault.of(SUBJECT, 1) is None


def test_a_version_kept_already_is_a_conflict(vault: PersonVault, database: Database) -> None:
    write(database, vault.keep(SUBJECT, 1, PERSON)[1])

    with pytest.raises(Conflict):
        write(database, vault.keep(SUBJECT, 1, Contact("another", "another@example.com"))[1])

    assert vault.of(SUBJECT, 1) == PERSON


def test_who_asked_is_kept_like_a_person_and_is_none_once_erased(vault: PersonVault, database: Database) -> None:
    commitment, row = vault.keep(SUBJECT, 7, Requester("見本 花子"))
    write(database, row)

    (kept,) = database.execute("select salt, data from vault_persons")
    assert commitment == hashlib.sha256(kept["salt"] + kept["data"]).hexdigest()
    assert vault.requester(SUBJECT, 7) == Requester("見本 花子")

    database.execute("delete from vault_persons")
    assert vault.requester(SUBJECT, 7) is None


@pytest.mark.parametrize("column", ["salt", "data"])
def test_a_commitment_proves_the_row_until_that_is_changed_or_erased(
    vault: PersonVault, database: Database, column: str
) -> None:
    commitment, row = vault.keep(SUBJECT, 1, PERSON)
    write(database, row)
    proofs = [vault.proves(SUBJECT, 1, commitment), vault.proves(SUBJECT, 1, "00" * 32)]

    database.execute(f"update vault_persons set {column} = {column} || '\\x20'")  # noqa: S608  (one of two of ours)
    proofs.append(vault.proves(SUBJECT, 1, commitment))
    database.execute("delete from vault_persons")
    proofs.append(vault.proves(SUBJECT, 1, commitment))

    assert proofs == [True, False, False, None]


# ---- sealed


def test_what_is_sealed_opens_under_the_same_secret_and_purpose_alone() -> None:
    sealed = seal(SECRET, "package", b"a p12")

    assert unseal(SECRET, "package", sealed) == b"a p12"
    assert unseal("the value of another", "package", sealed) is None
    assert unseal(SECRET, "password", sealed) is None


@pytest.mark.parametrize("place", [0, 12, -1], ids=["nonce", "text", "tag"])
def test_one_flipped_bit_closes_it_for_ever(place: int) -> None:
    sealed = bytearray(seal(SECRET, "package", b"a p12"))

    sealed[place] ^= 1

    assert unseal(SECRET, "package", bytes(sealed)) is None


def test_the_same_thing_sealed_twice_looks_different() -> None:
    assert seal(SECRET, "package", b"a p12") != seal(SECRET, "package", b"a p12")


def test_each_purpose_has_a_key_of_its_own_of_256_bits() -> None:
    keys = {derive(SECRET, purpose) for purpose in ("ticket id", "password", "package")}

    assert [len(key) for key in keys] == [32, 32, 32]


# ---- a whole run


def everything(database: Database, *, but: str = "") -> bytes:
    """All that stands in all tables, as bytes."""
    tables = database.execute(
        "select table_name as name from information_schema.tables where table_schema = 'public' order by 1"
    )
    cells: list[bytes] = []
    with database.connection() as connection:
        for table in tables:
            rows = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(table["name"]))).fetchall()
            if table["name"] != but:
                cells += [bytes(v) if isinstance(v, bytes) else str(v).encode() for row in rows for v in row.values()]
    return b"\n".join(cells)


def forms(secret: bytes) -> list[bytes]:
    """As it is, and as a careless column would hold it."""
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), b64encode(secret)[: len(secret)]]


def scalar(private: bytes) -> bytes:
    key = load_der_private_key(private, None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key.private_numbers().private_value.to_bytes(32)


@pytest.fixture
def busy_house(house: House) -> House:
    """Somebody tried in vain, issued, logged in, changed the password; a ticket with its password still waits."""
    house.organization()
    house.user()
    house.fail(2)
    house.issue()
    session = house.log_in()
    house.desk.accounts.change_password(TARO, RIGHT, "another1", "another1", session=session)
    house.user("jiro0001", "jirosan1")
    house.enter("jiro0001", "jirosan1")
    return house


def test_no_password_key_or_p12_is_readable_in_any_table(busy_house: House) -> None:
    found = everything(busy_house.database)

    (p12,), (key,) = busy_house.packages.packed, busy_house.packages.keys
    passwords = [each.encode() for each in (RIGHT, WRONG, "another1", "jirosan1")]
    secrets = [*passwords, p12, p12[:32], key, key[:48], scalar(key)]
    assert [secret for secret in secrets for form in forms(secret) if form in found] == []
    assert TARO.encode() in found  # what is there is found this way


def test_names_and_addresses_of_persons_stand_in_the_vault_alone(busy_house: House) -> None:
    elsewhere = everything(busy_house.database, but="vault_persons")

    assert "見本 太郎".encode() in everything(busy_house.database)
    assert [word for word in ("見本 太郎", "taro@", "example.com") if word.encode() in elsewhere] == []


def test_what_waited_sealed_is_gone_from_the_tables_once_its_time_is_over(busy_house: House) -> None:
    busy_house.desk.delivery.purge(NINE + HOUR + MINUTE)

    left = busy_house.database.execute("select id from tickets where package is not null or password is not null")
    assert left == []
