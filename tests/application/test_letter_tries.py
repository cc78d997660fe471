"""The letter's password tried: who gets in, what is counted and told, many at once (R7.2; R3.1-R3.5, R3.9)."""

import pytest

import infra.postgres
from application.ports import Busy, Unavailable
from domain.credentials import organization_stream
from domain.errors import (
    AlreadyRegistered,
    InvalidInput,
    InvitationExpired,
    InvitationIsBlocked,
    InvitationIsLocked,
    NothingToRelease,
    OrganizationIsClosed,
    UnknownOrganization,
    WrongPassword,
)
from domain.fact import COMMAND_LINE
from domain.organization_facts import InvitationRefused
from tests.support.accounts import DAY, HOUR, MILLISECOND, MINUTE
from tests.support.applicants import CODE, Letter, letter_to
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, RIGHT, TARO, WRONG, House


@pytest.fixture
def letter(house: House) -> Letter:
    return letter_to(house)


def since(house: House) -> list[str]:
    """What the letter's tries left in the log."""
    return [kind for kind in house.kinds() if kind.startswith("Invitation")]


def reasons(house: House) -> list[str]:
    return [fact.reason for fact in house.every_fact() if isinstance(fact, InvitationRefused)]


def block(house: House, letter: Letter) -> None:
    for hour in range(3):
        house.clock.set(NINE + hour * HOUR)
        letter.fail(6)


def initialize(house: House) -> str:
    return house.desk.organizations.initialize(CODE, COMMAND_LINE, house.clock())


# ---- who gets in


@pytest.mark.parametrize("code", [CODE, CODE.lower(), "BeTa01"])
def test_code_and_password_of_the_letter_open_the_registration(house: House, letter: Letter, code: str) -> None:
    cookie = house.desk.registration.enter(code, letter.password)

    assert since(house) == ["InvitationAccepted"]
    assert house.desk.registration.registrant(cookie, NINE).organization == CODE


def test_a_wrong_password_counts(house: House, letter: Letter) -> None:
    with pytest.raises(WrongPassword):
        letter.enter(WRONG)

    assert since(house) == ["InvitationFailed"]
    assert letter.organization().lockout.failures == 1


def test_the_password_is_right_to_the_case(letter: Letter) -> None:
    with pytest.raises(WrongPassword):
        letter.enter(letter.password.swapcase())


def test_an_unknown_code_costs_the_same_work_and_leaves_nothing(house: House) -> None:
    before = house.kinds()

    with pytest.raises(UnknownOrganization):
        house.desk.registration.enter("NOSUCH", WRONG)

    assert (house.kinds(), house.passwords.checked, house.passwords.for_nobody) == (before, [], [WRONG])


@pytest.mark.parametrize("password", [RIGHT, WRONG])
def test_a_user_id_is_no_code(house: House, password: str) -> None:
    with pytest.raises(UnknownOrganization):
        house.desk.registration.enter(TARO, password)

    assert house.account().lockout.failures == 0


