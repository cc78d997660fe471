"""Log-ins in the database: one open at a time, found by their cookie alone (R6.3)."""

from uuid import UUID

import pytest

from application.ports import Changes, Session
from infra.certificate_index import CertificateIndex
from infra.event_store import EventStore
from infra.postgres import Database
from infra.sessions import SessionBook, session_id
from tests.support.accounts import MILLISECOND, MINUTE, NINE, fact
from tests.support.rows import write

FINGERPRINT = "cd" * 32
STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("9c2e7a1d-0000-4000-8000-000000000002")


@pytest.fixture
def book(database: Database) -> SessionBook:
    return SessionBook(database)


def begun(
    book: SessionBook, database: Database, user_id: str = "taro0001", at_minute: int = 0, fingerprint: str = FINGERPRINT
) -> str:
    cookie, row = book.begin(user_id, "general", fingerprint, must_change_password=True, now=NINE + at_minute * MINUTE)
    write(database, row)
    return cookie


def found(book: SessionBook, cookie: str) -> Session:
    session = book.find(cookie)
    assert session is not None
    return session


def test_a_session_is_found_by_its_cookie_alone(book: SessionBook, database: Database) -> None:
    cookie = begun(book, database)

    assert found(book, cookie) == Session(
        user_id="taro0001",
        role="general",
        fingerprint=FINGERPRINT,
        began_at=NINE,
        seen_at=NINE,
        must_change_password=True,
    )
    assert book.find(cookie[:-1]) is None
    assert book.find(session_id(cookie)) is None


def test_with_the_session_come_the_facts_of_its_own_certificate_in_their_order(
    book: SessionBook, database: Database, store: EventStore
) -> None:
    index = CertificateIndex(database)
    for serial, fingerprint, stream in (("A1", FINGERPRINT, STREAM), ("B2", "ab" * 32, OTHER)):
        write(database, index.planned(serial, stream, NINE), index.issued(serial, fingerprint))
    first, second = fact("CertificateFirstUsed", NINE), fact("KeyPackageDelivered", NINE)
    store.save(Changes(OTHER, 0, [second]), Changes(STREAM, 0, [first, second]))
    cookie = begun(book, database)

    assert book.with_certificate(cookie) == (found(book, cookie), [first, second])


def test_a_session_is_found_though_nobody_knows_its_certificate(book: SessionBook, database: Database) -> None:
    cookie = begun(book, database)

    assert book.with_certificate(cookie) == (found(book, cookie), [])
    assert book.with_certificate(cookie[:-1]) is None


def test_the_cookie_stands_nowhere_in_the_row(book: SessionBook, database: Database) -> None:
    cookie = begun(book, database)

    (row,) = database.execute("select * from sessions")

    assert cookie not in str(row)
    assert len(cookie) >= 43  # 256 random bits


def test_a_later_session_replaces_the_one_that_is_open_whatever_the_case_of_the_id(
    book: SessionBook, database: Database
) -> None:
    earlier = begun(book, database)
    strangers = begun(book, database, "jiro0001")

    later = begun(book, database, "TARO0001", at_minute=14)

    assert (found(book, earlier).ended, found(book, strangers).ended, found(book, later).ended) == (
        "replaced",
        None,
        None,
    )
    assert (found(book, strangers).replaced_another, found(book, later).replaced_another) == (False, True)


@pytest.mark.parametrize(
    ("seen_minutes", "next_minute", "reason"), [(0, 15, "idle"), (479, 480, "too_long")], ids=["idle", "too long"]
)
def test_a_session_over_by_time_is_closed_for_that_and_not_replaced(
    book: SessionBook, database: Database, seen_minutes: int, next_minute: int, reason: str
) -> None:
    earlier = begun(book, database)
    book.seen(earlier, NINE + seen_minutes * MINUTE)

    later = begun(book, database, at_minute=next_minute)

    assert found(book, earlier).ended == reason
    assert not found(book, later).replaced_another


def test_each_request_moves_seen_at(book: SessionBook, database: Database) -> None:
    cookie = begun(book, database)

    book.seen(cookie, NINE + MINUTE)

    assert (found(book, cookie).began_at, found(book, cookie).seen_at) == (NINE, NINE + MINUTE)


def test_the_first_reason_a_session_ended_for_stays(book: SessionBook, database: Database) -> None:
    cookie = begun(book, database)

    write(database, book.end(cookie, "logged_out"), book.end_all("taro0001", "blocked"))

    assert found(book, cookie).ended == "logged_out"


def test_all_sessions_of_a_user_end_and_no_strangers(book: SessionBook, database: Database) -> None:
    cookie, strangers = begun(book, database), begun(book, database, "jiro0001")

    write(database, book.end_all("TARO0001", "reset"))

    assert (found(book, cookie).ended, found(book, strangers).ended) == ("reset", None)


def test_what_was_begun_with_a_certificate_ends_with_it(book: SessionBook, database: Database) -> None:
    cookie = begun(book, database)
    strangers = begun(book, database, "jiro0001", fingerprint="ab" * 32)

    write(database, book.end_bound(FINGERPRINT, "revoked"))

    assert (found(book, cookie).ended, found(book, strangers).ended) == ("revoked", None)


def test_a_changed_password_takes_the_duty_off_its_session(book: SessionBook, database: Database) -> None:
    cookie = begun(book, database)

    write(database, book.password_changed(cookie))

    assert not found(book, cookie).must_change_password


def test_sessions_are_forgotten_from_the_instant_given(book: SessionBook, database: Database) -> None:
    cookie = begun(book, database)

    book.forget_old(NINE - MILLISECOND)
    before = book.find(cookie)
    book.forget_old(NINE)

    assert before is not None
    assert book.find(cookie) is None
