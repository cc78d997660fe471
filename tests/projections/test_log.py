"""The log that views read, in memory and in the store: one contract (style 29)."""

from uuid import UUID

import pytest

from application.ports import Changes
from domain.credentials import account_stream
from domain.fact import Fact
from infra.event_store import EventStore
from tests.support.accounts import NINE, TARO, fact
from tests.support.log import MemoryLog

STREAM = account_stream(TARO)


class StoredLog:
    """The store, written as the memory's log is."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.entries, self.head = store.entries, store.head

    def append(self, stream: UUID, facts: list[Fact]) -> None:
        self._store.save(Changes(stream, len(self._store.load(stream)), facts))


@pytest.fixture(params=["memory", "stored"])
def log(request: pytest.FixtureRequest) -> MemoryLog | StoredLog:
    return MemoryLog() if request.param == "memory" else StoredLog(request.getfixturevalue("store"))


def test_an_empty_log_has_its_head_at_zero(log: MemoryLog | StoredLog) -> None:
    assert (log.head(), log.entries(0, 10)) == (0, [])


def test_entries_come_in_order_behind_a_position_and_no_more_than_the_limit(log: MemoryLog | StoredLog) -> None:
    log.append(STREAM, [fact("LoggedOut", NINE)])
    log.append(STREAM, [fact("AccountBlocked", NINE), fact("AccountReleased", NINE, was="blocked")])

    first, second = log.entries(0, 2)
    (third,) = log.entries(second.position, 2)

    assert [type(each.fact).__name__ for each in (first, second, third)] == [
        "LoggedOut",
        "AccountBlocked",
        "AccountReleased",
    ]
    assert [each.version for each in (first, second, third)] == [1, 2, 3]
    assert first.stream == second.stream == third.stream == STREAM
    assert 0 < first.position < second.position < third.position == log.head()
    assert log.entries(third.position, 2) == []
