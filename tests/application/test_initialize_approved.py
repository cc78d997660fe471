"""A master initialized by two persons of the bank: asked for, then approved by another one, or not (R7.4, R9.3)."""

from uuid import UUID

import pytest

from domain.approval import ApprovalGiven, ApprovalRefused, ApprovalRequested, approval_stream
from domain.credentials import organization_stream
from domain.errors import (
    AlreadyClosed,
    ApprovalAwaited,
    ApprovalImpossible,
    ApprovalIsOver,
    NotByTheSamePerson,
    NotFound,
    WrongPassword,
)
from tests.support.applicants import CODE, OWN_PASSWORD, Letter, letter_to
from tests.support.approvals import FIRST, LATER, SECOND, THIRD, two_persons
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, TARO, House


@pytest.fixture
def letter(house: House) -> Letter:
    return letter_to(house)


@pytest.fixture
def used(letter: Letter) -> Letter:
    """The master has registered by it."""
    letter.register(letter.proposed())
    return letter


def ask(house: House, code: str = CODE, by: str = FIRST) -> UUID:
    """The request's stream, where it is the first on this organization."""
    assert house.desk.approvals.initialize(code, by, NINE) is None
    return approval_stream("initialize", CODE, 1)


# ---- asked for


def test_without_the_setting_one_person_initializes_at_once(house: House, used: Letter) -> None:
    password = house.desk.approvals.initialize(CODE, FIRST, NINE)

    assert house.passwords.matches(organization_stream(CODE), 2, str(password))
    assert house.account(MASTER).closed
    assert house.count("ApprovalRequested") == 0


@two_persons
def test_with_the_setting_it_is_only_asked_for_and_the_master_goes_on(house: House, used: Letter) -> None:
    house.issue(MASTER, OWN_PASSWORD)

    approval = ask(house, CODE.lower())

    assert house.store.load(approval) == [
        ApprovalRequested(at=NINE, by=FIRST, act="initialize", target=CODE, user_id=MASTER, reason="closed")
    ]
    assert used.organization().master == MASTER
    assert house.log_in(user_id=MASTER, password=OWN_PASSWORD)


@two_persons
def test_what_could_not_be_done_is_not_asked_for(house: House, letter: Letter) -> None:
    house.desk.organizations.close(CODE, FIRST, NINE)

    with pytest.raises(AlreadyClosed):
        ask(house)
    with pytest.raises(NotFound):
        ask(house, "NOSUCH")

    assert house.count("ApprovalRequested") == 0


@two_persons
@pytest.mark.parametrize("by", [FIRST, SECOND])
def test_it_is_asked_for_once_at_a_time(house: House, letter: Letter, by: str) -> None:
    ask(house)

    with pytest.raises(ApprovalAwaited, match=CODE):
        ask(house, by=by)

    assert house.count("ApprovalRequested") == 1


@two_persons
def test_what_was_refused_may_be_asked_for_again(house: House, letter: Letter) -> None:
    house.desk.approvals.refuse(ask(house), SECOND, LATER)

    house.desk.approvals.initialize(CODE, FIRST, LATER)

    assert house.store.load(approval_stream("initialize", CODE, 2))
    assert house.count("MasterInitialized") == 0


# ---- approved


@two_persons
def test_the_second_person_alone_is_given_the_new_letters_password(house: House, used: Letter) -> None:
    approval = ask(house)

    password = house.desk.approvals.approve(approval, SECOND, LATER)

    new = Letter(house, str(password))
    assert house.store.load(approval)[-1] == ApprovalGiven(at=LATER, by=SECOND)
    assert house.account(MASTER).closed
    assert new.enter()
    with pytest.raises(WrongPassword):
        used.enter()


@two_persons
def test_approval_and_act_are_one_save(house: House, used: Letter) -> None:
    approval = ask(house)
    house.between.fails_at("save MasterInitialized", RuntimeError("the power is cut"))

    with pytest.raises(RuntimeError):
        house.desk.approvals.approve(approval, SECOND, LATER)

    assert (house.count("ApprovalGiven"), house.count("MasterInitialized")) == (0, 0)
    assert house.desk.approvals.approve(approval, SECOND, LATER)


@two_persons
def test_who_asked_for_it_does_not_approve_it(house: House, used: Letter) -> None:
    approval = ask(house)

    with pytest.raises(NotByTheSamePerson):
        house.desk.approvals.approve(approval, FIRST, LATER)

    assert house.count("MasterInitialized") == 0


@two_persons
def test_of_two_who_approve_at_once_one_letter_is_made(house: House, second_house: House, used: Letter) -> None:
    approval = ask(house)

    outcomes = together(
        [
            lambda: house.desk.approvals.approve(approval, SECOND, LATER),
            lambda: second_house.desk.approvals.approve(approval, THIRD, LATER),
        ]
    )

    assert refusals(outcomes) == [ApprovalIsOver]
    assert house.count("MasterInitialized") == 1


@two_persons
def test_a_refusal_that_comes_between_leaves_the_master_alone(house: House, used: Letter) -> None:
    approval = ask(house)
    house.between.at("save MasterInitialized", lambda: house.desk.approvals.refuse(approval, THIRD, LATER))

    with pytest.raises(ApprovalIsOver):
        house.desk.approvals.approve(approval, SECOND, LATER)

    assert not house.account(MASTER).closed


# ---- become impossible


def is_ended(house: House, approval: UUID) -> bool:
    return house.store.load(approval)[-1] == ApprovalRefused(at=LATER, by=SECOND, reason="impossible")


@two_persons
def test_of_an_organization_closed_meanwhile_it_has_become_impossible(house: House, used: Letter) -> None:
    approval = ask(house)
    house.desk.organizations.close(CODE, THIRD, NINE)

    with pytest.raises(ApprovalImpossible, match=CODE):
        house.desk.approvals.approve(approval, SECOND, LATER)

    assert is_ended(house, approval)
    assert house.count("MasterInitialized") == 0


@two_persons
def test_another_master_than_the_one_asked_about_is_not_closed(house: House, used: Letter) -> None:
    approval = ask(house)
    new = Letter(house, house.desk.organizations.initialize(CODE, THIRD, NINE))
    new.register(new.proposed(user_id="jiro0002"))

    with pytest.raises(ApprovalImpossible):
        house.desk.approvals.approve(approval, SECOND, LATER)

    assert is_ended(house, approval)
    assert not house.account("jiro0002").closed


@two_persons
def test_a_master_who_registered_since_it_was_asked_for_is_not_closed(house: House, letter: Letter) -> None:
    approval, browser = ask(house), letter.proposed()
    house.between.at("save MasterInitialized", lambda: letter.register(browser))

    with pytest.raises(ApprovalImpossible):
        house.desk.approvals.approve(approval, SECOND, LATER)

    assert is_ended(house, approval)
    assert not house.account(MASTER).closed


@two_persons
def test_where_nobody_had_registered_it_makes_a_new_letter(house: House, letter: Letter) -> None:
    approval = ask(house)

    password = house.desk.approvals.approve(approval, SECOND, LATER)

    assert house.store.load(approval)[0].user_id == ""  # type: ignore[attr-defined]  # the request
    assert Letter(house, str(password)).enter()


@two_persons
def test_a_closing_needs_no_second_person(house: House) -> None:
    house.desk.organizations.close("ACME01", FIRST, NINE)

    assert house.account(TARO).closed
