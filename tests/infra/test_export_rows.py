"""Facts as lines of JSON and rows of CSV: readable, no formulas, and the stored octets again (R10.5)."""

import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reading import Form
from infra.export_rows import COLUMNS, HEADINGS, ExportedFact, NotAFact, exported, read, write
from infra.log_snapshot import Stored
from web.csv import FORMULA

FORMS: list[Form] = ["jsonl", "csv"]
STREAM = bytes(range(16))
STATE = b'{"lock":1,"until":"2026-11-23T01:00:00Z","at":"2026-11-23T00:00:00Z","by":"taro01"}'
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def locked(state: bytes = STATE, topic: str = "user-account.locked.1") -> Stored:
    return Stored(7, STREAM, 3, topic, state)


def lines_of(form: Form, *facts: ExportedFact) -> list[bytes]:
    return (HEADINGS[form] + write(form, facts)).splitlines(keepends=True)


def again(form: Form, *facts: Stored) -> list[Stored]:
    """Written and read."""
    written = HEADINGS[form] + write(form, [exported(leaf, fact, "ab" * 32) for leaf, fact in enumerate(facts)])
    lines = [line + b"\n" for line in written.split(b"\n")[:-1]]
    return [stored for _, stored in read(form, lines)]


def refused(form: Form, *lines: bytes) -> None:
    with pytest.raises(NotAFact):
        list(read(form, lines))


def test_a_fact_is_told_with_its_time_its_kind_and_who_did_it_first() -> None:
    told = exported(5, locked(), "ab" * 32)

    assert list(msgspec.structs.asdict(told).items()) == [
        ("at", "2026-11-23T00:00:00Z"),
        ("kind", "AccountLocked"),
        ("actor", "taro01"),
        ("leaf", 5),
        ("position", 7),
        ("stream", "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ("version", 3),
        ("topic", "user-account.locked.1"),
        ("state", STATE.decode()),
        ("hash", "ab" * 32),
    ]


@pytest.mark.parametrize("form", FORMS)
@given(state=TEXTS, topic=TEXTS)
def test_whatever_is_stored_comes_back_to_the_octet(form: Form, state: str, topic: str) -> None:
    fact = locked(state.encode(), topic)

    assert again(form, fact, locked()) == [fact, locked()]


@pytest.mark.parametrize("text", [*FORMULA, "'", "'=1", "''"])
def test_in_a_csv_no_cell_is_a_formula_and_what_was_stored_comes_back(text: str) -> None:
    fact = locked(f"{text}cmd".encode(), f"{text}topic")

    written = write("csv", [exported(0, fact, "ab" * 32)])

    cells = next(csv.reader(io.StringIO(written.decode(), newline="")))
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []
    assert again("csv", fact) == [fact]


def test_octets_that_are_no_text_are_written_as_what_they_are_not() -> None:
    fact = locked(b"{\xff}")

    assert exported(0, fact, "ab" * 32).state == "{\N{REPLACEMENT CHARACTER}}"
    assert again("jsonl", fact) != [fact]


@pytest.mark.parametrize("state", [b"", b"[]", b'{"at":1,"by":2}', b"{", b"\xff"])
def test_what_is_no_fact_has_no_time_and_no_actor(state: bytes) -> None:
    told = exported(0, locked(state), "ab" * 32)

    assert (told.at, told.actor) == ("", "")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-11-23T00:00:01Z"),
        ("kind", "AccountReleased"),
        ("actor", "jiro02"),
        ("stream", "00010203-0405-0607-0809-0A0B0C0D0E0F"),
        ("stream", "00010203-0405-0607-0809-0a0b0c0d0e0fff"),
        ("stream", "00010203-0405-0607-0809-0a0b0c0d0e"),
        ("stream", "nobody"),
        ("hash", "ab" * 31 + "ax"),
        ("hash", "ab" * 31),
        ("hash", "ab" * 33),
    ],
)
def test_what_is_for_readers_must_be_what_is_hashed_and_the_hash_be_one(form: Form, column: str, value: str) -> None:
    told = exported(0, locked(), "ab" * 32)

    refused(form, *lines_of(form, msgspec.structs.replace(told, **{column: value})))


def test_a_kind_that_this_version_does_not_know_may_have_any_name() -> None:
    told = exported(0, locked(topic="user-account.teleported.1"), "ab" * 32)
    named = msgspec.structs.replace(told, kind="AccountTeleported")

    assert [fact.kind for fact, _ in read("jsonl", lines_of("jsonl", named))] == ["AccountTeleported"]


def test_a_name_that_stands_twice_in_a_line_is_refused() -> None:
    (line,) = lines_of("jsonl", exported(0, locked(), "ab" * 32))

    refused("jsonl", line.replace(b'{"at"', b'{"actor":"jiro02","at"', 1))


@pytest.mark.parametrize(
    "line", [b"\n", b"{}\n", b"[]\n", b"\xff\n", b'{"at":"' + rb"\ud800" + b'"}\n'], ids=lambda line: line.hex()
)
def test_a_line_that_is_no_fact_is_refused(line: bytes) -> None:
    refused("jsonl", line)
    refused("csv", HEADINGS["csv"], line)


@pytest.mark.parametrize("form", FORMS)
def test_a_line_without_its_end_is_refused(form: Form) -> None:
    *before, last = lines_of(form, exported(0, locked(), "ab" * 32))

    refused(form, *before, last.removesuffix(b"\n"))


@pytest.mark.parametrize("cells", [len(COLUMNS) - 1, len(COLUMNS) + 1])
def test_a_row_of_fewer_or_more_cells_is_refused(cells: int) -> None:
    refused("csv", HEADINGS["csv"], b",".join([b"1"] * cells) + b"\r\n")


def test_a_csv_without_its_heading_is_refused() -> None:
    refused("csv", *lines_of("csv", exported(0, locked(), "ab" * 32))[1:])
    refused("csv")
