"""Facts are stored for ever: their topics, fields and bytes are held here (style 11, 13; R2.3, R10.6).

`docs/facts.json` is what the code promises, `stored_facts.json` beside this file one row of each topic as stored.
Neither is generated again when the code changes: they are what a change is measured by.
"""

import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest
from msgspec import StructMeta

from domain.fact import COMMAND_LINE, WORKER, Fact, Instant
from infra.event_store import FactMapper
from tests.support.accounts import NINE, domain_facts, domain_files, fact

LISTED = Path(__file__).parents[2] / "docs" / "facts.json"
STORED = Path(__file__).with_name("stored_facts.json")

HOW_TO_CHANGE = (
    "Stored facts never change. A new fact: add it to docs/facts.json and a row to tests/domain/stored_facts.json."
    " Another shape of an old one: give it a new topic (`….2`) with an upcast from the old fields, and leave the old"
    " row where it is. One more value of a Literal: add it to docs/facts.json, and take none away."
)


def type_name(kind: Any) -> str:
    """`int | None`, `Literal[on, off]`, `dict[str, str]`, `datetime`: as docs/facts.json writes a field's type."""
    if kind == Instant:
        return "datetime"
    if get_origin(kind) is Literal:
        return f"Literal[{', '.join(get_args(kind))}]"
    if get_origin(kind) is dict:
        return f"dict[{', '.join(type_name(part) for part in get_args(kind))}]"
    if get_args(kind):
        return " | ".join(type_name(part) for part in get_args(kind))
    return "None" if kind is type(None) else str(kind.__name__)


def fields_of(kind: type[Fact]) -> dict[str, str]:
    return {
        field.name: type_name(field.type) + ("" if field.required else f" = {field.default}")
        for field in msgspec.structs.fields(kind)
    }


def test_every_instant_of_a_fact_has_its_offset() -> None:
    plain = [
        f"{kind.TOPIC} {field.name}"
        for kind in domain_facts()
        for field in msgspec.structs.fields(kind)
        if field.type != Instant and datetime in (field.type, *get_args(field.type))
    ]

    assert plain == []


def stored_rows() -> dict[str, bytes]:
    """Topic to bytes: each row's JSON exactly as it stands in the file."""
    rows = msgspec.json.decode(STORED.read_bytes(), type=dict[str, msgspec.Raw])
    return {topic: bytes(row) for topic, row in rows.items()}


def test_the_documented_facts_are_those_of_the_code() -> None:
    listed = msgspec.json.decode(LISTED.read_bytes(), type=dict[str, dict[str, str]])

    assert {kind.TOPIC: fields_of(kind) for kind in domain_facts()} == listed, HOW_TO_CHANGE


def test_every_topic_has_a_row_as_it_was_stored() -> None:
    assert {kind.TOPIC for kind in domain_facts()} <= set(stored_rows()), HOW_TO_CHANGE


def test_no_row_that_was_stored_has_lost_its_fact() -> None:
    """Also one whose topic has a later version is read, by an upcast."""
    assert set(stored_rows()) <= set(FactMapper.decoders), HOW_TO_CHANGE


@pytest.mark.parametrize("kind", domain_facts(), ids=lambda kind: kind.TOPIC)
def test_a_stored_row_is_read_and_written_again_to_the_same_bytes(kind: type[Fact]) -> None:
    row = stored_rows()[kind.TOPIC]

    read = msgspec.json.decode(row, type=kind)

    assert msgspec.json.encode(read) == row, HOW_TO_CHANGE


def test_a_topic_is_its_room_what_happened_and_a_version() -> None:
    malformed = [
        kind.TOPIC
        for kind in domain_facts()
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.[1-9][0-9]*", kind.TOPIC)
        or kind.TOPIC.split(".")[0] != kind.__module__.removeprefix("domain.").removesuffix("_facts").replace("_", "-")
    ]

    assert malformed == []


def test_no_two_facts_share_a_topic_or_a_name() -> None:
    topics = Counter(kind.TOPIC for kind in domain_facts())
    names = Counter(kind.__name__ for kind in domain_facts())

    assert {topic for topic, times in topics.items() if times > 1} == set()
    assert {name for name, times in names.items() if times > 1} == set()


def test_every_fact_is_given_its_instant_and_its_actor() -> None:
    for kind in domain_facts():
        required = {field.name for field in msgspec.structs.fields(kind) if field.required}
        assert {"at", "by"} <= required, kind.TOPIC


def test_no_fact_has_a_field_for_a_secret_or_a_persons_data() -> None:
    forbidden = {"password", "verifier", "key", "p12", "email", "mail", "address", "client", "person_name"}

    assert {(kind.TOPIC, name) for kind in domain_facts() for name in fields_of(kind) if name in forbidden} == set()


def test_only_an_organization_has_its_own_name_in_a_fact() -> None:
    named = [kind.TOPIC for kind in domain_facts() if "name" in fields_of(kind)]

    assert named == ["organization.registered.1"]


def test_a_fact_does_not_change() -> None:
    locked = fact("AccountBlocked", NINE)

    with pytest.raises(AttributeError):
        locked.by = "jiro02"  # type: ignore[misc]  # what the test is about


def test_every_fact_and_every_state_is_frozen() -> None:
    structs = [kind for file in domain_files() for kind in vars(file).values() if isinstance(kind, StructMeta)]

    assert len(structs) > len(domain_facts())
    assert [kind.__name__ for kind in structs if kind is not msgspec.Struct and not kind.__struct_config__.frozen] == []


def test_an_instant_is_stored_in_utc() -> None:
    assert msgspec.json.encode(fact("AccountBlocked", NINE)) == b'{"at":"2026-11-23T00:00:00Z","by":"taro01"}'


def test_the_command_line_and_the_worker_are_actors_that_no_user_id_can_be() -> None:
    assert (COMMAND_LINE, WORKER) == ("command-line", "worker")
    assert not re.fullmatch(r"[A-Za-z0-9]{6,12}", COMMAND_LINE)
    assert not re.search(r"[0-9]", WORKER)
