"""The stored facts themselves against signed heads from outside the database (R10.4).

Nothing but the facts is needed to see that they are right. Where they are not, the tree's own leaf hashes tell the
place, once they were seen to come to the signed root: who changed a fact would have to change them too, and then they
come to another one.
"""

from collections.abc import Sequence
from contextlib import closing, suppress
from itertools import chain

from psycopg import Cursor
from psycopg.errors import UndefinedTable
from psycopg.rows import DictRow

from domain.tree_head import TreeHead
from infra.log_snapshot import leaf_hashes, log_snapshot, next_border, size, stored
from infra.verification import Bad, Growth, Verified, Wrong, first_wrong, tampered
from projections.log_tree import BLOCK, LogTree
from projections.merkle import CompactRange
from projections.runner import Connection
from projections.views import Told

NAME = "shomei audit verify"  # as the server's list of connections has it
UNPROVEN = "whether leaves {} to {} are as recorded no given head tells"
TREE_IS_WRONG = "the read model log_tree does not lead to the signed head either, so the place is told by heads alone"

# For the facts that no head covers yet, of which no other proof is there.
GAP = """
select notification_id, originator_id, (
    select count(*) from stored_events as before where before.notification_id < found.notification_id
) as leaf
from (
    select notification_id, originator_id, originator_version, lag(originator_version, 1, 0) over (
        partition by originator_id order by notification_id
    ) as before from stored_events
) as found
where originator_version <> before + 1 order by notification_id limit 1
"""


def verify_database(dsn: str, heads: Sequence[TreeHead], told: Told) -> Verified:
    """The heads are known to be the log's. Raises Wrong, Unavailable."""
    newest = max(heads, key=lambda head: head.size)
    growth = Growth(CompactRange(), heads)
    with log_snapshot(dsn, NAME) as connection:
        with closing(leaf_hashes(connection, newest.size)) as blocks:
            for hashes in blocks:
                growth.extend(hashes)
                told(growth.tree.size, newest.size)
                if growth.wrong:
                    break
        if growth.due:
            raise Wrong(_first_bad(connection, growth.right, growth.due))
        _check_versions(connection)
        return Verified(facts=newest.size, head=newest, heads=growth.met, not_covered=size(connection) - newest.size)


def _first_bad(connection: Connection, right: int, head: TreeHead) -> Bad:
    """Behind the leaves that a smaller head was right for, and before the end of one that is wrong."""
    with connection.cursor() as cursor:
        at = _first_wrong(cursor, right, head.size) if _tree_leads_to(cursor, head) else None
        if at is None:
            return _as_far_as_heads_tell(cursor, right, head)
        hashes = LogTree().leaf_hashes(cursor, at, min(at + BLOCK, LogTree().size(cursor)))
    return tampered(at, hashes, list(chain.from_iterable(stored(connection, at, at + BLOCK))))


def _as_far_as_heads_tell(cursor: Cursor[DictRow], right: int, head: TreeHead) -> Bad:
    """Where the tree's read model leads to no signed root: in a restored backup it is as old as the facts.

    Where the two agree, what is missing is what came later.
    """
    there = size(cursor.connection)
    if there < head.size:
        with suppress(UndefinedTable), cursor.connection.transaction():
            if _first_wrong(cursor, right, min(LogTree().size(cursor), there)) is None:
                return Bad(what="cut", leaf=there, more=UNPROVEN.format(right, there - 1) if right < there else None)
    return Bad(what="somewhere", leaf=right, last=head.size - 1, more=TREE_IS_WRONG)


def _first_wrong(cursor: Cursor[DictRow], begin: int, end: int) -> int | None:
    """Against the tree's own leaf hashes."""
    with closing(stored(cursor.connection, begin, end)) as blocks:
        while begin < end:
            border = min(end, next_border(begin))
            at = first_wrong(begin, LogTree().leaf_hashes(cursor, begin, border), next(blocks, []))
            if at is not None:
                return at
            begin = border
    return None


def _tree_leads_to(cursor: Cursor[DictRow], head: TreeHead) -> bool:
    tree, view = CompactRange(), LogTree()
    try:
        with cursor.connection.transaction():  # so that what is not there spoils no more than this
            for begin in range(0, head.size, BLOCK):
                tree.extend(view.leaf_hashes(cursor, begin, min(begin + BLOCK, head.size)))
    except (UndefinedTable, ValueError):
        return False
    return tree.root() == head.root


def _check_versions(connection: Connection) -> None:
    for found in connection.execute(GAP):
        raise Wrong(
            Bad(
                what="version",
                leaf=found["leaf"],
                position=found["notification_id"],
                stream=str(found["originator_id"]),
            )
        )
