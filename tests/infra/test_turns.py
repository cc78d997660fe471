"""One try at a time on an account: turns, in the process and over all of them (R3.5)."""

from collections.abc import Iterator
from uuid import UUID

import pytest

import infra.postgres
from application.ports import Busy, Unavailable
from infra.postgres import DatabaseTurns
from tests.support.crowd import refusals, together
from tests.support.database import Dsn

ACCOUNT = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("9c2e7a1d-0000-4000-8000-000000000002")


@pytest.fixture
def turns(dsn: Dsn) -> Iterator[DatabaseTurns]:
    """With its first connection open already: making one may take longer than a test in a hurry waits."""
    turns = DatabaseTurns(dsn.process)
    with turns.turn(OTHER):
        pass
    yield turns
    turns.close()


@pytest.fixture
def elsewhere(dsn: Dsn) -> Iterator[DatabaseTurns]:
    """Another process's."""
    turns = DatabaseTurns(dsn.process)
    with turns.turn(OTHER):
        pass
    yield turns
    turns.close()


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.postgres, "WAIT_FOR_TURN", 0.1)


def test_turns_on_one_account_never_overlap_whichever_process_takes_them(
    turns: DatabaseTurns, elsewhere: DatabaseTurns
) -> None:
    inside: list[int] = []
    most: list[int] = []

    def take(of: DatabaseTurns) -> None:
        with of.turn(ACCOUNT):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    outcomes = together([lambda: take(turns), lambda: take(elsewhere)] * 6)

    assert refusals(outcomes) == []
    assert most == [1] * 12


@pytest.mark.usefixtures("hurry")
def test_a_turn_held_elsewhere_is_waited_for_and_then_busy(turns: DatabaseTurns, elsewhere: DatabaseTurns) -> None:
    with elsewhere.turn(ACCOUNT), pytest.raises(Busy), turns.turn(ACCOUNT):
        pytest.fail("two have the turn")

    with turns.turn(ACCOUNT):
        pass


@pytest.mark.usefixtures("hurry")
def test_a_turn_held_in_the_process_is_waited_for_and_then_busy(turns: DatabaseTurns) -> None:
    with turns.turn(ACCOUNT), pytest.raises(Busy), turns.turn(ACCOUNT):
        pytest.fail("two have the turn")

    with turns.turn(ACCOUNT):
        pass


def test_two_accounts_have_their_turns_side_by_side(turns: DatabaseTurns) -> None:
    with turns.turn(ACCOUNT), turns.turn(OTHER):
        pass


def test_a_turn_that_ends_in_a_refusal_is_free_again(turns: DatabaseTurns, elsewhere: DatabaseTurns) -> None:
    with pytest.raises(ZeroDivisionError), turns.turn(ACCOUNT):
        raise ZeroDivisionError

    with elsewhere.turn(ACCOUNT):
        pass


def test_a_turn_in_which_the_database_was_found_away_ends_without_another_question(
    turns: DatabaseTurns, elsewhere: DatabaseTurns
) -> None:
    with pytest.raises(Unavailable), turns.turn(ACCOUNT):
        raise Unavailable("database: Silent")

    with elsewhere.turn(ACCOUNT):
        pass
    assert turns._database.pool.get_stats()["returns_bad"] == 1


@pytest.mark.usefixtures("hurry")
def test_the_wait_for_a_connection_is_part_of_the_wait_for_the_turn(dsn: Dsn) -> None:
    turns = DatabaseTurns(dsn.process, pool_size=1)
    turns._database.pool.timeout = 3600  # what a turn would wait if it asked the pool for as long as others do
    turns._database.execute("select 1")

    with turns._database.connection(), pytest.raises(Unavailable), turns.turn(ACCOUNT):
        pytest.fail("a turn without a connection")

    turns.close()


@pytest.mark.usefixtures("hurry")
def test_a_turn_in_an_unreachable_database_is_unavailable() -> None:
    turns = DatabaseTurns("host=127.0.0.1 port=1 user=nobody dbname=none")

    with pytest.raises(Unavailable), turns.turn(ACCOUNT):
        pytest.fail("a turn without a database")

    turns.close()
