"""Every fact, found by time, kind, actor and subject (R10.1)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.ports import Changes
from domain.certificate import certificate_stream
from domain.credentials import account_stream, organization_stream
from domain.fact import WORKER, Fact
from domain.notification import notification_stream
from infra.event_store import EventStore
from projections.answers import EventPage, EventRow, EventSort
from projections.audit_log import AuditLog
from projections.log_tree import LogTree
from projections.runner import Connection, catch_up
from tests.support.accounts import HOUR, NINE, TARO, fact, registered
from tests.support.explained import Explained, nodes

VIEW = AuditLog()
JIRO, AUDITOR, CODE, SERIAL = "jiro0002", "audit001", "mihon01", "0A1B2C"
MINUTE = timedelta(minutes=1)
ACCOUNT, CERTIFICATE = account_stream(TARO), certificate_stream(TARO, 1)


class Log:
    """The store, and the view kept up with it."""

    def __init__(self, store: EventStore, connection: Connection) -> None:
        self._store, self._connection = store, connection

    def append(self, stream: UUID, *facts: Fact) -> None:
        self._store.save(Changes(stream, len(self._store.load(stream)), list(facts)))

    def page(self, **asked: Any) -> EventPage:
        for view in (VIEW, LogTree()):
            catch_up(self._connection, view, self._store)
        with self._connection.cursor() as cursor:
            return VIEW.page(cursor, **asked)

    def rows(self, **asked: Any) -> list[EventRow]:
        return self.page(**asked).items

    def kinds(self, **asked: Any) -> list[str]:
        return [row.kind for row in self.rows(**asked)]


@pytest.fixture
def log(store: EventStore, connection: Connection) -> Log:
    return Log(store, connection)


def opened(user_id: str = TARO) -> Fact:
    return registered(user_id).facts[0]


def planned(at: datetime, serial: str = SERIAL) -> Fact:
    return fact("CertificatePlanned", at, user_id=TARO, number=1, serial=serial, tbs=b"", sha256="")


def test_a_fact_is_told_whole(log: Log) -> None:
    log.append(ACCOUNT, opened())
    log.append(ACCOUNT, fact("AccountLocked", NINE + HOUR, by=TARO, lock=1, until=NINE + 2 * HOUR))

    newest, _ = log.rows()

    assert newest == EventRow(
        position=1,
        at=NINE + HOUR,
        kind="AccountLocked",
        stream=ACCOUNT,
        version=2,
        actor=TARO,
        subjects=[TARO],
        topic="user-account.locked.1",
        details={"lock": 1, "until": "2026-11-23T02:00:00Z"},
        intact=True,
    )


def test_positions_count_the_facts_whatever_holes_the_log_has(log: Log, owner: Any) -> None:
    log.append(ACCOUNT, opened())
    owner.execute("select nextval('stored_events_notification_id_seq') from generate_series(1, 5)")
    log.append(ACCOUNT, fact("LoggedOut", NINE))

    assert [row.position for row in log.rows()] == [1, 0]


# ---- on whom


def test_what_happens_on_a_stream_is_about_whom_its_first_fact_named(log: Log) -> None:
    log.append(ACCOUNT, opened())
    log.rows()  # a page of the projector's ends here
    log.append(ACCOUNT, fact("AccountBlocked", NINE))

    assert log.rows()[0].subjects == [TARO]


def test_a_certificate_is_about_its_user_too(log: Log) -> None:
    log.append(CERTIFICATE, planned(NINE))
    log.append(CERTIFICATE, fact("KeyPackageDelivered", NINE))

    assert [row.subjects for row in log.rows()] == [[TARO, SERIAL]] * 2


def test_a_plan_left_by_a_crash_is_found_by_its_own_serial_too(log: Log) -> None:
    log.append(CERTIFICATE, planned(NINE, "0B"), planned(NINE, SERIAL))
    log.append(CERTIFICATE, fact("CertificateRevoked", NINE, serial="0B", reason="lost"))

    assert log.kinds(subject="0b") == ["CertificateRevoked", "CertificatePlanned", "CertificatePlanned"]
    assert log.kinds(subject=SERIAL) == ["CertificateRevoked", "CertificatePlanned"]


def test_a_log_in_is_about_its_certificate_and_the_account_after_it_is_not(log: Log) -> None:
    log.append(ACCOUNT, opened(), fact("LoggedIn", NINE, serial=SERIAL), fact("LoggedOut", NINE + MINUTE))

    assert log.kinds(subject=SERIAL) == ["LoggedIn"]


def test_a_mail_is_about_its_user_and_the_certificate_it_speaks_of(log: Log) -> None:
    log.append(CERTIFICATE, planned(NINE))
    mail = notification_stream("expiring", CERTIFICATE)
    log.append(mail, fact("NotificationRequested", NINE, by=WORKER, kind="expiring", user_id=TARO, stream=CERTIFICATE))
    log.append(mail, fact("NotificationSent", NINE, by=WORKER, message_id="<1@example.jp>", attempts=1))

    assert [row.subjects for row in log.rows()[:2]] == [[TARO, SERIAL]] * 2


def test_an_organization_is_found_by_its_code_and_its_users_by_theirs(log: Log) -> None:
    stream = organization_stream("mihon01")
    log.append(
        stream, fact("OrganizationRegistered", NINE, code="mihon01", name="見本", contact=1, commitment="ef" * 32)
    )
    log.append(stream, fact("GeneralUserRegistered", NINE + MINUTE, user_id=TARO))

    assert log.kinds(subject=CODE.upper()) == ["GeneralUserRegistered", "OrganizationRegistered"]
    assert log.kinds(subject=TARO) == ["GeneralUserRegistered"]


def test_a_reading_is_about_whom_it_was_asked(log: Log) -> None:
    read = fact("HistoryRead", NINE, by=AUDITOR, what="/audit/accounts", asked={"subject": TARO})
    log.append(uuid4(), read, fact("HistoryRead", NINE, by=AUDITOR, what="/audit", asked={}))

    assert [row.subjects for row in log.rows()] == [[], [TARO]]


# ---- filters and pages


def test_the_time_is_from_the_first_instant_to_before_the_last(log: Log) -> None:
    log.append(ACCOUNT, opened(), *(fact("LoggedOut", NINE + minute * MINUTE) for minute in (1, 2, 3)))

    found = log.rows(since=NINE + MINUTE, until=NINE + 3 * MINUTE)

    assert [row.at for row in found] == [NINE + 2 * MINUTE, NINE + MINUTE]


def test_filters_hold_together(log: Log) -> None:
    log.append(ACCOUNT, opened(), fact("LoggedOut", NINE, by=TARO), fact("AccountSuspended", NINE, by=JIRO))
    log.append(account_stream(JIRO), opened(JIRO), fact("LoggedOut", NINE, by=JIRO))

    assert log.kinds(subject=TARO, actor=JIRO) == ["AccountSuspended"]
    assert log.kinds(subject=TARO.upper(), kind="LoggedOut") == ["LoggedOut"]
    assert log.kinds(actor=JIRO.upper(), kind="LoggedOut") == ["LoggedOut"]
    assert log.kinds(actor=JIRO, kind="LoggedIn") == []


@pytest.mark.parametrize("sort", ["newest", "oldest"])
@pytest.mark.parametrize("asked", [{}, {"subject": TARO}, {"kind": "LoggedOut"}, {"since": NINE, "until": NINE + HOUR}])
def test_pages_end_to_end_are_the_list(log: Log, sort: str, asked: dict[str, Any]) -> None:
    """Facts of one instant too, and one whose time is before that of an earlier one."""
    minutes = (3, 1, 1, 1, 2, 60, 0)
    log.append(ACCOUNT, opened(), *(fact("LoggedOut", NINE + minute * MINUTE) for minute in minutes))
    whole = log.rows(sort=sort, **asked)

    pages, after = [], None
    while True:
        page = log.page(sort=sort, after=after, limit=2, **asked)
        pages += page.items
        after = page.next
        if after is None:
            break

    assert pages == whole
    assert whole == sorted(whole, key=lambda row: (row.at, row.position), reverse=sort == "newest")
    assert len(whole) == {"LoggedOut": 7, NINE: 7}.get(asked.get("kind", asked.get("since")), 8)


# ---- tampered with


@pytest.mark.parametrize(
    ("done", "topic"),
    [("delete from stored_events", None), ("update stored_events set state = '\\x7b'", "user-account.registered.1")],
)
def test_a_fact_that_is_gone_or_unreadable_keeps_its_place(log: Log, owner: Any, done: str, topic: str | None) -> None:
    log.append(ACCOUNT, opened())
    log.rows()

    owner.execute(done)

    (row,) = log.rows()
    assert (row.position, row.kind, row.topic, row.details) == (0, "UserRegistered", topic, None)
    assert row.intact is False


@pytest.mark.parametrize(
    "done",
    [
        "update stored_events set state = set_byte(state, 10, get_byte(state, 10) # 1)",
        "update stored_events set topic = 'user-account.logged-out.1'",
        "update stored_events set state = state || ' '",
    ],
)
def test_a_fact_that_was_changed_is_told(log: Log, owner: Any, done: str) -> None:
    log.append(ACCOUNT, opened())
    before = log.rows()[0].intact

    owner.execute(done)

    assert (before, log.rows()[0].intact) == (True, False)


def test_a_fact_without_a_leaf_is_not_said_to_be_changed(log: Log, connection: Connection) -> None:
    log.append(ACCOUNT, opened())
    log.rows()
    connection.execute("delete from views.log_tree_1")

    with connection.cursor() as cursor:
        (row,) = VIEW.page(cursor).items

    assert row.intact is None


# ---- what a page costs


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "audit_log_1_by_time"),
        ({"since": NINE, "until": NINE + HOUR}, "audit_log_1_by_time"),
        ({"kind": "LoggedOut"}, "audit_log_1_by_kind"),
        ({"actor": TARO}, "audit_log_1_by_actor"),
        ({"actor": TARO, "kind": "LoggedOut"}, "audit_log_1_by_actor_and_kind"),
        ({"subject": TARO}, "audit_log_1_subjects_pkey"),
    ],
)
@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_a_page_is_found_in_the_order_of_one_index(
    log: Log, connection: Connection, asked: dict[str, Any], index: str, sort: EventSort
) -> None:
    """The rows of the page are then fetched one by one, and sorted among themselves."""
    log.rows()
    connection.execute("set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off")
    connection.execute("set enable_mergejoin = off")

    with connection.cursor() as cursor:
        explained = Explained(cursor)
        VIEW.page(explained.as_cursor(), sort=sort, **asked)

    assert explained.indexes == {index, "audit_log_1_pkey", "stored_events_pkey", "log_tree_1_pkey"}
    (limit,) = [node for node in nodes(explained.plan) if node["Node Type"] == "Limit"]
    assert [node["Node Type"] for node in nodes(limit)][1:] in (["Index Scan"], ["Index Only Scan"])
