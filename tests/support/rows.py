"""Rows that the application would save with its facts, written alone."""

from application.ports import Row
from infra.postgres import Database


def write(database: Database, *rows: Row) -> None:
    """All in one transaction."""
    with database.transaction() as cursor:
        for row in rows:
            row(cursor)
