"""Passages from ④ to ⑧: found and opened by their cookie alone (R4.6, R4.8, R5.2, R5.3)."""

from uuid import UUID

import pytest

from application.ports import Conflict
from domain.errors import TicketMissing
from infra.postgres import Database
from infra.tickets import TicketDrawer, ticket_id
from tests.support.accounts import DAY, MILLISECOND, MINUTE, NINE, SECOND
from tests.support.rows import write

STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")


@pytest.fixture
def drawer(database: Database) -> TicketDrawer:
    return TicketDrawer(database)


@pytest.fixture
def cookie(drawer: TicketDrawer, database: Database) -> str:
    """Of a ticket opened at nine."""
    cookie, row = drawer.open("taro0001", "sesame99", NINE)
    write(database, row)
    return cookie


def started(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    write(database, drawer.started(ticket_id(cookie), 1, NINE))


def sealed(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    write(database, drawer.sealed(cookie, b"a p12", STREAM, "taro.p12", NINE))


# ---- opened


def test_a_ticket_is_found_by_its_cookie_alone(drawer: TicketDrawer, cookie: str) -> None:
    ticket = drawer.find(cookie)

    assert ticket is not None
    assert (ticket.id, ticket.user_id, ticket.opened_at) == (ticket_id(cookie), "taro0001", NINE)
    assert (ticket.number, ticket.sign_at, ticket.failure, ticket.issued_at) == (None, None, None, None)
    assert drawer.find(cookie[:-1]) is None
    assert drawer.find(ticket.id) is None


def test_the_password_opens_with_the_cookie_alone(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    other, row = drawer.open("jiro0001", "jirosan1", NINE)
    write(database, row)

    assert (drawer.password(cookie), drawer.password(other), drawer.password("no cookie")) == (
        "sesame99",
        "jirosan1",
        None,
    )


def test_what_is_sealed_for_one_browser_does_not_open_in_anothers_ticket(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    other, row = drawer.open("jiro0001", "jirosan1", NINE)
    write(database, row)

    database.execute("update tickets set password = (select password from tickets where user_id = 'taro0001')")

    assert (drawer.password(cookie), drawer.password(other)) == ("sesame99", None)


def test_the_cookie_stands_nowhere_in_the_row(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    (row,) = database.execute("select * from tickets")

    assert cookie not in str(row)
    assert len(cookie) >= 43  # 256 random bits


# ---- at work


def test_a_started_ticket_carries_number_and_sign(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    started(drawer, database, cookie)
    drawer.sign_of_life(ticket_id(cookie), NINE + SECOND)

    ticket = drawer.find(cookie)
    assert ticket is not None
    assert (ticket.number, ticket.sign_at) == (1, NINE + SECOND)


def test_a_take_over_succeeds_once_and_only_after_the_silence(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    started(drawer, database, cookie)
    known = ticket_id(cookie)
    now = NINE + MINUTE

    too_soon = drawer.take_over(known, NINE - MILLISECOND, now)
    taken = [drawer.take_over(known, NINE, now), drawer.take_over(known, NINE, now)]

    assert (too_soon, taken) == (False, [True, False])


def test_what_failed_or_was_issued_is_not_taken_over(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    started(drawer, database, cookie)
    write(database, drawer.failed(ticket_id(cookie), 1, "failed"))
    failed = drawer.take_over(ticket_id(cookie), NINE, NINE + MINUTE)
    sealed(drawer, database, cookie)

    assert not failed
    assert not drawer.take_over(ticket_id(cookie), NINE, NINE + MINUTE)


def test_a_failure_keeps_the_password_and_a_new_start_wipes_it_out(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    started(drawer, database, cookie)
    write(database, drawer.failed(ticket_id(cookie), 1, "blocked"))
    failed = drawer.find(cookie)
    write(database, drawer.started(ticket_id(cookie), 2, NINE))
    again = drawer.find(cookie)

    assert failed is not None
    assert again is not None
    assert (failed.failure, again.failure, again.number) == ("blocked", None, 2)
    assert drawer.password(cookie) == "sesame99"


# ---- issued


def test_the_package_takes_the_passwords_place(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    started(drawer, database, cookie)
    sealed(drawer, database, cookie)

    ticket = drawer.find(cookie)
    assert ticket is not None
    assert (ticket.issued_at, ticket.file_name, ticket.gone) == (NINE, "taro.p12", False)
    assert (drawer.package(cookie), drawer.password(cookie)) == (b"a p12", None)
    assert drawer.package("no cookie") is None


def test_a_package_without_its_ticket_is_refused(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    write(database, drawer.forget(ticket_id(cookie)))

    with pytest.raises(TicketMissing):
        sealed(drawer, database, cookie)


def test_a_late_failure_does_not_undo_an_issue(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    started(drawer, database, cookie)
    sealed(drawer, database, cookie)

    write(database, drawer.failed(ticket_id(cookie), 1, "issuance_over"))

    ticket = drawer.find(cookie)
    assert ticket is not None
    assert ticket.failure is None


def test_a_destroyed_package_is_gone_and_its_ticket_says_so(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    sealed(drawer, database, cookie)

    write(database, drawer.destroy_package(STREAM))

    ticket = drawer.find(cookie)
    assert ticket is not None
    assert ticket.gone
    assert drawer.package(cookie) is None


def test_a_ticket_is_forgotten_unless_it_led_to_a_certificate_meanwhile(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    other, row = drawer.open("jiro0001", "jirosan1", NINE)
    write(database, row)
    sealed(drawer, database, cookie)

    write(database, drawer.forget(ticket_id(other)))
    write(database, drawer.forget(ticket_id(other)))
    with pytest.raises(Conflict):
        write(database, drawer.forget(ticket_id(cookie)))

    assert drawer.find(cookie) is not None
    assert drawer.find(other) is None


def test_cancelling_forgets_what_was_never_started_and_what_failed(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    other, row = drawer.open("jiro0001", "jirosan1", NINE)
    write(database, row)
    started(drawer, database, cookie)
    write(database, drawer.failed(ticket_id(cookie), 1, "failed"))

    write(database, drawer.cancel(ticket_id(cookie)), drawer.cancel(ticket_id(other)))

    assert (drawer.find(cookie), drawer.find(other)) == (None, None)


def test_what_is_under_way_is_not_cancelled(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    started(drawer, database, cookie)

    with pytest.raises(Conflict):
        write(database, drawer.cancel(ticket_id(cookie)))

    assert drawer.find(cookie) is not None


def test_what_was_cancelled_is_not_started(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    write(database, drawer.cancel(ticket_id(cookie)))

    with pytest.raises(Conflict):
        started(drawer, database, cookie)


# ---- overdue


def test_a_package_is_overdue_from_the_instant_given(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    sealed(drawer, database, cookie)

    assert drawer.overdue_packages(NINE - MILLISECOND) == []
    assert drawer.overdue_packages(NINE) == [STREAM]
    write(database, drawer.destroy_package(STREAM))
    assert drawer.overdue_packages(NINE) == []


def test_an_issue_is_overdue_by_its_start_whatever_sign_it_gave_and_whoever_took_it_over(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    never_started = drawer.overdue_issues(NINE + DAY)
    started(drawer, database, cookie)
    drawer.sign_of_life(ticket_id(cookie), NINE + SECOND)
    drawer.take_over(ticket_id(cookie), NINE + SECOND, NINE + MINUTE)

    assert never_started == []
    assert drawer.overdue_issues(NINE - MILLISECOND) == []
    assert drawer.overdue_issues(NINE) == [(ticket_id(cookie), "taro0001", 1)]


def test_an_issue_that_failed_or_was_issued_is_not_overdue(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    started(drawer, database, cookie)
    write(database, drawer.failed(ticket_id(cookie), 1, "failed"))
    failed = drawer.overdue_issues(NINE + DAY)
    write(database, drawer.started(ticket_id(cookie), 2, NINE + MINUTE))
    again = [drawer.overdue_issues(NINE + MINUTE - MILLISECOND), drawer.overdue_issues(NINE + MINUTE)]
    sealed(drawer, database, cookie)

    assert failed == []
    assert again == [[], [(ticket_id(cookie), "taro0001", 2)]]
    assert drawer.overdue_issues(NINE + DAY) == []


def test_a_failure_of_an_earlier_number_does_not_end_the_next_issue(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    started(drawer, database, cookie)
    write(database, drawer.started(ticket_id(cookie), 2, NINE))

    write(database, drawer.failed(ticket_id(cookie), 1, "failed"))

    ticket = drawer.find(cookie)
    assert ticket is not None
    assert ticket.failure is None


def test_tickets_are_forgotten_by_their_last_sign(drawer: TicketDrawer, database: Database, cookie: str) -> None:
    started(drawer, database, cookie)
    drawer.sign_of_life(ticket_id(cookie), NINE + SECOND)

    drawer.forget_old(NINE + SECOND - MILLISECOND)
    before = drawer.find(cookie)
    drawer.forget_old(NINE + SECOND)

    assert before is not None
    assert drawer.find(cookie) is None


def test_a_ticket_with_a_package_is_not_forgotten_and_without_it_a_day_later(
    drawer: TicketDrawer, database: Database, cookie: str
) -> None:
    sealed(drawer, database, cookie)
    drawer.forget_old(NINE + 2 * DAY)
    with_package = drawer.find(cookie)
    write(database, drawer.destroy_package(STREAM))

    drawer.forget_old(NINE + DAY - MILLISECOND)
    within_the_day = drawer.find(cookie)
    drawer.forget_old(NINE + DAY)

    assert with_package is not None
    assert within_the_day is not None
    assert drawer.find(cookie) is None
