"""An act that two persons of the bank decide on (R9.3): asked for, then approved by another one, or refused."""

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.approval import Approval, approval_from, approval_stream
from domain.errors import ApprovalIsOver, NotByTheSamePerson
from domain.fact import Fact
from tests.support.accounts import HOUR, NINE, TARO, fact

FIRST, SECOND = "bank01", "bank02"
LATER = NINE + HOUR

Decision = Callable[[Approval], list[Fact]]


def requested() -> list[Fact]:
    return Approval.ask(
        "revoke", "A1", TARO, "lost", FIRST, NINE, request=1, commitment="ef" * 32, paper_number="2026-17"
    )


def after(*facts: Fact) -> Approval:
    state = approval_from([*requested(), *facts])
    assert state is not None
    return state


def give(by: str) -> Decision:
    return lambda approval: approval.give(by, LATER)


def refuse(by: str) -> Decision:
    return lambda approval: approval.refuse("declined", by, LATER)


def test_the_request_names_act_and_target_why_and_on_which_paper() -> None:
    assert requested() == [
        fact(
            "ApprovalRequested",
            NINE,
            by=FIRST,
            act="revoke",
            target="A1",
            user_id=TARO,
            reason="lost",
            request=1,
            commitment="ef" * 32,
            paper_number="2026-17",
        )
    ]


def test_another_person_approves() -> None:
    assert after().give(SECOND, LATER) == [fact("ApprovalGiven", LATER, by=SECOND)]


def test_who_asked_for_it_does_not_approve_it() -> None:
    with pytest.raises(NotByTheSamePerson, match="A1"):
        after().give(FIRST, LATER)


@pytest.mark.parametrize("by", [FIRST, SECOND])
def test_either_person_refuses(by: str) -> None:
    assert after().refuse("declined", by, LATER) == [fact("ApprovalRefused", LATER, by=by, reason="declined")]


@pytest.mark.parametrize("first", [give(SECOND), refuse(SECOND)], ids=["given", "refused"])
@pytest.mark.parametrize("then", [give(SECOND), give(FIRST), refuse(SECOND)], ids=["give", "give own", "refuse"])
def test_it_is_decided_once(first: Decision, then: Decision) -> None:
    decided = after(*first(after()))

    with pytest.raises(ApprovalIsOver, match="A1"):
        then(decided)


@pytest.mark.parametrize(("decide", "outcome"), [(give(SECOND), "given"), (refuse(FIRST), "refused")])
def test_its_state_says_how_it_was_decided(decide: Decision, outcome: str) -> None:
    assert after().outcome is None
    assert after(*decide(after())).outcome == outcome


def test_its_state_keeps_what_was_asked_for() -> None:
    assert after() == Approval(
        act="revoke",
        target="A1",
        user_id=TARO,
        reason="lost",
        request=1,
        paper_number="2026-17",
        asked_by=FIRST,
    )


def test_a_fact_of_another_kind_changes_nothing() -> None:
    assert after(fact("LoggedOut", NINE)) == after()


def test_a_stream_without_a_request_is_no_approval() -> None:
    assert approval_from([]) is None
    assert approval_from([fact("ApprovalGiven", NINE)]) is None


def test_each_request_on_a_target_has_a_stream_that_never_moves() -> None:
    # Literal for ever: another namespace or spelling would let the same be asked for twice.
    assert approval_stream("revoke", "A1", 1) == UUID("fd9bed54-1eab-50c8-920e-fdda24039c02")
    assert approval_stream("initialize", "A1", 1) == UUID("70b53736-5485-5540-9e2d-d80fb5cfed39")
    assert len({approval_stream("revoke", target, number) for target in ("A1", "A11", "B2") for number in (1, 2)}) == 6
