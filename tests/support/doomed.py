"""A connection that the server cuts off in place of one of its steps, for tests of what is left half done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Copy, Cursor, Transaction
from psycopg.errors import AdminShutdown
from psycopg.rows import DictRow, dict_row

from projections.runner import Connection


class Doomed(psycopg.Connection[DictRow]):
    """Its steps are the statements of all its cursors, and the ends of its transactions; `left` are before the cut."""

    left = 0

    def step(self) -> None:
        if not self.left:
            Cursor(self).execute("select pg_terminate_backend(pg_backend_pid())")
        self.left -= 1

    @contextmanager
    def transaction(self, *how: Any, **named: Any) -> Iterator[Transaction]:
        with super().transaction(*how, **named) as transaction:
            yield transaction
            self.step()


class Counting(Cursor[Any]):
    """Of a Doomed connection."""

    connection: Doomed

    def execute(self, *statement: Any, **how: Any) -> "Counting":
        self.connection.step()
        return super().execute(*statement, **how)

    @contextmanager
    def copy(self, *statement: Any, **how: Any) -> Iterator[Copy]:
        self.connection.step()
        with super().copy(*statement, **how) as copy:
            yield copy


def is_cut_off(dsn: str, steps: int, act: Callable[[Connection], object]) -> bool:
    """Whether the act, over a connection that ends after so many steps, did not come to its end before."""
    with Doomed.connect(dsn, autocommit=True, row_factory=dict_row, cursor_factory=Counting) as doomed:
        doomed.left = steps
        try:
            act(doomed)
        except AdminShutdown:
            return True
        return False
