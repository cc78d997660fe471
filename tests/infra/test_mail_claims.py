"""A mail is in one worker's hands at a time, and in nobody's for ever (R8.3)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import TupleRow

from application.mail_ports import Claim, Claims
from application.ports import Changes, Row
from domain.credentials import account_stream
from domain.notification import Notification, notification_stream
from infra.event_store import EventStore
from infra.mail_claims import AGAIN_FROM_THE_START, LEASE, PAGE, MailClaims
from infra.postgres import Database
from infra.views import CurrentViews
from projections.answers import WaitingMail
from projections.runner import catch_up, connect
from tests.support.accounts import HOUR, MILLISECOND, MINUTE, NINE, TARO
from tests.support.crowd import refusals, together
from tests.support.database import Dsn
from tests.support.mails import MemoryClaims
from tests.support.rows import write

MAIL, OTHER, THIRD = UUID(int=7), UUID(int=1), UUID(int=5)


class StoredClaims:
    """The table, with an outbox in memory before it, told as MemoryClaims is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.outbox: list[WaitingMail] = []
        self.asked_behind: list[int] = []
        self.claims: Claims = self.another_process()
        self.next, self.again_at = self.claims.next, self.claims.again_at

    def another_process(self) -> MailClaims:
        return MailClaims(self._database, self._waiting)

    def wait(self, notification: UUID, since: datetime) -> None:
        self.outbox.append(WaitingMail(len(self.outbox) + 1, notification, since))

    def done(self, notification: UUID) -> Row:
        self.outbox = [mail for mail in self.outbox if mail.notification != notification]
        return self.claims.done(notification)

    def _waiting(self, after: int, limit: int) -> list[WaitingMail]:
        self.asked_behind.append(after)
        return [mail for mail in self.outbox if mail.position > after][:limit]


@pytest.fixture
def stored(database: Database) -> StoredClaims:
    return StoredClaims(database)


@pytest.fixture(params=["memory", "stored"])
def claims(request: pytest.FixtureRequest) -> MemoryClaims | StoredClaims:
    return MemoryClaims() if request.param == "memory" else request.getfixturevalue("stored")


# ---- the contract


def test_nothing_waits_and_nothing_is_claimed(claims: MemoryClaims | StoredClaims) -> None:
    assert claims.next(NINE) is None


def test_a_mail_is_claimed_by_the_first_who_asks_and_by_nobody_else(claims: MemoryClaims | StoredClaims) -> None:
    claims.wait(MAIL, NINE)

    assert claims.next(NINE) == Claim(MAIL, attempts=1)
    assert claims.next(NINE) is None


def test_a_mail_is_not_claimed_before_it_is_due(claims: MemoryClaims | StoredClaims) -> None:
    claims.wait(MAIL, NINE)

    assert claims.next(NINE - MILLISECOND) is None
    assert claims.next(NINE) == Claim(MAIL, attempts=1)


def test_the_mail_that_is_due_longest_comes_first(claims: MemoryClaims | StoredClaims) -> None:
    claims.wait(MAIL, NINE)
    claims.wait(OTHER, NINE - HOUR)
    claims.wait(THIRD, NINE - MINUTE)

    found = [claims.next(NINE) for _ in range(4)]

    assert [claim and claim.notification for claim in found] == [OTHER, THIRD, MAIL, None]


def test_a_claim_lapses_after_its_lease_and_that_attempt_has_counted(claims: MemoryClaims | StoredClaims) -> None:
    claims.wait(MAIL, NINE)
    claims.next(NINE)

    assert claims.next(NINE + LEASE - MILLISECOND) is None
    assert claims.next(NINE + LEASE) == Claim(MAIL, attempts=2)


def test_a_mail_put_off_is_claimed_again_from_then_on_and_counted_on(claims: MemoryClaims | StoredClaims) -> None:
    claims.wait(MAIL, NINE)
    claim = claims.next(NINE)
    assert claim is not None

    claims.again_at(claim, NINE + MINUTE)

    assert claims.next(NINE + MINUTE - MILLISECOND) is None
    assert claims.next(NINE + MINUTE) == Claim(MAIL, attempts=2)


def test_an_attempt_that_was_none_is_not_counted(claims: MemoryClaims | StoredClaims) -> None:
    claims.wait(MAIL, NINE)
    claims.next(NINE)

    claims.again_at(Claim(MAIL, attempts=0), NINE + HOUR)  # it waits for the morning

    assert claims.next(NINE + HOUR) == Claim(MAIL, attempts=1)


def test_what_is_done_is_never_claimed_again(database: Database, claims: MemoryClaims | StoredClaims) -> None:
    claims.wait(MAIL, NINE)
    claims.wait(OTHER, NINE)
    first = claims.next(NINE)
    assert first is not None

    write(database, claims.done(first.notification))

    assert claims.next(NINE + HOUR) == Claim(OTHER if first.notification == MAIL else MAIL, attempts=1)
    assert claims.next(NINE + HOUR) is None


