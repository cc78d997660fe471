"""Positions, lag, and waiting for one's own write (architecture, Projections; screens.md, Command line)."""

import pytest

from domain.credentials import account_stream
from projections.certificate_register import CertificateRegister
from projections.lock_status import LockStatus
from projections.runner import Connection, catch_up, start
from projections.views import ViewStatus, has_reached, pauses, status
from tests.support.accounts import NINE, TARO, fact, registered
from tests.support.log import MemoryLog

BOTH = (LockStatus(), CertificateRegister())
STREAM = account_stream(TARO)


def test_status_tells_each_views_position_and_lag(connection: Connection, log: MemoryLog) -> None:
    log.append(STREAM, registered().facts)
    catch_up(connection, BOTH[0], log)
    start(connection, BOTH[1])
    log.append(STREAM, [fact("LoggedOut", NINE)])

    with connection.cursor() as cursor:
        found = status(cursor, BOTH, log.head())

    assert found == [ViewStatus("lock_status", 2, 2), ViewStatus("certificate_register", 0, 4)]


def test_a_view_never_begun_stands_before_the_first_fact(connection: Connection, log: MemoryLog) -> None:
    start(connection, BOTH[0])
    log.append(STREAM, registered().facts)

    with connection.cursor() as cursor:
        found = status(cursor, BOTH, log.head())

    assert found[1] == ViewStatus("certificate_register", 0, 2)


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (0.0, []),
        (0.001, [0.001]),
        (0.002, [0.002]),
        (0.014, [0.002, 0.004, 0.008]),
        (0.02, [0.002, 0.004, 0.008, 0.006]),
    ],
)
def test_pauses_double_from_two_milliseconds_and_end_at_the_bound(bound: float, expected: list[float]) -> None:
    assert list(pauses(bound)) == pytest.approx(expected)


class Places:
    """A position that moves on with each pause."""

    def __init__(self, *places: int) -> None:
        self._places = list(places)
        self.slept: list[float] = []

    def __call__(self) -> int:
        return self._places[0]

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._places.pop(0)


def test_a_view_that_is_there_is_not_waited_for() -> None:
    places = Places(7)

    reached = has_reached(7, places, 1.0, places.sleep)

    assert (reached, places.slept) == (True, [])


def test_a_view_is_waited_for_until_it_has_the_fact() -> None:
    places = Places(5, 6, 7)

    reached = has_reached(7, places, 1.0, places.sleep)

    assert (reached, places.slept) == (True, [0.002, 0.004])


def test_after_the_bound_the_view_is_not_waited_for_any_longer() -> None:
    places = Places(6, 6, 6)

    reached = has_reached(7, places, 0.006, places.sleep)

    assert reached is False
    assert places.slept == pytest.approx([0.002, 0.004])
