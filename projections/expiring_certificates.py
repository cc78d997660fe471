"""Certificates by their end, and since when the next mail about it is due (manual 6; R8.2, R9.1).

The reminder worker and the bank ask it; they are told of what was issued and not revoked. A row stands here from its
plan on until its account is closed: what was revoked may have renewed another.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.certificate import CertificateIssued, CertificatePlanned, CertificateRevoked
from domain.credentials import account_stream
from domain.fact import LogEntry
from domain.notification import EXPIRY, Expiry, NotificationRequested, renews
from domain.user_account_facts import AccountClosed
from domain.validity import Validity, end_of, japanese_day, start_of_day
from projections.answers import EXPIRING_WITHIN, PAGE, EndingDay, ExpiringKey, ExpiringPage, ExpiringRow
from projections.members import Members
from projections.views import load, upsert

# `due` holds only what is or will be due, in its order: the worker's question reads what it answers, and not the rest.
TABLES = """
create table if not exists {table} (
    stream uuid primary key,
    account uuid not null,
    user_id text collate "C" not null,
    organization text collate "C",
    number int not null,
    serial text collate "C",
    not_after timestamptz,
    renewable_from timestamptz,
    revoked_at timestamptz,
    asked_for text,
    renewed boolean not null,
    due_from timestamptz
);
create index if not exists {by_account} on {table} (account);
create index if not exists {by_end} on {table} (not_after, serial) where not_after is not null and revoked_at is null;
create index if not exists {due} on {table} (due_from) where due_from is not null;
"""
INDEXES = ("by_account", "by_end", "due")

DUE = "select stream from {table} where due_from <= %s order by due_from limit %s"
ENDING = """
select serial, user_id, organization, not_after, renewed, asked_for from {table}
where revoked_at is null and not_after > %(over)s and not_after < %(soon)s
    and (not_after, serial) > (%(ends_at)s, %(last)s)
order by not_after, serial limit %(limit)s + 1
"""
# A certificate ends with its last day, so the ends within so many days are as few as the days.
ENDS = """
select not_after, count(*) filter (where renewed) as renewed, count(*) filter (where not renewed) as not_renewed
from {table} where revoked_at is null and not_after > %(over)s and not_after < %(soon)s
group by not_after order by not_after
"""

SECOND = timedelta(seconds=1)  # the one named by not_after still counts (domain.validity.end_of)


TELLING = frozenset({CertificatePlanned, CertificateIssued, CertificateRevoked, AccountClosed})


class Ending(msgspec.Struct):
    """A row. `account` is its account's stream; `asked_for` the last mail that was; `renewed` as says `renews`."""

    stream: UUID
    account: UUID
    user_id: str
    organization: str | None
    number: int
    serial: str | None = None
    not_after: datetime | None = None
    renewable_from: datetime | None = None
    revoked_at: datetime | None = None
    asked_for: Expiry | None = None
    renewed: bool = False
    due_from: datetime | None = None

    def is_renewed_by(self, other: "Ending") -> bool:
        if self.not_after is None or other.not_after is None:  # only planned
            return False
        return other.number > self.number and renews(other.revoked_at, self.not_after)

    def next_due(self) -> datetime | None:
        """Since when domain.notification.expiry_due names a mail that was not asked for; None where it never will."""
        if self.renewed or self.revoked_at or self.not_after is None or self.asked_for == "expired":
            return None
        return end_of(self.not_after) if self.asked_for else self.renewable_from


