"""Which serial belongs to whom, and how it stands when it is asked (R4.1, R4.2, R4.9, R9.1; screens.md, Machine)."""

from collections.abc import Callable
from datetime import date, datetime

import pytest

from domain.certificate import Reason
from projections.answers import CertificateKey, CertificatePage, CertificateRow, CertificateState
from projections.certificate_register import CertificateRegister
from projections.runner import Connection, catch_up
from tests.support.accounts import DAY, MINUTE, NINE, SECOND, TARO, fact, japan
from tests.support.certificate_log import append, issue, issued, planned, register, revoked
from tests.support.log import MemoryLog

VIEW = CertificateRegister()
LAST_DAY = date(2027, 11, 23)  # NINE is 2026-11-23 in Japan: 365 days later
END = japan(2027, 11, 23, 23, 59, 59)

Ask = Callable[..., CertificatePage]


@pytest.fixture
def ask(connection: Connection, log: MemoryLog) -> Ask:
    """The view's page, once it has folded what the log holds."""

    def asked(now: datetime, **question: object) -> CertificatePage:
        catch_up(connection, VIEW, log)
        with connection.cursor() as cursor:
            return VIEW.page(cursor, now, **question)  # type: ignore[arg-type]  # the question is the test's

    return asked


def serials(page: CertificatePage) -> list[str]:
    return [row.serial for row in page.items]


def test_an_issued_certificate_carries_its_owners_organization_and_its_days(log: MemoryLog, ask: Ask) -> None:
    register(log)
    issue(log, "A1")

    page = ask(NINE)

    assert page.items == [
        CertificateRow(
            serial="A1",
            user_id=TARO,
            organization="org0001",
            not_before=NINE - 5 * MINUTE,
            not_after=END,
            last_day=LAST_DAY,
            state="live",
            revoked_at=None,
            reason=None,
            first_used_at=None,
        )
    ]


def test_what_a_later_page_tells_of_a_certificate_is_added_to_its_row(log: MemoryLog, ask: Ask) -> None:
    register(log)
    append(log, planned())
    ask(NINE)
    append(log, issued())
    ask(NINE)
    append(log, fact("CertificateFirstUsed", NINE + DAY))
    ask(NINE)
    append(log, revoked("lost", NINE + 2 * DAY))

    (row,) = ask(NINE + 2 * DAY).items

    assert (row.state, row.organization, row.not_after) == ("revoked", "org0001", END)
    assert (row.first_used_at, row.revoked_at, row.reason) == (NINE + DAY, NINE + 2 * DAY, "lost")


@pytest.mark.parametrize(
    ("now", "within", "state"),
    [
        (japan(2027, 10, 23, 23, 59, 59), 30, "live"),  # 31 days before the last
        (japan(2027, 10, 24), 30, "expiring"),  # 30 days
        (japan(2027, 10, 25), 30, "expiring"),  # 29 days
        (japan(2027, 10, 24), 29, "live"),
        (japan(2027, 11, 21, 23, 59, 59), 1, "live"),
        (japan(2027, 11, 22), 1, "expiring"),
        (NINE, 364, "live"),
        (NINE, 365, "expiring"),
        (NINE, 366, "expiring"),
        (END, 30, "expiring"),
        (END + SECOND, 30, "expired"),
    ],
)
def test_a_certificate_is_live_then_expiring_then_expired(
    log: MemoryLog, ask: Ask, now: datetime, within: int, state: CertificateState
) -> None:
    register(log)
    issue(log, "A1")

    page = ask(now, within=within)

    assert [row.state for row in page.items] == [state]
    assert [serials(ask(now, within=within, state=each)) for each in ("live", "expiring", "expired")] == [
        ["A1"] if each == state else [] for each in ("live", "expiring", "expired")
    ]


@pytest.mark.parametrize(
    ("reason", "state"),
    [("superseded", "superseded"), ("closed", "revoked"), ("pc_changed", "revoked"), ("not_imported", "revoked")],
)
def test_a_revoked_certificate_stays_so_after_its_end(log: MemoryLog, ask: Ask, reason: Reason, state: str) -> None:
    register(log)
    issue(log, "A1")
    append(log, revoked(reason, NINE + DAY))

    found = [ask(now).items[0].state for now in (NINE + DAY, END + SECOND)]

    assert found == [state, state]


