"""A master sees and changes the own organization's general users and no others (section 1; R1.3, R6.2, R10.6)."""

from collections.abc import Callable

import pytest

from application.ports import Contact
from domain.credentials import account_stream
from domain.errors import (
    AlreadyClosed,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from domain.user_account_facts import ContactChanged
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, TARO, House
from tests.support.members import NEW, OTHERS_MASTER, OTHERS_USER, STAFF, register, settle

Act = Callable[[House, str, str], object]
ACTS: dict[str, Act] = {
    "find": lambda house, master, user_id: house.desk.members.find(master, user_id),
    "change": lambda house, master, user_id: house.desk.members.change(master, user_id, NEW.name, NEW.email, NINE),
    "release": lambda house, master, user_id: house.desk.members.release(master, user_id, NINE),
    "suspend": lambda house, master, user_id: house.desk.members.suspend(master, user_id, NINE),
    "resume": lambda house, master, user_id: house.desk.members.resume(master, user_id, NINE),
    "reset": lambda house, master, user_id: house.desk.members.reset_password(master, user_id, NINE),
    "close": lambda house, master, user_id: house.desk.members.close(master, user_id, NINE),
}
every_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
STRANGERS = {
    "another organization's": OTHERS_USER,
    "another organization's master": OTHERS_MASTER,
    "the master": MASTER,
    "staff": STAFF,
    "nobody": "nobody01",
    "in another case": TARO.upper(),
    "no ID": "\0",
}


def close(house: House) -> list[str]:
    return house.desk.members.close(MASTER, TARO, house.clock())


@pytest.fixture
def house(house: House) -> House:
    settle(house)
    return house


# ---- whose users


@every_act
def test_an_own_user_is_acted_on_in_the_masters_name(house: House, act: Act) -> None:
    house.fail(6)
    before = len(house.every_fact())

    act(house, MASTER, TARO)

    assert {fact.by for fact in house.every_fact()[before:]} <= {MASTER}


@every_act
@pytest.mark.parametrize("user_id", STRANGERS.values(), ids=STRANGERS)
def test_whoever_is_none_of_the_masters_users_is_as_unknown_as_nobody(house: House, act: Act, user_id: str) -> None:
    before = house.kinds()

    with pytest.raises(NotFound) as refusal:
        act(house, MASTER, user_id)

    assert refusal.value.args == ("user",)
    assert house.kinds() == before


@every_act
@pytest.mark.parametrize("user_id", [TARO, OTHERS_USER, STAFF])
def test_nobody_but_a_master_may(house: House, act: Act, user_id: str) -> None:
    before = house.kinds()

    with pytest.raises(NotPermitted):
        act(house, user_id, TARO)
    with pytest.raises(NotPermitted):
        register(house, "jiro0001", master=user_id)

    assert house.kinds() == before


@every_act
def test_a_master_no_more_may_not(house: House, act: Act) -> None:
    house.desk.organizations.initialize("ACME01", STAFF, NINE)

    with pytest.raises(NotPermitted):
        act(house, MASTER, TARO)


@pytest.mark.parametrize("act", [act for name, act in ACTS.items() if name != "find"])
def test_with_a_closed_user_nothing_is_done_any_more(house: House, act: Act) -> None:
    close(house)
    before = house.kinds()

    with pytest.raises(AlreadyClosed):
        act(house, MASTER, TARO)

    assert house.kinds() == before
    assert house.desk.members.find(MASTER, TARO)[0].closed


def test_the_same_contact_given_once_more_to_a_closed_user_is_refused_too(house: House) -> None:
    close(house)

    with pytest.raises(AlreadyClosed):
        house.desk.members.change(MASTER, TARO, "見本 太郎", "taro@example.com", NINE)


def test_each_master_is_told_the_own_users_names(house: House) -> None:
    register(house, "jiro0001")

    ours, theirs = house.desk.members.contacts(MASTER), house.desk.members.contacts(OTHERS_MASTER)

    assert ours == {TARO: Contact("見本 太郎", "taro@example.com"), "jiro0001": NEW}
    assert set(theirs) == {OTHERS_USER}
    assert house.desk.members.find(MASTER, "jiro0001")[1] == NEW


def test_names_of_the_closed_are_not_listed_and_the_erased_are_nameless(house: House) -> None:
    register(house, "jiro0001")
    house.desk.members.close(MASTER, "jiro0001", NINE)
    house.database.execute("delete from vault_persons where subject = %s", account_stream(TARO))

    assert house.desk.members.contacts(MASTER) == {TARO: None}
    assert house.desk.members.find(MASTER, TARO)[1] is None


# ---- name and mail address


def test_a_changed_contact_is_the_vaults_next_version_and_the_log_has_its_commitment_alone(house: House) -> None:
    house.desk.members.change(MASTER, TARO, NEW.name, NEW.email, NINE)

    changed = house.store.load(account_stream(TARO))[-1]
    stream = account_stream(TARO)
    assert isinstance(changed, ContactChanged)
    assert (changed.person, changed.by, len(changed.commitment)) == (2, MASTER, 64)
    assert NEW.name not in str(changed)
    assert NEW.email not in str(changed)
    assert (house.people.of(stream, 1), house.people.of(stream, 2)) == (Contact("見本 太郎", "taro@example.com"), NEW)
    assert house.desk.members.find(MASTER, TARO) == (house.account(), NEW)


def test_a_contact_that_stays_as_it_was_is_no_change(house: House) -> None:
    before = house.kinds()

    house.desk.members.change(MASTER, TARO, "見本 太郎", "taro@example.com", NINE)

    assert house.kinds() == before


def test_of_changes_at_once_each_has_a_version_of_its_own(house: House, second_house: House) -> None:
    outcomes = together(
        [
            lambda: house.desk.members.change(MASTER, TARO, "見本 一", "a@example.com", NINE),
            lambda: second_house.desk.members.change(MASTER, TARO, "見本 二", "b@example.com", NINE),
        ]
    )

    names = [house.people.of(account_stream(TARO), version) for version in (2, 3)]
    assert refusals(outcomes) == []
    assert {each.name for each in names if each} == {"見本 一", "見本 二"}
    assert house.account().person == 3


def test_a_contact_that_cannot_be_taken_is_told_and_nothing_is_kept(house: House) -> None:
    with pytest.raises(InvalidInput) as refusal:
        house.desk.members.change(MASTER, TARO, "見本\n太郎", "taro", NINE)

    assert set(refusal.value.faults) == {"name", "email"}
    assert house.people.of(account_stream(TARO), 2) is None
