"""What ends soon, as the bank sees it: by certificate, and counted by day (manual 6; R9.1)."""

from collections.abc import Callable
from datetime import date, datetime

import pytest

from projections.answers import EndingDay, ExpiringKey, ExpiringPage, ExpiringRow
from projections.expiring_certificates import ExpiringCertificates
from projections.runner import Connection, catch_up
from tests.support.accounts import DAY, NINE, SECOND, TARO, japan
from tests.support.certificate_log import append, ask, issue, planned, register, revoked
from tests.support.explained import Explained
from tests.support.log import MemoryLog

VIEW = ExpiringCertificates()
WINDOW = japan(2027, 10, 24)  # NINE is 2026-11-23 in Japan: the last day is 2027-11-23, and this 30 days before it
OVER = japan(2027, 11, 24)

Ask = Callable[..., ExpiringPage]


@pytest.fixture
def page(connection: Connection, log: MemoryLog) -> Ask:
    def asked(now: datetime, **question: object) -> ExpiringPage:
        catch_up(connection, VIEW, log)
        with connection.cursor() as cursor:
            return VIEW.page(cursor, now, **question)  # type: ignore[arg-type]  # the question is the test's

    return asked


def test_a_certificate_that_ends_soon_is_told_with_its_mails_and_whether_it_was_renewed(
    log: MemoryLog, page: Ask
) -> None:
    register(log)
    issue(log, "A1")
    ask(log, "expiring", WINDOW)
    issue(log, "A2", number=2, at=WINDOW)

    found = page(WINDOW)

    assert found.items == [
        ExpiringRow(
            serial="A1",
            user_id=TARO,
            organization="org0001",
            not_after=OVER - SECOND,
            last_day=date(2027, 11, 23),
            renewed=True,
            asked_for="expiring",
        )
    ]


@pytest.mark.parametrize(
    ("now", "within", "expected"),
    [
        (WINDOW - SECOND, 30, []),
        (WINDOW, 30, ["A1"]),
        (WINDOW, 29, []),
        (OVER - SECOND, 0, ["A1"]),
        (OVER - DAY - SECOND, 0, []),
        (OVER, 30, []),
    ],
)
def test_what_ends_within_so_many_days_is_listed_until_it_has_ended(
    log: MemoryLog, page: Ask, now: datetime, within: int, expected: list[str]
) -> None:
    issue(log, "A1")

    assert [row.serial for row in page(now, within=within).items] == expected


def test_neither_plans_nor_what_was_revoked_is_listed(log: MemoryLog, page: Ask) -> None:
    append(log, planned("A1"))
    issue(log, "A2", number=2)
    append(log, revoked("lost", NINE, "A2"), number=2)

    assert page(WINDOW).items == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_pages_walk_all_that_ends_soon_exactly_once_by_its_end(log: MemoryLog, page: Ask, limit: int) -> None:
    issue(log, "C3", "saburo3", at=NINE + DAY)
    issue(log, "B2", "jiro02")  # in the same second as the next
    issue(log, "A1")

    walked: list[str] = []
    after: ExpiringKey | None = None
    while not walked or after is not None:
        found = page(WINDOW + DAY, after=after, limit=limit)
        walked += [row.serial for row in found.items]
        after = found.next

    assert walked == ["A1", "B2", "C3"]


# ---- the bank's chart


def test_the_ends_are_counted_by_day_renewed_and_not(connection: Connection, log: MemoryLog) -> None:
    issue(log, "A1")
    issue(log, "A2", number=2, at=WINDOW)  # renews the one before
    issue(log, "B1", "jiro02")
    issue(log, "C1", "saburo3")
    issue(log, "D1", "shiro04", at=NINE + DAY)
    append(log, revoked("lost", NINE, "C1"), user_id="saburo3")
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        found = VIEW.days(cursor, WINDOW + DAY)

    assert found == [EndingDay(date(2027, 11, 23), 1, 1), EndingDay(date(2027, 11, 24), 0, 1)]


@pytest.mark.parametrize(
    ("now", "within", "days"),
    [
        (WINDOW - SECOND, 30, 0),
        (WINDOW, 30, 1),
        (WINDOW, 29, 0),
        (OVER - SECOND, 0, 1),
        (OVER, 30, 0),
    ],
)
def test_a_day_is_counted_as_long_as_the_list_has_it(
    connection: Connection, log: MemoryLog, now: datetime, within: int, days: int
) -> None:
    issue(log, "A1")
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        assert len(VIEW.days(cursor, now, within=within)) == days


def test_the_days_are_counted_from_an_index_of_the_ends(connection: Connection, log: MemoryLog) -> None:
    catch_up(connection, VIEW, log)
    connection.execute("set enable_seqscan = off; set enable_bitmapscan = off")  # the table is too small for a choice

    with connection.cursor() as cursor:
        asked = Explained(cursor)
        VIEW.days(asked.as_cursor(), NINE)

    assert asked.indexes == {"expiring_certificates_2_by_end"}
