"""What is asked of the database, statement by statement, by whatever part and in whatever thread."""

from typing import Any

import psycopg
import pytest


def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows with each statement from now on. Begin and commit, which are no questions, are left out."""
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: psycopg.Cursor[Any], query: Any, *args: Any, **options: Any) -> psycopg.Cursor[Any]:
        asked.append(query if isinstance(query, str) else query.as_string())
        return execute(cursor, query, *args, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    return asked
