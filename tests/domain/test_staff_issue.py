"""Staff get their first certificate, and one after revocation or expiry, at the command line alone (R1.2)."""

from datetime import datetime

import pytest

from domain.certificate import Certificate
from domain.errors import CertificateStillValid, OnlyAtCommandLine
from domain.fact import COMMAND_LINE
from tests.support.accounts import (
    DAY,
    MILLISECOND,
    NINE,
    Account,
    certificate_issued,
    certificate_planned,
    certificate_revoked,
    fact,
    japan,
    registered,
)

STAFF = "bank01"
WINDOW = japan(2027, 10, 24)  # a certificate issued at NINE may be renewed from here: L is 2027-11-23
AFTER_L = japan(2027, 11, 24)


def staff() -> Account:
    return registered(STAFF, role="bank_admin", organization=None)


@pytest.mark.parametrize(
    ("newest", "now"),
    [
        (None, NINE),
        (certificate_planned(NINE), NINE),
        (certificate_revoked(), NINE + DAY),
        (certificate_issued(NINE), AFTER_L),
    ],
    ids=["none", "planned", "revoked", "expired"],
)
def test_without_a_live_certificate_staff_start_no_issue_but_at_the_command_line(
    newest: Certificate | None, now: datetime
) -> None:
    account = staff()

    with pytest.raises(OnlyAtCommandLine):
        account.state.start_issuance(newest, None, False, STAFF, now)
    decided = account.state.start_issuance(newest, None, False, COMMAND_LINE, now)

    assert decided == [fact("IssuanceStarted", now, by=COMMAND_LINE, number=1)]


def test_staff_renew_by_themselves_from_the_window_to_the_last_moment() -> None:
    newest = certificate_issued(NINE)
    start = staff().state.start_issuance

    first, last = (start(newest, None, False, STAFF, at) for at in (WINDOW, AFTER_L - MILLISECOND))

    assert first == [fact("IssuanceStarted", WINDOW, by=STAFF, number=1)]
    assert last == [fact("IssuanceStarted", AFTER_L - MILLISECOND, by=STAFF, number=1)]


def test_the_command_line_renews_no_earlier_than_anybody() -> None:
    with pytest.raises(CertificateStillValid):
        staff().state.start_issuance(certificate_issued(NINE), None, False, COMMAND_LINE, WINDOW - MILLISECOND)


@pytest.mark.parametrize("newest", [None, certificate_revoked()], ids=["none", "revoked"])
def test_what_staff_renewed_and_lost_meanwhile_completes_no_issue(newest: Certificate | None) -> None:
    account = staff()
    account.record(account.state.start_issuance(certificate_issued(NINE), None, False, STAFF, WINDOW))

    with pytest.raises(OnlyAtCommandLine):
        account.state.complete_issuance(1, "B2", newest, STAFF, WINDOW)


def test_the_command_line_completes_what_it_began() -> None:
    account = staff()
    account.record(account.state.start_issuance(None, None, False, COMMAND_LINE, NINE))

    decided = account.state.complete_issuance(1, "A1", None, COMMAND_LINE, NINE)

    assert decided == [fact("IssuanceCompleted", NINE, by=COMMAND_LINE, number=1, serial="A1")]
