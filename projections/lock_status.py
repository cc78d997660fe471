"""Who is locked or blocked now: one row an account, judged by `until` when it is asked (R3.7; screens.md, Machine)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.fact import Fact, LogEntry
from domain.lockout import Lockout
from domain.user_account_facts import (
    AccountBlocked,
    AccountClosed,
    AccountLocked,
    AccountLockExpired,
    AccountReleased,
    AccountResumed,
    AccountSuspended,
    PasswordAccepted,
    PasswordFailed,
    Role,
    UserRegistered,
)
from projections.answers import PAGE, AccountPage, AccountRow, AccountState
from projections.views import load, upsert

FOLDED = (
    UserRegistered,
    PasswordAccepted,
    PasswordFailed,
    AccountLocked,
    AccountLockExpired,
    AccountBlocked,
    AccountReleased,
    AccountSuspended,
    AccountResumed,
    AccountClosed,
)

# A user ID is one without regard to case (R2.2), so its lower case is the order and the key of pages.
TABLES = """
create table if not exists {table} (
    stream uuid primary key,
    user_id text collate "C" not null,
    organization text collate "C",
    role text not null,
    failures int not null,
    locks int not null,
    locked_until timestamptz,
    blocked boolean not null,
    suspended boolean not null,
    closed boolean not null
);
create unique index if not exists {by_user} on {table} (lower(user_id));
create index if not exists {by_organization} on {table} (lower(organization), lower(user_id));
create index if not exists {closed} on {table} (lower(user_id)) where closed;
create index if not exists {held} on {table} (lower(user_id))
    where not closed and (blocked or suspended or locked_until is not null);
create index if not exists {running} on {table} (locked_until)
    where locked_until is not null and not blocked and not closed;
"""

# Exactly one holds; the order of precedence is UserAccount.hold's.
STATES: dict[AccountState, sql.SQL] = {
    "closed": sql.SQL("closed"),
    "blocked": sql.SQL("(not closed and blocked)"),
    "suspended": sql.SQL("(not closed and not blocked and suspended)"),
    "locked": sql.SQL("(not closed and not blocked and not suspended and locked_until > %(now)s)"),
    "open": sql.SQL(
        "(not closed and not blocked and not suspended and (locked_until is null or locked_until <= %(now)s))"
    ),
}

QUESTION = """
select user_id, organization, role, locks,
    case {states} end as state,
    case when not blocked and locked_until <= %(now)s then 0 else failures end as failures,
    case when {locked} then locked_until end as locked_until
from {table} where {conditions} order by lower(user_id) limit %(limit)s + 1
"""

# Lockout.has_run_out, of accounts that are not closed.
RUN_OUT = """
select user_id from {table} where locked_until <= %s and not blocked and not closed order by locked_until limit %s
"""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A row."""

    stream: UUID
    user_id: str
    organization: str | None
    role: Role
    failures: int = 0
    locks: int = 0
    locked_until: datetime | None = None
    blocked: bool = False
    suspended: bool = False
    closed: bool = False

    def after(self, fact: Fact) -> Self:
        match fact:
            case PasswordAccepted() | AccountReleased():
                return self._with(Lockout())
            case PasswordFailed():
                return self._with(self._lockout.after_failure())
            case AccountLocked(lock=lock, until=until):
                return self._with(self._lockout.after_lock(lock, until))
            case AccountLockExpired():
                return self._with(self._lockout.after_lock_expired())
            case AccountBlocked():
                return self._with(self._lockout.after_block())
            case AccountSuspended():
                return msgspec.structs.replace(self, suspended=True)
            case AccountResumed():
                return msgspec.structs.replace(self, suspended=False)
            case AccountClosed():
                return msgspec.structs.replace(self, closed=True)
            case _:
                return self

    @property
    def _lockout(self) -> Lockout:
        return Lockout(failures=self.failures, locks=self.locks, locked_until=self.locked_until, blocked=self.blocked)

    def _with(self, lockout: Lockout) -> Self:
        return msgspec.structs.replace(
            self,
            failures=lockout.failures,
            locks=lockout.locks,
            locked_until=lockout.locked_until,
            blocked=lockout.blocked,
        )


class LockStatus:
    """A View. Another `generation` is a copy beside the live one, such as a check folds from zero (R10.3)."""

    name = "lock_status"

    def __init__(self, generation: str = "lock_status_2") -> None:
        self.generation = generation
        self._table = sql.Identifier("views", generation)

    def tables(self) -> sql.Composed:
        indexes = {
            index: sql.Identifier(f"{self.generation}_{index}")
            for index in ("by_user", "by_organization", "closed", "held", "running")
        }
        return sql.SQL(TABLES).format(table=self._table, **indexes)

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        entries = [entry for entry in entries if isinstance(entry.fact, FOLDED)]
        streams = list({entry.stream for entry in entries})
        rows = {row.stream: row for row in load(cursor, self._table, Standing, "stream", streams)}
        for entry in entries:
            if isinstance(entry.fact, UserRegistered):
                rows[entry.stream] = Standing(
                    stream=entry.stream,
                    user_id=entry.fact.user_id,
                    organization=entry.fact.organization,
                    role=entry.fact.role,
                )
            elif entry.stream in rows:
                rows[entry.stream] = rows[entry.stream].after(entry.fact)
        upsert(cursor, self._table, list(rows.values()))

    def page(
        self,
        cursor: Cursor[DictRow],
        now: datetime,
        *,
        state: AccountState | None = None,
        organization: str | None = None,
        user_id: str | None = None,
        after: str | None = None,
        limit: int = PAGE,
    ) -> AccountPage:
        """Accounts in the order of their IDs in lower case; `after` is a page's `next`."""
        conditions = [sql.SQL("true")]
        if state is not None:
            conditions.append(STATES[state])
        if organization is not None:
            conditions.append(sql.SQL("lower(organization) = lower(%(organization)s)"))
        if user_id is not None:
            conditions.append(sql.SQL("lower(user_id) = lower(%(user_id)s)"))
        if after is not None:
            conditions.append(sql.SQL("lower(user_id) > %(after)s"))
        query = sql.SQL(QUESTION).format(
            table=self._table,
            states=sql.SQL(" ").join(
                sql.SQL("when {} then {}").format(holds, sql.Literal(name)) for name, holds in STATES.items()
            ),
            locked=STATES["locked"],
            conditions=sql.SQL(" and ").join(conditions),
        )
        asked = {"now": now, "organization": organization, "user_id": user_id, "after": after, "limit": limit}
        found = [_row(row) for row in cursor.execute(query, asked)]
        items = found[:limit]
        return AccountPage(items, items[-1].user_id.lower() if len(found) > limit else None)

    def run_out(self, cursor: Cursor[DictRow], now: datetime, limit: int) -> list[str]:
        """User IDs whose lock's time has passed and whose end nobody recorded yet (R3.7), the one that ended first."""
        query = sql.SQL(RUN_OUT).format(table=self._table)
        return [row["user_id"] for row in cursor.execute(query, [now, limit])]


def _row(row: DictRow) -> AccountRow:
    until = row.pop("locked_until")
    return AccountRow(**row, locked_until=until and until.astimezone(UTC))
