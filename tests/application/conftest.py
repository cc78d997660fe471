"""The house that these tests move into: one organization, and one general user with a password of his own."""

import pytest

from tests.support.house import House


@pytest.fixture
def house(house: House) -> House:
    """No password has been checked yet, so what is counted is the test's own."""
    house.organization()
    house.user()
    return house
