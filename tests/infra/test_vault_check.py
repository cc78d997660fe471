"""A changed row of the vault is named, and so is one that is missing or that nobody recorded (R10.6)."""

from uuid import UUID

import msgspec
import pytest

from application.ports import Contact, Requester
from domain.certificate import certificate_stream
from domain.credentials import account_stream, organization_stream
from domain.fact import COMMAND_LINE
from domain.policy import Policy
from infra import vault_check
from infra.vault_check import COMMITTING, Difference, differences
from tests.support.accounts import domain_facts
from tests.support.approvals import FIRST
from tests.support.house import MASTER, NINE, TARO, House
from tests.support.members import OTHERS_MASTER, settle

OTHER = Contact("変えた 名前", "changed@example.com")
TARO_STREAM, ACME = account_stream(TARO), organization_stream("ACME01")
CHANGE = "update vault_persons set data = %s where subject = %s and version = %s"


@pytest.fixture
def policy() -> Policy:
    return Policy(approval="two_persons")


@pytest.fixture
def filled(house: House) -> House:
    """All kinds of rows: persons of two versions, a contact, requests under a certificate and under an approval."""
    house.organization()
    house.user()
    house.desk.accounts.change_contact(TARO, "見本 太郎", "new@example.com", FIRST, NINE)
    house.issue()
    serial = str(house.certificate().serial)
    house.desk.approvals.revoke(serial, "lost", FIRST, NINE, requested_by="見本 花子")
    house.desk.revocation.revoke_user(TARO, "lost", FIRST, NINE, requested_by="見本 花子")
    return house


def found(house: House) -> list[Difference]:
    return list(differences(house.database))


def subjects(house: House) -> list[tuple[UUID, int]]:
    rows = house.database.execute("select subject, version from vault_persons order by subject, version")
    return [(row["subject"], row["version"]) for row in rows]


def named(house: House) -> dict[tuple[UUID, int], Difference]:
    """What each row that there is would be called, were it changed."""
    serial = str(house.certificate().serial)
    revoked = len(house.store.load(certificate_stream(TARO, 1))) - 1  # the package was destroyed with it
    calls = {
        (ACME, 1): Difference("changed", "organization", "ACME01", 1),
        (TARO_STREAM, 1): Difference("changed", "user", TARO, 1),
        (TARO_STREAM, 2): Difference("changed", "user", TARO, 2),
        (certificate_stream(TARO, 1), revoked): Difference("changed", "certificate", serial, revoked),
    }
    (approval,) = set(subjects(house)) - set(calls)
    return calls | {approval: Difference("changed", "approval", serial, 1)}


def test_what_was_recorded_and_is_kept_differs_in_nothing(filled: House) -> None:
    assert len(subjects(filled)) == 5
    assert found(filled) == []


def test_each_changed_row_is_named_and_no_other(filled: House) -> None:
    for (subject, version), name in named(filled).items():
        (kept,) = filled.database.execute(
            "select data from vault_persons where subject = %s and version = %s", subject, version
        )
        filled.database.execute(CHANGE, msgspec.json.encode(OTHER), subject, version)

        assert found(filled) == [name]

        filled.database.execute(CHANGE, kept["data"], subject, version)


def test_one_flipped_bit_of_data_or_salt_is_enough(filled: House) -> None:
    changed = Difference("changed", "user", TARO, 1)
    for column in ("data", "salt"):
        flip = f"update vault_persons set {column} = set_bit({column}, 7, 1 - get_bit({column}, 7)) where subject = %s"  # noqa: S608  (ours)
        filled.database.execute(f"{flip} and version = 1", TARO_STREAM)

        assert found(filled) == [changed]

        filled.database.execute(f"{flip} and version = 1", TARO_STREAM)
    assert found(filled) == []


def test_each_row_that_is_missing_though_nobody_was_erased_is_named(filled: House) -> None:
    names = {msgspec.structs.replace(name, what="missing") for name in named(filled).values()}

    filled.database.execute("delete from vault_persons")

    missing = found(filled)
    assert set(missing) == names
    assert len(missing) == len(names)


def test_a_row_that_no_fact_knows_is_named(filled: House) -> None:
    stranger = UUID(int=7)
    insert = "insert into vault_persons (subject, version, salt, data) values (%s, %s, '', '')"
    for subject, version in ((TARO_STREAM, 3), (stranger, 1)):
        filled.database.execute(insert, subject, version)

    assert set(found(filled)) == {
        Difference("unknown", "user", TARO, 3),
        Difference("unknown", "nothing", str(stranger), 1),
    }


def test_two_rows_that_changed_places_are_both_named(filled: House) -> None:
    filled.database.execute("update vault_persons set version = 3 - version + 10 where subject = %s", TARO_STREAM)
    filled.database.execute("update vault_persons set version = version - 10 where subject = %s", TARO_STREAM)

    assert found(filled) == [Difference("changed", "user", TARO, 1), Difference("changed", "user", TARO, 2)]


def test_what_went_with_an_erased_person_is_not_missed(filled: House) -> None:
    settle(filled)
    filled.desk.organizations.close("ACME01", FIRST, NINE)
    for user_id in (TARO, MASTER):
        filled.desk.erasure.erase(user_id, COMMAND_LINE, NINE)

    assert set(subjects(filled)) & {(ACME, 1), (TARO_STREAM, 1), (TARO_STREAM, 2)} == set()
    assert found(filled) == []


def test_what_goes_missing_of_others_is_missed_all_the_same(filled: House) -> None:
    settle(filled)
    filled.desk.organizations.close("ACME01", FIRST, NINE)
    filled.desk.erasure.erase(MASTER, COMMAND_LINE, NINE)

    filled.database.execute("delete from vault_persons where subject = %s", account_stream(OTHERS_MASTER))

    assert found(filled) == [Difference("missing", "user", OTHERS_MASTER, 1)]


def test_the_log_is_read_page_by_page(filled: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_check, "PAGE", 2)
    filled.database.execute(CHANGE, b"{}", TARO_STREAM, 2)
    filled.database.execute("insert into vault_persons (subject, version, salt, data) values (%s, 9, '', '')", ACME)

    assert found(filled) == [
        Difference("changed", "user", TARO, 2),
        Difference("unknown", "organization", "ACME01", 9),
    ]


def test_a_difference_says_nothing_of_what_stands_in_the_row(filled: House) -> None:
    filled.database.execute(CHANGE, msgspec.json.encode(Requester("見本 花子")), TARO_STREAM, 1)

    assert "見本" not in repr(found(filled))


def test_every_fact_with_a_commitment_is_among_those_that_are_compared() -> None:
    committing = {kind for kind in domain_facts() if "commitment" in kind.__struct_fields__}

    assert committing == set(COMMITTING)
