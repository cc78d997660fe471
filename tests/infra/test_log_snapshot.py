"""The log read from end to end: what the server puts together is what was hashed, block by block (R10.4)."""

import pytest
from psycopg import sql

from infra.log_snapshot import leaf_hashes, log_snapshot, next_border, size, stored
from infra.verification import hash_of
from projections.log_tree import LogTree
from tests.support.signed_log import SignedLog


@pytest.mark.parametrize(("leaf", "border"), [(0, 1024), (1023, 1024), (1024, 2048), (1025, 2048)])
def test_a_block_ends_at_the_next_multiple_of_1024(leaf: int, border: int) -> None:
    assert next_border(leaf) == border


@pytest.mark.parametrize(
    ("first", "end", "blocks"),
    [(0, 0, []), (0, 1, [1]), (0, 1024, [1024]), (0, 1025, [1024, 1]), (1000, 1100, [24, 76]), (1100, 9999, [20])],
)
def test_facts_come_in_blocks_that_begin_where_the_trees_do(
    log: SignedLog, first: int, end: int, blocks: list[int]
) -> None:
    log.fill(1120)

    with log_snapshot(log.dsn.process, "test") as connection:
        found = list(stored(connection, first, end))

    assert [len(block) for block in found] == blocks
    assert [fact.position for block in found for fact in block] == list(range(first + 1, min(end, 1120) + 1))


def test_the_servers_leaves_are_those_of_the_tree(log: SignedLog) -> None:
    log.signed(1100)

    with log_snapshot(log.dsn.process, "test") as connection, connection.cursor() as cursor:
        by_the_server = [each for block in leaf_hashes(connection, 1100) for each in block]
        of_the_tree = LogTree().leaf_hashes(cursor, 0, 1100)
        by_us = [hash_of(leaf, fact) for leaf, fact in enumerate(next(stored(connection, 0, 1024)))]

    assert by_the_server == of_the_tree
    assert by_us == of_the_tree[:1024]


def test_what_is_stored_meanwhile_is_not_seen(log: SignedLog) -> None:
    log.fill(3)

    with log_snapshot(log.dsn.process, "test") as connection:
        before = size(connection)
        log.fill(1)
        found = [len(block) for block in stored(connection, 0, 10)]

    assert (before, found) == (3, [3])


@pytest.mark.parametrize("column", ["originator_version", "topic", "state"])
def test_what_somebody_made_null_is_read_and_is_another_leaf(log: SignedLog, column: str) -> None:
    log.signed(2)
    log.owner.execute("alter table stored_events drop constraint stored_events_pkey")
    log.owner.execute(sql.SQL("alter table stored_events alter {} drop not null").format(sql.Identifier(column)))
    query = sql.SQL("update stored_events set {} = null where notification_id = 1")
    log.owner.execute(query.format(sql.Identifier(column)))

    with log_snapshot(log.dsn.process, "test") as connection, connection.cursor() as cursor:
        by_the_server = next(leaf_hashes(connection, 2))
        (facts,) = stored(connection, 0, 2)
        recorded = LogTree().leaf_hashes(cursor, 0, 2)

    assert (by_the_server[0] == recorded[0], by_the_server[1] == recorded[1]) == (False, True)
    assert hash_of(0, facts[0]) != recorded[0]
