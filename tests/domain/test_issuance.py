"""When an account may issue a certificate, and one issue at a time (manual 6, ④-⑥; R4.2-R4.6)."""

from datetime import date
from typing import Literal

import pytest

from domain.certificate import Certificate
from domain.errors import (
    AccountHeld,
    CertificateNotShown,
    CertificateStillValid,
    IssuanceIsOver,
    IssuanceIsRunning,
    IssuanceTimedOut,
)
from domain.fact import WORKER
from domain.issuance import Issuance
from tests.support.accounts import (
    DAY,
    HOUR,
    MASTER,
    MILLISECOND,
    MINUTE,
    NINE,
    TARO,
    account_held,
    account_issuing,
    account_locked,
    certificate_after,
    certificate_issued,
    certificate_planned,
    fact,
    fail_password,
    japan,
    registered,
)

WINDOW = japan(2027, 10, 24)  # a certificate issued at NINE may be renewed from here: L is 2027-11-23
AFTER_L = japan(2027, 11, 24)

Held = Literal["locked", "blocked", "suspended", "closed"]


# ---- one at a time


def test_the_first_issue_has_number_one() -> None:
    account = registered()

    decided = account.record(account.state.start_issuance(None, None, False, TARO, NINE))

    assert decided == [fact("IssuanceStarted", NINE, number=1)]
    assert account.state.running == Issuance(1, NINE)


def test_the_number_rises_with_every_issue_completed_or_not() -> None:
    account = account_issuing()
    account.record(account.state.complete_issuance(1, "A1", None, TARO, NINE))
    account.record(account.state.start_issuance(None, None, False, TARO, NINE + HOUR))
    account.record(account.state.abandon_issuance(2, "failed", "taro01", NINE + HOUR))

    decided = account.state.start_issuance(None, None, False, TARO, NINE + 2 * HOUR)

    assert decided == [fact("IssuanceStarted", NINE + 2 * HOUR, number=3)]


def test_a_second_issue_is_refused_while_one_runs() -> None:
    account = account_issuing(NINE)

    with pytest.raises(IssuanceIsRunning) as refusal:
        account.state.start_issuance(None, None, False, TARO, NINE + 10 * MINUTE - MILLISECOND)

    assert refusal.value.until == NINE + 10 * MINUTE


def test_an_issue_not_completed_in_ten_minutes_is_abandoned_by_the_next_try() -> None:
    account = account_issuing(NINE)
    now = NINE + 10 * MINUTE

    decided = account.record(account.state.start_issuance(None, None, False, TARO, now))

    assert decided == [
        fact("IssuanceAbandoned", now, number=1, reason="timed_out"),
        fact("IssuanceStarted", now, number=2),
    ]
    assert account.state.running == Issuance(2, now)


def test_the_worker_abandons_an_issue_from_its_tenth_minute_and_once() -> None:
    account = account_issuing(NINE)
    now = NINE + 10 * MINUTE

    early = account.record(account.state.abandon_overdue(WORKER, now - MILLISECOND))
    due = account.record(account.state.abandon_overdue(WORKER, now))
    again = account.record(account.state.abandon_overdue(WORKER, now + HOUR))

    assert early == []
    assert due == [fact("IssuanceAbandoned", now, by=WORKER, number=1, reason="timed_out")]
    assert again == []


def test_a_failed_issue_is_given_up_at_once_and_another_may_start() -> None:
    account = account_issuing()

    decided = account.record(account.state.abandon_issuance(1, "failed", "taro01", NINE))

    assert decided == [fact("IssuanceAbandoned", NINE, number=1, reason="failed")]
    assert account.state.issuance_refusal(None, None, False, TARO, NINE) is None


def test_an_issue_that_does_not_run_cannot_be_given_up() -> None:
    assert registered().state.abandon_issuance(1, "failed", "taro01", NINE) == []
    assert account_issuing().state.abandon_issuance(2, "failed", "taro01", NINE) == []


