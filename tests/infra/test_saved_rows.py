"""Rows of other tables that are saved with facts: all or nothing, and who waits for whom (R10.8)."""

from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError
from psycopg import sql
from psycopg.errors import SerializationFailure

from application.ports import Changes, Conflict
from infra.event_store import EventStore
from infra.postgres import Database, statement
from tests.support.accounts import NINE, fact
from tests.support.crowd import BOUND, refusals, together
from tests.support.eventually import eventually
from tests.support.rows import session

STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("4b1d8f0e-0000-4000-8000-000000000002")
FIRST = fact("LoggedIn", NINE, serial="A1")
SECOND = fact("LoggedOut", NINE)


def sessions(database: Database) -> int:
    return len(database.execute("select id from sessions"))


# ---- all or nothing


def test_rows_are_saved_with_the_facts(store: EventStore, database: Database) -> None:
    store.save(Changes(STREAM, 0, [FIRST]), rows=[session()])

    assert (store.load(STREAM), sessions(database)) == ([FIRST], 1)


def test_rows_are_saved_without_facts_too(store: EventStore, database: Database) -> None:
    store.save(rows=[session()])
    store.save(Changes(STREAM, 0, []), rows=[session("row00002")])

    assert sessions(database) == 2


def test_a_conflict_leaves_no_row_and_none_of_the_other_streams(store: EventStore, database: Database) -> None:
    store.save(Changes(STREAM, 0, [FIRST]))

    with pytest.raises(Conflict):
        store.save(Changes(OTHER, 0, [FIRST]), Changes(STREAM, 0, [SECOND]), rows=[session()])

    assert (store.load(OTHER), sessions(database)) == ([], 0)


def test_a_row_that_fails_leaves_no_fact_and_no_other_row(store: EventStore, database: Database) -> None:
    def fault(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.save(Changes(STREAM, 0, [FIRST]), rows=[session(), fault])

    assert (store.load(STREAM), sessions(database)) == ([], 0)


def test_another_unique_key_than_that_of_the_facts_is_no_conflict(store: EventStore) -> None:
    store.save(rows=[session()])

    with pytest.raises(IntegrityError, match="sessions_pkey"):
        store.save(Changes(STREAM, 0, [FIRST]), rows=[session()])

    assert store.load(STREAM) == []


# ---- rows that others hold


def end_session(owner: str) -> Any:
    return statement("update sessions set ended = 'blocked' where id = %s", owner)


def test_of_two_saves_that_wait_for_each_others_rows_one_is_told_of_a_conflict(
    store: EventStore, owner: psycopg.Connection[Any]
) -> None:
    name = sql.Identifier(owner.info.dbname)
    owner.execute(sql.SQL("alter database {} set deadlock_timeout = '10ms'").format(name))
    store.save(rows=[session("row00001"), session("row00002")])
    both_have_one = Barrier(2, timeout=BOUND)

    def save(stream: UUID, first: str, second: str) -> None:
        rows = [end_session(first), lambda _: both_have_one.wait(), end_session(second)]
        store.save(Changes(stream, 0, [FIRST]), rows=rows)

    outcomes = together([lambda: save(STREAM, "row00001", "row00002"), lambda: save(OTHER, "row00002", "row00001")])

    assert refusals(outcomes) == [Conflict]
    assert len(store.load(STREAM)) + len(store.load(OTHER)) == 1


def begin_session() -> Any:
    """Whoever is in is put out first, and nobody asks how that went."""
    insert = "insert into sessions values ('row00002', 'taro0001', 'general', 'ab', now(), now(), false, false)"
    return statement(insert, "row00001", earlier="update sessions set ended = 'replaced' where id = %s returning ended")


@pytest.mark.parametrize("row", [end_session("row00001"), begin_session()], ids=["alone", "earlier"])
def test_who_waits_for_a_row_keeps_nobody_else_from_saving(
    store: EventStore, database: Database, owner: psycopg.Connection[Any], row: Any
) -> None:
    store.save(rows=[session("row00001")])
    waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    with owner.transaction():
        owner.execute("select from sessions where id = 'row00001' for update")
        behind = Thread(target=store.save, args=[Changes(STREAM, 0, [FIRST])], kwargs={"rows": [row]})
        behind.start()
        waits = eventually(lambda: bool(database.execute(waiting)))
        store.save(Changes(OTHER, 0, [FIRST]))
        before = store.load(STREAM)
    behind.join()

    assert waits
    assert (before, store.load(OTHER), store.load(STREAM)) == ([], [FIRST], [FIRST])


def test_a_save_that_the_server_could_not_put_behind_another_is_a_conflict(store: EventStore) -> None:
    def overtaken(_: object) -> None:
        raise SerializationFailure

    with pytest.raises(Conflict):
        store.save(Changes(STREAM, 0, [FIRST]), rows=[overtaken])

    assert store.load(STREAM) == []
