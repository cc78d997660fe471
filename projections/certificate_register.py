"""Which serial belongs to whom and how it stands: lists, OCSP, CRL (R9.1; screens.md, Machine).

A serial stands here from its plan on. Only issued ones are listed; a planned one that was revoked appears among the
revoked, for OCSP and the CRL must name it (R4.9).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.certificate import CertificateFirstUsed, CertificateIssued, CertificatePlanned, CertificateRevoked, Reason
from domain.fact import LogEntry
from domain.validity import japanese_day, start_of_day
from projections.answers import (
    EXPIRING_WITHIN,
    PAGE,
    CertificateKey,
    CertificatePage,
    CertificateRow,
    CertificateSort,
    CertificateState,
)
from projections.members import Members
from projections.orders import Bound, both_ways, last
from projections.views import load, upsert

# Each filter has an index in each order, so that a page reads a page. What is issued and not revoked is told apart
# by the time of asking (live, expiring, expired): where the order does not go by the end, the index holds it all the
# same, and is searched without the rows. A revoked plan begins and ends when it was revoked.
TABLES = """
create table if not exists {table} (
    serial text collate "C" primary key,
    user_id text collate "C" not null,
    organization text collate "C",
    stream uuid not null,
    not_before timestamptz,
    not_after timestamptz,
    first_used_at timestamptz,
    revoked_at timestamptz,
    reason text,
    account text collate "C" not null generated always as (lower(user_id)) stored,
    home text collate "C" not null generated always as (coalesce(lower(organization), '')) stored,
    starts_at timestamptz generated always as (coalesce(not_before, revoked_at)) stored,
    ends_at timestamptz generated always as (coalesce(not_after, revoked_at)) stored,
    standing text collate "C" generated always as (
        case when reason = 'superseded' then 'superseded' when reason is not null then 'revoked'
            when not_after is not null then 'issued' end
    ) stored
);
create index if not exists {by_stream} on {table} (stream);
create index if not exists {by_user} on {table} (account, ends_at, serial);
create index if not exists {by_organization} on {table} (home, ends_at, serial);
create index if not exists {by_end} on {table} (ends_at, serial) where not_after is not null;
create index if not exists {by_start} on {table} (starts_at, serial) where not_after is not null;
create index if not exists {standing_by_end} on {table} (standing, ends_at, serial);
create index if not exists {standing_by_user} on {table} (standing, account, ends_at, serial);
create index if not exists {standing_by_start} on {table} (standing, starts_at, serial, ends_at);
create index if not exists {unused_by_end} on {table} (ends_at, serial)
    where standing = 'issued' and first_used_at is null;
create index if not exists {unused_by_user} on {table} (account, ends_at, serial)
    where standing = 'issued' and first_used_at is null;
create index if not exists {unused_by_start} on {table} (starts_at, serial, ends_at)
    where standing = 'issued' and first_used_at is null;
"""
INDEXES = (
    *("by_stream", "by_user", "by_organization", "by_end", "by_start", "standing_by_end", "standing_by_user"),
    *("standing_by_start", "unused_by_end", "unused_by_user", "unused_by_start"),
)

ORDERS = both_ways(
    {"end": ("ends_at", "serial"), "user_id": ("account", "ends_at", "serial"), "not_before": ("starts_at", "serial")}
)

UNUSED = sql.SQL("standing = 'issued' and first_used_at is null")

# How long any certificate has ever been valid, from not_before on (R4.1: to the end of the 365th day after that of
# issue, and five minutes before it). Where a list goes by not_before, that bounds what has to be searched for an end.
SHORTEST, LONGEST = timedelta(days=365), timedelta(days=366, minutes=5)

QUESTION = """
select serial, user_id, organization, not_before, not_after, first_used_at, revoked_at, reason, ends_at, starts_at,
    case when standing <> 'issued' then standing when ends_at <= %(over)s then 'expired'
        when ends_at < %(soon)s then 'expiring' else 'live' end as state
