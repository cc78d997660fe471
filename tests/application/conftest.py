"""The house that these tests move into: one organization, and one general user with a password of his own."""

import pytest

from domain.fact import COMMAND_LINE
from domain.policy import Policy
from tests.support.house import NINE, House
from tests.support.post import Post


@pytest.fixture
def house(house: House) -> House:
    """No password has been checked yet, so what is counted is the test's own."""
    house.organization()
    house.user()
    return house


@pytest.fixture
def checked(house: House) -> House:
    """Its organization wants the second check (R5.7)."""
    house.desk.organizations.set("ACME01", COMMAND_LINE, NINE, issuance_code="on")
    return house


@pytest.fixture
def checked_post(checked: House) -> Post:
    return Post(checked, Policy())
