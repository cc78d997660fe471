"""Acts that wait for a second person, before those that were decided (R9.3)."""

from datetime import datetime
from uuid import UUID

import pytest

from domain.approval import approval_stream
from domain.fact import Fact
from projections.answers import ApprovalKey, ApprovalRow, ApprovalState
from projections.approvals import Approvals
from projections.runner import Connection, catch_up
from tests.support.accounts import HOUR, NINE, TARO, fact
from tests.support.explained import Explained
from tests.support.log import MemoryLog

VIEW = Approvals()
FIRST, SECOND = "bank01", "bank02"


def ask(log: MemoryLog, target: str, *ends: Fact, at: datetime = NINE) -> UUID:
    stream = approval_stream("revoke", target, 1)
    asked = fact(
        "ApprovalRequested",
        at,
        by=FIRST,
        act="revoke",
        target=target,
        user_id=TARO,
        reason="lost",
        request=1,
        commitment="ef" * 32,
        paper_number="2026-17",
    )
    log.append(stream, [asked, *ends])
    return stream


def given() -> Fact:
    return fact("ApprovalGiven", NINE + HOUR, by=SECOND)


def refused(reason: str) -> Fact:
    return fact("ApprovalRefused", NINE + HOUR, by=SECOND, reason=reason)


def test_a_request_is_open_with_all_that_the_second_person_needs(connection: Connection, log: MemoryLog) -> None:
    stream = ask(log, "A1")
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        found = VIEW.page(cursor).items

    assert found == [
        ApprovalRow(
            approval=stream,
            act="revoke",
            target="A1",
            user_id=TARO,
            reason="lost",
            paper_number="2026-17",
            asked_by=FIRST,
            asked_at=NINE,
            state="open",
            decided_by=None,
            decided_at=None,
        )
    ]


def test_a_request_to_initialize_names_the_organization(connection: Connection, log: MemoryLog) -> None:
    asked = fact("ApprovalRequested", NINE, by=FIRST, act="initialize", target="ORG0001", user_id="", reason="closed")
    log.append(approval_stream("initialize", "ORG0001", 1), [asked])
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        (row,) = VIEW.page(cursor).items

    assert (row.act, row.target, row.user_id, row.paper_number) == ("initialize", "ORG0001", "", None)


@pytest.mark.parametrize(
    ("end", "state"), [(given(), "given"), (refused("declined"), "declined"), (refused("impossible"), "impossible")]
)
def test_a_decision_is_told_with_who_decided_and_when(
    connection: Connection, log: MemoryLog, end: Fact, state: str
) -> None:
    stream = ask(log, "A1")
    catch_up(connection, VIEW, log)
    log.append(stream, [end])
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        (row,) = VIEW.page(cursor).items

    assert (row.state, row.decided_by, row.decided_at) == (state, SECOND, NINE + HOUR)


@pytest.fixture
def four(connection: Connection, log: MemoryLog) -> Connection:
    """Asked for in the order of their targets; the first and the third wait."""
    for target, ends in (("A1", []), ("B2", [given()]), ("C3", []), ("D4", [refused("declined")])):
        ask(log, target, *ends)
    catch_up(connection, VIEW, log)
    return connection


@pytest.mark.parametrize(("limit", "lengths"), [(1, [1, 1, 1, 1]), (2, [2, 2]), (3, [3, 1]), (4, [4]), (5, [4])])
def test_pages_walk_all_of_them_once_the_open_ones_first_and_of_each_part_the_newest(
    four: Connection, limit: int, lengths: list[int]
) -> None:
    pages: list[list[str]] = []
    after: ApprovalKey | None = None
    with four.cursor() as cursor:
        while not pages or after is not None:
            page = VIEW.page(cursor, after=after, limit=limit)
            pages.append([row.target for row in page.items])
            after = page.next

    assert [len(page) for page in pages] == lengths
    assert [target for page in pages for target in page] == ["C3", "A1", "D4", "B2"]


@pytest.mark.parametrize(
    ("state", "targets"), [("open", ["C3", "A1"]), ("given", ["B2"]), ("declined", ["D4"]), ("impossible", [])]
)
def test_those_of_one_state_are_walked_alike(four: Connection, state: ApprovalState, targets: list[str]) -> None:
    with four.cursor() as cursor:
        first = VIEW.page(cursor, state=state, limit=1)
        rest = VIEW.page(cursor, state=state, after=first.next).items if first.next else []

    assert [row.target for row in (*first.items, *rest)] == targets


def test_one_is_found_by_its_stream(four: Connection) -> None:
    with four.cursor() as cursor:
        found = VIEW.page(cursor, approval=approval_stream("revoke", "B2", 1)).items
        none = VIEW.page(cursor, approval=approval_stream("revoke", "B2", 2)).items

    assert [row.target for row in found] == ["B2"]
    assert none == []


def test_those_that_wait_are_counted(four: Connection) -> None:
    with four.cursor() as cursor:
        assert VIEW.waiting(cursor) == 2


def test_a_decision_on_what_was_never_asked_for_makes_no_row(connection: Connection, log: MemoryLog) -> None:
    log.append(approval_stream("revoke", "A1", 1), [given()])
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        assert VIEW.page(cursor).items == []


def test_a_page_is_read_in_the_order_of_its_index(connection: Connection, log: MemoryLog) -> None:
    catch_up(connection, VIEW, log)
    connection.execute("set enable_seqscan = off; set enable_sort = off; set enable_bitmapscan = off")

    with connection.cursor() as cursor:
        asked = Explained(cursor)
        VIEW.page(asked.as_cursor(), after=ApprovalKey(True, 10))
        VIEW.page(asked.as_cursor(), state="open")

    assert asked.indexes == {"approvals_1_in_order"}
