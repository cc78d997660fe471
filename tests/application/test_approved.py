"""The second person's word: the revocation and its approval are one save, and nobody gives it alone (R9.3)."""

import pytest

from application.ports import Requester
from domain.approval import ApprovalGiven, ApprovalRefused
from domain.certificate import CertificateRevoked
from domain.errors import (
    ApprovalImpossible,
    ApprovalIsOver,
    NotByTheSamePerson,
)
from tests.support.approvals import ASKED, FIRST, LATER, SECOND, THIRD, ask, left_over_plan, serial, state, two_persons
from tests.support.crowd import refusals, together
from tests.support.house import NINE, TARO, House


@two_persons
def test_with_the_second_persons_word_the_certificate_is_revoked_and_all_that_goes_with_it(house: House) -> None:
    house.issue()
    session = house.log_in()
    approval = ask(house, **ASKED)

    told = house.desk.approvals.approve(approval, SECOND, LATER)

    given = house.store.load(approval)[-1]
    (revoked,) = [fact for fact in house.every_fact() if isinstance(fact, CertificateRevoked)]
    assert told is None
    assert given == ApprovalGiven(at=LATER, by=SECOND)
    assert revoked.serial == serial(house)
    assert (revoked.at, revoked.by, revoked.reason, revoked.paper_number) == (LATER, SECOND, "lost", "2026-17")
    assert house.sessions.find(session).ended == "revoked"  # type: ignore[union-attr]  # it was opened above


@two_persons
def test_who_asked_goes_on_to_the_vaults_row_of_the_certificate_itself(house: House) -> None:
    house.issue()
    approval = ask(house, **ASKED)

    house.desk.approvals.approve(approval, SECOND, LATER)

    (entry,) = [each for each in house.store.entries(0, 1000) if isinstance(each.fact, CertificateRevoked)]
    assert isinstance(entry.fact, CertificateRevoked)
    assert entry.fact.request == entry.version
    assert house.people.requester(entry.stream, entry.version) == Requester("見本 花子")


@two_persons
def test_a_requester_erased_meanwhile_is_not_told_any_more(house: House) -> None:
    house.issue()
    approval = ask(house, **ASKED)
    house.database.execute("delete from vault_persons where subject = %s", approval)

    house.desk.approvals.approve(approval, SECOND, LATER)

    (revoked,) = [fact for fact in house.every_fact() if isinstance(fact, CertificateRevoked)]
    assert (revoked.request, revoked.commitment, revoked.paper_number) == (None, None, "2026-17")


@two_persons
def test_who_asked_for_it_does_not_approve_it(house: House) -> None:
    house.issue()
    approval = ask(house)

    with pytest.raises(NotByTheSamePerson):
        house.desk.approvals.approve(approval, FIRST, LATER)

    assert state(house) == "live"
    assert house.count("ApprovalGiven") == 0


@two_persons
def test_approval_and_act_are_one_save(house: House) -> None:
    house.issue()
    approval = ask(house)
    house.between.fails_at("save CertificateRevoked", RuntimeError("the power is cut"))

    with pytest.raises(RuntimeError):
        house.desk.approvals.approve(approval, SECOND, LATER)

    assert (house.count("ApprovalGiven"), house.count("CertificateRevoked")) == (0, 0)
    house.desk.approvals.approve(approval, SECOND, LATER)
    assert state(house) == "revoked"


@two_persons
def test_a_planned_serial_is_ended_by_two_persons_too(house: House) -> None:
    plan, _ = left_over_plan(house)
    approval = house.desk.approvals.revoke(plan, "requested", FIRST, NINE)
    assert approval is not None

    house.desk.approvals.approve(approval, SECOND, LATER)

    assert house.certificate().revoked_plans == {plan}
    assert house.store.load(approval)[-1] == ApprovalGiven(at=LATER, by=SECOND)


@two_persons
def test_of_two_who_approve_at_once_one_is_told_it_was_done(house: House, second_house: House) -> None:
    house.issue()
    approval = ask(house)

    outcomes = together(
        [
            lambda: house.desk.approvals.approve(approval, SECOND, LATER),
            lambda: second_house.desk.approvals.approve(approval, THIRD, LATER),
        ]
    )

    assert refusals(outcomes) == [ApprovalIsOver]
    assert (house.count("ApprovalGiven"), house.count("CertificateRevoked")) == (1, 1)


@two_persons
def test_a_refusal_that_comes_between_leaves_the_certificate_alone(house: House) -> None:
    house.issue()
    approval = ask(house)
    house.between.at("save CertificateRevoked", lambda: house.desk.approvals.refuse(approval, THIRD, LATER))

    with pytest.raises(ApprovalIsOver):
        house.desk.approvals.approve(approval, SECOND, LATER)

    assert state(house) == "live"
    assert house.count("ApprovalGiven") == 0


@two_persons
def test_an_act_that_has_become_impossible_says_so_and_ends_the_request(house: House) -> None:
    house.issue()
    approval = ask(house)
    house.desk.revocation.revoke_user(TARO, "retired", THIRD, NINE)

    with pytest.raises(ApprovalImpossible, match=serial(house)):
        house.desk.approvals.approve(approval, SECOND, LATER)

    assert house.store.load(approval)[-1] == ApprovalRefused(at=LATER, by=SECOND, reason="impossible")
    assert house.count("CertificateRevoked") == 1
    with pytest.raises(ApprovalIsOver):
        house.desk.approvals.approve(approval, SECOND, LATER)
