"""The Merkle tree over the log (R10.4): its leaves as they are stored, and the heads that were signed.

The hashes of blocks of 1024 leaves stand beside them, so that the root of a million is told from a thousand.
"""

from collections.abc import Sequence
from datetime import UTC
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow, tuple_row

from domain.fact import LogEntry
from domain.tree_head import TreeHeadSigned
from projections.answers import PAGE, HeadKey, HeadPage, HeadRow
from projections.merkle import CompactRange, leaf, perfect_root, subtrees
from projections.views import upsert

HEIGHT = 10
BLOCK = 1 << HEIGHT  # leaves

# A leaf's number has no holes, as the log's positions have. A head's `leaf` is that of its own fact.
TABLES = """
create table if not exists {leaves} (
    leaf bigint primary key,
    position bigint not null,
    hash bytea not null
);
create unique index if not exists {by_position} on {leaves} (position);
create table if not exists {blocks} (
    block bigint primary key,
    hash bytea not null
);
create table if not exists {heads} (
    size bigint primary key,
    leaf bigint not null,
    at timestamptz not null,
    by text not null,
    origin text not null,
    root text not null,
    key_id text not null,
    signature text not null
);
create unique index if not exists {by_leaf} on {heads} (leaf);
"""
INDEXES = ("by_position", "by_leaf")

STORED = """
select notification_id, uuid_send(originator_id), originator_version, topic, state from stored_events
where notification_id = any(%b) order by notification_id
"""
COPY = "copy {leaves} (leaf, position, hash) from stdin (format binary)"
COPIED = ("int8", "int8", "bytea")
ADD_BLOCKS = "insert into {blocks} (block, hash) select * from unnest(%s::bigint[], %s::bytea[])"

SIZE = "select coalesce(max(leaf) + 1, 0) as size from {leaves}"
HASHES = "select hash from {leaves} where leaf >= %s and leaf < %s order by leaf"
BLOCK_HASHES = "select hash from {blocks} where block >= %s and block < %s order by block"
HEADS = """
select at, by, origin, size, root, key_id, signature from {heads}
where size < coalesce(%s, size + 1) order by size desc limit %s
"""
LATER_HEADS = """
select at, by, origin, size, root, key_id, signature from {heads} where size > %s order by size limit %s
"""
HEADS_FROM_LEAF = "select count(*) as heads from {heads} where leaf >= %s"


class Signed(msgspec.Struct):
    """A row of the heads."""

    size: int
    leaf: int
    at: Any
    by: str
    origin: str
    root: str
    key_id: str
    signature: str


