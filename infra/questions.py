"""How the read models are asked: on a connection of the pool, and Unavailable as long as there is no answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import DictRow

from application.ports import Unavailable
from infra.pool import ANSWER_SECONDS
from infra.postgres import Database

HEAD = "select coalesce(max(notification_id), 0) as head from stored_events"  # the newest fact's place in the log


@contextmanager
def asking(
    database: Database, patience: float | None = None, answers_within: float = ANSWER_SECONDS
) -> Iterator[psycopg.Cursor[DictRow]]:
    """Raises Unavailable also while the projector has not made the view's table."""
    try:
        with database.connection(patience, answers_within) as connection, connection.cursor() as cursor:
            yield cursor
    except psycopg.errors.UndefinedTable as error:
        raise Unavailable("the projector has not made this view yet") from error
