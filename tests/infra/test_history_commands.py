"""`shomei audit history` (screens.md, "Command line"; R10.1, R10.5)."""

import pytest

from domain.reading import HistoryRead
from infra import history_commands
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.command_line import CommandLine
from tests.support.database import Dsn
from tests.support.house import NINE, TARO, House


@pytest.fixture
def told(house: House, dsn: Dsn, shomei: CommandLine) -> CommandLine:
    """taro0001 was registered at nine, and failed twice."""
    house.organization()
    house.user()
    house.fail(2)
    with connect(dsn.process, "test") as connection:
        for view in CurrentViews(house.database).all:
            catch_up(connection, view, house.store)
    return shomei


def readings(house: House) -> list[HistoryRead]:
    return [fact for fact in house.every_fact() if isinstance(fact, HistoryRead)]


def test_each_fact_is_a_line_with_both_times_actor_and_subject(told: CommandLine) -> None:
    result = told.run("audit", "history", "--kind", "PasswordFailed")

    first, _ = result.stdout.splitlines()
    assert result.exit_code == 0
    assert first.endswith(
        f"2026-11-24 09:00:00  2026-11-24T00:00:00Z  PasswordFailed  by {TARO}  on {TARO}  " + '{"entry": "issuance"}'
    )


def test_the_oldest_come_first_unless_told_otherwise(told: CommandLine) -> None:
    oldest = [event["position"] for event in told.json("audit", "history")["events"]]
    newest = [event["position"] for event in told.json("audit", "history", "--newest-first")["events"]]

    assert oldest == sorted(oldest)
    assert newest == oldest[::-1]


def test_filters_are_those_of_the_browser_and_are_recorded(told: CommandLine, house: House) -> None:
    words = ("--from", "2026-11-24", "--to", "2026-11-25", "--as-of", "2026-11-24T09:00")

    found = told.json("audit", "history", "--subject", TARO, "--actor", TARO, *words)["events"]

    assert {event["actor"] for event in found} == {TARO}
    day = {"from": "2026-11-23T15:00:00+00:00", "to": "2026-11-24T15:00:00+00:00"}
    asked = {**day, "actor": TARO, "subject": TARO}
    assert readings(house) == [
        HistoryRead(at=house.clock(), by="command-line", what="audit history", asked=asked, as_of=NINE)
    ]


def test_long_histories_come_page_by_page(told: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = told.run("audit", "history").stdout
    monkeypatch.setattr(history_commands, "PAGE", 2)

    assert told.run("audit", "history").stdout == whole


def test_where_nothing_matches_nothing_is_printed(told: CommandLine) -> None:
    assert told.run("audit", "history", "--subject", "nobody00").stdout == ""
    assert told.json("audit", "history", "--subject", "nobody00") == {"events": []}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--from", "yesterday"), "from is not well-formed"),
        (("--kind", "Nothing"), "kind is not well-formed"),
        (("--subject", "taro@example.com"), "subject is not well-formed"),
    ],
)
def test_what_cannot_be_meant_is_said_and_not_recorded(
    told: CommandLine, house: House, words: tuple[str, str], sentence: str
) -> None:
    assert told.refusal("audit", "history", *words) == sentence
    assert readings(house) == []


def test_a_fact_that_was_changed_says_so(told: CommandLine, owner: object) -> None:
    change = "update stored_events set state = state || ' ' where topic = 'user-account.password-failed.1'"
    owner.execute(change)  # type: ignore[attr-defined]

    lines = told.run("audit", "history", "--kind", "PasswordFailed").stdout.splitlines()

    assert [line.rpartition("  ")[2] for line in lines] == ["GONE OR CHANGED"] * 2
