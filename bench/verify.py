"""P10: a million facts verified against a signed head, in the database and in an export, beside SHA-256 over the stored
bytes, one hash a fact, read in the same way. Processor time of our process; some minutes and 1 GB of disk.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.rows import tuple_row

from application.ports import Changes
from application.readings import Readings
from bench.rounds import A_CPU_SECOND, Comparison, Cost, Row, cost_of, interleaved, table
from domain.fact import COMMAND_LINE
from domain.tree_head import TreeHead, head_stream
from infra.clock import now
from infra.embedded_postgres import embedded
from infra.event_store import EventStore
from infra.export import Exports
from infra.export_file import open_export
from infra.log_snapshot import log_snapshot
from infra.migration import migrate
from infra.postgres import Database
from infra.tree_heads import HeadKey
from infra.verify_database import verify_database
from infra.verify_export import verify_export
from projections.log_tree import BLOCK, LogTree
from projections.runner import catch_up, connect
from projections.views import nobody

FACTS = 1_000_000
DATABASE = Comparison(
    "P10", "1,000,000 facts verified in the database; SHA-256 over all that is stored of each", A_CPU_SECOND, ">= 0.5"
)
STATES = Comparison("P10", "the same; SHA-256 over their states alone", A_CPU_SECOND)
EXPORT = Comparison("P10", "1,000,000 facts verified in an export, unpacked; SHA-256 over its file", A_CPU_SECOND)
COMPARISONS = [DATABASE, STATES, EXPORT]

# A log-in's two facts, four to a stream.
FILL = """
insert into stored_events (originator_id, originator_version, topic, state)
select ('00000000-0000-4000-8000-' || lpad(to_hex(n / 4), 12, '0'))::uuid, mod(n, 4) + 1,
    case mod(n, 2) when 0 then 'user-account.password-accepted.1' else 'user-account.logged-in.1' end,
    convert_to(case mod(n, 2) when 0 then '{"entry":"login"' else '{"serial":"' || repeat('7F', 20) || '"' end
        || ',"at":"2026-11-23T00:00:00.123456Z","by":"taro0001"}', 'UTF8')
from generate_series(0, %s - 1) as n order by n
"""
STORED = """
select uuid_send(originator_id) || int8send(originator_version) || convert_to(topic, 'UTF8') || state
from stored_events order by notification_id limit %s
"""
STATE = "select state from stored_events order by notification_id limit %s"
KEY = Ed25519PrivateKey.generate()


@contextmanager
def history(home: Path) -> Iterator[tuple[str, TreeHead]]:
    """The processes' address of a database with the facts, and a head over them."""
    home.chmod(0o711)  # as root, the database's account must pass through
    with embedded(home / "postgres") as cluster:
        migrate(cluster.owner_dsn, cluster.process_dsn)
        with psycopg.connect(cluster.owner_dsn, autocommit=True) as owner:
            owner.execute(FILL, [FACTS])
            owner.execute("vacuum analyze stored_events")
        yield cluster.process_dsn, signed(cluster.process_dsn)


def signed(dsn: str) -> TreeHead:
    database = Database(dsn)
    try:
        store = EventStore(database)
        with connect(dsn, "bench") as connection, connection.cursor() as cursor:
            catch_up(connection, LogTree(), store)
            head = HeadKey("bench/log", KEY).sign(FACTS, LogTree().range_at(cursor, FACTS).root(), now())
            store.save(Changes(head_stream(FACTS), 0, [head]))
            catch_up(connection, LogTree(), store)
        return head.head
    finally:
        database.close()


def exported(dsn: str, home: Path) -> Path:
    database = Database(dsn)
    try:
        exports = Exports(dsn, Readings(EventStore(database), uuid4))
        with (home / "export.zip").open("wb") as file:
            for chunk in exports.chunks(exports.prepare(COMMAND_LINE, "jsonl", now())):
                file.write(chunk)
    finally:
        database.close()
    with ZipFile(home / "export.zip") as zipped:
        zipped.extractall(home / "export")
    return home / "export"


def hashed(dsn: str, query: str) -> Callable[[], Cost]:
    """The bare side: every row's octets read by a server's cursor, and hashed."""

    def read() -> None:
        with log_snapshot(dsn, "bench") as connection, connection.cursor("bare", row_factory=tuple_row) as cursor:
            cursor.execute(query, [FACTS], binary=True)
            while rows := cursor.fetchmany(BLOCK):
                for (octets,) in rows:
                    sha256(octets).digest()

    return lambda: cost_of(read)


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="shomei-") as folder, history(Path(folder)) as (dsn, head):
        unpacked = exported(dsn, Path(folder))

        def verified() -> None:
            assert verify_database(dsn, [head], nobody).facts == FACTS

        def verified_file() -> None:
            with open_export(unpacked) as export:
                assert verify_export(export, [head], KEY.public_key(), nobody).facts == FACTS

        def hashed_file() -> None:
            with (unpacked / "facts.jsonl").open("rb") as file:
                file_digest(file, "sha256")

        in_database = interleaved(lambda: cost_of(verified), hashed(dsn, STORED), hashed(dsn, STATE))
        in_file = interleaved(lambda: cost_of(verified_file), lambda: cost_of(hashed_file))
    ours, stored, states = ([FACTS / cost.cpu for cost in costs] for costs in in_database)
    export, file = ([FACTS / cost.cpu for cost in costs] for costs in in_file)
    return [DATABASE.of(ours, stored), STATES.of(ours, states), EXPORT.of(export, file)]


if __name__ == "__main__":
    print(table(rows()))
