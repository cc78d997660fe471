"""What is due because time has passed, as the worker asks for it (R3.7, R8.2)."""

from datetime import datetime

import pytest

from application.mail_ports import DueByTime
from application.ports import Changes
from domain.certificate import Certificate, certificate_stream
from domain.credentials import account_stream
from domain.validity import Validity
from infra.event_store import EventStore
from infra.postgres import Database
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.accounts import DAY, HOUR, MILLISECOND, NINE, SECOND, certificate_after, fail_password, registered
from tests.support.database import Dsn
from tests.support.mails import MemoryDue

WINDOW = Validity.from_issue(NINE).not_after + SECOND - 31 * DAY  # when mails about what was issued at NINE begin


class StoredDue:
    """The read models, told by facts what MemoryDue is told in words."""

    def __init__(self, database: Database, store: EventStore, dsn: Dsn) -> None:
        self._store, self._dsn = store, dsn
        self._views = CurrentViews(database)

    def certificate(self, user_id: str, issued_at: datetime) -> None:
        facts = Certificate.plan(user_id, 1, user_id.encode().hex().upper(), b"", "", user_id, issued_at)
        state = certificate_after(facts)
        facts += state.issue(state.plans[0], b"", "", Validity.from_issue(issued_at), user_id, issued_at)
        self._store.save(Changes(certificate_stream(user_id, 1), 0, facts))

    def locked(self, user_id: str, at: datetime) -> None:
        account = registered(user_id)
        fail_password(account, times=6, at=at)
        self._store.save(Changes(account_stream(user_id), 0, account.facts))

    def told(self) -> DueByTime:
        with connect(self._dsn.process, "test") as connection:
            for view in self._views.all:
                catch_up(connection, view, self._store)
        return self._views


class InMemory:
    def __init__(self) -> None:
        self.due = MemoryDue()

    def certificate(self, user_id: str, issued_at: datetime) -> None:
        self.due.certificates[certificate_stream(user_id, 1)] = WINDOW + (issued_at - NINE)

    def locked(self, user_id: str, at: datetime) -> None:
        self.due.locks[user_id] = at + HOUR

    def told(self) -> DueByTime:
        return self.due


@pytest.fixture(params=["memory", "stored"])
def world(request: pytest.FixtureRequest) -> InMemory | StoredDue:
    if request.param == "memory":
        return InMemory()
    return StoredDue(*(request.getfixturevalue(name) for name in ("database", "store", "dsn")))


def test_nothing_is_due_where_nothing_has_happened(world: InMemory | StoredDue) -> None:
    due = world.told()

    assert (due.expiry_mails(NINE, 10), due.run_out_locks(NINE, 10)) == ([], [])


def test_a_mail_is_due_from_its_first_moment_on(world: InMemory | StoredDue) -> None:
    world.certificate("taro01", NINE)
    due = world.told()

    assert due.expiry_mails(WINDOW - MILLISECOND, 10) == []
    assert due.expiry_mails(WINDOW, 10) == [certificate_stream("taro01", 1)]
    assert due.expiry_mails(WINDOW + 400 * DAY, 10) == [certificate_stream("taro01", 1)]


def test_a_locks_end_is_due_from_that_moment_on(world: InMemory | StoredDue) -> None:
    world.locked("taro01", NINE)
    due = world.told()

    assert due.run_out_locks(NINE + HOUR - MILLISECOND, 10) == []
    assert due.run_out_locks(NINE + HOUR, 10) == ["taro01"]


def test_the_oldest_comes_first_and_no_more_than_were_asked_for(world: InMemory | StoredDue) -> None:
    for days, user_id in enumerate(("jiro02", "taro01", "saburo3")):
        world.certificate(user_id, NINE - days * DAY)
        world.locked(user_id, NINE - days * DAY)
    due = world.told()

    assert due.expiry_mails(WINDOW, 2) == [certificate_stream("saburo3", 1), certificate_stream("taro01", 1)]
    assert due.run_out_locks(NINE + HOUR, 2) == ["saburo3", "taro01"]
    assert len(due.expiry_mails(WINDOW, 4)) == len(due.run_out_locks(NINE + HOUR, 4)) == 3
