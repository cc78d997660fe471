"""A person's own mail address changed, with the own password, and told to both (R6.3)."""

import pytest

from application.ports import Contact
from domain.credentials import account_stream
from domain.errors import AccountIsLocked, InvalidInput, WrongPassword
from domain.policy import Policy
from tests.support.house import RIGHT, TARO, WRONG, House
from tests.support.post import Post

NEW = "t.mihon@example.com"


def change(house: House, password: str = RIGHT, email: str = NEW, again: str = NEW) -> None:
    house.desk.accounts.change_email(TARO, password, email, again)


def known(house: House) -> Contact | None:
    return house.people.of(account_stream(TARO), house.account().person)


def test_the_address_is_another_version_in_the_vault_and_in_no_fact(house: House) -> None:
    change(house)

    assert known(house) == Contact("見本 太郎", NEW)
    assert house.kinds()[-4:] == ["PasswordAccepted", "ContactChanged", *["NotificationRequested"] * 2]
    assert NEW not in str(house.every_fact())


def test_both_addresses_are_told(house: House) -> None:
    post = Post(house, Policy())

    change(house)
    post.send()

    assert {(mail.recipient, mail.subject) for mail in post.server.taken} == {
        (NEW, "subject address_changed"),
        ("taro@example.com", "subject address_left"),
    }


def test_the_same_address_again_changes_nothing(house: House) -> None:
    change(house, email="taro@example.com", again="taro@example.com")

    assert house.kinds()[-1] == "PasswordAccepted"
    assert house.mails() == []


def test_an_erased_persons_new_address_is_told_to_that_alone(house: House) -> None:
    house.database.execute("delete from vault_persons")

    change(house)

    assert house.mails() == ["address_changed"]
    assert known(house) == Contact(TARO, NEW)


def test_a_wrong_password_is_a_failed_try_and_changes_nothing(house: House) -> None:
    with pytest.raises(WrongPassword):
        change(house, WRONG)

    assert house.kinds()[-1] == "PasswordFailed"
    assert known(house) == Contact("見本 太郎", "taro@example.com")


def test_while_locked_nothing_is_changed(house: House) -> None:
    house.fail(6)

    with pytest.raises(AccountIsLocked):
        change(house)


@pytest.mark.parametrize(
    ("email", "again", "fault"),
    [
        ("", "", {"email": "malformed"}),
        ("no address", "no address", {"email": "malformed"}),
        ("ｔａｒｏ＠example.com", "ｔａｒｏ＠example.com", {"email": "malformed"}),
        (NEW, "other@example.com", {"email_again": "emails_differ"}),
    ],
)
def test_malformed_input_is_no_try(house: House, email: str, again: str, fault: dict[str, str]) -> None:
    before = house.kinds()

    with pytest.raises(InvalidInput) as refusal:
        change(house, WRONG, email, again)

    assert refusal.value.faults == fault
    assert house.kinds() == before
