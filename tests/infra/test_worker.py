"""One round of the reminder worker on its real parts: all that is due by the clock is done (R3.7, R4.8, R8.2)."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from infra import bootstrap
from infra.duties import do_once
from infra.settings import Settings
from infra.worker import KNOWN, duties
from projections.runner import Projector
from tests.support.accounts import HOUR
from tests.support.command_line import url
from tests.support.database import Dsn
from tests.support.house import RENEWAL, TARO, House
from tests.support.post import MailServer, PlainLetters


@pytest.fixture
def found(house: House, dsn: Dsn, tmp_path: Path) -> Iterator[bootstrap.House]:
    """What a worker opens, at the clock of the house; a projector keeps its views."""
    settings = Settings(home=tmp_path, database_url=url(dsn.process), mail_issued=False)
    with bootstrap.house(settings, dsn.process, house.clock) as found:
        projector = Projector(found.views.all, found.store, dsn.process)
        thread = Thread(target=projector.run)
        thread.start()
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

    assert sorted(mail.subject for mail in server.taken) == ["subject expiring", "subject issued", "subject locked"]
    assert {mail.recipient for mail in server.taken} == {"taro@example.com"}
    assert house.count("AccountLockExpired") == 1
    assert house.count("KeyPackageDestroyed") == 1
    assert house.database.execute("select id from sessions where user_id = %s", TARO) == []
    assert house.database.execute("select key from rate_counters") == []
    assert house.database.execute("select owner from issuance_codes") == []