def test_the_end_of_a_lock_is_told_before_the_issue_starts() -> None:
    account = account_locked()

    decided = account.state.start_issuance(None, None, False, TARO, NINE + HOUR)

    assert decided == [fact("AccountLockExpired", NINE + HOUR), fact("IssuanceStarted", NINE + HOUR, number=1)]


@pytest.mark.parametrize("how", ["locked", "blocked", "suspended", "closed"])
def test_who_is_held_starts_no_issue(how: Held) -> None:
    account = account_held(how)

    with pytest.raises(AccountHeld) as refusal:
        account.state.start_issuance(None, None, False, TARO, NINE + 2 * HOUR)

    assert refusal.value.code == how


# ---- completion


def test_a_running_issue_is_completed_by_its_number() -> None:
    account = account_issuing(NINE)

    decided = account.record(account.state.complete_issuance(1, "A1", None, TARO, NINE + MINUTE))

    assert decided == [fact("IssuanceCompleted", NINE + MINUTE, number=1, serial="A1")]
    assert account.state.running is None
    assert account.state.issues == 1


def test_the_end_of_a_lock_is_told_before_the_completion() -> None:
    account = account_locked()
    account.record(
        account.state.start_issuance(None, None, False, TARO, NINE + HOUR)[1:]
    )  # as if only the start had been told

    decided = account.state.complete_issuance(1, "A1", None, TARO, NINE + HOUR)

    assert decided == [
        fact("AccountLockExpired", NINE + HOUR),
        fact("IssuanceCompleted", NINE + HOUR, number=1, serial="A1"),
    ]


def test_an_issue_completes_to_the_last_moment_of_its_ten_minutes_and_not_after() -> None:
    account = account_issuing(NINE)

    in_time = account.state.complete_issuance(1, "A1", None, TARO, NINE + 10 * MINUTE - MILLISECOND)

    assert len(in_time) == 1
    with pytest.raises(IssuanceTimedOut):
        account.state.complete_issuance(1, "A1", None, TARO, NINE + 10 * MINUTE)


def test_another_number_or_none_that_runs_is_not_completed() -> None:
    running_second = account_issuing(NINE)
    running_second.record(running_second.state.start_issuance(None, None, False, TARO, NINE + 10 * MINUTE))
    completed = account_issuing(NINE)
    completed.record(completed.state.complete_issuance(1, "A1", None, TARO, NINE))

    with pytest.raises(IssuanceIsOver):
        running_second.state.complete_issuance(1, "A1", None, TARO, NINE + 10 * MINUTE)
    with pytest.raises(IssuanceIsOver):
        completed.state.complete_issuance(1, "A1", None, TARO, NINE)
    with pytest.raises(IssuanceIsOver):
        registered().state.complete_issuance(1, "A1", None, TARO, NINE)


def test_a_lock_that_came_between_does_not_stop_the_issue() -> None:
    account = account_held("locked")
    account.record([fact("IssuanceStarted", NINE + 2 * HOUR, number=1)])

    decided = account.state.complete_issuance(1, "A1", None, TARO, NINE + 2 * HOUR)

    assert decided == [fact("IssuanceCompleted", NINE + 2 * HOUR, number=1, serial="A1")]


@pytest.mark.parametrize("how", ["blocked", "suspended", "closed"])
def test_a_hold_that_came_between_leaves_the_issue_without_a_certificate(how: Held) -> None:
    account = account_held(how)
    account.record([fact("IssuanceStarted", NINE + 2 * HOUR, number=1)])

    with pytest.raises(AccountHeld) as refusal:
        account.state.complete_issuance(1, "A1", None, TARO, NINE + 2 * HOUR)

    assert refusal.value.code == how


def test_closing_ends_the_running_issue() -> None:
    account = account_issuing()

    account.record(account.state.close("deleted", MASTER, NINE))

    assert account.state.running is None


# ---- the certificate one has already


def test_a_certificate_not_yet_in_its_window_is_the_reason_with_both_dates() -> None:
    account = registered()
    newest = certificate_issued(NINE)

    refusal = account.state.issuance_refusal(newest, None, False, TARO, WINDOW - MILLISECOND)

    assert isinstance(refusal, CertificateStillValid)
    assert refusal.last_day == date(2027, 11, 23)
    assert refusal.renewable_from == date(2027, 10, 24)


