"""Tree heads: when the next one is due, and the note that a fact tells (R10.4; c2sp.org/tlog-checkpoint)."""

from datetime import timedelta

import pytest

from domain.tree_head import TreeHead, TreeHeadSigned, head_stream, is_due
from tests.support.accounts import HOUR, MINUTE, NINE, SECOND


@pytest.mark.parametrize(
    ("has_news", "age", "due"),
    [
        (True, 5 * MINUTE - SECOND, False),
        (True, 5 * MINUTE, True),
        (False, 5 * MINUTE, False),
        (False, HOUR - SECOND, False),
        (False, HOUR, True),
    ],
)
def test_a_head_is_due_after_five_minutes_of_traffic_and_after_an_hour_else(
    has_news: bool, age: timedelta, due: bool
) -> None:
    assert is_due(NINE, has_news=has_news, now=NINE + age) is due


@pytest.mark.parametrize("has_news", [True, False])
def test_the_first_head_is_due_at_once(has_news: bool) -> None:
    assert is_due(None, has_news=has_news, now=NINE)


def test_each_size_has_a_stream_of_its_own() -> None:
    assert head_stream(1024) == head_stream(1024)
    assert head_stream(1024) != head_stream(1025)


def test_a_fact_tells_its_head_and_the_note_as_published() -> None:
    fact = TreeHeadSigned(
        at=NINE, by="worker", origin="a.example/log", size=3, root="00" * 32, key_id="0badc0de", signature="ff" * 64
    )

    assert fact.head == TreeHead(origin="a.example/log", size=3, root=bytes(32), at=NINE)
    assert fact.note.split("\n") == [
        "a.example/log",
        "3",
        "A" * 43 + "=",
        f"time {NINE:%Y-%m-%dT%H:%M:%S}Z",
        "",
        "\N{EM DASH} a.example/log C63A3v" + "/" * 84 + "8=",
        "",
    ]
