"""tests/support/counted_tries.py where a try waits for its turn until it gets it, however slow the machine is."""

import runpy
from contextlib import suppress
from uuid import UUID

from application.ports import Busy
from infra import postgres
from infra.pool import Connection
from infra.postgres import DatabaseTurns

PROGRAM = "tests.support.unhurried_tries"
QUEUE_SECONDS = 600  # longer than any test
LOCK_WAIT = "1s"  # again and again: below what the server gives to one statement

take = DatabaseTurns._take


def take_in_the_end(self: DatabaseTurns, connection: Connection, account: UUID, wait: str) -> None:
    while True:
        with suppress(Busy):
            return take(self, connection, account, LOCK_WAIT)
        connection.rollback()


if __name__ == "__main__":
    vars(postgres).update(WAIT_FOR_TURN=QUEUE_SECONDS)
    DatabaseTurns._take = take_in_the_end  # type: ignore[method-assign]  # the process is the test's
    runpy.run_module("tests.support.counted_tries", run_name="__main__")
