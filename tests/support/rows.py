"""Rows such as the application saves with its facts."""

from application.ports import Row
from infra.postgres import Database, Statement, statement


def write(database: Database, *rows: Row) -> None:
    """All in one transaction, without facts."""
    with database.transaction() as cursor:
        for row in rows:
            row(cursor)


def session(owner: str = "row00001") -> Statement:
    """A row of a table that facts know nothing of."""
    return statement("insert into sessions values (%s, 'taro0001', 'general', 'ab', now(), now(), false, false)", owner)
