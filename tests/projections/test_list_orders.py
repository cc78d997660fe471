"""Each order of each list: every row once, page by page (R9.1; screens.md, Machine)."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, get_args

import pytest

from domain.credentials import account_stream
from domain.notification import Notification, notification_stream
from domain.validity import Validity
from projections import certificate_register
from projections.answers import (
    AccountSort,
    AccountState,
    CertificateSort,
    CertificateState,
    MailSort,
    OrganizationSort,
    Page,
    UserSort,
)
from projections.certificate_register import CertificateRegister
from projections.lock_status import LockStatus
from projections.outbox import Outbox
from projections.people import People
from projections.runner import Connection, catch_up
from tests.projections.test_people import closed, organization, user
from tests.support.accounts import DAY, HOUR, MINUTE, NINE, fact, fail_password, japan, registered
from tests.support.certificate_log import append, issue, planned, register, revoked
from tests.support.log import MemoryLog

NOW = NINE + 2 * HOUR
ACCOUNTS, CERTIFICATES, MAILS, PEOPLE = LockStatus(), CertificateRegister(), Outbox(), People()

Ask = Callable[..., Page[Any, Any]]


def walked(ask: Ask, limit: int) -> list[Any]:
    """All rows, in pages of so many."""
    rows: list[Any] = []
    after = None
    while True:
        page = ask(after=after, limit=limit)
        rows += page.items
        after = page.next
        if after is None:
            return rows
        assert len(page.items) == limit


def turned(sort: str, rows: list[Any], *by: Callable[[Any], Any]) -> list[Any]:
    """What the order says, by Python's own sorting."""
    return sorted(rows, key=lambda row: [each(row) for each in by], reverse=sort.startswith("-"))


def low(word: str | None) -> str:
    return (word or "").lower()


# ---- accounts


@pytest.fixture
def accounts(connection: Connection, log: MemoryLog) -> Connection:
    """Two of each state but locked, of which there are three, two with the same end; and one whose lock has run out."""
    for number, state in enumerate(("blocked", "suspended", "closed", "open") * 2):
        account = registered(f"User{number:02}" if number % 2 else f"user{number:02}", organization=f"org{number % 3}")
        if state == "blocked":
            for lock in range(3):
                fail_password(account, times=6, at=NINE - (2 - lock) * DAY)
        if state == "suspended":
            fail_password(account, times=6, at=NOW)
            account.record(account.state.suspend("hanako1", NOW))
        if state == "closed":
            account.record(account.state.close("deleted", "hanako1", NOW))
        log.append(account_stream(account.state.user_id), account.facts)
    for user_id, at in (("lock03", NOW), ("Lock01", NOW), ("lock02", NOW - MINUTE), ("lock04", NOW - HOUR)):
        account = registered(user_id, organization=None, role="auditor")
        fail_password(account, times=6, at=at)
        log.append(account_stream(user_id), account.facts)
    catch_up(connection, ACCOUNTS, log)
    return connection


@pytest.mark.parametrize("sort", get_args(AccountSort))
@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_accounts_are_walked_in_every_order(accounts: Connection, sort: AccountSort, limit: int) -> None:
    with accounts.cursor() as cursor:
        found = walked(partial(ACCOUNTS.page, cursor, NOW, sort=sort), limit)

    name = sort.lstrip("-")
    locked = [row for row in found if row.state == "locked"]
    if name == "locked_until":
        assert found[:3] == locked == turned(sort, locked, lambda row: row.locked_until, lambda row: low(row.user_id))
        assert found[3:] == turned(sort, found[3:], lambda row: low(row.user_id))
    else:
        home = [lambda row: low(row.organization)] if name == "organization" else []
        assert found == turned(sort, found, *home, lambda row: low(row.user_id))
    assert len({row.user_id for row in found}) == 12


@pytest.mark.parametrize("sort", get_args(AccountSort))
@pytest.mark.parametrize("state", get_args(AccountState))
def test_a_state_is_walked_in_every_order(accounts: Connection, sort: AccountSort, state: AccountState) -> None:
    with accounts.cursor() as cursor:
        found = walked(partial(ACCOUNTS.page, cursor, NOW, state=state, sort=sort), 1)
        every = ACCOUNTS.page(cursor, NOW, sort=sort).items

    assert found == [row for row in every if row.state == state]
    assert len(found) == {"locked": 3, "open": 3}.get(state, 2)


# ---- certificates


TIMES = (
    japan(2025, 1, 1),
    japan(2025, 11, 22, 23, 59, 59),
    japan(2025, 11, 23),  # the last day is today
    NINE,
    japan(2025, 12, 24),  # the last day is the first that is not within 30 days
)


@pytest.fixture
def certificates(connection: Connection, log: MemoryLog) -> Connection:
    """Of three users, one in each state at its end and at the first and last second of a day; one plan revoked."""
    for number, user_id in enumerate(("Taro01", "jiro02", "Saburo3")):
        register(log, user_id, f"org000{number % 2}")
        for place, at in enumerate(TIMES):
            issue(log, f"{number}{place}", number=place + 1, at=at, user_id=user_id)
    append(log, fact("CertificateFirstUsed", NINE), number=4, user_id="jiro02")
    append(log, revoked("lost", NOW, "23"), number=4, user_id="Saburo3")
    append(log, revoked("superseded", NOW, "22"), number=3, user_id="Saburo3")
    append(log, planned("A9", number=9), revoked("lost", NOW, "A9"), number=9)
    catch_up(connection, CERTIFICATES, log)
    return connection


