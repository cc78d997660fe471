"""A query and an export are one fact each, recorded before anything is shown or leaves (R10.5)."""

import pytest

from application.ports import Changes
from application.readings import Readings
from domain.fact import COMMAND_LINE
from domain.reading import reading_stream
from infra.event_store import EventStore
from tests.support.accounts import DAY, HOUR, NINE, fact
from tests.support.fakes import Between, WatchedStore

AUDITOR = "kansa01"
ASKED = {"kind": "AccountLocked", "from": "2026-11-01"}


@pytest.fixture
def readings(store: EventStore) -> Readings:
    return Readings(store)


def test_a_question_is_recorded_with_its_filters_and_the_moment_asked_for(
    readings: Readings, store: EventStore
) -> None:
    readings.read(AUDITOR, "/audit/events", ASKED, NINE - DAY, NINE)

    asked = fact("HistoryRead", NINE, by=AUDITOR, what="/audit/events", asked=ASKED, as_of=NINE - DAY)
    assert store.load(reading_stream(AUDITOR, NINE)) == [asked]


def test_an_export_is_recorded_with_its_leaves_and_the_head_that_vouches(readings: Readings, store: EventStore) -> None:
    readings.exported(COMMAND_LINE, "csv", 10, 20, 30, NINE)

    taken = fact("HistoryExported", NINE, by=COMMAND_LINE, form="csv", first=10, end=20, head=30)
    assert store.load(reading_stream(COMMAND_LINE, NINE)) == [taken]


def test_readings_of_one_day_stand_one_behind_the_other(readings: Readings, store: EventStore) -> None:
    readings.read(AUDITOR, "/audit/events", {}, None, NINE)
    readings.exported(AUDITOR, "jsonl", 0, 1, 1, NINE + HOUR)

    assert [each.at for each in store.load(reading_stream(AUDITOR, NINE))] == [NINE, NINE + HOUR]


def test_two_readings_at_once_both_stand(store: EventStore) -> None:
    stream = reading_stream(AUDITOR, NINE)
    other = fact("HistoryRead", NINE, by=AUDITOR, what="/audit/proofs", asked={})

    between = Between()
    between.at("save HistoryRead", lambda: store.save(Changes(stream, 0, [other])))

    Readings(WatchedStore(store, between)).read(AUDITOR, "/audit/events", {}, None, NINE)

    assert [getattr(each, "what", None) for each in store.load(stream)] == ["/audit/proofs", "/audit/events"]
