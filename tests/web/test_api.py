"""The JSON API as screens.md (Machine) has it, on the real read models."""

from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

import pytest
from starlette.testclient import TestClient

from domain.certificate import certificate_stream
from domain.credentials import account_stream
from domain.user_account_facts import Role
from domain.validity import Validity
from infra.postgres import Database
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.accounts import HOUR, NINE, TARO, account_held, fact, registered
from tests.support.api import CERTIFICATES, LOCK_STATUS, Door, api_of, cursor
from tests.support.clock import MovableClock
from tests.support.database import Dsn
from tests.support.log import MemoryLog
from web.api_queries import RESOURCES

USERS, MAILS = "/api/v1/users", "/api/v1/mails"
NOW = NINE + 2 * HOUR


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
def api(database: Database, door: Door, clock: MovableClock) -> Iterator[TestClient]:
    with api_of(CurrentViews(database), door, clock) as client:
        yield client


@pytest.fixture
def told(dsn: Dsn, database: Database) -> None:
    """taro01 is locked and has two certificates, jiro02 is open, staff01 is the bank's."""
    log = MemoryLog()
    log.append(account_stream(TARO), account_held("locked").facts)
    log.append(account_stream("jiro02"), registered("jiro02", organization="org0002").facts)
    log.append(account_stream("staff01"), registered("staff01", role="bank_admin", organization=None).facts)
    for number, serial in enumerate(("0A1B", "0C2D"), 1):
        validity = Validity.from_issue(NINE)
        log.append(
            certificate_stream(TARO, number),
            [
                fact(
                    "CertificatePlanned",
                    NINE,
                    user_id=TARO,
                    number=number,
                    serial=serial,
                    tbs=b"tbs",
                    sha256="ab" * 32,
                ),
                fact(
                    "CertificateIssued",
                    NINE,
                    serial=serial,
                    der=b"der",
                    fingerprint="cd" * 32,
                    not_before=validity.not_before,
                    not_after=validity.not_after,
                ),
            ],
        )
    log.append(certificate_stream(TARO, 1), [fact("CertificateFirstUsed", NINE + timedelta(microseconds=250))])
    log.append(certificate_stream(TARO, 1), [fact("CertificateRevoked", NINE + HOUR, serial="0A1B", reason="lost")])
    with connect(dsn.process, "test") as connection:
        for view in CurrentViews(database).all:
            catch_up(connection, view, log)


# ---- lock status


@pytest.mark.usefixtures("told")
def test_lock_status_has_the_fields_of_the_contract(api: TestClient) -> None:
    response = api.get(LOCK_STATUS, params={"user_id": TARO})

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "items": [
            {
                "user_id": "taro01",
                "organization": "org0001",
                "role": "general",
                "state": "locked",
                "failures": 6,
                "locks": 1,
                "locked_until": "2026-11-23T03:00:00Z",
            }
        ],
        "next": None,
    }


@pytest.mark.usefixtures("told")
def test_once_the_lock_is_over_failures_read_zero(api: TestClient, clock: MovableClock) -> None:
    clock.set(NOW + HOUR)

    (row,) = api.get(LOCK_STATUS, params={"user_id": TARO}).json()["items"]

    assert (row["state"], row["failures"], row["locks"], row["locked_until"]) == ("open", 0, 1, None)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["jiro02", "staff01", "taro01"]),
        ("?state=locked", ["taro01"]),
        ("?state=open", ["jiro02", "staff01"]),
        ("?state=blocked", []),
        ("?organization=org0002", ["jiro02"]),
        ("?organization=org0001&state=open", []),
        ("?user_id=nobody1", []),
    ],
)
def test_accounts_are_filtered(api: TestClient, query: str, expected: list[str]) -> None:
    response = api.get(LOCK_STATUS + query)

    assert [row["user_id"] for row in response.json()["items"]] == expected


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("path", "column", "expected"),
    [(LOCK_STATUS, "user_id", ["jiro02", "staff01", "taro01"]), (CERTIFICATES, "serial", ["0A1B", "0C2D"])],
)
def test_next_leads_through_all_pages(api: TestClient, path: str, column: str, expected: list[str]) -> None:
    walked: list[str] = []
    query = {"limit": "1"}
    while "cursor" not in query or query["cursor"]:
        body = api.get(path, params=query).json()
        walked += [row[column] for row in body["items"]]
        query["cursor"] = body["next"]

    assert walked == expected


# ---- certificates


