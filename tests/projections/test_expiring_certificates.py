"""Since when a mail about a certificate's end is due (manual 6; R8.1, R8.2)."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest

from domain.certificate import Reason, certificate_stream
from domain.notification import Kind, notification_stream
from projections.expiring_certificates import ExpiringCertificates
from projections.runner import Connection, catch_up
from tests.support.accounts import DAY, HOUR, MILLISECOND, NINE, SECOND, TARO, fact, japan
from tests.support.certificate_log import append, ask, close, issue, issued, planned, register, revoked
from tests.support.explained import Explained
from tests.support.log import MemoryLog

VIEW = ExpiringCertificates()
FIRST, NEWER = certificate_stream(TARO, 1), certificate_stream(TARO, 2)
WINDOW = japan(2027, 10, 24)  # NINE is 2026-11-23 in Japan: the last day is 2027-11-23, and this 30 days before it
OVER = japan(2027, 11, 24)

Due = Callable[[datetime], list[UUID]]


@pytest.fixture
def due(connection: Connection, log: MemoryLog) -> Due:
    """What the view says is due, once it has folded what the log holds."""

    def asked(now: datetime) -> list[UUID]:
        catch_up(connection, VIEW, log)
        with connection.cursor() as cursor:
            return VIEW.due(cursor, now, 100)

    return asked


@pytest.mark.parametrize(
    ("now", "expected"),
    [(WINDOW - SECOND, []), (WINDOW, [FIRST]), (OVER, [FIRST]), (OVER + 400 * DAY, [FIRST])],
)
def test_a_mail_is_due_from_the_first_moment_of_the_30th_day_before_the_last_until_it_was_asked_for(
    log: MemoryLog, due: Due, now: datetime, expected: list[UUID]
) -> None:
    issue(log, "A1")

    assert due(now) == expected


@pytest.mark.parametrize(("now", "expected"), [(WINDOW, []), (OVER - SECOND, []), (OVER, [FIRST])])
def test_after_the_first_mail_the_next_is_due_once_the_last_day_is_over(
    log: MemoryLog, due: Due, now: datetime, expected: list[UUID]
) -> None:
    issue(log, "A1")
    ask(log, "expiring", WINDOW)

    assert due(now) == expected


def test_after_the_second_mail_nothing_is_due_whether_there_was_a_first_or_not(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    issue(log, "B1", "jiro02")
    ask(log, "expiring", WINDOW, "jiro02")
    ask(log, "expired", OVER, "jiro02")
    ask(log, "expired", OVER)  # after an outage of a month

    assert due(OVER + 400 * DAY) == []


def test_a_first_mail_asked_for_after_the_second_makes_no_third(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    ask(log, "expired", OVER)
    ask(log, "expiring", OVER - SECOND)  # by a worker whose clock is behind

    assert due(OVER) == []


def test_what_was_renewed_is_not_due_and_what_renewed_it_is_in_its_own_time(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    issue(log, "A2", number=2, at=NINE + 340 * DAY)

    assert due(OVER) == []
    assert due(WINDOW + 340 * DAY - SECOND) == []
    assert due(WINDOW + 340 * DAY) == [NEWER]


def test_a_plan_renews_nothing(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    append(log, planned("A2", number=2), number=2)

    assert due(WINDOW) == [FIRST]
    assert due(OVER + 400 * DAY) == [FIRST]


def test_once_the_renewal_is_revoked_the_one_before_is_due_again_where_it_stood(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    ask(log, "expiring", WINDOW)
    issue(log, "A2", number=2, at=WINDOW + DAY)
    renewed = due(OVER)
    append(log, revoked("not_imported", WINDOW + DAY + HOUR, "A2"), number=2)

    assert renewed == []
    assert due(OVER - SECOND) == []
    assert due(OVER) == [FIRST]


@pytest.mark.parametrize(("at", "expected"), [(OVER - MILLISECOND, [FIRST]), (OVER, [])])
def test_a_renewal_counts_if_it_was_not_revoked_before_the_end_of_the_one_before(
    log: MemoryLog, due: Due, at: datetime, expected: list[UUID]
) -> None:
    issue(log, "A1")
    ask(log, "expiring", WINDOW)
    issue(log, "A2", number=2, at=WINDOW + DAY)
    append(log, revoked("lost", at, "A2"), number=2)

    assert due(OVER + 100 * DAY) == expected


def test_a_certificate_issued_after_the_end_spares_the_mail_for_good(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    ask(log, "expiring", WINDOW)
    issue(log, "A2", number=2, at=OVER + HOUR)
    append(log, revoked("lost", OVER + 100 * DAY, "A2"), number=2)

    assert due(OVER + 100 * DAY) == []


def test_a_renewal_after_a_renewal_that_was_revoked_counts(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    issue(log, "A2", number=2, at=WINDOW)
    append(log, revoked("superseded", WINDOW + DAY, "A2"), number=2)
    issue(log, "A3", number=3, at=WINDOW + DAY)

    assert due(OVER + DAY) == []


@pytest.mark.parametrize("at", [WINDOW, OVER + HOUR])
def test_of_a_closed_account_nothing_is_due(log: MemoryLog, due: Due, at: datetime) -> None:
    register(log)
    issue(log, "A1")
    before = due(at)
    close(log, at)

    assert before == [FIRST]
    assert due(OVER + 400 * DAY) == []


def test_closing_one_account_leaves_what_is_due_for_others(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    issue(log, "B1", "jiro02")
    close(log, WINDOW, "jiro02")

    assert due(WINDOW) == [FIRST]


def test_a_plan_that_comes_after_the_closing_is_never_due(log: MemoryLog, due: Due) -> None:
    close(log, NINE)
    append(log, planned("A1"))

    assert due(OVER) == []


def test_closed_accounts_hold_up_nobody_behind_them(log: MemoryLog, due: Due) -> None:
    for number in range(101):  # one more than a question's page
        issue(log, f"C{number}", f"closed{number:03}", at=NINE - DAY)
    issue(log, "A1")
    due(OVER)
    for number in range(101):
        close(log, OVER, f"closed{number:03}")

    assert due(OVER) == [FIRST]


def test_of_several_the_newest_that_was_not_revoked_is_due(log: MemoryLog, due: Due) -> None:
    for number in (1, 2, 3):
        issue(log, f"A{number}", number=number)
    append(log, revoked("not_imported", NINE, "A3"), number=3)

    assert due(WINDOW) == [NEWER]


def test_other_users_certificates_renew_nothing(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    issue(log, "B2", "jiro02", number=2, at=NINE + DAY)

    assert due(WINDOW) == [FIRST]


@pytest.mark.parametrize("reason", ["pc_changed", "lost", "superseded", "closed"])
def test_what_was_revoked_is_not_due(log: MemoryLog, due: Due, reason: Reason) -> None:
    issue(log, "A1")
    before = due(WINDOW)
    append(log, revoked(reason, WINDOW))

    assert before == [FIRST]
    assert due(WINDOW) == []


def test_a_serial_that_was_only_planned_ends_nothing_when_it_is_revoked(log: MemoryLog, due: Due) -> None:
    append(log, planned("A1"), planned("A2"), issued("A2"), revoked("retired", NINE, "A1"))

    assert due(WINDOW) == [FIRST]


def test_a_plan_that_comes_after_the_issue_takes_nothing_away(log: MemoryLog, due: Due) -> None:
    append(log, planned("A1"), issued("A1"), planned("A2"))

    assert due(WINDOW) == [FIRST]


def test_mails_about_something_else_change_nothing(log: MemoryLog, due: Due) -> None:
    issue(log, "A1")
    for kind in ("locked", "blocked", "issued", "revoked", "released"):
        mail = fact("NotificationRequested", NINE, kind=kind, user_id=TARO, stream=FIRST, version=2)
        log.append(notification_stream(kind, FIRST, 2), [mail])

    assert due(WINDOW) == [FIRST]


def test_the_one_due_longest_comes_first_and_no_more_than_were_asked_for(
    connection: Connection, log: MemoryLog, due: Due
) -> None:
    issue(log, "C3", "saburo3", at=NINE + DAY)
    issue(log, "A1")
    issue(log, "B2", "jiro02", at=NINE + 2 * DAY)
    ask(log, "expiring", WINDOW)

    every = due(OVER)
    with connection.cursor() as cursor:
        first = VIEW.due(cursor, OVER, 2)

    assert every == [certificate_stream("saburo3", 1), certificate_stream("jiro02", 1), FIRST]
    assert first == every[:2]


def test_facts_of_a_certificate_never_planned_make_no_row(connection: Connection, log: MemoryLog, due: Due) -> None:
    append(log, issued("A1"), revoked("lost", NINE))
    ask(log, "expiring", WINDOW)

    assert due(OVER) == []


@pytest.mark.parametrize("kind", ["expiring", "expired"])
def test_a_mail_that_ended_was_asked_for_all_the_same(log: MemoryLog, due: Due, kind: Kind) -> None:
    issue(log, "A1")
    ask(log, kind, WINDOW)
    log.append(notification_stream(kind, FIRST), [fact("NotificationCancelled", WINDOW, reason="renewed")])

    assert due(OVER - SECOND) == []


def test_the_workers_question_is_answered_from_an_index_of_what_is_due(connection: Connection, log: MemoryLog) -> None:
    catch_up(connection, VIEW, log)
    connection.execute("set enable_seqscan = off; set enable_sort = off")  # the table is too small for a choice

    with connection.cursor() as cursor:
        asked = Explained(cursor)
        VIEW.due(asked.as_cursor(), NINE, 100)

    assert asked.indexes == {"expiring_certificates_2_due"}
