"""What ends an issue on the account, or refuses 発行: the bank, a failure, time (R3.7, R4.2, R4.6, R9.2, R10.1)."""

import pytest

from domain.certificate import REASONS, Reason
from domain.errors import IssuanceIsOver, IssuanceTimedOut, NothingToRevoke
from domain.fact import WORKER
from tests.support.accounts import (
    HOUR,
    MILLISECOND,
    MINUTE,
    NINE,
    TARO,
    Account,
    account_issuing,
    fact,
    fail_password,
    registered,
)

BANK = "bank01"
STILL_VALID = "certificate_still_valid"
ENDING_ALL = [reason for reason in REASONS if reason != "not_imported"]


def issuing_behind_a_lock() -> Account:
    """Begun at NINE + 59 minutes, one minute before a lock that fell meanwhile has run out at NINE + 1 hour."""
    account = account_issuing(NINE + HOUR - MINUTE)
    fail_password(account, times=6, at=NINE)
    return account


# ---- the bank's revocation


@pytest.mark.parametrize("reason", REASONS)
def test_each_certificate_that_the_bank_ends_is_told_on_the_account(reason: Reason) -> None:
    account = registered()

    decided = account.state.end_certificates(["A1", "B2"], reason, BANK, NINE)

    assert decided == [
        fact("CertificateEnded", NINE, by=BANK, serial="A1", reason=reason),
        fact("CertificateEnded", NINE, by=BANK, serial="B2", reason=reason),
    ]


@pytest.mark.parametrize("reason", ENDING_ALL)
def test_the_issue_under_way_ends_with_the_certificates(reason: Reason) -> None:
    account = account_issuing(NINE)

    decided = account.record(account.state.end_certificates(["A1"], reason, BANK, NINE))

    assert decided == [
        fact("IssuanceAbandoned", NINE, by=BANK, number=1, reason="revoked"),
        fact("CertificateEnded", NINE, by=BANK, serial="A1", reason=reason),
    ]
    with pytest.raises(IssuanceIsOver):
        account.state.complete_issuance(1, "B2", None, TARO, NINE)


def test_an_issue_alone_is_reason_enough() -> None:
    decided = account_issuing(NINE).state.end_certificates([], "lost", BANK, NINE)

    assert decided == [fact("IssuanceAbandoned", NINE, by=BANK, number=1, reason="revoked")]


def test_a_p12_not_imported_ends_no_issue() -> None:
    account = account_issuing(NINE)

    decided = account.state.end_certificates(["A1"], "not_imported", BANK, NINE)

    assert decided == [fact("CertificateEnded", NINE, by=BANK, serial="A1", reason="not_imported")]
    with pytest.raises(NothingToRevoke):
        account.state.end_certificates([], "not_imported", BANK, NINE)


def test_who_has_neither_certificate_nor_issue_has_nothing_to_revoke() -> None:
    with pytest.raises(NothingToRevoke):
        registered().state.end_certificates([], "lost", BANK, NINE)


# ---- the end of a lock comes first (R3.7)


def test_the_end_of_a_lock_is_told_before_the_end_of_an_issue() -> None:
    state = issuing_behind_a_lock().state
    now = NINE + HOUR + 9 * MINUTE
    expired = fact("AccountLockExpired", NINE + HOUR, by=WORKER)

    given_up = state.abandon_issuance(1, "failed", WORKER, now - MILLISECOND)
    timed_out = state.abandon_overdue(WORKER, now)

    assert given_up == [expired, fact("IssuanceAbandoned", now - MILLISECOND, by=WORKER, number=1, reason="failed")]
    assert timed_out == [expired, fact("IssuanceAbandoned", now, by=WORKER, number=1, reason="timed_out")]


def test_the_end_of_a_lock_is_told_once_before_certificates_end_with_an_issue_or_without() -> None:
    with_issue = issuing_behind_a_lock()
    without = registered()
    fail_password(without, times=6, at=NINE)
    expired = fact("AccountLockExpired", NINE + HOUR, by=BANK)
    ended = fact("CertificateEnded", NINE + HOUR, by=BANK, serial="A1", reason="lost")

    both = [each.state.end_certificates(["A1"], "lost", BANK, NINE + HOUR) for each in (with_issue, without)]

    assert both == [
        [expired, fact("IssuanceAbandoned", NINE + HOUR, by=BANK, number=1, reason="revoked"), ended],
        [expired, ended],
    ]


def test_the_end_of_a_lock_is_told_once_before_an_overdue_issue_gives_way_to_the_next() -> None:
    state = issuing_behind_a_lock().state
    now = NINE + HOUR + 9 * MINUTE

    assert state.start_issuance(None, None, False, TARO, now) == [
        fact("AccountLockExpired", NINE + HOUR),
        fact("IssuanceAbandoned", now, number=1, reason="timed_out"),
        fact("IssuanceStarted", now, number=2),
    ]


# ---- whether it still runs


def test_an_issue_runs_to_the_last_moment_of_its_ten_minutes() -> None:
    state = account_issuing(NINE).state

    state.check_running(1, NINE + 10 * MINUTE - MILLISECOND)
    with pytest.raises(IssuanceTimedOut):
        state.check_running(1, NINE + 10 * MINUTE)
    with pytest.raises(IssuanceIsOver):
        state.check_running(2, NINE)


# ---- 発行 refused


def test_a_refused_start_is_recorded_once_a_minute_and_reason() -> None:
    account = registered()

    first = account.record(account.state.refuse_start(STILL_VALID, NINE))
    other = account.record(account.state.refuse_start("issuance_running", NINE))
    again = account.record(account.state.refuse_start("issuance_running", NINE + MINUTE - MILLISECOND))
    later = account.record(account.state.refuse_start("issuance_running", NINE + MINUTE))

    assert first == [fact("IssuanceRefused", NINE, reason=STILL_VALID)]
    assert other == [fact("IssuanceRefused", NINE, reason="issuance_running")]
    assert again == []
    assert later == [fact("IssuanceRefused", NINE + MINUTE, reason="issuance_running")]


def test_a_refused_start_tells_the_end_of_a_lock_first() -> None:
    account = registered()
    fail_password(account, times=6, at=NINE)

    decided = account.state.refuse_start(STILL_VALID, NINE + HOUR)

    assert decided == [
        fact("AccountLockExpired", NINE + HOUR),
        fact("IssuanceRefused", NINE + HOUR, reason=STILL_VALID),
    ]
