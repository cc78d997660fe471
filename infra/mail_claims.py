"""Which worker is at which mail, in PostgreSQL (R8.3). Any number of workers on any number of machines may ask at once.

A claim is a row put off into the future: by then it has ended, or its worker has died and another takes it. The times
are the workers' own; the database's clock decides nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from application.mail_ports import Claim
from application.ports import Row
from infra.postgres import Database, statement
from projections.answers import WaitingMail

LEASE = timedelta(minutes=5)  # longer than a conversation with a mail server may last (infra/mailer)
PAGE = 500  # mails taken in by one question
AGAIN_FROM_THE_START = timedelta(minutes=15)

TAKE_IN = """
    insert into mail_claims (notification, due_at)
    select notification, due_at from unnest(%s::uuid[], %s::timestamptz[]) as waiting (notification, due_at)
    on conflict (notification) do nothing"""
CLAIM = """
    update mail_claims set attempts = attempts + 1, due_at = %s
    where notification = (
        select notification from mail_claims where due_at <= %s order by due_at limit 1 for update skip locked
    )
    returning notification, attempts"""

Waiting = Callable[[int, int], Sequence[WaitingMail]]


class MailClaims:
    """`waiting` gives the mails that the view says wait, behind a position of the log and at most so many, in order.

    A view that is behind may bring back the row of a mail that has ended: who claims it next finds that out.
    """

    def __init__(self, database: Database, waiting: Waiting) -> None:
        self._database = database
        self._waiting = waiting
        self._taken_in = 0  # all up to that position
        self._began: datetime | None = None

    def next(self, now: datetime) -> Claim | None:
        self._take_in(now)
        found = self._database.execute(CLAIM, now + LEASE, now)
        return Claim(**found[0]) if found else None

    def _take_in(self, now: datetime) -> None:
        # Now and then everything: a table restored from a backup has forgotten what this process took in before.
        if self._began is None or now >= self._began + AGAIN_FROM_THE_START:
            self._taken_in, self._began = 0, now
        while page := self._waiting(self._taken_in, PAGE):
            self._database.execute(TAKE_IN, [mail.notification for mail in page], [mail.requested_at for mail in page])
            self._taken_in = page[-1].position

    def done(self, notification: UUID) -> Row:
        return statement("delete from mail_claims where notification = %s", notification)

    def again_at(self, claim: Claim, at: datetime) -> None:
        self._database.execute(
            "update mail_claims set due_at = %s, attempts = %s where notification = %s",
            at,
            claim.attempts,
            claim.notification,
        )
