"""What somebody with all rights may do to the stored facts, at random, and back again (measure Q7, R10.4)."""

import random
from collections.abc import Callable
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

KEEP = "create table kept as select * from stored_events"
RESTORE = "truncate stored_events; insert into stored_events select * from kept"
POSITIONS = "select notification_id from stored_events order by notification_id"
EDITS: list[LiteralString] = [
    "update stored_events set state = set_byte(state, %(octet)s %% octet_length(state), "
    "get_byte(state, %(octet)s %% octet_length(state)) # %(bits)s) where notification_id = %(position)s",
    "update stored_events set state = state || '\\x20' where notification_id = %(position)s",
    "update stored_events set state = substr(state, 2) where notification_id = %(position)s",
    "update stored_events set topic = left(topic, -1) || chr(64 + %(bits)s) where notification_id = %(position)s",
    "update stored_events set originator_id = gen_random_uuid() where notification_id = %(position)s",
    "update stored_events set originator_version = originator_version + %(bits)s where notification_id = %(position)s",
]
MOVE = "update stored_events set notification_id = %s where notification_id = %s"
MAKE_ROOM: list[LiteralString] = [
    "update stored_events set notification_id = -notification_id where notification_id >= %s",
    "update stored_events set notification_id = 1 - notification_id where notification_id < %s",
]
INSERT = """
insert into stored_events (originator_id, originator_version, topic, state, notification_id)
values (gen_random_uuid(), 1, 'user-account.logged-out.1', '{"at":"2026-11-23T00:00:00Z","by":"taro01"}', %s)
"""


class Tampering:
    """Over the first `facts` of the log; the same walk for the same seed. Each act names the first leaf that is wrong
    after it."""

    def __init__(self, owner: psycopg.Connection[TupleRow], facts: int, seed: int) -> None:
        self._owner, self._facts = owner, facts
        self._chance = random.Random(seed)  # noqa: S311  (a walk that can be repeated, no secret)
        owner.execute(KEEP)
        self._positions = [position for (position,) in owner.execute(POSITIONS)]

    @property
    def acts(self) -> dict[str, Callable[[], int]]:
        return {
            "edit": self.edit,
            "delete": self.delete,
            "swap": self.swap,
            "insert": self.insert,
            "cut": self.cut,
        }

    def restore(self) -> None:
        self._owner.execute(RESTORE)

    def edit(self) -> int:
        """One bit or more of one column."""
        leaf = self._leaf()
        details = {"octet": self._chance.randrange(1000), "bits": self._chance.randrange(1, 256)}
        edit = self._chance.choice(EDITS[:1] * 5 + EDITS[1:])
        self._owner.execute(edit, {"position": self._positions[leaf], **details})
        return leaf

    def delete(self) -> int:
        leaf = self._leaf()
        self._owner.execute("delete from stored_events where notification_id = %s", [self._positions[leaf]])
        return leaf

    def swap(self) -> int:
        leaf, other = sorted(self._chance.sample(range(self._facts), 2))
        one, another = self._positions[leaf], self._positions[other]
        for new, old in ((-1, one), (one, another), (another, -1)):
            self._owner.execute(MOVE, [new, old])
        return leaf

    def insert(self) -> int:
        leaf = self._leaf()
        position = self._positions[leaf]
        for step, bound in zip(MAKE_ROOM, [position, 0], strict=True):
            self._owner.execute(step, [bound])
        self._owner.execute(INSERT, [position])
        return leaf

    def cut(self) -> int:
        leaf = self._leaf()
        self._owner.execute("delete from stored_events where notification_id >= %s", [self._positions[leaf]])
        return leaf

    def _leaf(self) -> int:
        return self._chance.randrange(self._facts)
