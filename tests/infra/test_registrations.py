"""Browsers in the first registration: found and opened by their cookie alone, and purged (R7.2, R2.3)."""

import pytest

from application.ports import Conflict, MasterProfile
from infra.postgres import Database
from infra.registrations import RegistrationBook, registrant_id
from tests.support.accounts import MILLISECOND, NINE
from tests.support.rows import write

HANAKO = MasterProfile(name="見本 花子", email="hanako@example.com", user_id="hanako01", password="tulip2026")
SAKURA = MasterProfile(name="見本 桜子", email="sakura@example.com", user_id="sakura77", password="violet77")


@pytest.fixture
def book(database: Database) -> RegistrationBook:
    return RegistrationBook(database)


@pytest.fixture
def cookie(book: RegistrationBook, database: Database) -> str:
    """Of a registrant who came in at nine."""
    return opened(book, database)


def opened(book: RegistrationBook, database: Database, organization: str = "BETA01") -> str:
    cookie, row = book.open(organization, 3, NINE)
    write(database, row)
    return cookie


def typed(book: RegistrationBook, cookie: str) -> MasterProfile | None:
    """What the newest proposal holds."""
    found = book.proposal(cookie)
    return found.profile if found else None


def test_a_registrant_is_found_by_the_cookie_alone(book: RegistrationBook, cookie: str) -> None:
    registrant = book.find(cookie)

    assert registrant is not None
    assert (registrant.organization, registrant.credential, registrant.opened_at) == ("BETA01", 3, NINE)
    assert (registrant.id, registrant.user_id) == (registrant_id(cookie), None)
    assert book.find(cookie[:-1]) is None
    assert book.find(registrant.id) is None


def test_what_was_typed_opens_with_the_cookie_alone(book: RegistrationBook, database: Database, cookie: str) -> None:
    other = opened(book, database)
    write(database, book.fill_in(cookie, HANAKO), book.fill_in(other, SAKURA))

    assert (typed(book, cookie), typed(book, other), typed(book, "no cookie")) == (HANAKO, SAKURA, None)


def test_before_anything_was_typed_there_is_none(book: RegistrationBook, cookie: str) -> None:
    assert typed(book, cookie) is None


def test_what_is_typed_anew_takes_its_place(book: RegistrationBook, database: Database, cookie: str) -> None:
    write(database, book.fill_in(cookie, HANAKO))
    write(database, book.fill_in(cookie, SAKURA))

    assert typed(book, cookie) == SAKURA


def test_each_proposal_has_a_tag_of_its_own_though_the_same_be_typed_again(
    book: RegistrationBook, database: Database, cookie: str
) -> None:
    write(database, book.fill_in(cookie, HANAKO))
    first, again = book.proposal(cookie), book.proposal(cookie)
    write(database, book.fill_in(cookie, HANAKO))
    second = book.proposal(cookie)

    assert first == again
    assert first is not None
    assert second is not None
    assert (first.profile, first.tag == second.tag) == (second.profile, False)


def test_the_row_alone_opens_nothing(book: RegistrationBook, database: Database, cookie: str) -> None:
    write(database, book.fill_in(cookie, HANAKO))

    (row,) = database.execute("select * from registrations")
    kept = str(row) + bytes(row["profile"]).decode("latin-1")
    secrets = [cookie, "tulip2026", "hanako", "花子", "花子".encode().decode("latin-1")]
    assert [secret for secret in secrets if secret in kept] == []
    assert len(cookie) >= 43  # 256 random bits


def test_what_was_sealed_for_one_browser_does_not_open_in_anothers(
    book: RegistrationBook, database: Database, cookie: str
) -> None:
    other = opened(book, database, "GAMMA1")
    write(database, book.fill_in(cookie, HANAKO))

    database.execute("update registrations set profile = (select profile from registrations where profile is not null)")

    assert (typed(book, cookie), typed(book, other)) == (HANAKO, None)


def test_once_registered_what_was_typed_is_gone_and_the_user_id_stands_there(
    book: RegistrationBook, database: Database, cookie: str
) -> None:
    write(database, book.fill_in(cookie, HANAKO))

    write(database, book.registered(registrant_id(cookie), "hanako01"))

    found = book.find(cookie)
    assert found is not None
    assert (found.user_id, typed(book, cookie)) == ("hanako01", None)


def test_what_is_registered_changes_no_more(book: RegistrationBook, database: Database, cookie: str) -> None:
    known = registrant_id(cookie)
    write(database, book.registered(known, "hanako01"))

    for row in (book.registered(known, "sakura77"), book.fill_in(cookie, SAKURA), book.forget(known)):
        with pytest.raises(Conflict):
            write(database, row)

    found = book.find(cookie)
    assert found is not None
    assert found.user_id == "hanako01"


def test_what_is_forgotten_is_gone_and_nothing_is_done_to_it(
    book: RegistrationBook, database: Database, cookie: str
) -> None:
    known = registrant_id(cookie)
    write(database, book.forget(known))

    for row in (book.forget(known), book.fill_in(cookie, HANAKO), book.registered(known, "hanako01")):
        with pytest.raises(Conflict):
            write(database, row)

    assert database.execute("select id from registrations") == []


def test_a_purge_takes_what_was_typed_by_the_old_ones_alone(
    book: RegistrationBook, database: Database, cookie: str
) -> None:
    write(database, book.fill_in(cookie, HANAKO))

    book.forget_profiles(NINE - MILLISECOND)
    before = typed(book, cookie)
    book.forget_profiles(NINE)

    assert (before, typed(book, cookie)) == (HANAKO, None)
    assert book.find(cookie) is not None


def test_a_purge_takes_the_old_ones_alone(book: RegistrationBook, database: Database, cookie: str) -> None:
    book.forget_old(NINE - MILLISECOND)
    before = book.find(cookie)
    book.forget_old(NINE)

    assert before is not None
    assert book.find(cookie) is None
