"""The tree over the log as the read model keeps it: leaves of what is stored, blocks, heads (R10.4; RFC 9162 2.1)."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Cursor
from psycopg.rows import DictRow, TupleRow

from application.ports import Changes, Conflict
from domain.fact import Fact
from domain.tree_head import TreeHeadSigned, head_stream
from infra.event_store import EventStore
from projections.answers import HeadKey
from projections.log_tree import BLOCK, LogTree
from projections.merkle import CompactRange, leaf_hash, subtrees
from projections.runner import Connection, catch_up, fold_page, start
from tests.support.accounts import HOUR, MINUTE, NINE, fact
from tests.support.log import cut

VIEW = LogTree()
FILL = """
insert into stored_events (originator_id, originator_version, topic, state)
select gen_random_uuid(), 1, 'user-account.logged-out.1', '{"at":"2026-11-24T00:00:00Z","by":"taro01"}'
from generate_series(1, %s)
"""


def fill(owner: psycopg.Connection[TupleRow], facts: int) -> None:
    """Thousands at once, which the store is not made for."""
    owner.execute(FILL, [facts])


def leaves(owner: psycopg.Connection[TupleRow]) -> list[bytes]:
    """The hashes of what is stored, as an auditor makes them."""
    query = "select originator_id, originator_version, topic, state from stored_events order by notification_id"
    return [leaf_hash(place, *row) for place, row in enumerate(owner.execute(query))]


def root(hashes: list[bytes]) -> bytes:
    tree = CompactRange()
    for each in hashes:
        tree.append(each)
    return tree.root()


def head(size: int, root: bytes, after: timedelta = timedelta()) -> TreeHeadSigned:
    return TreeHeadSigned(
        at=NINE + after, by="worker", origin="a/log", size=size, root=root.hex(), key_id="00" * 4, signature="00" * 64
    )


def put(store: EventStore, *heads: Fact) -> None:
    for each in heads:
        assert isinstance(each, TreeHeadSigned)
        store.save(Changes(head_stream(each.size), 0, [each]))


@pytest.fixture
def cursor(connection: Connection) -> Iterator[Cursor[DictRow]]:
    with connection.cursor() as cursor:
        yield cursor


def test_a_leaf_is_numbered_without_the_holes_of_the_log(
    connection: Connection, cursor: Cursor[DictRow], store: EventStore, owner: psycopg.Connection[TupleRow]
) -> None:
    stream = uuid4()
    store.save(Changes(stream, 0, [fact("LoggedOut", NINE)]))
    with pytest.raises(Conflict):
        store.save(Changes(stream, 0, [fact("LoggedOut", NINE)]))  # its number is lost
    fill(owner, 2)

    catch_up(connection, VIEW, store)

    positions = [row[0] for row in owner.execute("select notification_id from stored_events order by 1")]
    assert positions == [1, 3, 4]
    assert VIEW.size(cursor) == 3
    assert [row[0] for row in owner.execute("select position from views.log_tree_1 order by leaf")] == positions
    assert VIEW.leaf_hashes(cursor, 0, 3) == leaves(owner)


def test_a_leaf_is_of_the_octets_that_are_stored(
    connection: Connection, cursor: Cursor[DictRow], store: EventStore, owner: psycopg.Connection[TupleRow]
) -> None:
    """And not of the fact, which is written anew from what it was read from."""
    stored = b'{"by": "taro01",  "at": "2026-11-24T09:00:00+09:00", "since": "removed"}'
    stream = UUID(int=7)
    query = "insert into stored_events (originator_id, originator_version, topic, state) values (%s, 1, %s, %s)"
    owner.execute(query, [stream, "user-account.logged-out.1", stored])

    catch_up(connection, VIEW, store)

    assert VIEW.leaf_hashes(cursor, 0, 1) == [leaf_hash(0, stream, 1, "user-account.logged-out.1", stored)]


@pytest.mark.parametrize("facts", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_the_root_at_each_size_is_that_of_the_stored_facts(
    connection: Connection,
    cursor: Cursor[DictRow],
    store: EventStore,
    owner: psycopg.Connection[TupleRow],
    facts: int,
) -> None:
    fill(owner, facts)
    catch_up(connection, VIEW, store)
    hashes = leaves(owner)

    sizes = {0, 1, 7, facts // 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, facts - 1, facts}
    for size in sizes & set(range(facts + 1)):
        assert VIEW.range_at(cursor, size).root() == root(hashes[:size]), size


def test_pages_of_any_length_make_the_same_tree(
    connection: Connection, store: EventStore, owner: psycopg.Connection[TupleRow]
) -> None:
    fill(owner, 2 * BLOCK + 10)
    whole, cut_up = LogTree(), LogTree("log_tree_copy_9")
    catch_up(connection, whole, store)

    place = start(connection, cut_up)
    for page in cut(store.entries(0, 10_000), [1, 700, 324, 1, BLOCK]):
        place = fold_page(connection, cut_up, page, place)

    with connection.cursor() as cursor:
        size = whole.size(cursor)
        assert cut_up.roots(cursor, 0, size) == whole.roots(cursor, 0, size)
        assert cut_up.leaf_hashes(cursor, 0, size) == whole.leaf_hashes(cursor, 0, size)


@pytest.mark.parametrize(
    ("begin", "end"), [(0, 0), (3, 3), (5, 900), (1000, 1030), (BLOCK, 2 * BLOCK), (1, 2 * BLOCK + 9), (2000, 2058)]
)
def test_the_roots_of_a_part_are_those_of_its_subtrees(
    connection: Connection,
    cursor: Cursor[DictRow],
    store: EventStore,
    owner: psycopg.Connection[TupleRow],
    begin: int,
    end: int,
) -> None:
    fill(owner, 2 * BLOCK + 10)
    catch_up(connection, VIEW, store)

    found = VIEW.roots(cursor, begin, end)

    hashes = leaves(owner)
    assert found == [root(hashes[p << level : (p + 1) << level]) for level, p in subtrees(begin, end)]


def test_there_is_no_root_of_more_leaves_than_there_are(
    connection: Connection, cursor: Cursor[DictRow], store: EventStore, owner: psycopg.Connection[TupleRow]
) -> None:
    fill(owner, 3)
    catch_up(connection, VIEW, store)

    for end in (4, BLOCK, 4 * BLOCK):
        with pytest.raises(ValueError, match=r"there are [03]$"):
            VIEW.range_at(cursor, end)


def test_heads_come_newest_first_page_by_page_with_the_note_that_was_published(
    connection: Connection, cursor: Cursor[DictRow], store: EventStore, owner: psycopg.Connection[TupleRow]
) -> None:
    fill(owner, 3)
    hashes = leaves(owner)
    heads = [head(size, root(hashes[:size]), size * MINUTE) for size in (1, 2, 3)]
    put(store, *heads)
    catch_up(connection, VIEW, store)

    first = VIEW.heads(cursor, limit=2)
    second = VIEW.heads(cursor, after=first.next, limit=2)

    assert first.next == HeadKey(2)
    assert second.next is None
    assert [row.size for row in (*first.items, *second.items)] == [3, 2, 1]
    assert [row.note for row in second.items] == [heads[0].note]
    assert second.items[0].at == NINE + MINUTE
    assert second.items[0].root == heads[0].root
    assert all(row.agrees for row in (*first.items, *second.items))


def test_a_head_agrees_as_long_as_the_tree_has_its_root(
    connection: Connection, cursor: Cursor[DictRow], store: EventStore, owner: psycopg.Connection[TupleRow]
) -> None:
    fill(owner, 2 * BLOCK)
    hashes = leaves(owner)
    put(store, head(1500, root(hashes[:1500])), head(1501, root(hashes[:1500])), head(2000, root(hashes[:2000])))
    put(store, head(99_999, root(hashes[:2000])))
    catch_up(connection, VIEW, store)

    found = {row.size: row.agrees for row in VIEW.heads(cursor).items}

    assert found == {1500: True, 1501: False, 2000: True, 99_999: False}


def test_heads_later_than_a_size_come_from_the_smallest(
    connection: Connection, cursor: Cursor[DictRow], store: EventStore, owner: psycopg.Connection[TupleRow]
) -> None:
    fill(owner, 1)
    heads = [head(size, bytes(32)) for size in (1, 2, 3)]
    put(store, *heads)
    catch_up(connection, VIEW, store)

    assert VIEW.newest_head(cursor) == heads[2]
    assert VIEW.later_heads(cursor, 1) == heads[1:]
    assert VIEW.later_heads(cursor, 0, limit=1) == heads[:1]
    assert VIEW.later_heads(cursor, 3) == []


def test_before_the_first_head_there_is_none(
    connection: Connection, cursor: Cursor[DictRow], store: EventStore
) -> None:
    catch_up(connection, VIEW, store)

    assert VIEW.newest_head(cursor) is None
    assert VIEW.heads(cursor).items == []


def test_news_are_other_facts_than_heads(
    connection: Connection, cursor: Cursor[DictRow], store: EventStore, owner: psycopg.Connection[TupleRow]
) -> None:
    fill(owner, 2)
    put(store, head(2, bytes(32)))
    catch_up(connection, VIEW, store)
    before = VIEW.has_news(cursor, 2)
    store.save(Changes(uuid4(), 0, [fact("LoggedOut", NINE + HOUR)]))
    catch_up(connection, VIEW, store)

    assert before is False
    assert VIEW.has_news(cursor, 2) is True
    assert VIEW.has_news(cursor, 3) is True
    assert VIEW.has_news(cursor, 4) is False
