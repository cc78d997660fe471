"""Who is locked or blocked, as of the moment of asking (manual ④; R3.7; screens.md, Machine)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import pytest

from domain.credentials import account_stream
from projections.answers import AccountKey, AccountRow, AccountState
from projections.lock_status import LockStatus
from projections.runner import Connection, catch_up
from tests.support.accounts import (
    DAY,
    HOUR,
    MASTER,
    MILLISECOND,
    NINE,
    TARO,
    Account,
    account_blocked,
    account_held,
    account_locked,
    fact,
    fail_password,
    registered,
)
from tests.support.explained import Explained
from tests.support.log import MemoryLog

VIEW = LockStatus()
STREAM = account_stream(TARO)


def told(connection: Connection, log: MemoryLog, account: Account, now: datetime) -> AccountRow:
    """The only account's row."""
    log.append(account_stream(account.state.user_id), account.facts)
    catch_up(connection, VIEW, log)
    with connection.cursor() as cursor:
        (row,) = VIEW.page(cursor, now).items
    return row


def test_a_registered_account_is_open(connection: Connection, log: MemoryLog) -> None:
    account = registered()

    row = told(connection, log, account, NINE)

    assert row == AccountRow(
        user_id=TARO,
        organization="org0001",
        role="general",
        state="open",
        failures=0,
        locks=0,
        locked_until=None,
    )


def test_staff_have_no_organization(connection: Connection, log: MemoryLog) -> None:
    account = registered("staff01", role="auditor", organization=None)

    row = told(connection, log, account, NINE)

    assert (row.role, row.organization) == ("auditor", None)


@pytest.mark.parametrize(
    ("now", "state", "failures", "until"),
    [
        (NINE + HOUR - MILLISECOND, "locked", 6, NINE + HOUR),
        (NINE + HOUR, "open", 0, None),
    ],
)
def test_a_lock_ends_by_the_time_of_asking(
    connection: Connection, log: MemoryLog, now: datetime, state: str, failures: int, until: datetime | None
) -> None:
    account = account_locked()

    row = told(connection, log, account, now)

    assert (row.state, row.failures, row.locks, row.locked_until) == (state, failures, 1, until)


def test_a_block_has_no_end_and_keeps_its_six_failures(connection: Connection, log: MemoryLog) -> None:
    account = account_blocked()

    row = told(connection, log, account, NINE + 366 * DAY)

    assert (row.state, row.failures, row.locks, row.locked_until) == ("blocked", 6, 3, None)


def test_a_suspension_hides_a_lock_and_its_end(connection: Connection, log: MemoryLog) -> None:
    account = account_locked()
    account.record(account.state.suspend(MASTER, NINE))

    row = told(connection, log, account, NINE)

    assert (row.state, row.failures, row.locked_until) == ("suspended", 6, None)


def test_an_account_that_was_resumed_is_open(connection: Connection, log: MemoryLog) -> None:
    account = account_held("suspended")
    account.record(account.state.resume(MASTER, NINE + 2 * HOUR))

    row = told(connection, log, account, NINE + 2 * HOUR)

    assert row.state == "open"


def test_the_next_try_after_a_lock_counts_from_one_and_keeps_the_lock_in_mind(
    connection: Connection, log: MemoryLog
) -> None:
    account = account_locked()
    fail_password(account, times=1, at=NINE + HOUR)

    row = told(connection, log, account, NINE + HOUR)

    assert (row.state, row.failures, row.locks) == ("open", 1, 1)


@pytest.mark.parametrize("released", [True, False])
def test_a_release_or_a_right_password_ends_the_run(connection: Connection, log: MemoryLog, released: bool) -> None:
    account = account_locked()
    state, later = account.state, NINE + HOUR - MILLISECOND * released
    account.record(state.release(MASTER, later) if released else state.accept_password("login", later))

    row = told(connection, log, account, NINE + HOUR)

    assert (row.state, row.failures, row.locks) == ("open", 0, 0)


def test_a_closed_account_is_closed_whatever_else_it_was(connection: Connection, log: MemoryLog) -> None:
    account = account_blocked()
    account.record(account.state.suspend(MASTER, NINE + 2 * HOUR))
    account.record(account.state.close("deleted", MASTER, NINE + 2 * HOUR))

    row = told(connection, log, account, NINE + 2 * HOUR)

    assert row.state == "closed"


def test_facts_of_others_only_move_the_position(connection: Connection, log: MemoryLog) -> None:
    before = told(connection, log, registered(), NINE)
    log.append(STREAM, [fact("LoggedOut", NINE)])
    log.append(UUID(int=7), [fact("KeyPackageDelivered", NINE)])

    place = catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        assert VIEW.page(cursor, NINE).items == [before]
    assert place == log.head()


def test_a_fact_of_an_account_never_registered_makes_no_row(connection: Connection, log: MemoryLog) -> None:
    log.append(STREAM, account_locked().facts[1:])

    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        assert VIEW.page(cursor, NINE).items == []


# ---- filters and pages


