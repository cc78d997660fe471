"""How facts are stored: JSON under topics of our own, readable as long as there is a log (style 11, 13)."""

from pathlib import Path
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import JSONTranscoder, StoredEvent

from application.ports import Changes
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