class LogTree:
    """A View. Another `generation` is a copy beside the live one, such as a check folds from zero (R10.3).

    Leaves are numbered from 0, and a range is from `begin` to `end`, without it. A question for a leaf that there is
    not raises ValueError.
    """

    name = "log_tree"

    def __init__(self, generation: str = "log_tree_1") -> None:
        self.generation = generation
        self._heads = sql.Identifier("views", f"{generation}_heads")
        self._names = {
            "leaves": sql.Identifier("views", generation),
            "blocks": sql.Identifier("views", f"{generation}_blocks"),
            "heads": self._heads,
        }

    def tables(self) -> sql.Composed:
        indexes = {index: sql.Identifier(f"{self.generation}_{index}") for index in INDEXES}
        return self._query(TABLES, **indexes)

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        """A leaf is of the fact as it is stored, not as it was told, which may be another version of it."""
        begin = self.size(cursor)
        reading = cursor.connection.cursor(row_factory=tuple_row)
        stored = reading.execute(STORED, [[entry.position for entry in entries]], binary=True).fetchall()
        positions = [row[0] for row in stored]
        hashes = [sha256(leaf(place, *row[1:])).digest() for place, row in enumerate(stored, begin)]
        with cursor.copy(self._query(COPY)) as copy:
            copy.set_types(COPIED)
            for row in zip(range(begin, begin + len(hashes)), positions, hashes, strict=True):
                copy.write_row(row)
        self._fill_blocks(cursor, begin, hashes)
        if heads := [entry for entry in entries if isinstance(entry.fact, TreeHeadSigned)]:
            leaves = dict(zip(positions, range(begin, begin + len(hashes)), strict=True))
            upsert(cursor, self._heads, [_signed(entry, leaves[entry.position]) for entry in heads])

    def _fill_blocks(self, cursor: Cursor[DictRow], begin: int, hashes: list[bytes]) -> None:
        """Those that have become full with these leaves."""
        first, last = begin // BLOCK, (begin + len(hashes)) // BLOCK
        if first == last:
            return
        leaves = self.leaf_hashes(cursor, first * BLOCK, begin) + hashes
        roots = [perfect_root(leaves[n * BLOCK : (n + 1) * BLOCK]) for n in range(last - first)]
        cursor.execute(self._query(ADD_BLOCKS), [list(range(first, last)), roots])

    def size(self, cursor: Cursor[DictRow]) -> int:
        """The number of leaves."""
        return int(cursor.execute(self._query(SIZE)).fetchall()[0]["size"])

    def leaf_hashes(self, cursor: Cursor[DictRow], begin: int, end: int) -> list[bytes]:
        return self._column(cursor, HASHES, begin, end)

    def roots(self, cursor: Cursor[DictRow], begin: int, end: int) -> list[bytes]:
        """Those of `merkle.subtrees(begin, end)`."""
        first, last = -(-begin // BLOCK), end // BLOCK  # the blocks that are whole in between
        inner, outer = (first * BLOCK, last * BLOCK) if first < last else (end, end)
        leaves = iter(self.leaf_hashes(cursor, begin, inner) + self.leaf_hashes(cursor, outer, end))
        blocks = iter(self._column(cursor, BLOCK_HASHES, inner // BLOCK, outer // BLOCK))
        return [
            perfect_root(list(islice(leaves, 1 << level) if level < HEIGHT else islice(blocks, 1 << (level - HEIGHT))))
            for level, _ in subtrees(begin, end)
        ]

    def range_at(self, cursor: Cursor[DictRow], size: int) -> CompactRange:
        """The tree of the first `size` leaves."""
        return CompactRange(size, self.roots(cursor, 0, size))

    def heads(self, cursor: Cursor[DictRow], *, after: HeadKey | None = None, limit: int = PAGE) -> HeadPage:
        """The newest first; `after` is a page's `next`."""
        found = self._signed_heads(cursor, HEADS, after and after.size, limit + 1)
        items, size = found[:limit], self.size(cursor)
        rows: list[HeadRow] = []
        tree: CompactRange | None = None
        for fact in reversed(items):
            if fact.size <= size:
                tree = self.range_at(cursor, fact.size) if tree is None else self._grown(cursor, tree, fact.size)
            agrees = tree is not None and tree.size == fact.size and tree.root().hex() == fact.root
            rows.insert(0, HeadRow(size=fact.size, root=fact.root, at=fact.at, note=fact.note, agrees=agrees))
        return HeadPage(rows, HeadKey(items[-1].size) if len(found) > limit else None)

    def newest_head(self, cursor: Cursor[DictRow]) -> TreeHeadSigned | None:
        found = self._signed_heads(cursor, HEADS, None, 1)
        return found[0] if found else None

    def later_heads(self, cursor: Cursor[DictRow], size: int, limit: int = PAGE) -> list[TreeHeadSigned]:
        """Those of more leaves, the smallest first."""
        return self._signed_heads(cursor, LATER_HEADS, size, limit)

    def has_news(self, cursor: Cursor[DictRow], size: int) -> bool:
        """Whether another fact than a head stands behind the first `size`."""
        heads = cursor.execute(self._query(HEADS_FROM_LEAF), [size]).fetchall()[0]["heads"]
        return self.size(cursor) - size > int(heads)

    def _grown(self, cursor: Cursor[DictRow], tree: CompactRange, size: int) -> CompactRange:
        for subtree, root in zip(subtrees(tree.size, size), self.roots(cursor, tree.size, size), strict=True):
            tree.append(root, subtree.level)
        return tree

    def _signed_heads(self, cursor: Cursor[DictRow], query: str, *parameters: object) -> list[TreeHeadSigned]:
        return [
            TreeHeadSigned(**row | {"at": row["at"].astimezone(UTC)})
            for row in cursor.execute(self._query(query), parameters)
        ]

    def _column(self, cursor: Cursor[DictRow], query: str, begin: int, end: int) -> list[Any]:
        """The one that it asks for, of each number from `begin` to `end`."""
        reading = cursor.connection.cursor(row_factory=tuple_row)
        found = reading.execute(self._query(query), [begin, end], binary=True).fetchall()
        if len(found) != max(0, end - begin):
            raise ValueError(f"of the leaves or blocks from {begin} to {end} there are {len(found)}")
        return [row[0] for row in found]

    def _query(self, text: str, **names: sql.Identifier) -> sql.Composed:
        return sql.SQL(text).format(**self._names, **names)


def _signed(entry: LogEntry, leaf: int) -> Signed:
    return Signed(leaf=leaf, **msgspec.structs.asdict(entry.fact))
