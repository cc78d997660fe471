"""After an erasure the database has nothing of the person any more, and all that is folded from the log stays (R10.6).

The whole of it: Q11.
"""

from collections.abc import Iterator

import pytest
from psycopg import sql

from domain.fact import COMMAND_LINE, WORKER
from domain.policy import Policy
from infra.migration import PLAIN_TABLES
from infra.personal_rows import ERASED, KEPT
from infra.vault_check import differences
from infra.views import CurrentViews
from projections.runner import Connection, catch_up, connect
from tests.support.accounts import fact
from tests.support.applicants import CODE, Letter
from tests.support.approvals import FIRST
from tests.support.canaries import Spellings, of_text
from tests.support.copies import check
from tests.support.database import Dsn
from tests.support.house import MASTER, NINE, RIGHT, TARO, House
from tests.support.post import Post

NAME, ADDRESS, FORMER = "加奈里道子七三", "kanaria73@example.com", "kanaria.alt73@example.com"
ASKED, ASKED_AGAIN, OFFICE = "加奈里次郎八四", "加奈里三郎九五", "kanariadesk73@example.com"
CANARIES: dict[str, Spellings] = {word: of_text(word) for word in (NAME, ADDRESS, FORMER, ASKED, ASKED_AGAIN, OFFICE)}


@pytest.fixture
def projector(dsn: Dsn) -> Iterator[Connection]:
    with connect(dsn.process, "test") as connection:
        yield connection


def project(house: House, projector: Connection) -> None:
    for view in CurrentViews(house.database).all:
        catch_up(projector, view, house.store)


@pytest.fixture
def policy() -> Policy:
    return Policy(approval="two_persons")


@pytest.fixture
def lived(house: House, projector: Connection) -> House:
    """A master came in by the letter, changed the address, issued, logged in, was locked, and revoked in two ways; all
    with mails that wait, and everything known to the views."""
    password = house.desk.organizations.register(CODE, "見本商事", OFFICE, COMMAND_LINE, NINE)
    letter = Letter(house, password)
    letter.register(letter.proposed(name=NAME, email=FORMER))
    house.own_password(MASTER, RIGHT)
    house.desk.accounts.change_contact(MASTER, NAME, ADDRESS, FIRST, NINE)
    house.issue(MASTER)
    house.log_in(user_id=MASTER)
    serial = str(house.certificate(user_id=MASTER).serial)
    house.desk.approvals.revoke(serial, "lost", FIRST, NINE, requested_by=ASKED)
    house.desk.revocation.revoke_user(MASTER, "lost", FIRST, NINE, requested_by=ASKED_AGAIN)
    house.fail(6, MASTER)
    house.desk.organizations.close(CODE, FIRST, NINE)
    project(house, projector)
    return house


def found_in(house: House) -> dict[str, set[str]]:
    """Of each canary the tables in which it stands, in any column and any spelling."""
    tables = house.database.execute(
        "select table_schema as room, table_name as name from information_schema.tables"
        " where table_schema in ('public', 'views') and table_type = 'BASE TABLE'"
    )
    assert {"public", "views"} == {table["room"] for table in tables}
    found: dict[str, set[str]] = {}
    with house.database.connection() as connection:
        for table in tables:
            query = sql.SQL("select * from {}").format(sql.Identifier(table["room"], table["name"]))
            cells = [cell for row in connection.execute(query).fetchall() for cell in row.values()]
            content = b"\n".join(bytes(c) if isinstance(c, bytes | memoryview) else str(c).encode() for c in cells)
            for word, spellings in CANARIES.items():
                if any(spelling in content for spelling in spellings):
                    found.setdefault(word, set()).add(table["name"])
    return found


def test_before_it_the_vault_alone_has_names_and_addresses(lived: House) -> None:
    assert found_in(lived) == {word: {"vault_persons"} for word in CANARIES}


def test_after_it_no_table_has_any_of_them(lived: House) -> None:
    lived.desk.erasure.erase(MASTER, COMMAND_LINE, NINE)

    assert found_in(lived) == {}
    assert list(differences(lived.database)) == []


def test_a_browser_that_kept_its_cookies_gets_nothing_back(lived: House) -> None:
    before = lived.database.execute("select user_id from tickets union all select user_id from sessions")

    lived.desk.erasure.erase(MASTER, COMMAND_LINE, NINE)

    after = lived.database.execute("select user_id from tickets union all select user_id from sessions")
    assert ([row["user_id"] for row in before], after) == ([MASTER, MASTER], [])


def test_every_view_goes_on_and_equals_its_rebuilt_copy(lived: House, projector: Connection) -> None:
    lived.desk.erasure.erase(MASTER, COMMAND_LINE, NINE)
    lived.organization()
    lived.user()
    project(lived, projector)

    assert check(projector, lived.store) > 0
    assert CurrentViews(lived.database).users(user_id=MASTER).items[0].closed_at == NINE
    assert CurrentViews(lived.database).users(user_id=TARO).items != []


def test_the_workers_round_cancels_what_waits_for_the_erased_and_sends_the_rest(lived: House) -> None:
    lived.organization()
    lived.user()
    lived.fail(6)
    post = Post(lived, Policy())
    lived.desk.erasure.erase(MASTER, COMMAND_LINE, NINE)

    sent = post.send()

    assert (sent, [mail.recipient for mail in post.server.taken]) == (1, ["taro@example.com"])
    cancelled = fact("NotificationCancelled", NINE, by=WORKER, reason="erased")
    assert [outcome for _, outcome in post.outcomes()].count("cancelled") == post.ends().count(cancelled) > 1


def test_each_table_is_said_to_hold_something_of_a_person_or_why_it_does_not(house: House) -> None:
    tables = house.database.execute(
        "select table_name as name from information_schema.tables where table_schema = 'public'"
    )

    assert {*ERASED, *KEPT} == {table["name"] for table in tables}
    assert not ERASED.keys() & KEPT
    assert ERASED.keys() <= set(PLAIN_TABLES)