def in_order(sort: CertificateSort, rows: list[Any]) -> list[Any]:
    by: dict[str, list[Callable[[Any], Any]]] = {
        "end": [lambda row: row.not_after or row.revoked_at],
        "user_id": [lambda row: low(row.user_id), lambda row: row.not_after or row.revoked_at],
        "not_before": [lambda row: row.not_before or row.revoked_at],
    }
    return turned(sort, rows, *by[sort.lstrip("-")], lambda row: row.serial)


@pytest.mark.parametrize("sort", get_args(CertificateSort))
@pytest.mark.parametrize("state", [None, *get_args(CertificateState)])
@pytest.mark.parametrize("now", [japan(2026, 11, 22, 23, 59, 59), japan(2026, 11, 23), japan(2026, 11, 24), NOW])
def test_certificates_are_walked_in_every_order(
    certificates: Connection, sort: CertificateSort, state: CertificateState | None, now: datetime
) -> None:
    """A search bounded by the day of issue finds as many as one that is not."""
    with certificates.cursor() as cursor:
        every = CERTIFICATES.page(cursor, now, state=state).items
        for limit in (1, 4):
            found = walked(partial(CERTIFICATES.page, cursor, now, state=state, sort=sort), limit)

            assert found == in_order(sort, every)
        unused = CERTIFICATES.page(cursor, now, state=state, unused=True).items
        assert in_order(sort, unused) == CERTIFICATES.page(cursor, now, state=state, unused=True, sort=sort).items


@pytest.mark.parametrize("sort", get_args(CertificateSort))
@pytest.mark.parametrize("state", get_args(CertificateState))
def test_a_state_is_kept_to_behind_whatever_place_it_is_read_from(
    certificates: Connection, sort: CertificateSort, state: CertificateState
) -> None:
    with certificates.cursor() as cursor:
        every, after, place = CERTIFICATES.page(cursor, NOW, sort=sort).items, None, 0
        while following := CERTIFICATES.page(cursor, NOW, sort=sort, after=after, limit=1).next:
            after, place = following, place + 1
            found = CERTIFICATES.page(cursor, NOW, state=state, sort=sort, after=after).items

            issued = [row for row in found if row.not_after]  # plans are among the revoked alone
            assert issued == [row for row in every[place:] if row.state == state]


@pytest.mark.parametrize("at", [japan(2027, 2, 28), japan(2027, 2, 28, 23, 59, 59), japan(2024, 2, 29, 12)])
def test_no_certificate_is_valid_for_longer_or_shorter_than_the_search_allows(at: datetime) -> None:
    validity = Validity.from_issue(at)

    life = validity.not_after - validity.not_before
    assert certificate_register.SHORTEST <= life <= certificate_register.LONGEST


# ---- organizations, users, mails


@pytest.fixture
def people(connection: Connection, log: MemoryLog) -> Connection:
    for place, code in enumerate(("b0001", "A0001", "C0001")):
        organization(log, code, at=NINE + (place != 2) * DAY)
        for number in range(2):
            user(log, f"{'uU'[number]}ser{(number * 3 + 7 * place) % 6}{code[0]}", code, ("general", "master")[number])
    user(log, "morita01", None, "bank_admin")
    closed(log, "user0b")
    catch_up(connection, PEOPLE, log)
    return connection


@pytest.mark.parametrize("sort", get_args(OrganizationSort))
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_organizations_are_walked_in_every_order(people: Connection, sort: OrganizationSort, limit: int) -> None:
    with people.cursor() as cursor:
        found = walked(partial(PEOPLE.organizations, cursor, sort=sort), limit)

    since = [lambda row: row.registered_at] if sort.endswith("registered_at") else []
    assert len(found) == 3
    assert found == turned(sort, found, *since, lambda row: low(row.code))


@pytest.mark.parametrize("sort", get_args(UserSort))
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_users_are_walked_in_every_order(people: Connection, sort: UserSort, limit: int) -> None:
    with people.cursor() as cursor:
        found = walked(partial(PEOPLE.users, cursor, sort=sort), limit)

    home = [lambda row: low(row.organization)] if sort.endswith("organization") else []
    assert len(found) == 7
    assert found == turned(sort, found, *home, lambda row: low(row.user_id))


@pytest.mark.parametrize(("sort", "expected"), [("newest", [3, 2, 1]), ("oldest", [1, 2, 3])])
def test_mails_are_walked_both_ways(
    connection: Connection, log: MemoryLog, sort: MailSort, expected: list[int]
) -> None:
    about = account_stream("taro01")
    asked = {version: notification_stream("locked", about, version) for version in (1, 2, 3)}
    for version, stream in asked.items():
        request = Notification.request("locked", "taro01", about, version, "taro01", NINE)
        log.append(stream, request)
    catch_up(connection, MAILS, log)

    with connection.cursor() as cursor:
        found = walked(partial(MAILS.page, cursor, sort=sort), 2)

    assert [row.notification for row in found] == [asked[version] for version in expected]