@pytest.mark.parametrize(
    ("code", "password", "faults"),
    [
        ("", "", {"organization_code": "missing", "initial_password": "missing"}),
        ("BET", WRONG, {"organization_code": "malformed"}),
        ("ＢＥＴＡ０１", "ｓｅｓａｍｅ９９", {"organization_code": "full_width", "initial_password": "full_width"}),
        (CODE, "sesame", {"initial_password": "not_mixed"}),
    ],
)
def test_malformed_input_is_told_by_field_and_is_no_try(
    house: House, letter: Letter, code: str, password: str, faults: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        house.desk.registration.enter(code, password)

    assert refusal.value.faults == faults
    assert since(house) == []
    assert house.passwords.checked == house.passwords.for_nobody == []


# ---- lock, block, end


def test_the_sixth_wrong_password_locks_for_sixty_minutes(house: House, letter: Letter) -> None:
    letter.fail(5)
    with pytest.raises(InvitationIsLocked):
        letter.enter(WRONG)
    house.clock.set(NINE + HOUR - MILLISECOND)
    with pytest.raises(InvitationIsLocked):
        letter.enter()
    house.clock.set(NINE + HOUR)

    letter.enter()

    assert since(house)[-3:] == ["InvitationRefused", "InvitationLockExpired", "InvitationAccepted"]


def test_the_third_lock_blocks_and_time_lifts_no_block(house: House, letter: Letter) -> None:
    block(house, letter)
    house.clock.advance(30 * DAY)

    with pytest.raises(InvitationIsBlocked):
        letter.enter()

    assert (since(house).count("InvitationFailed"), since(house).count("InvitationBlocked")) == (18, 1)
    assert len(house.passwords.checked) == 18


def test_while_it_is_held_no_password_is_looked_at_and_once_a_minute_that_is_told(house: House, letter: Letter) -> None:
    letter.fail(6)
    looked_at = len(house.passwords.checked)

    for seconds in (0, 30, 60, 90):
        house.clock.set(NINE + seconds * MINUTE / 60)
        with pytest.raises(InvitationIsLocked):
            letter.enter()

    assert len(house.passwords.checked) == looked_at
    assert len(house.passwords.for_nobody) == 4
    assert reasons(house) == ["locked", "locked"]


def test_a_closed_organization_takes_no_try(house: House, letter: Letter) -> None:
    house.desk.organizations.close(CODE, COMMAND_LINE, NINE)

    with pytest.raises(OrganizationIsClosed):
        letter.enter()

    assert house.passwords.checked == []
    assert reasons(house) == ["closed"]


def test_the_letter_is_good_for_eighty_days(house: House, letter: Letter) -> None:
    house.clock.set(NINE + 80 * DAY - MILLISECOND)
    cookie = letter.enter()
    house.clock.set(NINE + 80 * DAY)

    with pytest.raises(InvitationExpired):
        letter.enter()

    assert cookie
    assert since(house) == ["InvitationAccepted", "InvitationAccepted", "InvitationRefused"]
    assert reasons(house) == ["expired"]


@pytest.mark.parametrize("late", [False, True])
def test_a_wrong_password_is_never_told_that_the_letter_is_used_or_expired(
    house: House, letter: Letter, late: bool
) -> None:
    letter.register(letter.proposed())
    house.clock.advance(81 * DAY if late else HOUR)

    with pytest.raises(WrongPassword):
        letter.enter(WRONG)


def test_where_the_bank_registered_the_master_the_letters_owner_is_told_so(house: House, letter: Letter) -> None:
    house.desk.accounts.register(MASTER, "master", CODE, "見本 花子", "hanako@example.com", COMMAND_LINE, NINE)

    with pytest.raises(AlreadyRegistered):
        letter.enter()


# ---- released, replaced


def test_a_release_by_the_bank_opens_it_again(house: House, letter: Letter) -> None:
    block(house, letter)

    house.desk.organizations.release(CODE, COMMAND_LINE, house.clock())

    assert letter.enter()
    with pytest.raises(NothingToRelease):
        house.desk.organizations.release(CODE, COMMAND_LINE, house.clock())


def test_another_letter_lifts_the_block_and_kills_the_first(house: House, letter: Letter) -> None:
    block(house, letter)

    second = initialize(house)

    with pytest.raises(WrongPassword):
        letter.enter()
    assert letter.enter(second)


# ---- many at once


def test_however_many_wrong_passwords_arrive_at_two_processes_six_are_looked_at(
    house: House, second_house: House, letter: Letter
) -> None:
    outcomes = together([lambda: letter.enter(WRONG), lambda: letter.enter(WRONG, second_house)] * 8)

    assert len(house.passwords.checked) + len(second_house.passwords.checked) == 6
    assert (since(house).count("InvitationFailed"), since(house).count("InvitationLocked")) == (6, 1)
    assert refusals(outcomes).count(WrongPassword) == 5
    assert refusals(outcomes).count(InvitationIsLocked) == 11


def test_a_crowd_of_guesses_costs_eighteen_looks_until_the_block(
    house: House, second_house: House, letter: Letter
) -> None:
    for hour in range(4):
        house.clock.set(NINE + hour * HOUR)
        together([lambda: letter.enter(WRONG), lambda: letter.enter(WRONG, second_house)] * 4)

    assert len(house.passwords.checked) + len(second_house.passwords.checked) == 18
    assert letter.organization().lockout.blocked


def test_the_right_password_hidden_among_wrong_ones_lets_in_at_most_once_for_each_time_it_was_typed(
    house: House, second_house: House, letter: Letter
) -> None:
    wrong = [lambda: letter.enter(WRONG), lambda: letter.enter(WRONG, second_house)] * 7

    outcomes = together([*wrong, letter.enter])

    let_in = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert len(let_in) == since(house).count("InvitationAccepted") <= 1
    looked_at = house.passwords.checked + second_house.passwords.checked
    assert since(house).count("InvitationFailed") == looked_at.count(WRONG)
    assert looked_at.count(WRONG) <= (12 if let_in else 6)


def test_right_passwords_arriving_at_once_are_all_accepted(house: House, second_house: House, letter: Letter) -> None:
    outcomes = together([letter.enter, lambda: letter.enter(house=second_house)] * 4)

    assert refusals(outcomes) == []
    assert since(house) == ["InvitationAccepted"] * 8
    assert len(set(outcomes)) == 8


def test_who_waits_too_long_is_told_busy_and_no_password_is_looked_at(
    house: House, second_house: House, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter.enter()
    monkeypatch.setattr(infra.postgres, "WAIT_FOR_TURN", 0.02)

    with second_house.turns.turn(organization_stream(CODE)), pytest.raises(Busy):
        letter.enter()

    assert house.passwords.checked == [letter.password]
    assert letter.enter()


# ---- somebody else wrote in between


def test_a_conflict_decides_again_and_looks_at_the_same_password_once(house: House, letter: Letter) -> None:
    def set_language() -> None:
        house.desk.organizations.set(CODE, COMMAND_LINE, NINE, language="en")

    house.between.at("save InvitationFailed", set_language)

    with pytest.raises(WrongPassword):
        letter.enter(WRONG)

    assert house.passwords.checked == [WRONG]
    assert since(house) == ["InvitationFailed"]


def test_a_closing_that_came_first_refuses_the_right_password(house: House, letter: Letter) -> None:
    house.between.at(
        "save InvitationAccepted", lambda: house.desk.organizations.close(CODE, COMMAND_LINE, house.clock())
    )

    with pytest.raises(OrganizationIsClosed):
        letter.enter()

    assert "InvitationAccepted" not in since(house)


def test_another_letter_that_came_first_is_looked_at_anew(house: House, letter: Letter) -> None:
    house.between.at("save InvitationAccepted", lambda: initialize(house))

    with pytest.raises(WrongPassword):
        letter.enter()

    assert house.passwords.checked == [letter.password, letter.password]
    assert since(house) == ["InvitationFailed"]


@pytest.mark.parametrize("right", [True, False])
def test_nobody_gets_in_while_the_log_cannot_be_written(house: House, letter: Letter, right: bool) -> None:
    house.between.fails_at("save InvitationAccepted", Unavailable())
    house.between.fails_at("save InvitationFailed", Unavailable())

    with pytest.raises(Unavailable):
        letter.enter(None if right else WRONG)

    assert house.database.execute("select id from registrations") == []
