"""What PostgreSQL refuses is told without the row: its own words quote names and addresses (R10.6; style, Errors)."""

from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import TupleRow

from application.ports import Contact
from infra.event_store import EventStore
from infra.postgres import Database
from infra.vault import PersonVault


def test_a_row_that_is_refused_is_not_quoted(
    owner: psycopg.Connection[TupleRow], database: Database, store: EventStore
) -> None:
    owner.execute("alter table vault_persons add constraint never check (false)")
    _, row = PersonVault(database).keep(uuid4(), 1, Contact("kanaria", "kanaria@example.com"))

    with pytest.raises(Exception, match="violates check constraint") as refusal:
        store.save(rows=[row])

    fault: BaseException | None = refusal.value
    while fault is not None:
        assert b"kanaria".hex() not in str(fault)
        assert "DETAIL" not in str(fault)
        fault = fault.__cause__ or fault.__context__


def test_what_the_server_did_not_say_itself_is_told_in_full(database: Database) -> None:
    with pytest.raises(psycopg.ProgrammingError, match="parameters"):
        database.execute("select %s", 1, 2)
