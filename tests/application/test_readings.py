"""A query and an export are one fact each, recorded before anything is shown or leaves (R10.5)."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from application.readings import Readings
from domain.fact import COMMAND_LINE
from infra.event_store import EventStore
from tests.support.accounts import DAY, NINE, fact
from tests.support.fakes import Between, WatchedStore

AUDITOR = "kansa01"
ASKED = {"kind": "AccountLocked", "from": "2026-11-01"}


@pytest.fixture
def streams() -> list[UUID]:
    """Those that were given out."""
    return []


@pytest.fixture
def new_stream(streams: list[UUID]) -> Callable[[], UUID]:
    def drawn() -> UUID:
        streams.append(uuid4())
        return streams[-1]

    return drawn


def test_a_question_is_recorded_with_its_filters_and_the_moment_asked_for(
    store: EventStore, new_stream: Callable[[], UUID], streams: list[UUID]
) -> None:
    Readings(store, new_stream).read(AUDITOR, "/audit/events", ASKED, NINE - DAY, NINE)

    asked = fact("HistoryRead", NINE, by=AUDITOR, what="/audit/events", asked=ASKED, as_of=NINE - DAY)
    assert [store.load(stream) for stream in streams] == [[asked]]
    assert [entry.version for entry in store.entries(0)] == [1]


def test_an_export_is_recorded_with_its_leaves_and_the_head_that_vouches(
    store: EventStore, new_stream: Callable[[], UUID], streams: list[UUID]
) -> None:
    Readings(store, new_stream).exported(COMMAND_LINE, "csv", 10, 20, 30, NINE)

    taken = fact("HistoryExported", NINE, by=COMMAND_LINE, form="csv", first=10, end=20, head=30)
    assert [store.load(stream) for stream in streams] == [[taken]]


def test_two_readings_at_once_both_stand_and_neither_looks_at_an_earlier_one(
    store: EventStore, new_stream: Callable[[], UUID], streams: list[UUID]
) -> None:
    between = Between()
    between.fails_at("load", AssertionError("nothing is decided on earlier ones"))
    readings = Readings(WatchedStore(store, between), new_stream)
    between.at("save HistoryRead", lambda: readings.read(AUDITOR, "/audit/proofs", {}, None, NINE))

    readings.read(AUDITOR, "/audit/events", {}, None, NINE)

    assert [[getattr(each, "what", None) for each in store.load(stream)] for stream in streams] == [
        ["/audit/events"],
        ["/audit/proofs"],
    ]
