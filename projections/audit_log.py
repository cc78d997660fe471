"""Every fact with its time, who did it, and on whom: what the auditors read (R10.1).

The fact itself stays where it is stored; here are its place and what it can be found by.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count, zip_longest
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow, tuple_row

from domain.fact import LogEntry
from domain.notification import NotificationRequested
from projections.answers import PAGE, EventKey, EventPage, EventRow, EventSort
from projections.log_tree import LogTree
from projections.merkle import leaf_hash
from projections.subjects import Subjects, subjects_of
from projections.views import upsert

# `position` counts the facts from 0, without the holes of the log's own numbers: the leaf's index (RFC 9162 2.1). Each
# filter has an index in the order of the list, by the time and then by the position, so that a page reads a page.
TABLES = """
create table if not exists {table} (
    position bigint primary key,
    at timestamptz not null,
    kind text collate "C" not null,
    stream uuid not null,
    version int not null,
    actor text collate "C" not null,
    subjects text[] not null,
    unique (stream, version)
);
create index if not exists {by_time} on {table} (at, position);
create index if not exists {by_kind} on {table} (kind, at, position);
create index if not exists {by_actor} on {table} (lower(actor), at, position);
create index if not exists {by_actor_and_kind} on {table} (lower(actor), kind, at, position);
create table if not exists {subjects} (
    subject text collate "C" not null,
    at timestamptz not null,
    position bigint not null,
    primary key (subject, at, position)
);
create table if not exists {streams} (
    stream uuid primary key,
    subjects text[] not null
);
"""
INDEXES = ("by_time", "by_kind", "by_actor", "by_actor_and_kind")

NEXT = "select coalesce(max(position) + 1, 0) as next from {table}"
KNOWN = "select stream, subjects from {streams} where stream = any(%b)"
PUT_SUBJECTS = """
insert into {subjects} (subject, at, position)
select distinct lower(subject), at, position from {table}, unnest(subjects) as each (subject) where position >= %s
"""

# The place alone is looked for in the indexes, and the rest fetched for the few that are shown.
QUESTION = """
select e.position, e.at, e.kind, e.stream, e.version, e.actor, e.subjects, s.topic, s.state, l.hash
from (
    select f.position, f.at from {sources} where {conditions} order by {order} limit %(limit)s + 1
) as f
join {table} as e on e.position = f.position
left join stored_events as s on s.originator_id = e.stream and s.originator_version = e.version
left join {leaves} as l on l.leaf = e.position
order by {order}
"""
# Both sides whole: what is stored and never came into the list was put in behind its back, unless it is quite new.
INTACT = """
select e.position, coalesce(e.stream, s.originator_id) as stream, coalesce(e.version, s.originator_version) as version,
    s.topic, s.state, l.hash,
    e.position is not null or s.notification_id <= (select position from views.positions where view = %s) as was_folded
