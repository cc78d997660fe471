"""Revocation asked for, and refused, where two persons of the bank decide (R9.2, R9.3)."""

from uuid import uuid4

import pytest

from application.approvals import Approvals
from application.ports import Requester
from domain.approval import ApprovalRefused, ApprovalRequested, approval_stream
from domain.errors import (
    ApprovalAwaited,
    ApprovalIsOver,
    InvalidInput,
    NotFound,
    NothingToRevoke,
)
from domain.policy import Policy
from tests.support.approvals import ASKED, FIRST, LATER, SECOND, ask, serial, state, two_persons
from tests.support.crowd import refusals, together
from tests.support.house import NINE, TARO, House

# ---- whether a second person is needed


def test_without_the_setting_one_person_revokes_at_once(house: House) -> None:
    house.issue()

    asked = house.desk.approvals.revoke(serial(house).lower(), "lost", FIRST, NINE, **ASKED)

    assert asked is None
    assert house.desk.approvals.are_needed is False
    assert house.certificate().revoked == "lost"
    assert house.count("ApprovalRequested") == 0
    ending = house.desk.revocation.ending(serial(house))
    assert ending is not None
    assert (ending.requester, ending.fact.paper_number) == (Requester("見本 花子"), "2026-17")


@two_persons
def test_with_the_setting_it_is_only_asked_for_and_the_certificate_lives_on(house: House) -> None:
    house.issue()
    session = house.log_in()

    approval = house.desk.approvals.revoke(serial(house).lower(), "lost", FIRST, NINE, **ASKED)

    (asked,) = house.store.load(approval_stream("revoke", serial(house), 1))
    assert approval == approval_stream("revoke", serial(house), 1)
    assert isinstance(asked, ApprovalRequested)
    assert (asked.by, asked.target, asked.user_id, asked.reason) == (FIRST, serial(house), TARO, "lost")
    assert (asked.request, asked.paper_number) == (1, "2026-17")
    assert len(str(asked.commitment)) == 64
    assert house.desk.approvals.are_needed is True
    assert state(house) == "live"
    assert house.desk.sessions.visitor(session, house.fingerprint(), NINE).user_id == TARO


@two_persons
def test_who_asked_the_bank_stands_in_the_vault_alone(house: House) -> None:
    house.issue()

    approval = ask(house, **ASKED)

    assert house.people.requester(approval, 1) == Requester("見本 花子")
    assert house.desk.approvals.requesters([approval, uuid4()]) == {approval: "見本 花子"}
    assert "見本" not in str(house.store.load(approval))


@two_persons
def test_who_asked_and_the_paper_may_be_left_out(house: House) -> None:
    house.issue()

    approval = ask(house)

    (asked,) = house.store.load(approval)
    assert isinstance(asked, ApprovalRequested)
    assert (asked.request, asked.commitment, asked.paper_number) == (None, None, None)
    assert house.desk.approvals.requesters([approval]) == {}


@two_persons
def test_what_is_malformed_is_not_asked_for(house: House) -> None:
    house.issue()

    with pytest.raises(InvalidInput):
        ask(house, paper_number="2026年17")

    assert house.count("ApprovalRequested") == 0


@two_persons
def test_what_could_not_be_done_is_not_asked_for(house: House) -> None:
    house.issue()
    house.desk.revocation.revoke_user(TARO, "lost", FIRST, NINE)

    with pytest.raises(NothingToRevoke):
        ask(house)
    with pytest.raises(NotFound):
        house.desk.approvals.revoke("00FF", "lost", FIRST, NINE)

    assert house.count("ApprovalRequested") == 0


# ---- asked twice


@two_persons
@pytest.mark.parametrize("by", [FIRST, SECOND])
def test_the_same_open_thing_is_not_asked_for_twice(house: House, by: str) -> None:
    house.issue()
    ask(house)

    with pytest.raises(ApprovalAwaited, match=serial(house)):
        house.desk.approvals.revoke(serial(house), "retired", by, LATER)

    assert house.count("ApprovalRequested") == 1


@two_persons
def test_of_two_who_ask_at_once_one_finds_the_others_request(house: House, second_house: House) -> None:
    house.issue()

    outcomes = together(
        [
            lambda: house.desk.approvals.revoke(serial(house), "lost", FIRST, NINE),
            lambda: second_house.desk.approvals.revoke(serial(house), "lost", SECOND, NINE),
        ]
    )

    assert refusals(outcomes) == [ApprovalAwaited]
    assert house.count("ApprovalRequested") == 1


@two_persons
def test_what_was_refused_may_be_asked_for_again_as_a_request_of_its_own(house: House) -> None:
    house.issue()
    first = ask(house)
    house.desk.approvals.refuse(first, SECOND, NINE)

    second = ask(house)

    assert second == approval_stream("revoke", serial(house), 2)
    with pytest.raises(ApprovalIsOver):
        house.desk.approvals.approve(first, SECOND, LATER)
    house.desk.approvals.approve(second, SECOND, LATER)
    assert house.certificate().revoked == "lost"


# ---- refused


@two_persons
@pytest.mark.parametrize("by", [FIRST, SECOND])
def test_a_refused_request_has_no_effect_ever_after(house: House, by: str) -> None:
    house.issue()
    approval = ask(house)

    house.desk.approvals.refuse(approval, by, LATER)

    assert house.store.load(approval)[-1] == ApprovalRefused(at=LATER, by=by, reason="declined")
    with pytest.raises(ApprovalIsOver):
        house.desk.approvals.approve(approval, SECOND, LATER)
    with pytest.raises(ApprovalIsOver):
        house.desk.approvals.refuse(approval, SECOND, LATER)
    assert state(house) == "live"


def test_what_was_never_asked_for_is_not_found(house: House) -> None:
    for decide in (house.desk.approvals.approve, house.desk.approvals.refuse):
        with pytest.raises(NotFound, match="approval"):
            decide(uuid4(), SECOND, NINE)


# ---- the setting, and the command line


def test_a_request_left_over_from_the_setting_can_still_be_decided(house: House) -> None:
    house.issue()
    left_over = Policy(approval="two_persons")
    asking = Approvals(house.store, house.people, house.desk.revocation, house.desk.organizations, left_over)
    approval = asking.revoke(serial(house), "lost", FIRST, NINE)
    assert approval is not None

    house.desk.approvals.approve(approval, SECOND, LATER)

    assert house.certificate().revoked == "lost"


@two_persons
def test_the_machines_owner_needs_no_second_person(house: House) -> None:
    house.issue()

    assert house.desk.revocation.revoke_user(TARO, "lost", "command-line", NINE) == [serial(house)]
