"""Refusals in the words of a log: they name what was refused, and never a value that was typed (style 24; R2.3)."""

from collections.abc import Callable
from datetime import date

import pytest

from domain.errors import (
    AccountIsLocked,
    CertificateStillValid,
    DomainError,
    InvalidInput,
    InvitationIsLocked,
    IssuanceIsRunning,
    SessionEnded,
    TooManyUsers,
)
from domain.organization import organization_from
from domain.validity import Validity
from tests.support.accounts import (
    COMMITMENT,
    MASTER,
    NINE,
    TARO,
    account_closed,
    account_issuing,
    certificate_issued,
    certificate_planned,
    fact,
    japan,
    registered,
)

ORGANIZATION = [
    fact("OrganizationRegistered", NINE, code="org0001", name="サンプル組合", contact=1, commitment=COMMITMENT),
    fact("MasterRegistered", NINE, by=MASTER, user_id=MASTER),
]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: InvalidInput(user_id="missing", password="length"), "user_id: missing, password: length"),
        (lambda: AccountIsLocked(NINE), "locked until 2026-11-23T00:00:00+00:00"),
        (lambda: CertificateStillValid(date(2027, 11, 23), date(2027, 10, 24)), "renewable from 2027-10-24"),
        (lambda: IssuanceIsRunning(NINE), "until 2026-11-23T00:00:00+00:00"),
        (lambda: SessionEnded("idle"), "idle"),
        (lambda: InvitationIsLocked(NINE), "locked until 2026-11-23T00:00:00+00:00"),
        (lambda: TooManyUsers(19), "at most 19"),
    ],
)
def test_a_refusal_says_what_the_log_needs(make: Callable[[], DomainError], words: str) -> None:
    assert str(make()) == words


def test_the_end_of_a_session_keeps_its_reason() -> None:
    assert SessionEnded("idle").reason == "idle"


@pytest.mark.parametrize(
    ("decide", "named"),
    [
        (lambda: certificate_planned().issue("F00D", b"der", "cd" * 32, Validity.from_issue(NINE), TARO, NINE), TARO),
        (lambda: certificate_planned().deliver_package(TARO, NINE), TARO),
        (lambda: certificate_issued().revoke("lost", MASTER, NINE, serial="F00D"), "F00D"),
        (lambda: certificate_issued().revoke("lost", MASTER, japan(2027, 11, 24)), "A1"),
        (lambda: registered().state.release(MASTER, NINE), TARO),
        (lambda: account_closed().state.release(MASTER, NINE), TARO),
        (lambda: account_issuing().state.complete_issuance(2, "A1", None, TARO, NINE), TARO),
        (lambda: organization_from(ORGANIZATION).invite_master(NINE, MASTER, NINE), "org0001"),
        (lambda: organization_from(ORGANIZATION).register_master(TARO, MASTER, NINE), "org0001"),
        (lambda: organization_from([]), "organization"),
    ],
)
def test_a_refused_decision_names_whose_it_was(decide: Callable[[], object], named: str) -> None:
    with pytest.raises(DomainError) as refusal:
        decide()

    assert str(refusal.value) == named
