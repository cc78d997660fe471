"""Every mail asked for and how it ended (R8.3, R8.4, R9.1)."""

from datetime import datetime
from uuid import UUID

import pytest

from domain.credentials import account_stream
from domain.fact import WORKER, Fact
from domain.notification import Kind, notification_stream
from projections.answers import MailCount, MailKey, MailRow, MailState, MailTotals
from projections.outbox import Outbox
from projections.runner import Connection, catch_up
from tests.support.accounts import HOUR, MINUTE, NINE, TARO, fact
from tests.support.explained import Explained
from tests.support.log import MemoryLog

VIEW = Outbox()


def ask(log: MemoryLog, version: int, kind: Kind = "locked", user_id: str = TARO, at: datetime = NINE) -> UUID:
    """For a mail about the fact of that version; returns its stream."""
    about = account_stream(user_id)
    stream = notification_stream(kind, about, version)
    asked = fact("NotificationRequested", at, kind=kind, user_id=user_id, stream=about, version=version)
    log.append(stream, [asked])
    return stream


def sent(at: datetime = NINE + MINUTE) -> Fact:
    return fact("NotificationSent", at, by=WORKER, message_id="1@example.com", attempts=2)


def given_up(at: datetime = NINE + MINUTE) -> Fact:
    return fact("NotificationGivenUp", at, by=WORKER, reason="refused", attempts=40)


def cancelled(at: datetime = NINE + MINUTE) -> Fact:
    return fact("NotificationCancelled", at, by=WORKER, reason="renewed")


def test_a_mail_waits_from_when_it_was_asked_for(connection: Connection, log: MemoryLog) -> None:
    stream = ask(log, 7)
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        found = VIEW.page(cursor).items

    assert found == [
        MailRow(
            notification=stream,
            kind="locked",
            user_id=TARO,
            requested_at=NINE,
            state="waiting",
            ended_at=None,
            attempts=None,
            reason=None,
            message_id=None,
        )
    ]


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (sent(), ("sent", NINE + MINUTE, 2, None, "1@example.com")),
        (given_up(), ("given_up", NINE + MINUTE, 40, "refused", None)),
        (cancelled(), ("cancelled", NINE + MINUTE, None, "renewed", None)),
    ],
    ids=["sent", "given up", "cancelled"],
)
def test_how_a_mail_ended_is_told(
    connection: Connection, log: MemoryLog, end: Fact, expected: tuple[object, ...]
) -> None:
    stream = ask(log, 7)
    catch_up(connection, VIEW, log)
    log.append(stream, [end])
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        (row,) = VIEW.page(cursor).items

    assert (row.state, row.ended_at, row.attempts, row.reason, row.message_id) == expected


@pytest.fixture
def four(connection: Connection, log: MemoryLog) -> Connection:
    """One mail of each end, asked for in this order, and each about another fact of taro; one waits for jiro."""
    for version, end in ((1, sent()), (2, given_up()), (3, cancelled())):
        log.append(ask(log, version), [end])
    ask(log, 4, "blocked", "Jiro02", NINE + HOUR)
    catch_up(connection, VIEW, log)
    return connection


@pytest.mark.parametrize("state", ["sent", "given_up", "cancelled", "waiting"])
def test_each_mail_is_in_exactly_one_state(four: Connection, state: MailState) -> None:
    with four.cursor() as cursor:
        found = VIEW.page(cursor, state=state).items

    assert [row.state for row in found] == [state]


def test_mails_are_found_by_user_without_regard_to_case(four: Connection) -> None:
    with four.cursor() as cursor:
        jiros = VIEW.page(cursor, user_id="jiro02").items
        taros = VIEW.page(cursor, user_id=TARO, state="waiting").items

    assert [row.user_id for row in jiros] == ["Jiro02"]
    assert taros == []


@pytest.mark.parametrize(("limit", "lengths"), [(1, [1, 1, 1, 1]), (3, [3, 1]), (4, [4]), (5, [4])])
def test_pages_walk_all_mails_exactly_once_the_newest_first(four: Connection, limit: int, lengths: list[int]) -> None:
    pages: list[list[str]] = []
    after: MailKey | None = None
    with four.cursor() as cursor:
        while not pages or after is not None:
            page = VIEW.page(cursor, after=after, limit=limit)
            pages.append([row.state for row in page.items])
            after = page.next

    assert [len(page) for page in pages] == lengths
    assert [state for page in pages for state in page] == ["waiting", "cancelled", "given_up", "sent"]


def test_what_waits_is_given_in_the_logs_order_behind_a_position(connection: Connection, log: MemoryLog) -> None:
    first, second, third = (ask(log, version, at=NINE - version * HOUR) for version in (1, 2, 3))
    log.append(second, [sent()])
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        every = VIEW.waiting(cursor, 0, 10)
        one = VIEW.waiting(cursor, 0, 1)
        behind = VIEW.waiting(cursor, every[0].position, 10)

    assert [(mail.notification, mail.requested_at) for mail in every] == [
        (first, NINE - HOUR),
        (third, NINE - 3 * HOUR),
    ]
    assert (one, behind) == (every[:1], every[1:])


def test_totals_count_each_end_by_kind_and_tell_the_oldest_that_waits(four: Connection) -> None:
    with four.cursor() as cursor:
        found = VIEW.totals(cursor)

    assert found == MailTotals(
        waiting=1,
        oldest_waiting_since=NINE + HOUR,
        ended=[MailCount("locked", "cancelled", 1), MailCount("locked", "given_up", 1), MailCount("locked", "sent", 1)],
    )


def test_totals_of_nothing_are_nothing(connection: Connection, log: MemoryLog) -> None:
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        assert VIEW.totals(cursor) == MailTotals(waiting=0, oldest_waiting_since=None, ended=[])


def test_the_end_of_a_mail_never_asked_for_makes_no_row(connection: Connection, log: MemoryLog) -> None:
    log.append(notification_stream("locked", account_stream(TARO), 7), [sent()])
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        assert VIEW.page(cursor).items == []
        assert VIEW.totals(cursor).ended == []


def test_what_waits_is_found_without_reading_what_has_ended(connection: Connection, log: MemoryLog) -> None:
    catch_up(connection, VIEW, log)
    connection.execute("set enable_seqscan = off; set enable_sort = off; set enable_bitmapscan = off")

    with connection.cursor() as cursor:
        asked = Explained(cursor)
        VIEW.waiting(asked.as_cursor(), 0, 100)

    assert asked.indexes == {"outbox_1_by_state"}


def test_a_mail_asked_for_again_waits_at_its_new_place_and_is_no_longer_given_up(
    connection: Connection, log: MemoryLog
) -> None:
    stream = ask(log, 7)
    log.append(stream, [given_up()])
    other = ask(log, 8)
    catch_up(connection, VIEW, log)
    ask(log, 7, at=NINE + HOUR)
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        rows = VIEW.page(cursor).items
        waiting = VIEW.waiting(cursor, 0, 10)
        totals = VIEW.totals(cursor)

    assert [(row.notification, row.state, row.requested_at, row.ended_at) for row in rows] == [
        (stream, "waiting", NINE + HOUR, None),
        (other, "waiting", NINE, None),
    ]
    assert [mail.notification for mail in waiting] == [other, stream]
    assert totals == MailTotals(waiting=2, oldest_waiting_since=NINE, ended=[])
