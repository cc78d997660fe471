"""Acts that wait for a second person of the bank, and what became of the others (R9.3)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.approval import Act, ApprovalGiven, ApprovalRefused, ApprovalRequested
from domain.certificate import Reason
from domain.fact import LogEntry
from projections.answers import PAGE, ApprovalKey, ApprovalPage, ApprovalRow, ApprovalState
from projections.views import load, upsert

# Who asked the bank for it is in the vault. The list's order is that of its index, read from the end: what is open
# stands first, each part with the newest first.
TABLES = """
create table if not exists {table} (
    approval uuid primary key,
    position bigint not null,
    act text not null,
    target text collate "C" not null,
    user_id text collate "C" not null,
    reason text not null,
    paper_number text,
    asked_by text collate "C" not null,
    asked_at timestamptz not null,
    state text not null,
    decided_by text collate "C",
    decided_at timestamptz,
    is_open boolean generated always as (state = 'open') stored
);
create unique index if not exists {in_order} on {table} (is_open, position);
"""

QUESTION = """
select
    approval, position, act, target, user_id, reason, paper_number, asked_by, asked_at, state, decided_by, decided_at,
    is_open
from {table} where {conditions} order by is_open desc, position desc limit %(limit)s + 1
"""
WAITING = "select count(*) as waiting from {table} where is_open"


class Asked(msgspec.Struct):
    """A row. `position` is that of the request."""

    approval: UUID
    position: int
    act: Act
    target: str
    user_id: str
    reason: Reason
    paper_number: str | None
    asked_by: str
    asked_at: datetime
    state: ApprovalState = "open"
    decided_by: str | None = None
    decided_at: datetime | None = None

    def decide(self, fact: ApprovalGiven | ApprovalRefused) -> None:
        self.state = "given" if isinstance(fact, ApprovalGiven) else fact.reason
        self.decided_by, self.decided_at = fact.by, fact.at


class Approvals:
    """A View. Another `generation` is a copy beside the live one, such as a check folds from zero (R10.3)."""

    name = "approvals"

    def __init__(self, generation: str = "approvals_1") -> None:
        self.generation = generation
        self._table = sql.Identifier("views", generation)

    def tables(self) -> sql.Composed:
        return sql.SQL(TABLES).format(table=self._table, in_order=sql.Identifier(f"{self.generation}_in_order"))

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        kinds = (ApprovalRequested, ApprovalGiven, ApprovalRefused)
        entries = [entry for entry in entries if isinstance(entry.fact, kinds)]
        streams = list({entry.stream for entry in entries})
        rows = {row.approval: row for row in load(cursor, self._table, Asked, "approval", streams)}
        for entry in entries:
            match entry.fact:
                case ApprovalRequested() as fact:
                    rows[entry.stream] = Asked(
                        approval=entry.stream,
                        position=entry.position,
                        act=fact.act,
                        target=fact.target,
                        user_id=fact.user_id,
                        reason=fact.reason,
                        paper_number=fact.paper_number,
                        asked_by=fact.by,
                        asked_at=fact.at,
                    )
                case ApprovalGiven() | ApprovalRefused() as fact if row := rows.get(entry.stream):
                    row.decide(fact)
        upsert(cursor, self._table, list(rows.values()))

    def page(
        self,
        cursor: Cursor[DictRow],
        *,
        approval: UUID | None = None,
        state: ApprovalState | None = None,
        after: ApprovalKey | None = None,
        limit: int = PAGE,
    ) -> ApprovalPage:
        """The open ones first, of each part the newest; `after` is a page's `next`."""
        conditions = [sql.SQL("true")]
        if approval is not None:
            conditions.append(sql.SQL("approval = %(approval)s"))
        if state is not None:
            # The first half leaves out, by the index, what is open or what is not.
            conditions.append(sql.SQL("is_open = (%(state)s::text = 'open') and state = %(state)s::text"))
        if after is not None:
            conditions.append(sql.SQL("(is_open, position) < (%(is_open)s, %(position)s)"))
        query = sql.SQL(QUESTION).format(table=self._table, conditions=sql.SQL(" and ").join(conditions))
        asked = {
            "approval": approval,
            "state": state,
            "is_open": after and after.is_open,
            "position": after and after.position,
            "limit": limit,
        }
        found = cursor.execute(query, asked).fetchall()
        items = found[:limit]
        following = ApprovalKey(items[-1]["is_open"], items[-1]["position"]) if len(found) > limit else None
        return ApprovalPage([_row(row) for row in items], following)

    def waiting(self, cursor: Cursor[DictRow]) -> int:
        """How many wait."""
        return int(cursor.execute(sql.SQL(WAITING).format(table=self._table)).fetchall()[0]["waiting"])


def _row(row: DictRow) -> ApprovalRow:
    told = {name: row[name] for name in ApprovalRow.__struct_fields__}
    asked_at, decided_at = row["asked_at"].astimezone(UTC), row["decided_at"]
    return ApprovalRow(**{**told, "asked_at": asked_at, "decided_at": decided_at and decided_at.astimezone(UTC)})