def test_each_certificate_is_in_exactly_one_state(log: MemoryLog, ask: Ask) -> None:
    now = NINE + 340 * DAY
    register(log)
    issue(log, "A1", number=1, at=NINE - 30 * DAY)
    issue(log, "A2", number=2, at=NINE)
    issue(log, "A3", number=3, at=NINE + 30 * DAY)
    issue(log, "A4", number=4, at=NINE + 30 * DAY)
    issue(log, "A5", number=5, at=NINE + 30 * DAY)
    append(log, revoked("superseded", now, "A4"), number=4)
    append(log, revoked("lost", now, "A5"), number=5)

    found = {
        state: serials(ask(now, state=state)) for state in ("expired", "expiring", "live", "superseded", "revoked")
    }

    assert found == {"expired": ["A1"], "expiring": ["A2"], "live": ["A3"], "superseded": ["A4"], "revoked": ["A5"]}


def test_a_planned_serial_is_listed_only_once_revoked_and_only_among_the_revoked(log: MemoryLog, ask: Ask) -> None:
    register(log)
    append(log, planned("A1"), planned("A2"), revoked("retired", NINE + MINUTE, "A2"))

    found = ask(NINE + MINUTE, state="revoked").items

    assert ask(NINE + MINUTE).items == []
    assert [(row.serial, row.state, row.not_after, row.last_day, row.revoked_at) for row in found] == [
        ("A2", "revoked", None, None, NINE + MINUTE)
    ]


def test_a_first_use_is_that_of_the_issued_serial_whatever_was_planned_beside_it(log: MemoryLog, ask: Ask) -> None:
    register(log)
    append(log, planned("A1"), planned("A2"), issued("A2"), planned("A3"))
    ask(NINE)
    append(log, fact("CertificateFirstUsed", NINE + MINUTE))

    found = ask(NINE + MINUTE).items

    assert [(row.serial, row.first_used_at) for row in found] == [("A2", NINE + MINUTE)]


def test_unused_are_those_that_have_not_ended_and_were_never_logged_in_with(log: MemoryLog, ask: Ask) -> None:
    now = NINE + 340 * DAY
    register(log)
    issue(log, "A1", number=1, at=NINE - 30 * DAY)  # expired
    issue(log, "A2", number=2, at=NINE)  # expiring
    issue(log, "A3", number=3, at=NINE + 30 * DAY)
    issue(log, "A4", number=4, at=NINE + 30 * DAY)
    append(log, fact("CertificateFirstUsed", now), number=4)
    issue(log, "A5", number=5, at=NINE + 30 * DAY)
    append(log, revoked("not_imported", now, "A5"), number=5)

    found = [serials(ask(now, unused=True)), serials(ask(now, unused=True, state="live"))]

    assert found == [["A2", "A3"], ["A3"]]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"user_id": "TARO01"}, ["A1"]),
        ({"organization": "org0002"}, ["B2"]),
        ({"organization": "org0003"}, []),
        ({"serial": "b2"}, ["B2"]),
        ({"serial": "C3"}, []),
        ({"user_id": TARO, "serial": "B2"}, []),
    ],
)
def test_certificates_are_found_by_user_organization_and_serial(
    log: MemoryLog, ask: Ask, question: dict[str, str], expected: list[str]
) -> None:
    register(log)
    register(log, "jiro02", "org0002")
    issue(log, "A1")
    issue(log, "B2", user_id="jiro02")

    found = serials(ask(NINE, **question))

    assert found == expected


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_pages_walk_all_certificates_exactly_once_by_their_end(log: MemoryLog, ask: Ask, limit: int) -> None:
    register(log)
    issue(log, "E5", number=1, at=NINE + DAY)
    for number, serial in enumerate(["D4", "B2", "C3", "A1"], 2):  # these end in the same second
        issue(log, serial, number=number)

    walked: list[str] = []
    after: CertificateKey | None = None
    while not walked or after is not None:
        page = ask(NINE, after=after, limit=limit)
        walked += serials(page)
        after = page.next

    assert walked == ["A1", "B2", "C3", "D4", "E5"]


def test_pages_of_the_revoked_go_on_behind_a_planned_serial(log: MemoryLog, ask: Ask) -> None:
    register(log)
    append(log, planned("A1"), revoked("lost", NINE, "A1"), planned("A2"), revoked("lost", NINE + DAY, "A2"))
    issue(log, "A3", number=2)
    append(log, revoked("lost", NINE + DAY, "A3"), number=2)

    first = ask(NINE + DAY, state="revoked", limit=1)
    second = ask(NINE + DAY, state="revoked", limit=1, after=first.next)
    third = ask(NINE + DAY, state="revoked", limit=1, after=second.next)

    assert [serials(first), serials(second), serials(third), third.next] == [["A1"], ["A2"], ["A3"], None]


def test_facts_of_a_serial_never_planned_make_no_row(log: MemoryLog, ask: Ask) -> None:
    append(log, issued("A1"), fact("CertificateFirstUsed", NINE), revoked("lost", NINE))

    page = ask(NINE)

    assert page.items == ask(NINE, state="revoked").items == []
