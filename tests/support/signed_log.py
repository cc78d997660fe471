"""A log with its tree, heads signed over it, exports of it and their verification: what an auditor has (R10.4, R10.5).

The facts are inserted by the owner, thousands at once: four to a stream, a second apart, from NINE on.
"""

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import psycopg
import pytest
from psycopg.rows import TupleRow

from application.ports import Changes
from application.readings import Readings
from domain.fact import COMMAND_LINE
from domain.reading import Form, HistoryExported
from domain.tree_head import TreeHead, head_stream
from infra.event_store import EventStore
from infra.export import Export, Exports
from infra.export_file import open_export
from infra.tree_heads import HeadKey
from infra.verification import Bad, Verified, Wrong
from infra.verify_database import verify_database
from infra.verify_export import verify_export
from projections.audit_log import AuditLog
from projections.log_tree import LogTree
from projections.runner import Connection, catch_up, connect
from projections.views import View, nobody
from tests.support.accounts import DAY, NINE
from tests.support.database import Dsn
from tests.support.letters import LOG_KEY

FILL = """
insert into stored_events (originator_id, originator_version, topic, state)
select ('00000000-0000-4000-8000-' || lpad(to_hex(n / 4), 12, '0'))::uuid, mod(n, 4) + 1, 'user-account.logged-in.1',
    convert_to(format(
        '{"serial":"%%s","at":"%%s","by":"taro01"}', to_hex(n),
        to_char(%s::timestamp + n * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    ), 'UTF8')
from generate_series(%s::int, %s - 1) as n order by n
"""
KEY = HeadKey("shomei.bank.example.jp/log", LOG_KEY)
PUBLIC_KEY = LOG_KEY.public_key()
SIGNED = NINE + DAY


class SignedLog:
    def __init__(self, dsn: Dsn, store: EventStore, owner: psycopg.Connection[TupleRow], home: Path) -> None:
        self.dsn, self.store, self.owner, self._home = dsn, store, owner, home
        self.exports = Exports(dsn.process, Readings(store, uuid4))
        self._facts, self._files = 0, count(1)

    def fill(self, facts: int) -> None:
        self.owner.execute("set timezone = 'UTC'")
        self.owner.execute(FILL, [NINE.replace(tzinfo=None), self._facts, self._facts + facts])
        self._facts += facts

    def keep_up(self, view: View) -> None:
        with self.connection() as connection:
            catch_up(connection, view, self.store)

    def connection(self) -> Connection:
        return connect(self.dsn.process, "test")

    def root(self, size: int | None = None) -> bytes:
        """Of the tree as the read model has it."""
        with self.connection() as connection, connection.cursor() as cursor:
            return LogTree().range_at(cursor, LogTree().size(cursor) if size is None else size).root()

    def sign(self, at: datetime = SIGNED) -> TreeHead:
        """Over all there is; the head's own fact stands behind it."""
        with self.connection() as connection, connection.cursor() as cursor:
            catch_up(connection, LogTree(), self.store)
            size = LogTree().size(cursor)
            fact = KEY.sign(size, LogTree().range_at(cursor, size).root(), at)
            self.store.save(Changes(head_stream(size), 0, [fact]))
            catch_up(connection, LogTree(), self.store)
        return fact.head

    def signed(self, facts: int) -> TreeHead:
        self.fill(facts)
        return self.sign()

    def exported(self) -> list[HistoryExported]:
        """That exports were made, as it was recorded."""
        found = [entry.fact for entry in self.store.entries(0, 10_000)]
        return [fact for fact in found if isinstance(fact, HistoryExported)]

    def prepared(self, form: Form = "jsonl", **asked: Any) -> Export:
        if asked.keys() & {"since", "until"}:
            self.keep_up(AuditLog())
        return self.exports.prepare(COMMAND_LINE, form, SIGNED, **asked)

    def export(self, form: Form = "jsonl", **asked: Any) -> Path:
        """The ZIP."""
        return self.written(self.prepared(form, **asked))

    def written(self, export: Export) -> Path:
        path = self._home / f"export{next(self._files)}.zip"
        path.write_bytes(b"".join(self.exports.chunks(export)))
        return path

    def verify(self, *heads: TreeHead) -> Verified:
        return verify_database(self.dsn.process, heads, nobody)

    def found(self, *heads: TreeHead) -> Bad:
        """In the database."""
        with pytest.raises(Wrong) as told:
            self.verify(*heads)
        return told.value.bad


def verified(path: Path, *heads: TreeHead) -> Verified:
    with open_export(path) as export:
        return verify_export(export, heads, PUBLIC_KEY, nobody)


def found_in(path: Path, *heads: TreeHead) -> Bad:
    with pytest.raises(Wrong) as told:
        verified(path, *heads)
    return told.value.bad


def unpacked(path: Path) -> Path:
    """The folder it was unpacked into, to be changed there."""
    folder = path.with_suffix("")
    with ZipFile(path) as file:
        file.extractall(folder)
    return folder


@pytest.fixture
def log(dsn: Dsn, store: EventStore, owner: psycopg.Connection[TupleRow], tmp_path: Path) -> SignedLog:
    return SignedLog(dsn, store, owner, tmp_path)