@pytest.fixture
def five(connection: Connection, log: MemoryLog) -> Connection:
    """One account in each state, at NINE + 2 hours; their IDs' order does not depend on case."""
    log.append(account_stream("Abel01"), registered("Abel01", organization="org0002").facts)
    for user_id, account in {
        "blocker1": account_held("blocked"),
        "Closed1": account_held("closed"),
        "locked1": account_held("locked"),
        "Suspend1": account_held("suspended"),
    }.items():
        log.append(account_stream(user_id), [*registered(user_id).facts, *account.facts[1:]])
    catch_up(connection, VIEW, log)
    return connection


@pytest.mark.parametrize(
    ("state", "user_id"),
    [
        ("open", "Abel01"),
        ("blocked", "blocker1"),
        ("closed", "Closed1"),
        ("locked", "locked1"),
        ("suspended", "Suspend1"),
    ],
)
def test_each_account_is_in_exactly_one_state(five: Connection, state: AccountState, user_id: str) -> None:
    with five.cursor() as cursor:
        found = VIEW.page(cursor, NINE + 2 * HOUR, state=state).items

    assert [(row.user_id, row.state) for row in found] == [(user_id, state)]


@pytest.mark.parametrize(("now", "expected"), [(NINE + 3 * HOUR - MILLISECOND, 1), (NINE + 3 * HOUR, 2)])
def test_a_lock_that_is_over_is_found_among_the_open(five: Connection, now: datetime, expected: int) -> None:
    with five.cursor() as cursor:
        found = VIEW.page(cursor, now, state="open").items

    assert len(found) == expected


def test_accounts_are_found_by_organization(five: Connection) -> None:
    with five.cursor() as cursor:
        found = VIEW.page(cursor, NINE, organization="org0002").items

    assert [row.user_id for row in found] == ["Abel01"]


def test_an_account_is_found_by_its_id_without_regard_to_case(five: Connection) -> None:
    with five.cursor() as cursor:
        found = VIEW.page(cursor, NINE, user_id="aBEL01").items

    assert [row.user_id for row in found] == ["Abel01"]


@pytest.mark.parametrize(("limit", "lengths"), [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (4, [4, 1]), (5, [5]), (6, [5])])
def test_pages_walk_all_accounts_exactly_once(five: Connection, limit: int, lengths: list[int]) -> None:
    pages: list[list[str]] = []
    after: AccountKey | None = None
    with five.cursor() as cursor:
        while not pages or after is not None:
            page = VIEW.page(cursor, NINE, after=after, limit=limit)
            pages.append([row.user_id for row in page.items])
            after = page.next

    assert [len(page) for page in pages] == lengths
    assert [user_id for page in pages for user_id in page] == ["Abel01", "blocker1", "Closed1", "locked1", "Suspend1"]


# ---- locks whose time has passed


@pytest.mark.parametrize(("now", "expected"), [(NINE + HOUR - MILLISECOND, []), (NINE + HOUR, [TARO])])
def test_a_lock_has_run_out_at_its_end_until_that_is_recorded(
    connection: Connection, log: MemoryLog, now: datetime, expected: list[str]
) -> None:
    account = account_locked()
    log.append(STREAM, account.facts)

    assert run_out(connection, log, now) == expected

    log.append(STREAM, account.record(account.state.expire_lock("worker", NINE + HOUR)))
    assert run_out(connection, log, now) == []


@pytest.mark.parametrize("how", ["blocked", "closed"])
def test_what_is_blocked_or_closed_runs_out_no_more(
    connection: Connection, log: MemoryLog, how: Literal["blocked", "closed"]
) -> None:
    account = account_blocked() if how == "blocked" else account_locked()
    log.append(STREAM, account.facts)
    if how == "closed":
        log.append(STREAM, account.state.close("deleted", MASTER, NINE))

    assert run_out(connection, log, NINE + 366 * DAY) == []


def test_a_suspension_does_not_stop_a_lock(connection: Connection, log: MemoryLog) -> None:
    account = account_locked()
    log.append(STREAM, [*account.facts, *account.state.suspend(MASTER, NINE)])

    assert run_out(connection, log, NINE + HOUR) == [TARO]


def test_the_lock_that_ended_first_comes_first_and_no_more_than_were_asked_for(
    connection: Connection, log: MemoryLog
) -> None:
    for user_id, at in (("jiro02", NINE + HOUR), (TARO, NINE), ("saburo3", NINE + 2 * HOUR)):
        account = registered(user_id)
        fail_password(account, times=6, at=at)
        log.append(account_stream(user_id), account.facts)

    assert run_out(connection, log, NINE + 3 * HOUR) == [TARO, "jiro02", "saburo3"]
    assert run_out(connection, log, NINE + 3 * HOUR, limit=2) == [TARO, "jiro02"]


def test_the_workers_question_is_answered_from_an_index_of_locks(connection: Connection, log: MemoryLog) -> None:
    catch_up(connection, VIEW, log)
    connection.execute("set enable_seqscan = off; set enable_sort = off")  # the table is too small for a choice

    with connection.cursor() as cursor:
        asked = Explained(cursor)
        VIEW.run_out(asked.as_cursor(), NINE, 100)

    assert asked.indexes == {f"{VIEW.generation}_running"}


def run_out(connection: Connection, log: MemoryLog, now: datetime, limit: int = 100) -> list[str]:
    catch_up(connection, VIEW, log)
    with connection.cursor() as cursor:
        return VIEW.run_out(cursor, now, limit)
