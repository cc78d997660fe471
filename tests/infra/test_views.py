"""The read models as pages and commands get them: waiting for one's own write, position and lag (screens.md)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
import pytest

from application.ports import Changes, Unavailable
from domain.certificate import Certificate, certificate_stream
from domain.credentials import account_stream
from domain.notification import Notification, notification_stream
from domain.validity import Validity
from infra.event_store import EventStore
from infra.pool import ANSWER_SECONDS, Connection
from infra.postgres import Database
from infra.views import CurrentViews
from projections.answers import ExpiringKey
from projections.runner import catch_up, connect
from projections.views import ViewStatus
from tests.support.accounts import NINE, TARO, certificate_after, registered
from tests.support.database import Dsn

BOUND = 0.05  # seconds


@pytest.fixture
def views(database: Database, store: EventStore) -> CurrentViews:
    """One fact is stored, and no view has begun."""
    store.save(Changes(account_stream(TARO), 0, registered().facts))
    return CurrentViews(database)


def test_a_commands_page_waits_for_the_view_that_is_farthest_behind_and_only_to_the_bound(
    views: CurrentViews, store: EventStore, dsn: Dsn
) -> None:
    *others, last = views.all
    with connect(dsn.process, "test") as connection:
        for view in others:
            catch_up(connection, view, store)
        with_one_behind = views.settle(BOUND)
        catch_up(connection, last, store)
        with_none_behind = views.settle(BOUND)

    assert with_one_behind is False
    assert with_none_behind is True


def test_the_wait_for_a_connection_is_part_of_the_wait_for_the_views(views: CurrentViews, database: Database) -> None:
    database.pool.timeout = 3600  # what a question would wait that asked for a connection like any other
    with ExitStack() as busy:
        for _ in range(database.pool_size):
            busy.enter_context(database.connection())

        assert views.settle(BOUND) is False


class Watched(Database):
    """Keeps how long each question would wait for a connection."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.patience: list[float] = []

    @contextmanager
    def connection(self, patience: float | None = None, answers_within: float = ANSWER_SECONDS) -> Iterator[Connection]:
        self.patience.append(self.pool.timeout if patience is None else patience)
        with super().connection(patience, answers_within) as connection:
            yield connection


def test_each_further_look_at_the_views_has_only_what_is_left_of_the_wait(
    views: CurrentViews, store: EventStore, dsn: Dsn
) -> None:
    with connect(dsn.process, "test") as connection:
        for view in views.all[1:]:
            catch_up(connection, view, store)

    with closing(Watched(dsn.process)) as watched:
        CurrentViews(watched).settle(BOUND)

    assert len(watched.patience) > 2
    assert watched.patience == sorted(watched.patience, reverse=True)
    assert watched.patience[0] == BOUND


def test_a_server_that_does_not_answer_is_not_waited_for_beyond_the_bound(
    views: CurrentViews, owner: psycopg.Connection[Any]
) -> None:
    with owner.transaction():
        owner.execute("lock table stored_events in access exclusive mode")

        assert views.settle(BOUND) is False


def test_status_tells_position_and_lag_of_each_view(views: CurrentViews, store: EventStore, dsn: Dsn) -> None:
    first, *others = views.all
    with connect(dsn.process, "test") as connection:
        catch_up(connection, first, store)

    found = views.status(store)

    head = store.head()
    assert found == [ViewStatus("lock_status", head, 0), *(ViewStatus(view.name, 0, head) for view in others)]


def test_a_question_is_handed_on_whole(views: CurrentViews, store: EventStore, dsn: Dsn) -> None:
    about = account_stream(TARO)
    for version in (1, 2, 3):
        mail = notification_stream("locked", about, version)
        store.save(Changes(mail, 0, Notification.request("locked", TARO, about, version, TARO, NINE)))
    certificate = certificate_stream(TARO, 1)
    issued = Certificate.plan(TARO, 1, "A1", b"", "", TARO, NINE)
    issued += certificate_after(issued).issue("A1", b"", "", Validity.from_issue(NINE), TARO, NINE)
    store.save(Changes(certificate, 0, issued))
    with connect(dsn.process, "test") as connection:
        for view in views.all:
            catch_up(connection, view, store)

    page = views.mails(state="waiting", user_id=TARO, limit=2)
    rest = views.mails(state="waiting", user_id=TARO, after=page.next, limit=2)
    ends = views.expiring_certificates(NINE, within=365)

    assert [row.notification for row in [*page.items, *rest.items]] == [
        notification_stream("locked", about, version) for version in (3, 2, 1)
    ]
    assert (views.mails(state="sent").items, views.mails(user_id="jiro02").items) == ([], [])
    assert views.mail_totals().waiting == 3
    assert [row.serial for row in ends.items] == ["A1"]
    assert views.expiring_certificates(NINE, within=364).items == []
    assert views.expiring_certificates(NINE, within=365, after=ExpiringKey(ends.items[0].not_after, "A1")).items == []


def test_before_the_projector_has_begun_nothing_can_be_asked_and_nothing_is_waited_for(
    views: CurrentViews, store: EventStore
) -> None:
    questions: list[Callable[[], object]] = [
        lambda: views.status(store),
        lambda: views.lock_status(NINE),
        lambda: views.certificates(NINE),
        lambda: views.expiring_certificates(NINE),
        lambda: views.expiry_mails(NINE, 1),
        lambda: views.run_out_locks(NINE, 1),
        lambda: views.waiting_mails(0, 1),
        views.mails,
        views.mail_totals,
    ]
    for question in questions:
        with pytest.raises(Unavailable):
            question()

    assert views.settle(60) is False
