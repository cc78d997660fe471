"""P8: the worker's question for expiry mails that are due, in pages of the database that it looks at: with ten million
certificates beside one million, and beside a scan of the whole table. Some minutes and 4 GB of disk.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from psycopg import sql

from application.reminders import PAGE
from bench.rounds import Comparison, Row, interleaved, table
from infra.clock import now
from infra.embedded_postgres import embedded
from infra.migration import migrate
from projections.expiring_certificates import ExpiringCertificates
from projections.runner import Connection, connect, start
from tests.support.explained import Explained

MANY, FEWER = 10_000_000, 1_000_000
DUE = 100  # of each, strewn over the table: as many as the worker asks for at once
NOW = now()
SCAN = f"reminder scan, {DUE} mails due of 10,000,000 certificates"
GROWN = Comparison("P8", f"{SCAN}; of 1,000,000", "pages", "<= 1.2")
WHOLE_TABLE = Comparison("P8", f"a scan of the whole table of 10,000,000; {SCAN}", "pages", ">= 500")
COMPARISONS = [GROWN, WHOLE_TABLE]

# The others will be due in the coming year, one in ten never (renewed, or told of already).
FILL = """
insert into {table} (stream, account, user_id, organization, number, serial, not_after, renewable_from, renewed,
    due_from)
select lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 'user' || n, 'org' || n %% 10000, 1,
    lpad(to_hex(n), 32, '0'), due_from + interval '31 days' - interval '1 second', due_from, never,
    case when not never then due_from end
from (
    select n, n %% (%(total)s / %(due)s) <> 0 and n %% 10 = 0 as never,
        case when n %% (%(total)s / %(due)s) = 0 then %(now)s - n %% 30 * interval '1 day'
            else %(now)s + interval '1 minute' + (n * 7919 %% 525600) * interval '1 minute' end as due_from
    from generate_series(1, %(total)s::bigint) as n
) as certificates
"""


def filled(connection: Connection, total: int) -> ExpiringCertificates:
    """A table of the view with so many certificates."""
    view = ExpiringCertificates(f"expiring_certificates_of_{total}")
    start(connection, view)
    name = sql.Identifier("views", view.generation)
    connection.execute(sql.SQL(FILL).format(table=name), {"total": total, "due": DUE, "now": NOW})
    connection.execute(sql.SQL("vacuum analyze {}").format(name))
    return view


def pages_of(connection: Connection, view: ExpiringCertificates) -> Callable[[], float]:
    """How many pages one question looks at."""

    def ask() -> float:
        with connection.cursor() as cursor:
            asked = Explained(cursor)
            assert len(view.due(asked.as_cursor(), NOW, PAGE)) == DUE
            return asked.buffers

    return ask


def without_indexes(connection: Connection, ask: Callable[[], float]) -> Callable[[], float]:
    def scan() -> float:
        with connection.transaction(force_rollback=True):
            connection.execute("set local enable_indexscan = off; set local enable_bitmapscan = off")
            return ask()

    return scan


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="shomei-") as folder:
        home = Path(folder)
        home.chmod(0o711)  # as root, the database's account must pass through
        with embedded(home / "postgres") as cluster:
            migrate(cluster.owner_dsn, cluster.process_dsn)
            with connect(cluster.process_dsn, "bench") as connection:
                few, many = (pages_of(connection, filled(connection, total)) for total in (FEWER, MANY))
                fewer, ours, whole = interleaved(few, many, without_indexes(connection, many))
    return [GROWN.of(ours, fewer), WHOLE_TABLE.of(whole, ours)]


if __name__ == "__main__":
    print(table(rows()))
