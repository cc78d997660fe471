"""What the JSON API refuses, and that each refusal is problem+json (RFC 9457; screens.md, Machine)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from application.ports import Busy, Conflict, Unavailable
from domain.errors import DomainError, NoSession, NotFound, SessionEnded
from domain.user_account_facts import Role
from tests.support.accounts import NINE
from tests.support.api import CERTIFICATES, LOCK_STATUS, OPENAPI, Door, api_of, cursor
from tests.support.clock import MovableClock
from web.api import problem
from web.api_queries import RESOURCES
from web.limits import TooMany

AT = b'"2027-11-23T14:59:59Z"'


class ViewsAway:
    """Views of a database that cannot be reached; what is refused before never gets here."""

    def lock_status(self, *question: object, **filters: object) -> Any:
        raise Unavailable("no database connection")

    certificates = organizations = users = mails = events = lock_status


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def api(door: Door) -> Iterator[TestClient]:
    with api_of(ViewsAway(), door, MovableClock(NINE)) as client:
        yield client


def refused(response: Any) -> tuple[int, str]:
    """Status and code, after what holds for every refusal."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert list(body) == ["type", "title", "status", "detail", "code"]
    assert body["status"] == response.status_code
    assert all(body.values())
    return response.status_code, body["code"]


@pytest.mark.parametrize("path", [*(resource.path for resource in RESOURCES), OPENAPI])
@pytest.mark.parametrize("role", ["general", "master"])
def test_customers_may_not_ask(api: TestClient, door: Door, path: str, role: Role) -> None:
    door.answer = role

    assert refused(api.get(path)) == (403, "not_permitted")


@pytest.mark.parametrize("path", [LOCK_STATUS, CERTIFICATES])
@pytest.mark.parametrize(("refusal", "code"), [(NoSession(), "no_session"), (SessionEnded("idle"), "session_ended")])
def test_without_a_session_nothing_is_told_not_even_that_the_filter_is_wrong(
    api: TestClient, door: Door, path: str, refusal: DomainError, code: str
) -> None:
    door.answer = refusal

    response = api.get(path, params={"state": "no-such-state"})

    assert refused(response) == (401, code)
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", [LOCK_STATUS, CERTIFICATES])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed_here(api: TestClient, path: str, method: str) -> None:
    response = api.request(method, path)

    assert refused(response) == (405, "method_not_allowed")
    assert "GET" in response.headers["allow"]


# ---- what cannot be taken


