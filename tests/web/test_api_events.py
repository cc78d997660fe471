"""`/api/v1/events`: every fact, for auditors alone, and each question is a fact itself (R10.1, R10.5)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from domain.credentials import account_stream
from domain.reading import HistoryRead
from infra.postgres import Database
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.accounts import HOUR, NINE
from tests.support.api import Door, Notes, api_of
from tests.support.clock import MovableClock
from tests.support.database import Dsn
from tests.support.house import TARO, House

EVENTS = "/api/v1/events"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def api(house: House, dsn: Dsn, database: Database, door: Door, notes: Notes) -> Iterator[TestClient]:
    """taro0001 was registered at nine, and failed at ten."""
    house.organization()
    house.user()
    house.clock.set(NINE + HOUR)
    house.fail(1)
    views = CurrentViews(database)
    with connect(dsn.process, "test") as connection:
        for view in views.all:
            catch_up(connection, view, house.store)
    with api_of(views, door, MovableClock(NINE + 2 * HOUR), notes=notes) as client:
        yield client


def kinds(api: TestClient, **asked: str) -> list[str]:
    answer = api.get(EVENTS, params=asked)
    assert answer.status_code == 200
    return [item["kind"] for item in answer.json()["items"]]


def test_a_fact_has_the_contracts_fields(api: TestClient) -> None:
    (item,) = api.get(EVENTS, params={"kind": "PasswordFailed"}).json()["items"]

    assert {"position", "at", "kind", "stream", "version", "actor", "details"} <= set(item)
    assert (item["at"], item["kind"], item["actor"]) == ("2026-11-23T01:00:00Z", "PasswordFailed", TARO)
    assert (item["stream"], item["subjects"]) == (str(account_stream(TARO)), [TARO])
    assert item["details"] == {"entry": "issuance"}


@pytest.mark.parametrize("role", ["bank_admin", "master", "general"])
def test_only_auditors_may_ask(api: TestClient, door: Door, notes: Notes, role: str) -> None:
    door.answer = role  # type: ignore[assignment]  # each is a Role

    assert api.get(EVENTS).status_code == 403
    assert notes.facts == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"from": "2026-11-23T10:00:00", "kind": "PasswordFailed"}, ["PasswordFailed"]),  # in Japan
        ({"from": "2026-11-23T01:00:00Z", "kind": "PasswordFailed"}, ["PasswordFailed"]),
        ({"from": "2026-11-23T10:00:00.000001", "kind": "PasswordFailed"}, []),
        ({"to": "2026-11-23T10:00:00", "kind": "PasswordFailed"}, []),
        ({"as_of": "2026-11-23T10:00:00", "kind": "PasswordFailed"}, ["PasswordFailed"]),
        ({"as_of": "2026-11-23T09:59:59.999999", "kind": "PasswordFailed"}, []),
        ({"as_of": "2026-11-23T10:00:00", "to": "2026-11-23T10:00:00", "kind": "PasswordFailed"}, []),
        ({"subject": TARO, "actor": TARO, "kind": "PasswordFailed"}, ["PasswordFailed"]),
    ],
)
def test_times_are_japanese_unless_they_say_otherwise(api: TestClient, asked: dict[str, str], found: list[str]) -> None:
    assert kinds(api, **asked) == found


def test_each_question_is_a_fact(api: TestClient, notes: Notes) -> None:
    kinds(api, subject=TARO, **{"from": "2026-11-23"})
    kinds(api, as_of="2026-11-23T10:00", sort="oldest", limit="1")

    at = NINE + 2 * HOUR
    assert notes.facts == [
        HistoryRead(at=at, by="audit001", what=EVENTS, asked={"from": "2026-11-22T15:00:00+00:00", "subject": TARO}),
        HistoryRead(at=at, by="audit001", what=EVENTS, asked={}, as_of=NINE + timedelta(hours=1)),
    ]


def test_what_names_nobody_is_not_kept_for_it_may_be_anything(api: TestClient, notes: Notes) -> None:
    kinds(api, subject="YamadaTaro", actor="k7PqX2mN9aBc")

    (fact,) = notes.facts
    assert isinstance(fact, HistoryRead)
    assert fact.asked == {"subject": "unknown", "actor": "unknown"}


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ({"from": "yesterday"}, "from: malformed"),
        ({"to": "2026-13-01"}, "to: malformed"),
        ({"as_of": "0001-01-01T00:00:00"}, "as_of: malformed"),
        ({"as_of": "2026-11-23T11:00:00.000001"}, "as_of: future"),
        ({"as_of": "9999-12-31T23:59:59.999999Z"}, "as_of: future"),
        ({"from": "2026-11-24", "to": "2026-11-23"}, "to: malformed"),
        ({"kind": "NothingSuch"}, "kind: malformed"),
        ({"subject": "taro@example.jp"}, "subject: malformed"),  # a mail address stands in no fact
        ({"actor": "山田"}, "actor: malformed"),
        ({"since": "2026-11-23"}, "query: unknown_filter"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_recorded(
    api: TestClient, notes: Notes, asked: dict[str, str], detail: str
) -> None:
    answer = api.get(EVENTS, params=asked)

    assert (answer.status_code, answer.json()["detail"]) == (422, detail)
    assert notes.facts == []