class ExpiringCertificates:
    """A View. Another `generation` is a copy beside the live one, such as a check folds from zero (R10.3)."""

    name = "expiring_certificates"

    def __init__(self, generation: str = "expiring_certificates_2") -> None:
        self.generation = generation
        self._table = sql.Identifier("views", generation)
        self._members = Members(generation)

    def tables(self) -> sql.Composed:
        indexes = {index: sql.Identifier(f"{self.generation}_{index}") for index in INDEXES}
        return sql.SQL(TABLES).format(table=self._table, **indexes) + self._members.table()

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        self._members.fold(cursor, entries)
        told = [entry for entry in entries if _tells(entry)]
        organizations = self._members.organizations(cursor, _planned_for(told))
        # All of theirs: a renewal, or its revocation, changes what is due for the one before.
        accounts = self._accounts(cursor, told)
        rows = {row.stream: row for row in load(cursor, self._table, Ending, "account", list(accounts))}
        stored = set(rows)
        for entry in told:
            match entry.fact:
                case CertificatePlanned(user_id=user_id, number=number) if entry.stream not in rows:
                    rows[entry.stream] = Ending(
                        stream=entry.stream,
                        account=account_stream(user_id),
                        user_id=user_id,
                        organization=organizations.get(user_id.lower()),
                        number=number,
                    )
                case CertificateIssued(serial=serial, not_before=start, not_after=end) if row := rows.get(entry.stream):
                    row.serial, row.not_after = serial, end
                    row.renewable_from = start_of_day(Validity(start, end).renewable_from)
                case CertificateRevoked(at=at, serial=serial) if row := rows.get(entry.stream):
                    if serial == row.serial:
                        row.revoked_at = at
                case NotificationRequested(kind=kind, stream=stream) if row := rows.get(stream):
                    # Another worker's clock may be behind at the very end: then nothing is due any more all the same.
                    row.asked_for = "expired" if "expired" in (kind, row.asked_for) else "expiring"
                case AccountClosed():  # for ever: nothing is due for it any more
                    rows = {stream: row for stream, row in rows.items() if row.account != entry.stream}
        _judge(rows.values())
        upsert(cursor, self._table, list(rows.values()))
        self._delete(cursor, stored - rows.keys())

    def _accounts(self, cursor: Cursor[DictRow], told: Sequence[LogEntry]) -> set[UUID]:
        """The streams of those that these facts are about."""
        planned = load(cursor, self._table, Ending, "stream", list({entry.stream for entry in told}))
        asked = {entry.fact.user_id for entry in told if isinstance(entry.fact, NotificationRequested)}
        closed = (entry.stream for entry in told if isinstance(entry.fact, AccountClosed))
        return {row.account for row in planned} | {*map(account_stream, _planned_for(told) | asked), *closed}

    def _delete(self, cursor: Cursor[DictRow], streams: Iterable[UUID]) -> None:
        if gone := list(streams):
            cursor.execute(sql.SQL("delete from {table} where stream = any(%s)").format(table=self._table), [gone])

    def due(self, cursor: Cursor[DictRow], now: datetime, limit: int) -> list[UUID]:
        """Streams of certificates that an expiry mail is due for and was not asked for, the one due longest first."""
        query = sql.SQL(DUE).format(table=self._table)
        return [row["stream"] for row in cursor.execute(query, [now, limit])]

    def page(
        self,
        cursor: Cursor[DictRow],
        now: datetime,
        *,
        within: int = EXPIRING_WITHIN,
        after: ExpiringKey | None = None,
        limit: int = PAGE,
    ) -> ExpiringPage:
        """What ends within so many days, today being 0, and has not ended; by its end, then by serial."""
        bounds = _bounds(now, within)
        asked = {
            **bounds,
            "ends_at": after.not_after if after else bounds["over"],
            "last": after.serial if after else "",
            "limit": limit,
        }
        found = [_row(row) for row in cursor.execute(sql.SQL(ENDING).format(table=self._table), asked)]
        items = found[:limit]
        last = ExpiringKey(items[-1].not_after, items[-1].serial) if len(found) > limit else None
        return ExpiringPage(items, last)

    def days(self, cursor: Cursor[DictRow], now: datetime, *, within: int = EXPIRING_WITHIN) -> list[EndingDay]:
        """How many of those end on which day; days without any are left out."""
        found = cursor.execute(sql.SQL(ENDS).format(table=self._table), _bounds(now, within))
        return [EndingDay(japanese_day(row["not_after"]), row["renewed"], row["not_renewed"]) for row in found]


def _bounds(now: datetime, within: int) -> dict[str, datetime]:
    return {"over": now - SECOND, "soon": start_of_day(japanese_day(now) + timedelta(days=within + 1))}


def _tells(entry: LogEntry) -> bool:
    fact = entry.fact
    return type(fact) in TELLING or (isinstance(fact, NotificationRequested) and fact.kind in EXPIRY)


def _planned_for(told: Iterable[LogEntry]) -> set[str]:
    return {entry.fact.user_id for entry in told if isinstance(entry.fact, CertificatePlanned)}


def _judge(rows: Iterable[Ending]) -> None:
    """Which were renewed, and what is due for the others. `rows` are all that these accounts have."""
    accounts: dict[UUID, list[Ending]] = {}
    for row in rows:
        accounts.setdefault(row.account, []).append(row)
    for own in accounts.values():
        for row in own:
            row.renewed = any(map(row.is_renewed_by, own))
            row.due_from = row.next_due()


def _row(row: DictRow) -> ExpiringRow:
    not_after = row.pop("not_after").astimezone(UTC)
    return ExpiringRow(**row, not_after=not_after, last_day=japanese_day(not_after))