@pytest.mark.parametrize(
    ("path", "query", "detail"),
    [
        (LOCK_STATUS, {"state": "no-such-state"}, "state: malformed"),
        (LOCK_STATUS, {"state": "null"}, "state: malformed"),
        (LOCK_STATUS, {"state": ""}, "state: malformed"),
        (LOCK_STATUS, {"state": "live"}, "state: malformed"),
        (LOCK_STATUS, {"state": ["open", "locked"]}, "query: repeated"),
        (LOCK_STATUS, {"status": "open"}, "query: unknown_filter"),
        (LOCK_STATUS, {"self": "1"}, "query: unknown_filter"),
        (LOCK_STATUS, {"user_id": ""}, "user_id: malformed"),
        (LOCK_STATUS, {"user_id": "taro\x0001"}, "user_id: malformed"),
        (LOCK_STATUS, {"user_id": "taro01\n"}, "user_id: malformed"),
        (LOCK_STATUS, {"user_id": "ｔａｒｏ０１"}, "user_id: malformed"),
        (LOCK_STATUS, {"organization": "' or true --"}, "organization: malformed"),
        (LOCK_STATUS, {"limit": "0"}, "limit: malformed"),
        (LOCK_STATUS, {"limit": "501"}, "limit: malformed"),
        (LOCK_STATUS, {"limit": "１"}, "limit: malformed"),
        (LOCK_STATUS, {"cursor": "*"}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": "あ"}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": "abc"}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": ""}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": "A" * 204}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": cursor(b"{")}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": cursor(b'"taro01"')}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": cursor(b'["user_id","\\u0000","",null]')}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": cursor(b'["state","taro01","",null]')}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": cursor(b'["-user_id","taro01","",null]')}, "cursor: of_another_order"),
        (LOCK_STATUS, {"sort": "state"}, "sort: malformed"),
        (LOCK_STATUS, {"sort": "--user_id"}, "sort: malformed"),
        (LOCK_STATUS, {"sort": ""}, "sort: malformed"),
        (LOCK_STATUS, {"sort": "null"}, "sort: malformed"),
        (LOCK_STATUS, {"sort": ["user_id", "user_id"]}, "query: repeated"),
        (CERTIFICATES, {"sort": "serial"}, "sort: malformed"),
        ("/api/v1/organizations", {"sort": "name"}, "sort: malformed"),
        ("/api/v1/users", {"sort": "role"}, "sort: malformed"),
        ("/api/v1/mails", {"sort": "-newest"}, "sort: malformed"),
        ("/api/v1/mails", {"cursor": cursor(b'["oldest",7]')}, "cursor: of_another_order"),
        ("/api/v1/mails", {"cursor": cursor(b'["newest",4611686018427387905]')}, "cursor: malformed"),
        (LOCK_STATUS, {"cursor": cursor(b"\xff")}, "cursor: malformed"),
        (CERTIFICATES, {"state": "planned"}, "state: malformed"),
        (CERTIFICATES, {"unused": "perhaps"}, "unused: malformed"),
        (CERTIFICATES, {"within": "0"}, "within: malformed"),
        (CERTIFICATES, {"within": "367"}, "within: malformed"),
        (CERTIFICATES, {"serial": "0G"}, "serial: malformed"),
        (CERTIFICATES, {"serial": "0" * 41}, "serial: malformed"),
        (CERTIFICATES, {"cursor": cursor(b'"taro01"')}, "cursor: malformed"),
        (
            CERTIFICATES,
            {"cursor": cursor(b'["end","0A1B","taro01","2027-11-23T14:59:59",%s]' % AT)},
            "cursor: malformed",
        ),
        (CERTIFICATES, {"cursor": cursor(b'["end","0a1b","taro01",%s,%s]' % (AT, AT))}, "cursor: malformed"),
        (CERTIFICATES, {"cursor": cursor(b'["end","0A1B","Taro01",%s,%s]' % (AT, AT))}, "cursor: malformed"),
        (CERTIFICATES, {"cursor": cursor(b'["end","0A1B","taro01",%s]' % AT)}, "cursor: malformed"),
        (CERTIFICATES, {"cursor": cursor(b'["user_id","0A1B","taro01",%s,%s]' % (AT, AT))}, "cursor: of_another_order"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_name_of_the_field(
    api: TestClient, path: str, query: dict[str, str | list[str]], detail: str
) -> None:
    response = api.get(path, params=query)

    assert refused(response) == (422, "invalid_input")
    assert response.json()["detail"] == detail


@pytest.mark.parametrize("path", [LOCK_STATUS, CERTIFICATES])
def test_while_the_database_is_away_the_answer_is_to_come_again(api: TestClient, path: str) -> None:
    response = api.get(path)

    assert refused(response) == (503, "service_unavailable")
    assert int(response.headers["retry-after"]) > 0


@pytest.mark.parametrize("path", [LOCK_STATUS, CERTIFICATES])
def test_a_question_takes_one_of_the_sites_threads(path: str) -> None:
    async def ask(*_: object, **__: object) -> Any:
        raise NotFound

    with api_of(ViewsAway(), Door(), MovableClock(NINE), ask) as client:
        response = client.get(path)

    assert refused(response) == (404, "not_found")


@pytest.mark.parametrize("error", [Busy("too many tries on one account"), Conflict("somebody else was faster")])
def test_too_much_at_once_is_to_come_again(error: Exception) -> None:
    response = problem(error)

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


def test_too_many_tell_when_to_come_again() -> None:
    response = problem(TooMany(42))

    assert (response.status_code, response.headers["retry-after"]) == (429, "42")


def every_refusal() -> list[type[DomainError]]:
    """The leaves of the tree, without those that want arguments of their own."""
    found, kinds = [], [DomainError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if not kind.__subclasses__() and "__init__" not in kind.__dict__:
            found.append(kind)
    return found


@pytest.mark.parametrize("kind", every_refusal())
def test_each_refusal_is_the_visitors_and_carries_its_code(kind: type[DomainError]) -> None:
    response = problem(kind())

    assert response.status_code in (401, 403, 404, 409, 410, 422)
    assert json.loads(bytes(response.body))["code"] == kind.code


def test_an_error_nobody_named_tells_nothing_of_itself() -> None:
    response = problem(RuntimeError("secret"))

    assert response.status_code == 500
    assert b"secret" not in response.body
