"""One round of the reminder worker on its real parts: all that is due by the clock is done (R3.7, R4.8, R8.2)."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from domain.fact import COMMAND_LINE
from infra import bootstrap
from infra.duties import do_once
from infra.head_file import HEADS
from infra.settings import Settings
from infra.tree_heads import read
from infra.worker import KNOWN, auditors, duties
from projections.runner import Projector
from tests.support.accounts import HOUR
from tests.support.command_line import url
from tests.support.database import Dsn
from tests.support.eventually import patiently
from tests.support.house import RENEWAL, TARO, House
from tests.support.letters import LOG_KEY, WRITER
from tests.support.post import MailServer, PlainLetters


@pytest.fixture
def mail_heads() -> bool:
    """A test that does not want them parametrizes this."""
    return True


@pytest.fixture
def found(house: House, dsn: Dsn, tmp_path: Path, mail_heads: bool) -> Iterator[bootstrap.House]:
    """What a worker opens, at the clock of the house; a projector keeps its views."""
    settings = Settings(home=tmp_path, database_url=url(dsn.process), mail_issued=False, mail_heads=mail_heads)
    with bootstrap.house(settings, dsn.process, house.clock) as found:
        projector = Projector(found.views.all, found.store, dsn.process)
        thread = Thread(target=projector.run)
        thread.start()
        patiently(lambda: found.views.settle(KNOWN))  # the tables are made once, on a machine that may be busy
        yield found
        projector.stop()
        thread.join()


def test_a_round_does_all_that_is_due_and_what_it_asks_for_it_sends(house: House, found: bootstrap.House) -> None:
    house.organization()
    house.user()
    house.issue()
    house.log_in()
    house.fail(6)
    house.database.execute("insert into rate_counters (key, count, until) values ('old', 1, '2020-01-01')")
    house.database.execute("insert into issuance_codes (owner, number, code) values (gen_random_uuid(), 1, '123456')")
    house.clock.set(RENEWAL + 8 * HOUR)
    server = MailServer(house.between)
    assert found.views.settle(KNOWN)

    do_once(duties(found, PlainLetters(), server, Event()))

    assert house.count("TreeHeadSigned") == 0  # without the log's key
    assert sorted(mail.subject for mail in server.taken) == ["subject expiring", "subject issued", "subject locked"]
    assert {mail.recipient for mail in server.taken} == {"taro@example.com"}
    assert house.count("AccountLockExpired") == 1
    assert house.count("KeyPackageDestroyed") == 1
    assert house.database.execute("select id from sessions where user_id = %s", TARO) == []
    assert house.database.execute("select key from rate_counters") == []
    assert house.database.execute("select owner from issuance_codes") == []


def test_where_the_logs_key_is_a_round_signs_a_head_and_mails_it_to_the_auditors(
    house: House, found: bootstrap.House
) -> None:
    """R10.4: the note stands in the mail as it was published."""
    house.staff()
    house.desk.accounts.register("audit001", "auditor", None, "監査 二郎", "a@example.com", COMMAND_LINE, house.clock())
    server = MailServer(house.between)
    assert found.views.settle(KNOWN)

    do_once(duties(found, WRITER, server, Event(), LOG_KEY))

    [mail] = server.taken
    assert mail.recipient == "a@example.com"
    public = LOG_KEY.public_key()
    assert read(mail.body, public) == read((found.settings.home / HEADS).read_text(), public)


@pytest.mark.parametrize("mail_heads", [False])
def test_where_heads_are_not_to_be_mailed_they_are_signed_all_the_same(house: House, found: bootstrap.House) -> None:
    house.desk.accounts.register("audit001", "auditor", None, "監査 二郎", "a@example.com", COMMAND_LINE, house.clock())
    server = MailServer(house.between)
    assert found.views.settle(KNOWN)

    do_once(duties(found, WRITER, server, Event(), LOG_KEY))

    assert house.count("TreeHeadSigned") == 1
    assert server.taken == []


def test_auditors_are_those_who_were_not_closed_however_many(house: House, found: bootstrap.House) -> None:
    for number in range(3):
        house.desk.accounts.register(
            f"audit{number:03}", "auditor", None, "監査 二郎", "a@example.com", COMMAND_LINE, house.clock()
        )
    house.record(lambda account: account.close("retired", COMMAND_LINE, house.clock()), "audit001")
    assert found.views.settle(KNOWN)

    assert auditors(found.views, page=2) == ["audit000", "audit002"]
