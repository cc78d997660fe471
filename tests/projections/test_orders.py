"""Which conditions a place in the list makes needless, so that each page is searched from there (R9.1)."""

import pytest

from projections.answers import CertificateKey
from projections.orders import Bound, Order
from tests.support.accounts import NINE, SECOND

RISING, FALLING = Order(("ends_at", "serial")), Order(("ends_at", "serial"), descending=True)


@pytest.mark.parametrize(
    ("order", "sign", "seconds", "expected"),
    [
        (RISING, ">=", 1, True),
        (RISING, ">", 1, True),
        (RISING, ">", 0, False),
        (RISING, ">", -1, False),
        (RISING, "<", 1, False),
        (RISING, "<=", -1, False),
        (FALLING, "<=", -1, True),
        (FALLING, "<", -1, True),
        (FALLING, "<", 0, False),
        (FALLING, "<", 1, False),
        (FALLING, ">", -1, False),
        (FALLING, ">", 1, False),
    ],
)
def test_a_bound_that_the_reader_has_passed_is_implied(order: Order, sign: str, seconds: int, expected: bool) -> None:
    bound = Bound("ends_at", sign, NINE)
    reached = CertificateKey("end", "A1", "taro01", NINE + seconds * SECOND, NINE)

    assert order.implies(bound, reached) is expected


def test_a_bound_on_another_column_than_the_first_is_not_implied() -> None:
    reached = CertificateKey("not_before", "A1", "taro01", NINE + SECOND, NINE + SECOND)

    assert not Order(("starts_at", "serial")).implies(Bound("ends_at", ">", NINE), reached)
