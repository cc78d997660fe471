"""Whether a view equals a copy of it that is folded from the first fact on (R10.3)."""

from itertools import count
from typing import Any, cast

from psycopg import sql

from domain.fact import LogEntry
from infra.event_store import EventStore
from projections.approvals import Approvals
from projections.certificate_register import CertificateRegister
from projections.expiring_certificates import ExpiringCertificates
from projections.lock_status import LockStatus
from projections.outbox import Outbox
from projections.people import People
from projections.runner import Connection, catch_up
from projections.views import FactLog, View, position

Kind = (
    type[LockStatus]
    | type[CertificateRegister]
    | type[ExpiringCertificates]
    | type[Outbox]
    | type[People]
    | type[Approvals]
)
KINDS: dict[Kind, tuple[str, ...]] = {  # and their tables
    LockStatus: ("",),
    CertificateRegister: ("", "_accounts"),
    ExpiringCertificates: ("", "_accounts"),
    Outbox: ("", "_totals"),
    People: ("_organizations", "_users"),
    Approvals: ("",),
}
COPIES = count(1)


class UpTo:
    """The log as it was at a position."""

    def __init__(self, log: FactLog, last: int) -> None:
        self._log, self._last = log, last

    def entries(self, after: int, limit: int) -> list[LogEntry]:
        return [entry for entry in self._log.entries(after, limit) if entry.position <= self._last]

    def head(self) -> int:
        return self._last


def rows_of(connection: Connection, view: View) -> list[Any]:
    """All its rows, whole."""
    found: list[Any] = []
    for suffix in KINDS[cast("Kind", type(view))]:
        table = sql.Identifier("views", view.generation + suffix)
        query = sql.SQL("select to_jsonb(each) as row from {} as each order by 1").format(table)
        found += [row["row"] for row in connection.execute(query)]
    return found


def rebuilt(connection: Connection, kind: Kind, log: FactLog) -> View:
    """A copy beside the live view, folded from zero."""
    copy = kind(f"{kind.name}_copy_{next(COPIES)}")
    catch_up(connection, copy, log)
    return copy


def check(connection: Connection, store: EventStore) -> int:
    """Each view, as it stands at one moment, equals its copy at that position; returns the rows compared."""
    compared = 0
    for kind in KINDS:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read")
            place, rows = position(cursor, kind()), rows_of(connection, kind())
        assert rows == rows_of(connection, rebuilt(connection, kind, UpTo(store, place)))
        compared += len(rows)
    return compared


def place(connection: Connection, view: View) -> int:
    with connection.cursor() as cursor:
        return position(cursor, view)
