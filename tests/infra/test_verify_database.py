"""The stored facts are as signed, or the first bad place is named (R10.4, Q7)."""

from typing import LiteralString

import pytest
from psycopg.conninfo import make_conninfo

from application.ports import Unavailable
from infra.verify_database import TREE_IS_WRONG, verify_database
from projections.views import nobody
from tests.support.signed_log import KEY, SIGNED, SignedLog

CHANGE = "update stored_events set state = state || ' ' where notification_id = %s"
MOVE = "update stored_events set notification_id = %s where notification_id = %s"


def swap(log: SignedLog, one: int, other: int) -> None:
    """The facts at these positions; each takes the other's number."""
    for position, found in ((-1, one), (one, other), (other, -1)):
        log.owner.execute(MOVE, [position, found])


def insert(log: SignedLog, position: int) -> None:
    """A fact before the one at that position: those from it on move up."""
    log.owner.execute(
        "update stored_events set notification_id = -notification_id where notification_id >= %s", [position]
    )
    log.owner.execute("update stored_events set notification_id = 1 - notification_id where notification_id < 0")
    query = """
    insert into stored_events (originator_id, originator_version, topic, state, notification_id)
    values (gen_random_uuid(), 1, 'user-account.logged-out.1', '{"at":"2026-11-23T00:00:00Z","by":"taro01"}', %s)
    """
    log.owner.execute(query, [position])


@pytest.mark.parametrize("facts", [0, 1, 1023, 1024, 1025, 2048])
def test_facts_that_nobody_changed_are_as_signed(log: SignedLog, facts: int) -> None:
    head = log.signed(facts)

    found = log.verify(head)

    assert (found.facts, found.head, found.heads, found.not_covered) == (facts, head, 1, 1)


def test_holes_in_the_numbers_are_no_gap(log: SignedLog) -> None:
    log.fill(5)
    log.owner.execute(MOVE, [100, 5])
    log.owner.execute("select setval('stored_events_notification_id_seq', 200)")
    head = log.signed(5)

    assert log.verify(head).facts == 10


def test_every_head_is_held_against_them(log: SignedLog) -> None:
    heads = [log.signed(facts) for facts in (1, 1022, 1, 500)]

    found = log.verify(*heads)

    assert (found.heads, found.head) == (4, heads[-1])


def test_what_came_after_the_newest_head_is_counted(log: SignedLog) -> None:
    head = log.signed(5)
    log.fill(7)

    assert log.verify(head).not_covered == 1 + 7


@pytest.mark.parametrize("leaf", [0, 1, 1022, 1023, 1024, 1099])
def test_a_changed_fact_is_named(log: SignedLog, leaf: int) -> None:
    head = log.signed(1100)
    log.owner.execute(CHANGE, [leaf + 1])

    bad = log.found(head)

    assert (bad.what, bad.leaf, bad.position) == ("changed", leaf, leaf + 1)
    assert bad.sentence == (
        f"first bad place: leaf {leaf} (position {leaf + 1}, stream {bad.stream}): the fact is not the one recorded"
    )


@pytest.mark.parametrize(
    "change",
    [
        "update stored_events set originator_id = gen_random_uuid() where notification_id = 8",
        "update stored_events set originator_version = 9 where notification_id = 8",
        "update stored_events set originator_version = -1 where notification_id = 8",
        "update stored_events set topic = topic || ' ' where notification_id = 8",
        "update stored_events set state = '' where notification_id = 8",
        "update stored_events set state = '\\xff' where notification_id = 8",
    ],
)
def test_each_of_a_facts_columns_counts(log: SignedLog, change: LiteralString) -> None:
    head = log.signed(20)
    log.owner.execute(change)

    bad = log.found(head)

    assert (bad.what, bad.leaf) == ("changed", 7)


@pytest.mark.parametrize("leaf", [0, 1023, 1024, 1098])
def test_a_deleted_fact_is_missing(log: SignedLog, leaf: int) -> None:
    head = log.signed(1100)
    log.owner.execute("delete from stored_events where notification_id = %s", [leaf + 1])

    bad = log.found(head)

    assert (bad.what, bad.leaf, bad.position) == ("missing", leaf, leaf + 2)


@pytest.mark.parametrize(("leaf", "other"), [(0, 1), (5, 900), (1023, 1024)])
def test_swapped_facts_are_found_at_the_first(log: SignedLog, leaf: int, other: int) -> None:
    head = log.signed(1100)
    swap(log, leaf + 1, other + 1)

    bad = log.found(head)

    assert (bad.what, bad.leaf) == ("moved", leaf)


@pytest.mark.parametrize("leaf", [0, 1023, 1024, 1099])
def test_an_inserted_fact_is_found(log: SignedLog, leaf: int) -> None:
    head = log.signed(1100)
    insert(log, leaf + 1)

    bad = log.found(head)

    assert (bad.what, bad.leaf) == ("inserted", leaf)


@pytest.mark.parametrize("facts", [0, 1, 1023, 1024, 1099])
def test_a_cut_tail_is_missing_from_there_on(log: SignedLog, facts: int) -> None:
    head = log.signed(1100)
    log.owner.execute("delete from stored_events where notification_id > %s", [facts])

    bad = log.found(head)

    assert (bad.what, bad.leaf) == ("cut", facts)
    assert bad.sentence == f"first bad place: leaf {facts}: the facts recorded from there on are missing"


def test_of_two_changes_the_first_is_named(log: SignedLog) -> None:
    head = log.signed(1100)
    log.owner.execute(CHANGE, [1090])
    log.owner.execute(CHANGE, [7])

    assert log.found(head).leaf == 6


def test_a_tree_changed_together_with_its_fact_leaves_the_heads_to_tell_the_place(log: SignedLog) -> None:
    heads = [log.signed(facts) for facts in (10, 20, 30)]
    log.owner.execute(CHANGE, [18])
    log.owner.execute("update views.log_tree_1 set hash = sha256('') where leaf = 17")

    bad = log.found(*heads)

    assert (bad.what, bad.leaf, bad.last, bad.more) == ("somewhere", 10, heads[1].size - 1, TREE_IS_WRONG)


def test_without_a_tree_the_heads_tell_the_place(log: SignedLog) -> None:
    head = log.signed(10)
    log.owner.execute(CHANGE, [8])
    log.owner.execute("drop table views.log_tree_1")

    bad = log.found(head)

    assert (bad.what, bad.leaf, bad.last, bad.more) == ("somewhere", 0, 9, TREE_IS_WRONG)


def test_right_facts_need_no_tree(log: SignedLog) -> None:
    head = log.signed(10)
    log.owner.execute("drop table views.log_tree_1")

    assert log.verify(head).facts == 10


def test_a_head_of_facts_that_never_were_is_met_by_none(log: SignedLog) -> None:
    log.signed(10)

    bad = log.found(KEY.sign(10, bytes(32), SIGNED).head)

    assert (bad.what, bad.leaf, bad.last) == ("somewhere", 0, 9)


def test_a_gap_in_a_stream_is_found_where_no_head_covers_it(log: SignedLog) -> None:
    head = log.signed(10)
    log.fill(6)
    log.owner.execute("delete from stored_events where notification_id = 14")

    bad = log.found(head)

    assert (bad.what, bad.leaf, bad.position) == ("version", 13, 15)


def test_without_a_database_nothing_is_said(log: SignedLog) -> None:
    head = log.signed(1)

    with pytest.raises(Unavailable):
        verify_database(make_conninfo(log.dsn.process, dbname="nothing"), [head], nobody)
