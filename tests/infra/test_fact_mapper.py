"""How facts are stored: JSON under topics of our own, readable as long as there is a log (style 11, 13)."""

from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, cast
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import JSONTranscoder, StoredEvent
from psycopg import Connection
from psycopg.rows import TupleRow

from application.ports import Changes, Unreadable
from domain.fact import Fact
from infra.event_store import EventStore, FactMapper, Recorded
from infra.postgres import Database
from tests.support.accounts import NINE, domain_facts, fact

STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")
STORED = msgspec.json.decode(
    (Path(__file__).parents[1] / "domain" / "stored_facts.json").read_bytes(), type=dict[str, msgspec.Raw]
)


def test_topics_are_stored_and_never_module_paths(store: EventStore, database: Database) -> None:
    store.save(Changes(STREAM, 0, [fact("LoggedIn", NINE, serial="A1")]))

    (row,) = database.execute("select topic, state from stored_events")

    assert row["topic"] == "user-account.logged-in.1"
    assert msgspec.json.decode(row["state"]) == {"at": "2026-11-23T00:00:00Z", "by": "taro01", "serial": "A1"}


def test_every_kind_of_fact_has_its_decoder() -> None:
    assert {kind.TOPIC for kind in domain_facts()} <= set(FactMapper.decoders)


@pytest.mark.parametrize(
    ("topic", "state"),
    [pytest.param(topic, bytes(raw), id=topic) for topic, raw in STORED.items()],
)
def test_a_row_stored_long_ago_is_read_and_stored_again_as_it_was(topic: str, state: bytes) -> None:
    mapper = FactMapper(JSONTranscoder())

    read = cast("Recorded", mapper.to_domain_event(StoredEvent(STREAM, 3, topic, state)))
    again = mapper.to_stored_event(cast("Any", read))

    assert (read.originator_id, read.originator_version, read.fact.TOPIC) == (STREAM, 3, topic)
    assert isinstance(read.fact, Fact)
    assert msgspec.json.decode(again.state) == msgspec.json.decode(state)


# ---- a fact whose shape has changed


class DeskMoved(Fact, frozen=True):
    """Made up here: what was `place` in its first version is a floor and a room in the second."""

    TOPIC: ClassVar[str] = "desk.moved.2"
    floor: int
    room: int


class FirstDeskMoved(msgspec.Struct):
    """The fields that desk.moved.1 was stored with."""

    at: datetime
    by: str
    place: str


def upcast(state: bytes) -> Fact:
    old = msgspec.json.decode(state, type=FirstDeskMoved)
    floor, room = old.place.split("-")
    return DeskMoved(at=old.at, by=old.by, floor=int(floor), room=int(room))


def test_a_fact_stored_in_an_earlier_version_is_read_as_the_present_one(
    store: EventStore, owner: Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more decoder, under the old topic, is all that an upcast takes; what is stored stays as it is."""
    monkeypatch.setitem(FactMapper.decoders, "desk.moved.1", upcast)
    monkeypatch.setitem(FactMapper.decoders, DeskMoved.TOPIC, msgspec.json.Decoder(DeskMoved).decode)
    old = b'{"place":"3-12","at":"2026-11-23T00:00:00Z","by":"taro01"}'
    insert = "insert into stored_events (originator_id, originator_version, topic, state) values (%s, 1, %s, %s)"
    owner.execute(insert, [STREAM, "desk.moved.1", old])
    store.save(Changes(STREAM, 1, [DeskMoved(at=NINE, by="taro01", floor=4, room=1)]))

    loaded, told = store.load(STREAM), [entry.fact for entry in store.entries(0)]

    first, second = DeskMoved(at=NINE, by="taro01", floor=3, room=12), DeskMoved(at=NINE, by="taro01", floor=4, room=1)
    assert loaded == told == [first, second]
    stored = owner.execute("select topic, state from stored_events order by originator_version").fetchall()
    assert stored[0] == ("desk.moved.1", old)
    assert stored[1][0] == "desk.moved.2"


def test_a_topic_that_nobody_reads_any_more_is_no_silent_loss(store: EventStore, owner: Connection[TupleRow]) -> None:
    insert = "insert into stored_events (originator_id, originator_version, topic, state) values (%s, 1, %s, %s)"
    owner.execute(insert, [STREAM, "desk.moved.1", b"{}"])

    with pytest.raises(Unreadable):
        store.entries(0)
