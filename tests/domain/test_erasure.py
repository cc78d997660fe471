"""What an erasure is decided on: an account that is closed, an organization that is (R10.6)."""

import pytest

from domain.errors import NotClosed
from domain.fact import COMMAND_LINE
from domain.organization import organization_from
from tests.support.accounts import DAY, NINE, TARO, Account, fact, registered
from tests.support.invitations import BANK, REGISTERED

CLOSED = fact("OrganizationClosed", NINE, by=BANK)


@pytest.fixture
def closed() -> Account:
    account = registered()
    account.record(account.state.close("deleted", BANK, NINE))
    return account


def test_whose_account_is_closed_is_erased_by_one_fact(closed: Account) -> None:
    decided = closed.state.erase(COMMAND_LINE, NINE + DAY)

    assert decided == [fact("PersonalDataErased", NINE + DAY, by=COMMAND_LINE)]


def test_once_is_enough(closed: Account) -> None:
    closed.record(closed.state.erase(COMMAND_LINE, NINE + DAY))

    assert closed.state.erase(COMMAND_LINE, NINE + 2 * DAY) == []


@pytest.mark.parametrize("hold", ["open", "suspended"])
def test_whose_account_is_not_closed_is_not_erased(hold: str) -> None:
    account = registered()
    if hold == "suspended":
        account.record(account.state.suspend(BANK, NINE))

    with pytest.raises(NotClosed) as refusal:
        account.state.erase(COMMAND_LINE, NINE)

    assert str(refusal.value) == TARO


def test_the_contact_of_a_closed_organization_is_erased_once() -> None:
    organization = organization_from([REGISTERED, CLOSED])

    decided = organization.erase_contact(COMMAND_LINE, NINE + DAY)

    assert decided == [fact("ContactErased", NINE + DAY, by=COMMAND_LINE)]
    assert organization_from([REGISTERED, CLOSED, *decided]).erase_contact(COMMAND_LINE, NINE + DAY) == []


def test_an_open_organization_keeps_its_contact() -> None:
    assert organization_from([REGISTERED]).erase_contact(COMMAND_LINE, NINE) == []