from (select * from {table} where stream = any(%s)) as e
full join (
    select originator_id, originator_version, notification_id, topic, state from stored_events
    where originator_id = any(%s)
) as s on s.originator_id = e.stream and s.originator_version = e.version
left join {leaves} as l on l.leaf = e.position
"""
ORDERS: dict[EventSort, tuple[sql.SQL, sql.SQL]] = {
    "newest": (sql.SQL("f.at desc, f.position desc"), sql.SQL("<")),
    "oldest": (sql.SQL("f.at, f.position"), sql.SQL(">")),
}


class Known(msgspec.Struct, frozen=True):
    """A row of the streams."""

    stream: UUID
    subjects: Subjects


class Event(msgspec.Struct, frozen=True):
    """A row."""

    position: int
    at: datetime
    kind: str
    stream: UUID
    version: int
    actor: str
    subjects: Subjects


class AuditLog:
    """A View. Another `generation` is a copy beside the live one, such as a check folds from zero (R10.3)."""

    name = "audit_log"

    def __init__(self, generation: str = "audit_log_1") -> None:
        self.generation = generation
        self._names = {
            "table": sql.Identifier("views", generation),
            "subjects": sql.Identifier("views", f"{generation}_subjects"),
            "streams": sql.Identifier("views", f"{generation}_streams"),
            "leaves": sql.Identifier("views", LogTree().generation),
        }

    def tables(self) -> sql.Composed:
        return self._sql(TABLES, **{name: sql.Identifier(f"{self.generation}_{name}") for name in INDEXES})

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        first = int(cursor.execute(self._sql(NEXT)).fetchall()[0]["next"])
        known = self._known(cursor, entries)
        before = list(known.values())
        about = [subjects_of(entry, known) for entry in entries]
        # Side by side, for a dict keeps its order; looking each stream up takes longer, a UUID hashing in Python.
        learned = [Known(*told) for told, was in zip_longest(known.items(), before) if told[1] is not was]
        upsert(cursor, self._names["streams"], learned)
        upsert(cursor, self._names["table"], list(map(_event, count(first), entries, about)))
        cursor.execute(self._sql(PUT_SUBJECTS), [first])

    def _known(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> dict[UUID, Subjects]:
        """What the streams of these facts are about, and those that mails among them speak of."""
        streams = {entry.stream for entry in entries}
        streams |= {entry.fact.stream for entry in entries if isinstance(entry.fact, NotificationRequested)}
        reading = cursor.connection.cursor(row_factory=tuple_row)
        found = reading.execute(self._sql(KNOWN), [list(streams)], binary=True)
        return {stream: tuple(subjects) for stream, subjects in found}

    def page(
        self,
        cursor: Cursor[DictRow],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kind: str | None = None,
        actor: str | None = None,
        subject: str | None = None,
        sort: EventSort = "newest",
        after: EventKey | None = None,
        limit: int = PAGE,
    ) -> EventPage:
        """Facts with `since` <= at < `until`; `after` is a page's `next`."""
        sources = sql.SQL("{table} as f")
        conditions: list[sql.Composable] = [sql.SQL("true")]
        told = sql.SQL("f")  # where kind and actor stand
        if subject is not None:
            conditions.append(sql.SQL("f.subject = lower(%(subject)s)"))
            sources = sql.SQL("{subjects} as f")
            if kind is not None or actor is not None:
                told = sql.SQL("t")
                sources = sql.SQL("{subjects} as f join {table} as t on t.position = f.position")
        if kind is not None:
            conditions.append(sql.SQL("{}.kind = %(kind)s").format(told))
        if actor is not None:
            conditions.append(sql.SQL("lower({}.actor) = lower(%(actor)s)").format(told))
        order, behind = ORDERS[sort]
        # What lies behind the last row keeps that bound, and of two the index would be searched from the wrong one.
        if since is not None and not (after is not None and sort == "oldest"):
            conditions.append(sql.SQL("f.at >= %(since)s"))
        if until is not None and not (after is not None and sort == "newest"):
            conditions.append(sql.SQL("f.at < %(until)s"))
        if after is not None:
            conditions.append(sql.SQL("(f.at, f.position) {} (%(at)s, %(position)s)").format(behind))
        query = self._sql(
            QUESTION,
            sources=sources.format(**self._names),
            conditions=sql.SQL(" and ").join(conditions),
            order=order,
        )
        asked = {
            "since": since,
            "until": until,
            "kind": kind,
            "actor": actor,
            "subject": subject,
            "at": after and after.at,
            "position": after and after.position,
            "limit": limit,
        }
        found = cursor.execute(query, asked).fetchall()
        items = [_row(row) for row in found[:limit]]
        following = EventKey(sort, items[-1].at, items[-1].position) if len(found) > limit else None
        return EventPage(items, following)

    def intact(self, cursor: Cursor[DictRow], streams: Sequence[UUID], size: int) -> bool | None:
        """Whether these streams are, fact for fact, what the first `size` leaves of the tree were made of.

        None where they have facts beyond, which no head of that size vouches for.
        """
        found = cursor.execute(self._sql(INTACT), [self.generation, list(streams), list(streams)]).fetchall()
        verdicts = [_intact(row) if row["was_folded"] else None for row in found]
        if False in verdicts or any(row["was_folded"] and row["position"] is None for row in found):
            return False
        return None if None in verdicts or any(row["position"] >= size for row in found) else True

    def _sql(self, text: str, **more: sql.Composable) -> sql.Composed:
        return sql.SQL(text).format(**self._names, **more)


def _event(position: int, entry: LogEntry, subjects: Subjects) -> Event:
    fact = entry.fact
    return Event(position, fact.at, type(fact).__name__, entry.stream, entry.version, fact.by, subjects)


def _row(row: DictRow) -> EventRow:
    return EventRow(
        position=row["position"],
        at=row["at"].astimezone(UTC),
        kind=row["kind"],
        stream=row["stream"],
        version=row["version"],
        actor=row["actor"],
        subjects=row["subjects"],
        topic=row["topic"],
        details=_details(row["state"]),
        intact=_intact(row),
    )


def _intact(row: DictRow) -> bool | None:
    """None while the tree has no leaf of it."""
    if row["hash"] is None:
        return None
    if row["topic"] is None:
        return False
    hashed = leaf_hash(row["position"], row["stream"], row["version"], row["topic"], row["state"])
    return bool(hashed == row["hash"])


def _details(state: bytes | None) -> dict[str, Any] | None:
    """None where somebody took the fact away or made it unreadable: the auditors of all people must see its place."""
    try:
        found = msgspec.json.decode(state or b"", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return {name: value for name, value in found.items() if name not in ("at", "by")}
