"""An organization's general users are registered by its master, nineteen at most (section 1; R2.2, R2.4)."""

import pytest

from domain.credentials import account_stream
from domain.errors import (
    AlreadyClosed,
    InvalidInput,
    TooManyUsers,
)
from domain.policy import Policy
from domain.user_account_facts import UserRegistered
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, TARO, House
from tests.support.members import OTHERS_MASTER, OTHERS_USER, register, settle, users


def close(house: House) -> list[str]:
    return house.desk.members.close(MASTER, TARO, house.clock())


@pytest.fixture
def house(house: House) -> House:
    settle(house)
    return house


def test_a_registered_user_is_of_the_masters_organization_and_owes_a_change(house: House) -> None:
    password = register(house, "jiro0001")

    account = house.account("jiro0001")
    (registered,) = house.store.load(account_stream("jiro0001"))
    assert isinstance(registered, UserRegistered)
    assert (registered.role, registered.organization, registered.by) == ("general", "ACME01", MASTER)
    assert account.must_change_password
    assert house.enter("jiro0001", password)
    assert users(house) == (TARO, "jiro0001")


def test_the_nineteenth_user_is_registered_and_the_twentieth_is_not(house: House) -> None:
    for number in range(2, 20):
        register(house, f"user{number:04}")
    before = house.kinds()

    with pytest.raises(TooManyUsers) as refusal:
        register(house, "user0020")

    assert refusal.value.most == house.desk.members.most == 19
    assert len(users(house)) == 19
    assert house.kinds() == before
    assert house.people.of(account_stream("user0020"), 1) is None


def test_each_organization_has_places_of_its_own(house: House) -> None:
    for number in range(2, 20):
        register(house, f"user{number:04}")

    register(house, "another1", OTHERS_MASTER)

    assert users(house, OTHERS_MASTER) == (OTHERS_USER, "another1")


two_places = pytest.mark.parametrize("policy", [Policy(general_users=2)], ids=["two places"])


@two_places
def test_of_two_who_take_the_last_place_at_once_one_gets_it(house: House, second_house: House) -> None:
    outcomes = together([lambda: register(house, "jiro0001"), lambda: register(second_house, "saburo01")])

    (told,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    (_, taken) = users(house)
    assert refusals(outcomes) == [TooManyUsers]
    assert house.enter(taken, told)
    assert [house.store.load(account_stream(each)) for each in {"jiro0001", "saburo01"} - {taken}] == [[]]


@two_places
def test_a_place_comes_free_when_a_user_is_deleted(house: House) -> None:
    register(house, "jiro0001")

    close(house)

    register(house, "saburo01")
    with pytest.raises(TooManyUsers):
        register(house, "shiro001")
    assert users(house) == ("jiro0001", "saburo01")


@two_places
def test_a_master_takes_no_place_of_a_general_user(house: House) -> None:
    register(house, "jiro0001")

    assert MASTER not in users(house)
    assert len(users(house)) == 2


@two_places
def test_neither_the_bank_nor_the_command_line_registers_more(house: House) -> None:
    register(house, "jiro0001")

    with pytest.raises(TooManyUsers):
        house.register("saburo01")


def test_a_user_deleted_twice_at_once_gives_one_place_back(house: House, second_house: House) -> None:
    outcomes = together([lambda: close(house), lambda: close(second_house)])

    assert refusals(outcomes) == [AlreadyClosed]
    assert house.count("GeneralUserClosed") == 1
    assert users(house) == ()


def test_what_cannot_be_registered_is_told_and_takes_no_place(house: House) -> None:
    with pytest.raises(InvalidInput) as refusal:
        house.desk.members.register(MASTER, "jiro0001", "", "jiro", NINE)

    assert set(refusal.value.faults) == {"name", "email"}
    assert users(house) == (TARO,)