def test_what_is_done_already_cannot_be_put_off(database: Database, claims: MemoryClaims | StoredClaims) -> None:
    claims.wait(MAIL, NINE)
    claim = claims.next(NINE)
    assert claim is not None
    write(database, claims.done(MAIL))

    claims.again_at(claim, NINE + MINUTE)

    assert claims.next(NINE + HOUR) is None


# ---- the table


def test_another_process_sees_the_claim_and_changes_nothing_in_it(stored: StoredClaims) -> None:
    stored.wait(MAIL, NINE)
    stored.next(NINE)

    assert stored.another_process().next(NINE) is None
    assert stored.another_process().next(NINE + LEASE) == Claim(MAIL, attempts=2)


def test_what_was_taken_in_is_not_asked_for_again(stored: StoredClaims) -> None:
    stored.wait(MAIL, NINE)
    stored.next(NINE)
    stored.asked_behind.clear()
    stored.wait(OTHER, NINE)

    assert stored.next(NINE) == Claim(OTHER, attempts=1)
    assert stored.asked_behind == [1, 2]


def test_more_than_a_page_is_taken_in_whole(database: Database, stored: StoredClaims) -> None:
    for number in range(PAGE + 1):
        stored.wait(UUID(int=number), NINE)

    stored.next(NINE)

    assert database.execute("select count(*) as all from mail_claims") == [{"all": PAGE + 1}]
    assert stored.asked_behind == [0, PAGE, PAGE + 1]


@pytest.mark.parametrize(("later", "found"), [(AGAIN_FROM_THE_START - MILLISECOND, 0), (AGAIN_FROM_THE_START, 1)])
def test_a_table_that_has_forgotten_its_rows_gets_them_back_in_time(
    database: Database, stored: StoredClaims, later: timedelta, found: int
) -> None:
    stored.wait(MAIL, NINE)
    stored.next(NINE)
    database.execute("delete from mail_claims")  # restored from a backup, say

    claim = stored.next(NINE + later)

    assert [claim] == [Claim(MAIL, attempts=1)] * found + [None] * (1 - found)


def test_a_claim_whose_end_was_rolled_back_still_stands(database: Database, stored: StoredClaims) -> None:
    stored.wait(MAIL, NINE)
    stored.next(NINE)

    def fail(cursor: object) -> None:
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        write(database, stored.done(MAIL), fail)

    assert stored.next(NINE + LEASE) == Claim(MAIL, attempts=2)


def test_a_mail_that_another_is_just_about_to_claim_is_neither_waited_for_nor_claimed_too(
    stored: StoredClaims, owner: psycopg.Connection[TupleRow]
) -> None:
    stored.wait(MAIL, NINE)
    stored.wait(OTHER, NINE + MINUTE)
    stored.next(NINE - MINUTE)

    with owner.transaction():
        owner.execute("select from mail_claims where notification = %s for update", [MAIL])
        found = [stored.next(NINE + MINUTE), stored.next(NINE + MINUTE)]

    assert found == [Claim(OTHER, attempts=1), None]
    assert stored.next(NINE + MINUTE) == Claim(MAIL, attempts=1)


def test_eight_workers_at_once_claim_each_mail_exactly_once(workers: list[StoredClaims]) -> None:
    mails = [UUID(int=number) for number in range(100)]
    for worker in workers:
        for mail in mails:
            worker.wait(mail, NINE)

    def claim_all(worker: StoredClaims) -> list[Claim]:
        return list(iter(partial(worker.next, NINE), None))

    outcomes = together([partial(claim_all, worker) for worker in workers])

    assert refusals(outcomes) == []
    claimed = [claim for found in outcomes if isinstance(found, list) for claim in found]
    assert sorted(claim.notification for claim in claimed) == mails
    assert {claim.attempts for claim in claimed} == {1}


@pytest.fixture
def workers(dsn: Dsn) -> Iterator[list[StoredClaims]]:
    """Eight processes as it were: each has a database pool and an outbox of its own."""
    databases = [Database(dsn.process, pool_size=1) for _ in range(8)]
    try:
        yield [StoredClaims(each) for each in databases]
    finally:
        for each in databases:
            each.close()


# ---- behind the real view


def test_a_mail_that_was_asked_for_is_claimed_as_soon_as_the_view_knows_it(
    database: Database, store: EventStore, dsn: Dsn
) -> None:
    views = CurrentViews(database)
    claims, about = MailClaims(database, views.waiting_mails), account_stream(TARO)
    mail = notification_stream("locked", about, 7)
    store.save(Changes(mail, 0, Notification.request("locked", TARO, about, 7, TARO, NINE)))
    with connect(dsn.process, "test") as connection:
        for view in views.all:
            catch_up(connection, view, store)

    claim = claims.next(NINE)

    assert claim == Claim(mail, attempts=1)
