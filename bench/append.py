"""P11: one command's facts appended by our recorder, which keeps ids in commit order and wakes the projector, beside
the same rows by one bare INSERT. By the clock, one writer, and both wait for the disk (fsync is on).
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

import psycopg

from application.ports import Changes
from bench.place import Place, place
from bench.rounds import Comparison, Cost, Row, cost_of, interleaved, table
from domain.fact import Fact
from domain.user_account_facts import LoggedIn, PasswordAccepted
from infra.clock import now
from infra.event_store import FactMapper

COMMANDS = 200  # in one round
APPENDED = Comparison("P11", "one log-in's two facts appended; bare INSERT", "a second", ">= 0.4")
COMPARISONS = [APPENDED]
BARE = "insert into stored_events (originator_id, originator_version, topic, state) values (%s,%s,%s,%s),(%s,%s,%s,%s)"


def facts_of_a_login(at: datetime) -> list[Fact]:
    return [PasswordAccepted(at=at, by="taro0001", entry="login"), LoggedIn(at=at, by="taro0001", serial="7F" * 20)]


def by_the_recorder(at: Place) -> Callable[[], Cost]:
    def append() -> None:
        for _ in range(COMMANDS):
            at.house.store.save(Changes(uuid4(), 0, facts_of_a_login(now())))

    return lambda: cost_of(append)


def bare(owner: psycopg.Connection[tuple[object, ...]]) -> Callable[[], Cost]:
    encode = FactMapper.encode

    def append() -> None:
        for _ in range(COMMANDS):
            stream = uuid4()
            values: list[UUID | int | str | bytes] = []
            for version, fact in enumerate(facts_of_a_login(now()), 1):
                values += [stream, version, fact.TOPIC, encode(fact)]
            owner.execute(BARE, values)

    return lambda: cost_of(append)


def rows() -> list[Row]:
    with place() as at, psycopg.connect(at.dsn.owner, autocommit=True) as owner:
        inserts, ours = interleaved(bare(owner), by_the_recorder(at))
        waits = owner.execute("show fsync").fetchone()
        assert waits == ("on",)
    appended, inserted = ([COMMANDS / cost.wall for cost in costs] for costs in (ours, inserts))
    return [APPENDED.of(appended, inserted)]


if __name__ == "__main__":
    print(table(rows()))