@pytest.mark.usefixtures("told")
def test_certificates_have_the_fields_of_the_contract(api: TestClient) -> None:
    response = api.get(CERTIFICATES)

    assert response.json() == {
        "items": [
            {
                "serial": "0A1B",
                "user_id": "taro01",
                "organization": "org0001",
                "not_before": "2026-11-22T23:55:00Z",
                "not_after": "2027-11-23T14:59:59Z",
                "last_day": "2027-11-23",
                "state": "revoked",
                "revoked_at": "2026-11-23T01:00:00Z",
                "reason": "lost",
                "first_used_at": "2026-11-23T00:00:00.000250Z",
            },
            {
                "serial": "0C2D",
                "user_id": "taro01",
                "organization": "org0001",
                "not_before": "2026-11-22T23:55:00Z",
                "not_after": "2027-11-23T14:59:59Z",
                "last_day": "2027-11-23",
                "state": "live",
                "revoked_at": None,
                "reason": None,
                "first_used_at": None,
            },
        ],
        "next": None,
    }


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=live", ["0C2D"]),
        ("?state=live&within=365", []),
        ("?state=expiring", []),
        ("?state=expiring&within=365", ["0C2D"]),
        ("?state=expired", []),
        ("?state=revoked", ["0A1B"]),
        ("?state=superseded", []),
        ("?state=unused", ["0C2D"]),
        ("?unused=true", ["0C2D"]),
        ("?unused=1&state=revoked", []),
        ("?unused=false", ["0A1B", "0C2D"]),
        ("?user_id=taro01", ["0A1B", "0C2D"]),
        ("?user_id=jiro02", []),
        ("?organization=org0001&state=revoked", ["0A1B"]),
        ("?serial=0a1b", ["0A1B"]),
        ("?serial=A1B", ["0A1B"]),  # as programs write it that leave leading zeros out
    ],
)
def test_certificates_are_filtered(api: TestClient, query: str, expected: list[str]) -> None:
    response = api.get(CERTIFICATES + query)

    assert [row["serial"] for row in response.json()["items"]] == expected


# ---- orders


ORDERS = {resource.path: get_args(resource.query.__annotations__["sort"]) for resource in RESOURCES}
IN_ORDER = {
    (LOCK_STATUS, "user_id"): ["jiro02", "staff01", "taro01"],
    (LOCK_STATUS, "organization"): ["staff01", "taro01", "jiro02"],
    (LOCK_STATUS, "-organization"): ["jiro02", "taro01", "staff01"],
    (LOCK_STATUS, "locked_until"): ["taro01", "jiro02", "staff01"],
    (LOCK_STATUS, "-locked_until"): ["taro01", "staff01", "jiro02"],
    (CERTIFICATES, "-end"): ["0C2D", "0A1B"],
    (USERS, "-user_id"): ["taro01", "staff01", "jiro02"],
}


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("path", "sort"), IN_ORDER)
def test_a_list_is_given_in_the_order_asked_for(api: TestClient, path: str, sort: str) -> None:
    rows = api.get(path, params={"sort": sort}).json()["items"]

    assert [row.get("serial", row["user_id"]) for row in rows] == IN_ORDER[path, sort]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("path", ORDERS)
def test_the_first_order_is_the_one_where_none_is_asked_for(api: TestClient, path: str) -> None:
    assert api.get(path).json() == api.get(path, params={"sort": ORDERS[path][0]}).json()


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("path", [LOCK_STATUS, CERTIFICATES, USERS])
def test_a_page_of_one_order_leads_to_none_of_another(api: TestClient, path: str) -> None:
    for sort in ORDERS[path]:
        following = api.get(path, params={"sort": sort, "limit": 1}).json()["next"]
        answers = {other: api.get(path, params={"sort": other, "cursor": following}) for other in ORDERS[path]}

        assert {other for other, answer in answers.items() if answer.status_code == 200} == {sort}
        assert {answer.json()["detail"] for answer in answers.values() if answer.status_code != 200} == {
            "cursor: of_another_order"
        }


# ---- who may ask


@pytest.mark.parametrize("path", [LOCK_STATUS, CERTIFICATES])
@pytest.mark.parametrize("role", ["bank_admin", "auditor"])
@pytest.mark.usefixtures("told")
def test_the_banks_people_may_ask(api: TestClient, door: Door, path: str, role: Role) -> None:
    door.answer = role

    assert api.get(path).status_code == 200


# ---- what can be taken


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("path", "query"),
    [
        (LOCK_STATUS, {"limit": "1"}),
        (LOCK_STATUS, {"limit": "500"}),
        (LOCK_STATUS, {"cursor": cursor(b'["user_id","zzzzzzzzzzzz","",null]')}),
        (
            LOCK_STATUS,
            {"sort": "locked_until", "cursor": cursor(b'["locked_until","z","","0001-01-01T00:00:00+14:00"]')},
        ),
        (CERTIFICATES, {"within": "1"}),
        (CERTIFICATES, {"within": "366"}),
        (CERTIFICATES, {"cursor": cursor(b'["end","0","a","0001-01-01T00:00:00+14:00","0001-01-01T00:00:00+14:00"]')}),
        (CERTIFICATES, {"cursor": cursor(b'["end","F","a","9999-12-31T23:59:59-14:00","9999-12-31T23:59:59-14:00"]')}),
        (MAILS, {"cursor": cursor(b'["newest",4611686018427387904]')}),
    ],
)
def test_the_outermost_values_are_taken(api: TestClient, path: str, query: dict[str, str]) -> None:
    assert api.get(path, params=query).status_code == 200
