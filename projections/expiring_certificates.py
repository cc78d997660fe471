"""Certificates by their end, and since when the next mail about it is due (manual 6; R8.2, R9.1).

The reminder worker and the bank ask it. A row stands here from its plan on until its certificate is revoked; only
issued ones are told of.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.certificate import CertificateIssued, CertificatePlanned, CertificateRevoked
from domain.fact import LogEntry
from domain.notification import EXPIRY, Expiry, NotificationRequested
from domain.validity import Validity, japanese_day, start_of_day
from projections.answers import EXPIRING_WITHIN, PAGE, EndingDay, ExpiringKey, ExpiringPage, ExpiringRow
from projections.members import Members
from projections.views import load, upsert

# `due` holds only what is or will be due, in its order: the worker's question reads what it answers, and not the rest.
TABLES = """
create table if not exists {table} (
    stream uuid primary key,
    user_id text collate "C" not null,
    organization text collate "C",
    number int not null,
    serial text collate "C",
    not_after timestamptz,
    renewable_from timestamptz,
    asked_for text,
    renewed boolean not null,
    due_from timestamptz
);
create index if not exists {by_user} on {table} (user_id);
create index if not exists {by_end} on {table} (not_after, serial) where not_after is not null;
create index if not exists {due} on {table} (due_from) where due_from is not null;
"""
INDEXES = ("by_user", "by_end", "due")

DUE = "select stream from {table} where due_from <= %s order by due_from limit %s"
ENDING = """
select serial, user_id, organization, not_after, renewed, asked_for from {table}
where not_after > %(over)s and not_after < %(soon)s and (not_after, serial) > (%(ends_at)s, %(last)s)
order by not_after, serial limit %(limit)s + 1
"""
# A certificate ends with its last day, so the ends within so many days are as few as the days.
ENDS = """
select not_after, count(*) filter (where renewed) as renewed, count(*) filter (where not renewed) as not_renewed
from {table} where not_after > %(over)s and not_after < %(soon)s group by not_after order by not_after
"""

SECOND = timedelta(seconds=1)  # the one named by not_after still counts (Validity.is_over)


class Ending(msgspec.Struct, kw_only=True):
    """A row. `asked_for` is the last mail that was; `renewed`: the user has a later certificate, not revoked."""

    stream: UUID
    user_id: str
    organization: str | None
    number: int
    serial: str | None = None
    not_after: datetime | None = None
    renewable_from: datetime | None = None
    asked_for: Expiry | None = None
    renewed: bool = False
    due_from: datetime | None = None

    def next_due(self) -> datetime | None:
        """Since when domain.notification.expiry_due names a mail that was not asked for; None where it never will."""
        if self.renewed or self.not_after is None or self.asked_for == "expired":
            return None
        return self.not_after + SECOND if self.asked_for else self.renewable_from


class ExpiringCertificates:
    """A View. Another `generation` is a copy beside the live one, such as a check folds from zero (R10.3)."""

    name = "expiring_certificates"

    def __init__(self, generation: str = "expiring_certificates_1") -> None:
        self.generation = generation
        self._table = sql.Identifier("views", generation)
        self._members = Members(generation)

    def tables(self) -> sql.Composed:
        indexes = {index: sql.Identifier(f"{self.generation}_{index}") for index in INDEXES}
        return sql.SQL(TABLES).format(table=self._table, **indexes) + self._members.table()

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        self._members.fold(cursor, entries)
        told = [entry for entry in entries if _tells(entry)]
        users = self._users(cursor, told)
        organizations = self._members.organizations(cursor, users)
        # All of theirs: a renewal, or its revocation, changes what is due for the one before.
        rows = {row.stream: row for row in load(cursor, self._table, Ending, "user_id", list(users))}
        stored = set(rows)
        for entry in told:
            match entry.fact:
                case CertificatePlanned(user_id=user_id, number=number) if entry.stream not in rows:
                    rows[entry.stream] = Ending(
                        stream=entry.stream,
                        user_id=user_id,
                        organization=organizations.get(user_id.lower()),
                        number=number,
                    )
                case CertificateIssued(serial=serial, not_before=start, not_after=end) if row := rows.get(entry.stream):
                    row.serial, row.not_after = serial, end
                    row.renewable_from = start_of_day(Validity(start, end).renewable_from)
                case CertificateRevoked(serial=serial) if (row := rows.get(entry.stream)) and row.serial == serial:
                    del rows[entry.stream]
                case NotificationRequested(kind=kind, stream=stream) if row := rows.get(stream):
                    # Another worker's clock may be behind at the very end: then nothing is due any more all the same.
                    row.asked_for = "expired" if "expired" in (kind, row.asked_for) else "expiring"
        _judge(rows.values())
        upsert(cursor, self._table, list(rows.values()))
        self._delete(cursor, stored - rows.keys())

    def _users(self, cursor: Cursor[DictRow], told: Sequence[LogEntry]) -> set[str]:
        """Whose certificates these facts are of."""
        planned = load(cursor, self._table, Ending, "stream", list({entry.stream for entry in told}))
        named = (entry.fact.user_id for entry in told if isinstance(entry.fact, CertificatePlanned))
        asked = (entry.fact.user_id for entry in told if isinstance(entry.fact, NotificationRequested))
        return {row.user_id for row in planned} | {*named, *asked}

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
    match entry.fact:
        case CertificatePlanned() | CertificateIssued() | CertificateRevoked():
            return True
        case NotificationRequested(kind=kind):
            return kind in EXPIRY
    return False


def _judge(rows: Iterable[Ending]) -> None:
    """Which are the newest of their users, and what is due for them. `rows` are all that these users have."""
    rows = list(rows)
    newest: dict[str, int] = {}
    for row in rows:
        if row.not_after is not None:
            newest[row.user_id] = max(row.number, newest.get(row.user_id, 0))
    for row in rows:
        row.renewed = row.number < newest.get(row.user_id, 0)
        row.due_from = row.next_due()


def _row(row: DictRow) -> ExpiringRow:
    not_after = row.pop("not_after").astimezone(UTC)
    return ExpiringRow(**row, not_after=not_after, last_day=japanese_day(not_after))