from {table} where {conditions} order by {order} limit %(limit)s + 1
"""


class Registered(msgspec.Struct):
    """A row."""

    serial: str
    user_id: str
    organization: str | None
    stream: UUID
    not_before: datetime | None = None
    not_after: datetime | None = None
    first_used_at: datetime | None = None
    revoked_at: datetime | None = None
    reason: Reason | None = None


class CertificateRegister:
    """A View. Another `generation` is a copy beside the live one, such as a check folds from zero (R10.3)."""

    name = "certificate_register"

    def __init__(self, generation: str = "certificate_register_3") -> None:
        self.generation = generation
        self._table = sql.Identifier("views", generation)
        self._members = Members(generation)

    def tables(self) -> sql.Composed:
        indexes = {index: sql.Identifier(f"{self.generation}_{index}") for index in INDEXES}
        return sql.SQL(TABLES).format(table=self._table, **indexes) + self._members.table()

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        self._members.fold(cursor, entries)
        kinds = (CertificatePlanned, CertificateIssued, CertificateFirstUsed, CertificateRevoked)
        entries = [entry for entry in entries if isinstance(entry.fact, kinds)]
        owners = {entry.fact.user_id for entry in entries if isinstance(entry.fact, CertificatePlanned)}
        organizations = self._members.organizations(cursor, owners)
        streams = list({entry.stream for entry in entries})
        rows = {row.serial: row for row in load(cursor, self._table, Registered, "stream", streams)}
        # A stream has many plans, but at most one issue (R4.6): its first use names no serial.
        issued = {row.stream: row for row in rows.values() if row.not_after is not None}
        for entry in entries:
            match entry.fact:
                case CertificatePlanned(serial=serial, user_id=user_id):
                    rows[serial] = Registered(
                        serial=serial,
                        user_id=user_id,
                        organization=organizations.get(user_id.lower()),
                        stream=entry.stream,
                    )
                case CertificateIssued(serial=serial) as fact if row := rows.get(serial):
                    row.not_before, row.not_after = fact.not_before, fact.not_after
                    issued[entry.stream] = row
                case CertificateFirstUsed(at=at) if row := issued.get(entry.stream):
                    row.first_used_at = at
                case CertificateRevoked(at=at, serial=serial, reason=reason) if row := rows.get(serial):
                    row.revoked_at, row.reason = at, reason
        upsert(cursor, self._table, list(rows.values()))

    def page(
        self,
        cursor: Cursor[DictRow],
        now: datetime,
        *,
        state: CertificateState | None = None,
        within: int = EXPIRING_WITHIN,
        unused: bool = False,
        user_id: str | None = None,
        organization: str | None = None,
        serial: str | None = None,
        sort: CertificateSort = "end",
        after: CertificateKey | None = None,
        limit: int = PAGE,
    ) -> CertificatePage:
        """Certificates in that order, ties by serial; those of one user by their end. `after` is a page's `next`.

        `within` days draws the line between live and expiring. `unused`: not ended, and nobody logged in with it yet.
        """
        order = ORDERS[sort]
        over = now - timedelta(seconds=1)  # the second named by not_after still counts (Validity.is_over)
        soon = start_of_day(japanese_day(now) + timedelta(days=within + 1))
        conditions: list[sql.Composable] = [_standing(state)]
        if unused:
            conditions.append(UNUSED)
        bounds = _bounds(state, unused, over, soon)
        if order.columns[0] == "starts_at":
            bounds += [_of_starts(bound) for bound in bounds]
        conditions += [bound.holds for bound in bounds if after is None or not order.implies(bound, after)]
        if user_id is not None:
            conditions.append(sql.SQL("account = lower(%(user_id)s)"))
        if organization is not None:
            conditions.append(sql.SQL("home = lower(%(organization)s)"))
        if serial is not None:
            conditions.append(sql.SQL("serial = upper(%(serial)s)"))
        if after is not None:
            conditions.append(order.behind)
        query = sql.SQL(QUESTION).format(
            table=self._table,
            conditions=sql.SQL(" and ").join(conditions),
            order=order.by,
        )
        asked = {
            "over": over,
            "soon": soon,
            "user_id": user_id,
            "organization": organization,
            "serial": serial,
            "limit": limit,
            **last(after),
        }
        found = cursor.execute(query, asked).fetchall()
        items = found[:limit]
        return CertificatePage([_row(row) for row in items], _key(sort, items[-1]) if len(found) > limit else None)


def _standing(state: CertificateState | None) -> sql.Composable:
    if state is None:
        return sql.SQL("not_after is not null")
    return sql.SQL("standing = {}").format(state if state in ("revoked", "superseded") else "issued")


def _bounds(state: CertificateState | None, unused: bool, over: datetime, soon: datetime) -> list[Bound]:
    """On the ends of what has that state."""
    bounds = {
        "expired": [Bound("ends_at", "<=", over)],
        "expiring": [Bound("ends_at", ">", over), Bound("ends_at", "<", soon)],
        "live": [Bound("ends_at", ">=", soon)],
    }.get(state or "", [])
    return [*bounds, Bound("ends_at", ">", over)] if unused else bounds


def _of_starts(bound: Bound) -> Bound:
    """That follows for the beginnings."""
    life = LONGEST if bound.sign.startswith(">") else SHORTEST
    return Bound("starts_at", bound.sign, bound.value - life)


def _key(sort: CertificateSort, row: DictRow) -> CertificateKey:
    ends_at, starts_at = row["ends_at"].astimezone(UTC), row["starts_at"].astimezone(UTC)
    return CertificateKey(sort, row["serial"], row["user_id"].lower(), ends_at, starts_at)


def _utc(instant: datetime | None) -> datetime | None:
    return instant and instant.astimezone(UTC)


def _row(row: DictRow) -> CertificateRow:
    not_after = _utc(row["not_after"])
    return CertificateRow(
        serial=row["serial"],
        user_id=row["user_id"],
        organization=row["organization"],
        not_before=_utc(row["not_before"]),
        not_after=not_after,
        last_day=not_after and japanese_day(not_after),
        state=row["state"],
        revoked_at=_utc(row["revoked_at"]),
        reason=row["reason"],
        first_used_at=_utc(row["first_used_at"]),
    )
