"""The event store: facts and rows together or not at all, and what each fault of the world is called (R3.5, R10.8)."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import OperationalError, StoredEvent

from application.ports import Changes, Conflict, FactStore, Unavailable
from infra.event_store import AppendRecorder, EventStore
from infra.postgres import Database
from tests.support.accounts import NINE, fact
from tests.support.crowd import together
from tests.support.fakes import Between, WatchedStore
from tests.support.rows import session

STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("4b1d8f0e-0000-4000-8000-000000000002")
FIRST = fact("LoggedIn", NINE, serial="A1")
SECOND = fact("LoggedOut", NINE)


@pytest.fixture
def away() -> Iterator[EventStore]:
    """Nobody listens at that port."""
    database = Database("host=127.0.0.1 port=1 user=nobody dbname=none")
    database.pool.timeout = 0.02
    yield EventStore(database)
    database.close()


# ---- load and save: the contract


@pytest.fixture(params=["store", "watched"])
def facts(request: pytest.FixtureRequest, store: EventStore) -> FactStore:
    return store if request.param == "store" else WatchedStore(store, Between())


def test_an_unknown_stream_is_empty(facts: FactStore) -> None:
    assert facts.load(STREAM) == []


def test_what_was_saved_is_loaded_in_its_order(facts: FactStore) -> None:
    facts.save(Changes(STREAM, 0, [FIRST, SECOND]))
    facts.save(Changes(STREAM, 2, [FIRST]))

    assert facts.load(STREAM) == [FIRST, SECOND, FIRST]


def test_one_save_may_carry_several_streams(facts: FactStore) -> None:
    facts.save(Changes(STREAM, 0, [FIRST]), Changes(OTHER, 0, [SECOND]))

    assert (facts.load(STREAM), facts.load(OTHER)) == ([FIRST], [SECOND])


def test_a_fact_is_kept_whatever_letters_stand_in_it(facts: FactStore) -> None:
    odd = fact("LoggedIn", NINE, serial="\"\\,{}'\n\t見本\x00\U0001f510")

    facts.save(Changes(STREAM, 0, [odd, odd]))

    assert facts.load(STREAM) == [odd, odd]


@pytest.mark.parametrize("version", [0, 1])
def test_who_decided_on_an_older_version_is_told_of_the_conflict(facts: FactStore, version: int) -> None:
    facts.save(Changes(STREAM, 0, [FIRST, FIRST]))

    with pytest.raises(Conflict):
        facts.save(Changes(STREAM, version, [SECOND]))

    assert facts.load(STREAM) == [FIRST, FIRST]


def test_a_save_of_nothing_does_nothing(facts: FactStore) -> None:
    facts.save()
    facts.save(Changes(STREAM, 0, []))

    assert facts.load(STREAM) == []


def test_changes_without_facts_guard_nothing(facts: FactStore) -> None:
    facts.save(Changes(STREAM, 0, [FIRST]))

    facts.save(Changes(STREAM, 0, []), Changes(OTHER, 0, [SECOND]))

    assert facts.load(OTHER) == [SECOND]


# ---- a reply that was lost


class Loses:
    """Saves or not, and then the connection is gone before the reply."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, committed: bool) -> None:
        real = AppendRecorder.insert_events

        def insert_events(recorder: AppendRecorder, stored: Sequence[StoredEvent], **kwargs: Any) -> None:
            if committed:
                real(recorder, stored, **kwargs)
            self.times += 1
            raise OperationalError("the connection was closed")

        self.times = 0
        monkeypatch.setattr(AppendRecorder, "insert_events", insert_events)


def test_a_commit_whose_reply_was_lost_has_happened(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    Loses(monkeypatch, committed=True)

    store.save(Changes(STREAM, 0, [FIRST]), Changes(OTHER, 0, [SECOND]))

    assert (store.load(STREAM), store.load(OTHER)) == ([FIRST], [SECOND])


def test_a_commit_that_was_lost_has_not_happened_and_is_not_repeated(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Loses(monkeypatch, committed=False)

    with pytest.raises(Unavailable):
        store.save(Changes(STREAM, 0, [FIRST]))

    assert lost.times == 1


def test_facts_of_somebody_else_in_the_same_places_do_not_pass_for_ones_own(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(Changes(STREAM, 0, [SECOND]))
    Loses(monkeypatch, committed=False)

    with pytest.raises(Unavailable):
        store.save(Changes(STREAM, 0, [FIRST]))


def test_of_rows_alone_nobody_can_tell_so_they_are_told_as_failed(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Loses(monkeypatch, committed=False)

    with pytest.raises(Unavailable):
        store.save(rows=[session()])


def test_a_connection_killed_within_the_transaction_leaves_nothing(store: EventStore, database: Database) -> None:
    def kill(cursor: psycopg.Cursor[Any]) -> None:
        with database.connection() as other:
            other.execute("select pg_terminate_backend(%s)", [cursor.connection.info.backend_pid])

    with pytest.raises(Unavailable):
        store.save(Changes(STREAM, 0, [FIRST]), rows=[kill])

    assert store.load(STREAM) == []


# ---- the database is away


def test_an_unreachable_database_is_told_at_once_by_everything_the_store_does(away: EventStore) -> None:
    with pytest.raises(Unavailable):
        away.load(STREAM)
    with pytest.raises(Unavailable):
        away.save(Changes(STREAM, 0, [FIRST]))
    with pytest.raises(Unavailable):
        away.entries(0)
    with pytest.raises(Unavailable):
        away.head()


def test_a_closed_pool_is_an_unavailable_database(store: EventStore, database: Database) -> None:
    store.load(STREAM)
    database.close()

    with pytest.raises(Unavailable):
        store.load(STREAM)


def test_a_lock_held_too_long_on_the_log_is_told_and_not_waited_for(
    store: EventStore, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("alter function append_events set lock_timeout = '10ms'")

    with owner.transaction():
        owner.execute("lock table stored_events in exclusive mode")
        with pytest.raises(Unavailable):
            store.save(Changes(STREAM, 0, [FIRST]))

    assert store.load(STREAM) == []


# ---- the log


def test_positions_rise_in_commit_order_and_a_tailing_reader_misses_none(store: EventStore) -> None:
    seen: list[int] = []

    def write() -> None:
        stream = uuid4()
        for version in range(8):
            store.save(Changes(stream, version, [FIRST]))

    def tail() -> None:
        while len(seen) < 32:
            seen.extend(entry.position for entry in store.entries(seen[-1] if seen else 0))

    together([write, write, write, write, tail])

    assert seen == sorted(seen)
    assert seen == [entry.position for entry in store.entries(0)]
    assert store.head() == seen[-1]


def test_a_rolled_back_save_leaves_a_hole_and_no_entry(store: EventStore) -> None:
    store.save(Changes(STREAM, 0, [FIRST]))
    with pytest.raises(Conflict):
        store.save(Changes(STREAM, 0, [SECOND]))
    store.save(Changes(STREAM, 1, [SECOND]))

    first, second = store.entries(0)

    assert second.position > first.position + 1
    assert (first.version, second.version) == (1, 2)


def test_every_save_wakes_who_listens(store: EventStore, owner: psycopg.Connection[Any]) -> None:
    owner.execute("listen stored_events")

    store.save(Changes(STREAM, 0, [FIRST]))

    assert [notice.channel for notice in owner.notifies(timeout=5, stop_after=1)] == ["stored_events"]
