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
from projections.answers import PAGE, AccountKey, AccountPage, AccountRow, AccountSort, AccountState
from projections.orders import Order, both_ways, last
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

# A user ID is one without regard to case (R2.2), so its lower case is the order and the key of pages. Each state but
# locked and open is a `standing`, with an index in each order; those two are told apart by the time of asking. Few are
# locked at any time, and these have indexes of their own.
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
    closed boolean not null,
    account text collate "C" not null generated always as (lower(user_id)) stored,
    home text collate "C" not null generated always as (coalesce(lower(organization), '')) stored,
    standing text collate "C" not null generated always as (
        case when closed then 'closed' when blocked then 'blocked' when suspended then 'suspended' else 'free' end
    ) stored,
    lock_ends timestamptz generated always as (
        case when not (closed or blocked or suspended) then locked_until end
    ) stored
);
create unique index if not exists {by_user} on {table} (account);
create index if not exists {by_organization} on {table} (home, account);
create index if not exists {standing_by_user} on {table} (standing, account);
create index if not exists {standing_by_organization} on {table} (standing, home, account);
create index if not exists {locked_by_user} on {table} (account) where lock_ends is not null;
create index if not exists {locked_by_organization} on {table} (home, account) where lock_ends is not null;
create index if not exists {locked_by_end} on {table} (lock_ends, account) where lock_ends is not null;
create index if not exists {running} on {table} (locked_until)
    where locked_until is not null and not blocked and not closed;
"""
INDEXES = (
    *("by_user", "by_organization", "standing_by_user", "standing_by_organization"),
    *("locked_by_user", "locked_by_organization", "locked_by_end", "running"),
)

ORDERS = both_ways(
    {"user_id": ("account",), "organization": ("home", "account"), "locked_until": ("lock_ends", "account")}
)

# Exactly one holds; the order of precedence is UserAccount.hold's.
STATES: dict[AccountState, sql.SQL] = {
    "closed": sql.SQL("standing = 'closed'"),
    "blocked": sql.SQL("standing = 'blocked'"),
    "suspended": sql.SQL("standing = 'suspended'"),
    "locked": sql.SQL("lock_ends > %(now)s"),
    "open": sql.SQL("(standing = 'free' and (lock_ends is null or lock_ends <= %(now)s))"),
}
NOT_LOCKED = sql.SQL("(lock_ends is null or lock_ends <= %(now)s)")

QUESTION = """
select user_id, organization, role, locks,
    case {states} end as state,
    case when not blocked and locked_until <= %(now)s then 0 else failures end as failures,
    case when {locked} then locked_until end as locked_until
from {table} where {conditions} order by {order} limit %(limit)s + 1
"""

# Lockout.has_run_out, of accounts that are not closed.
RUN_OUT = """
select user_id from {table} where locked_until <= %s and not blocked and not closed order by locked_until limit %s
"""


class Standing(msgspec.Struct, frozen=True):
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

    def __init__(self, generation: str = "lock_status_3") -> None:
        self.generation = generation
        self._table = sql.Identifier("views", generation)

    def tables(self) -> sql.Composed:
        indexes = {index: sql.Identifier(f"{self.generation}_{index}") for index in INDEXES}
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
        sort: AccountSort = "user_id",
        after: AccountKey | None = None,
        limit: int = PAGE,
    ) -> AccountPage:
        """Accounts in that order; `after` is a page's `next`.

        By the end of their locks, those that are not locked come last, both ways, and in the order of their IDs.
        """
        conditions = []
        if organization is not None:
            conditions.append(sql.SQL("home = lower(%(organization)s)"))
        if user_id is not None:
            conditions.append(sql.SQL("account = lower(%(user_id)s)"))
        asked = {"now": now, "organization": organization, "user_id": user_id, "limit": limit, **last(after)}
        found: list[AccountRow] = []
        for part, order, begun in _parts(state, sort, after):
            if len(found) <= limit:
                behind = [order.behind] if begun else []
                found += self._rows(cursor, [part, *conditions, *behind], order, asked)
        items = found[:limit]
        return AccountPage(items, _key(sort, items[-1]) if len(found) > limit else None)

    def _rows(
        self, cursor: Cursor[DictRow], conditions: Sequence[sql.Composable], order: Order, asked: dict[str, object]
    ) -> list[AccountRow]:
        query = sql.SQL(QUESTION).format(
            table=self._table,
            states=sql.SQL(" ").join(
                sql.SQL("when {} then {}").format(holds, sql.Literal(name)) for name, holds in STATES.items()
            ),
            locked=STATES["locked"],
            conditions=sql.SQL(" and ").join(conditions),
            order=order.by,
        )
        return [_row(row) for row in cursor.execute(query, asked)]

    def run_out(self, cursor: Cursor[DictRow], now: datetime, limit: int) -> list[str]:
        """User IDs whose lock's time has passed and whose end nobody recorded yet (R3.7), the one that ended first."""
        query = sql.SQL(RUN_OUT).format(table=self._table)
        return [row["user_id"] for row in cursor.execute(query, [now, limit])]


def _parts(
    state: AccountState | None, sort: AccountSort, after: AccountKey | None
) -> list[tuple[sql.SQL, Order, bool]]:
    """What is asked for, one part after the other: which accounts, in which order, whether from `after` on."""
    order, begun = ORDERS[sort], after is not None
    if "lock_ends" not in order.columns:
        return [(STATES[state] if state else sql.SQL("true"), order, begun)]
    parts = []
    among_locked = after is not None and after.lock_ends is not None
    if state in (None, "locked") and (among_locked or not begun):
        parts.append((STATES["locked"], order, begun))
    if state != "locked":
        by_user = Order(("account",), order.descending)
        parts.append((STATES[state] if state else NOT_LOCKED, by_user, begun and not among_locked))
    return parts


def _key(sort: AccountSort, row: AccountRow) -> AccountKey:
    return AccountKey(sort, row.user_id.lower(), (row.organization or "").lower(), row.locked_until)


def _row(row: DictRow) -> AccountRow:
    until = row.pop("locked_until")
    return AccountRow(**row, locked_until=until and until.astimezone(UTC))
