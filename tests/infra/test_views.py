"""The read models as pages and commands get them: waiting for one's own write, position and lag (screens.md)."""

import pytest

from application.ports import Changes, Unavailable
from domain.credentials import account_stream
from infra.event_store import EventStore
from infra.postgres import Database
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from projections.views import ViewStatus
from tests.support.accounts import NINE, TARO, registered
from tests.support.database import Dsn


@pytest.fixture
def views(database: Database, store: EventStore) -> CurrentViews:
    """One fact is stored, and no view has begun."""
    store.save(Changes(account_stream(TARO), 0, registered().facts))
    return CurrentViews(database)


def test_a_view_that_is_behind_is_waited_for_only_to_the_bound(
    views: CurrentViews, store: EventStore, dsn: Dsn
) -> None:
    lock_status, register = views.all
    with connect(dsn.process, "test") as connection:
        catch_up(connection, lock_status, store)

    assert views.wait_for(lock_status, store.head(), bound=0.004) is True
    assert views.wait_for(register, store.head(), bound=0.004) is False


def test_a_commands_page_waits_for_the_view_that_is_farthest_behind(
    views: CurrentViews, store: EventStore, dsn: Dsn
) -> None:
    lock_status, register = views.all
    with connect(dsn.process, "test") as connection:
        catch_up(connection, lock_status, store)
        with_one_behind = views.settle(store, bound=0.004)
        catch_up(connection, register, store)
        with_none_behind = views.settle(store, bound=0.004)

    assert with_one_behind is False
    assert with_none_behind is True


def test_status_tells_position_and_lag_of_each_view(views: CurrentViews, store: EventStore, dsn: Dsn) -> None:
    with connect(dsn.process, "test") as connection:
        catch_up(connection, views.all[0], store)

    found = views.status(store)

    head = store.head()
    assert found == [ViewStatus("lock_status", head, 0), ViewStatus("certificate_register", 0, head)]


def test_before_the_projector_has_begun_nothing_can_be_asked_and_nothing_is_waited_for(
    views: CurrentViews, store: EventStore
) -> None:
    for question in (lambda: views.status(store), lambda: views.lock_status(NINE), lambda: views.certificates(NINE)):
        with pytest.raises(Unavailable):
            question()

    assert views.settle(store, bound=60) is False
