"""Tries that meet at the door: one at a time per account over all processes, each password looked at once (R3.5)."""

import pytest

import infra.postgres
from application.ports import Busy, Unavailable
from domain.credentials import account_stream
from domain.errors import AccountIsLocked, AccountIsSuspended, WrongPassword
from infra.postgres import DatabaseTurns
from tests.support.crowd import refusals, together
from tests.support.database import Dsn
from tests.support.house import MASTER, NINE, RIGHT, TARO, WRONG, House

# ---- many at once


def test_however_many_wrong_passwords_arrive_at_once_six_are_looked_at(house: House) -> None:
    outcomes = together([lambda: house.enter(TARO, WRONG)] * 16)

    assert len(house.passwords.checked) == 6
    assert (house.count("PasswordFailed"), house.count("AccountLocked")) == (6, 1)
    assert refusals(outcomes).count(WrongPassword) == 5
    assert refusals(outcomes).count(AccountIsLocked) == 11


def test_right_passwords_arriving_at_once_are_all_accepted(house: House) -> None:
    outcomes = together([house.enter] * 16)

    assert refusals(outcomes) == []
    assert house.count("PasswordAccepted") == 16


def test_two_processes_together_look_at_six_passwords(house: House, second_house: House) -> None:
    outcomes = together([lambda: house.enter(TARO, WRONG), lambda: second_house.enter(TARO, WRONG)] * 6)

    assert len(house.passwords.checked) + len(second_house.passwords.checked) == 6
    assert (house.count("PasswordFailed"), house.count("AccountLocked")) == (6, 1)
    assert len(refusals(outcomes)) == 12


def test_right_passwords_in_two_processes_are_all_accepted(house: House, second_house: House) -> None:
    outcomes = together([house.enter, second_house.enter] * 4)

    assert refusals(outcomes) == []
    assert house.count("PasswordAccepted") == 8


def test_who_waits_too_long_for_another_process_is_told_busy_and_no_password_is_looked_at(
    house: House, second_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.postgres, "WAIT_FOR_TURN", 0.02)

    with second_house.turns.turn(account_stream(TARO)), pytest.raises(Busy):
        house.enter()

    assert house.passwords.checked == []
    assert house.enter()


def test_who_waits_too_long_in_the_own_process_is_told_busy(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.postgres, "WAIT_FOR_TURN", 0.02)

    with house.turns.turn(account_stream(TARO)), pytest.raises(Busy):
        house.enter()

    assert house.passwords.checked == []
    assert house.enter()


def test_a_turn_on_one_account_holds_up_no_other(house: House, second_house: House) -> None:
    house.user("jiro0001")

    with second_house.turns.turn(account_stream(TARO)):
        entered = house.enter("jiro0001")

    assert entered


def test_waiting_tries_hold_one_connection_of_the_process(dsn: Dsn, house: House) -> None:
    waiting = DatabaseTurns(dsn.process, pool_size=1)

    def in_turn() -> None:
        with waiting.turn(account_stream(TARO)):
            pass

    outcomes = together([in_turn] * 8)
    waiting.close()

    assert refusals(outcomes) == []


# ---- somebody else wrote in between


def test_a_conflict_decides_again_and_looks_at_the_same_password_once(house: House) -> None:
    house.between.at("save PasswordFailed", lambda: house.record(lambda account: account.refuse_issuance("a", NINE)))

    with pytest.raises(WrongPassword):
        house.enter(TARO, WRONG)

    assert house.passwords.checked == [WRONG]
    assert house.count("PasswordFailed") == 1


def test_a_suspension_that_came_first_refuses_the_right_password(house: House) -> None:
    house.between.at("save PasswordAccepted", lambda: house.record(lambda account: account.suspend(MASTER, NINE)))

    with pytest.raises(AccountIsSuspended):
        house.enter()

    assert house.count("PasswordAccepted") == 0


def test_a_password_changed_meanwhile_is_looked_at_anew(house: House) -> None:
    house.between.at("save PasswordAccepted", lambda: house.own_password(TARO, "another1"))

    with pytest.raises(WrongPassword):
        house.enter()

    assert house.passwords.checked == [RIGHT, RIGHT]


@pytest.mark.parametrize("password", [RIGHT, WRONG])
def test_nobody_gets_in_while_the_log_cannot_be_written(house: House, password: str) -> None:
    house.between.fails_at("save PasswordAccepted", Unavailable())
    house.between.fails_at("save PasswordFailed", Unavailable())

    with pytest.raises(Unavailable):
        house.enter(TARO, password)

    assert house.kinds()[-1] == "PasswordChanged"
