"""Every mail that was asked for, and how it ended (R8.4, R9.1): what the worker sends, and what the bank sees."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.fact import Fact, LogEntry
from domain.notification import (
    Kind,
    NotificationCancelled,
    NotificationGivenUp,
    NotificationRequested,
    NotificationSent,
)
from projections.answers import (
    PAGE,
    MailCount,
    MailKey,
    MailPage,
    MailRow,
    MailSort,
    MailState,
    MailTotals,
    WaitingMail,
)
from projections.orders import Order, last
from projections.views import load, upsert

FOLDED = (NotificationRequested, NotificationSent, NotificationGivenUp, NotificationCancelled)

# The place of the request in the log is the order of all lists. Of a million mails few wait: `by_state` finds those
# as fast as an index of their own would.
TABLES = """
create table if not exists {table} (
    notification uuid primary key,
    position bigint not null,
    kind text not null,
    user_id text collate "C" not null,
    requested_at timestamptz not null,
    state text not null,
    ended_at timestamptz,
    attempts int,
    reason text,
    message_id text
);
create unique index if not exists {by_position} on {table} (position);
create index if not exists {by_state} on {table} (state, position);
create index if not exists {by_user} on {table} (lower(user_id), position);
create table if not exists {totals} (
    kind text not null,
    state text not null,
    mails bigint not null,
    primary key (kind, state)
);
"""
INDEXES = ("by_position", "by_state", "by_user")

ORDERS = {"newest": Order(("position",), descending=True), "oldest": Order(("position",))}

COUNT = """
insert into {totals} as counted (kind, state, mails)
select kind, state, mails from unnest(%s::text[], %s::text[], %s::bigint[]) as more (kind, state, mails)
on conflict (kind, state) do update set mails = counted.mails + excluded.mails
"""
QUESTION = """
select notification, position, kind, user_id, requested_at, state, ended_at, attempts, reason, message_id
from {table} where {conditions} order by {order} limit %(limit)s + 1
"""
WAITING = """
select position, notification, requested_at from {table}
where state = 'waiting' and position > %s order by position limit %s
"""
TOTALS = "select kind, state, mails from {totals} where mails > 0 order by kind, state"


class Asked(msgspec.Struct):
    """A row. `position` is that of the request."""

    notification: UUID
    position: int
    kind: Kind
    user_id: str
    requested_at: datetime
    state: MailState = "waiting"
    ended_at: datetime | None = None
    attempts: int | None = None
    reason: str | None = None
    message_id: str | None = None

    def end(self, fact: Fact) -> None:
        self.ended_at = fact.at
        match fact:
            case NotificationSent():
                self.state, self.attempts, self.message_id = "sent", fact.attempts, fact.message_id
            case NotificationGivenUp():
                self.state, self.attempts, self.reason = "given_up", fact.attempts, fact.reason
            case NotificationCancelled():
                self.state, self.reason = "cancelled", fact.reason


class Outbox:
    """A View. Another `generation` is a copy beside the live one, such as a check folds from zero (R10.3)."""

    name = "outbox"

    def __init__(self, generation: str = "outbox_1") -> None:
        self.generation = generation
        self._table = sql.Identifier("views", generation)
        self._totals = sql.Identifier("views", f"{generation}_totals")

    def tables(self) -> sql.Composed:
        indexes = {index: sql.Identifier(f"{self.generation}_{index}") for index in INDEXES}
        return sql.SQL(TABLES).format(table=self._table, totals=self._totals, **indexes)

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        entries = [entry for entry in entries if isinstance(entry.fact, FOLDED)]
        streams = list({entry.stream for entry in entries})
        rows = {row.notification: row for row in load(cursor, self._table, Asked, "notification", streams)}
        moved: Counter[tuple[Kind, MailState]] = Counter()
        for entry in entries:
            if isinstance(entry.fact, NotificationRequested):
                if given_up := rows.get(entry.stream):  # asked for again, it waits and nothing else
                    moved[given_up.kind, given_up.state] -= 1
                row = rows[entry.stream] = Asked(
                    notification=entry.stream,
                    position=entry.position,
                    kind=entry.fact.kind,
                    user_id=entry.fact.user_id,
                    requested_at=entry.fact.at,
                )
                moved[row.kind, row.state] += 1
            elif ended := rows.get(entry.stream):
                moved[ended.kind, ended.state] -= 1
                ended.end(entry.fact)
                moved[ended.kind, ended.state] += 1
        upsert(cursor, self._table, list(rows.values()))
        if moved:
            kinds, states = zip(*moved, strict=True)
            query = sql.SQL(COUNT).format(totals=self._totals)
            cursor.execute(query, [list(kinds), list(states), list(moved.values())])

    def page(
        self,
        cursor: Cursor[DictRow],
        *,
        state: MailState | None = None,
        user_id: str | None = None,
        sort: MailSort = "newest",
        after: MailKey | None = None,
        limit: int = PAGE,
    ) -> MailPage:
        """The newest or oldest first, as of when it was asked for last; `after` is a page's `next`."""
        order, conditions = ORDERS[sort], list[sql.Composable]([sql.SQL("true")])
        if state is not None:
            conditions.append(sql.SQL("state = %(state)s"))
        if user_id is not None:
            conditions.append(sql.SQL("lower(user_id) = lower(%(user_id)s)"))
        if after is not None:
            conditions.append(order.behind)
        query = sql.SQL(QUESTION).format(
            table=self._table, conditions=sql.SQL(" and ").join(conditions), order=order.by
        )
        asked = {"state": state, "user_id": user_id, "limit": limit, **last(after)}
        found = cursor.execute(query, asked).fetchall()
        following = MailKey(sort, found[limit - 1]["position"]) if len(found) > limit else None
        return MailPage([_row(row) for row in found[:limit]], following)

    def waiting(self, cursor: Cursor[DictRow], after: int, limit: int) -> list[WaitingMail]:
        """Neither sent nor given up nor cancelled, behind that position of the log, the oldest first."""
        query = sql.SQL(WAITING).format(table=self._table)
        return [
            WaitingMail(row["position"], row["notification"], row["requested_at"].astimezone(UTC))
            for row in cursor.execute(query, [after, limit])
        ]

    def totals(self, cursor: Cursor[DictRow]) -> MailTotals:
        """Costs as much with a million mails as with ten."""
        counts = [MailCount(**row) for row in cursor.execute(sql.SQL(TOTALS).format(totals=self._totals))]
        oldest = self.waiting(cursor, 0, 1)
        return MailTotals(
            waiting=sum(count.mails for count in counts if count.state == "waiting"),
            oldest_waiting_since=oldest[0].requested_at if oldest else None,
            ended=[count for count in counts if count.state != "waiting"],
        )


def _row(row: DictRow) -> MailRow:
    del row["position"]
    requested_at, ended_at = row.pop("requested_at").astimezone(UTC), row.pop("ended_at")
    return MailRow(**row, requested_at=requested_at, ended_at=ended_at and ended_at.astimezone(UTC))