def test_renewal_is_open_from_the_first_moment_of_the_window() -> None:
    account = registered()
    newest = certificate_issued(NINE)

    decided = account.record(account.state.start_issuance(newest, None, False, TARO, WINDOW))

    assert decided == [fact("IssuanceStarted", WINDOW, number=1)]


def test_the_refusal_is_raised_when_the_issue_is_started_all_the_same() -> None:
    account = registered()

    with pytest.raises(CertificateStillValid):
        account.state.start_issuance(certificate_issued(NINE), None, False, TARO, WINDOW - MILLISECOND)


def test_a_refused_issue_is_a_fact_and_no_failed_try() -> None:
    account = registered()
    fail_password(account, times=5, at=NINE)
    before = account.state

    decided = account.record(account.state.refuse_issuance("certificate_still_valid", NINE))

    assert decided == [fact("IssuanceRefused", NINE, reason="certificate_still_valid")]
    assert (account.state.lockout, account.state.running) == (before.lockout, None)


def test_after_a_renewal_the_new_certificate_stops_a_second_issue_in_the_window_of_the_old() -> None:
    account = registered()
    renewed = certificate_issued(WINDOW + DAY, number=2, serial="B2")

    refusal = account.state.issuance_refusal(renewed, "A1", True, TARO, WINDOW + 2 * DAY)

    assert isinstance(refusal, CertificateStillValid)
    assert refusal.last_day == date(2028, 10, 24)


def test_who_has_no_certificate_or_only_a_planned_one_may_issue() -> None:
    account = registered()

    assert account.state.issuance_refusal(None, None, True, TARO, NINE) is None
    assert account.state.issuance_refusal(certificate_planned(NINE), None, True, TARO, NINE) is None


def test_who_has_a_revoked_certificate_may_issue_at_once() -> None:
    account = registered()
    issued = certificate_issued(NINE)
    revoked = certificate_after(issued.revoke("pc_changed", "bank01", NINE + HOUR), issued)

    assert account.state.issuance_refusal(revoked, None, False, TARO, NINE + HOUR) is None


@pytest.mark.parametrize("needs_shown", [False, True])
def test_who_has_an_expired_certificate_may_issue_without_end(needs_shown: bool) -> None:
    account = registered()
    expired = certificate_issued(NINE)

    assert account.state.issuance_refusal(expired, None, needs_shown, TARO, AFTER_L) is None
    assert account.state.issuance_refusal(expired, None, needs_shown, TARO, AFTER_L + 3652 * DAY) is None


@pytest.mark.parametrize("shown", [None, "B2"])
def test_by_setting_the_certificate_being_renewed_must_be_the_one_shown(shown: str | None) -> None:
    account = registered()
    newest = certificate_issued(NINE, serial="A1")

    refusal = account.state.issuance_refusal(newest, shown, True, TARO, WINDOW)

    assert isinstance(refusal, CertificateNotShown)
    assert account.state.issuance_refusal(newest, "A1", True, TARO, WINDOW) is None
    assert account.state.issuance_refusal(newest, shown, False, TARO, WINDOW) is None


def test_by_setting_the_start_asks_for_the_certificate_again() -> None:
    account = registered()
    newest = certificate_issued(NINE)

    decided = account.state.start_issuance(newest, "A1", True, TARO, WINDOW)

    assert decided == [fact("IssuanceStarted", WINDOW, number=1)]
    with pytest.raises(CertificateNotShown):
        account.state.start_issuance(newest, None, True, TARO, WINDOW)


def test_a_running_issue_is_told_before_a_certificate_still_valid() -> None:
    account = account_issuing(NINE)
    newest: Certificate = certificate_issued(NINE)

    refusal = account.state.issuance_refusal(newest, None, False, TARO, NINE)

    assert isinstance(refusal, IssuanceIsRunning)
