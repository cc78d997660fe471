"""P9: each read model rebuilt from the first fact on, beside the bare reading and decoding of the same 100,000 facts;
and what a rebuild and a replay as of a past moment take at a million, by the clock. Some six minutes.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path

import psycopg

from application.ports import Changes
from bench.rounds import A_CPU_SECOND, Comparison, Row, cost_of, interleaved, table
from domain.fact import Fact
from infra.clock import now, sleep
from infra.embedded_postgres import embedded
from infra.event_store import EventStore, FactMapper
from infra.migration import migrate
from infra.postgres import Database
from infra.views import CurrentViews
from infra.views_as_of import ViewsAsOf
from projections.rebuild import rebuild
from projections.runner import FAR_BEHIND_PAGE, connect
from projections.views import View
from tests.support.writer import Writer

FACTS, MILLION = 100_000, 1_000_000
A_WRITER = 2_000  # facts; each has forty people
AT_ONCE = 500  # changes in one save

REBUILT = Comparison("P9", "{view} rebuilt of {facts:,} facts; the log read and decoded", A_CPU_SECOND, ">= 0.5")
RAW = Comparison("P9", "the log read and decoded; a bare cursor over it, and the decoders", A_CPU_SECOND)
COST = Comparison("P9", "{view} of {facts:,} facts rebuilt, by the clock; replayed as of the middle", "s")
COMPARISONS = [REBUILT, RAW, COST]

CURSOR = """
select notification_id, originator_id, originator_version, topic, state from stored_events order by notification_id
"""


class Bulk:
    """A store whose saves are few and large."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._waiting: list[Changes] = []
        self.facts = 0

    def save(self, changes: Changes) -> None:
        self._waiting.append(Changes(changes.stream, changes.version, list[Fact](changes.facts)))
        self.facts += len(changes.facts)
        if len(self._waiting) == AT_ONCE:
            self.flush()

    def flush(self) -> None:
        self._store.save(*self._waiting)
        self._waiting = []


def fill(store: EventStore, facts: int) -> None:
    """Into an empty log: people whose passwords fail and succeed, their certificates and mails."""
    bulk = Bulk(store)
    writers = [Writer(bulk, seed) for seed in range(facts // A_WRITER)]
    for writer in cycle(writers):
        writer.write()
        if bulk.facts >= facts:
            break
    bulk.flush()


def read(store: EventStore) -> int:
    """All of it, in the pages of a fold; returns how many they were."""
    place = found = 0
    while entries := store.entries(place, FAR_BEHIND_PAGE):
        place, found = entries[-1].position, found + len(entries)
    return found


def read_bare(dsn: str) -> int:
    decoders, found = FactMapper.decoders, 0
    with psycopg.connect(dsn) as connection, connection.cursor("bare") as cursor:
        cursor.itersize = FAR_BEHIND_PAGE
        for row in cursor.execute(CURSOR, binary=True):
            decoders[row[3]](row[4])
            found += 1
    return found


@contextmanager
def filled(facts: int) -> Iterator[tuple[Database, EventStore]]:
    with tempfile.TemporaryDirectory(prefix="shomei-") as folder:
        home = Path(folder)
        home.chmod(0o711)  # as root, the database's account must pass through
        with embedded(home / "postgres") as cluster:
            migrate(cluster.owner_dsn, cluster.process_dsn)
            with closing(Database(cluster.process_dsn)) as database:
                store = EventStore(database)
                fill(store, facts)
                yield database, store


def rebuild_of(database: Database, store: EventStore, view: View) -> None:
    with connect(database.dsn, "bench") as connection:
        rebuild(connection, view, store, sleep)


def speed(facts: int, work: Callable[[], object]) -> Callable[[], float]:
    """Facts for each second of processor time."""
    return lambda: facts / cost_of(work).cpu


def side_by_side() -> list[Row]:
    with filled(FACTS) as (database, store):
        views, facts = CurrentViews(database).all, read(store)
        works: Sequence[Callable[[], object]] = [
            lambda: read_bare(database.dsn),
            lambda: read(store),
            *(lambda view=view: rebuild_of(database, store, view) for view in views),
        ]
        bare, decoded, *rebuilt = interleaved(*(speed(facts, work) for work in works))
    rows = [REBUILT.of(ours, decoded, view=view.name, facts=FACTS) for view, ours in zip(views, rebuilt, strict=True)]
    return [*rows, RAW.of(decoded, bare)]


def costs() -> list[Row]:
    rows = []
    with filled(MILLION) as (database, store):
        views = CurrentViews(database).all
        past = ViewsAsOf(database.dsn, store, views)
        middle = store.entries(store.head() // 2, 1)[0].fact.at
        for view in views:
            rebuilding = cost_of(lambda: rebuild_of(database, store, view)).wall  # noqa: B023  (called at once)

            def replay(name: str = view.name) -> None:
                with past.folded(name, middle, now().replace(year=9000)) as found:
                    for part in found.tables:
                        for _ in found.rows(part):
                            pass

            rows.append(COST.of([rebuilding], [cost_of(replay).wall], view=view.name, facts=MILLION))
    return rows


def rows() -> list[Row]:
    return [*side_by_side(), *costs()]


if __name__ == "__main__":
    print(table(rows()))
