"""What PostgreSQL tells of revocations (R4.10), and when nothing that is cached may be believed."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.certificate import certificate_stream
from domain.fact import COMMAND_LINE
from infra import revocation_notices
from infra.revocation_notices import RevocationNotices
from tests.support.database import Dsn
from tests.support.eventually import eventually
from tests.support.house import TARO, House
from tests.support.ocsp import issued


@pytest.fixture
def notices(dsn: Dsn) -> Iterator[RevocationNotices]:
    opened = RevocationNotices(dsn.process)
    yield opened
    opened.close()


@pytest.fixture
def listening(notices: RevocationNotices) -> RevocationNotices:
    notices.listen()
    assert eventually(lambda: notices.heard().is_current)
    return notices


def heard_of(notices: RevocationNotices, count: int) -> list[UUID]:
    streams = list[UUID]()

    def has_heard() -> bool:
        streams.extend(notices.heard().streams)
        return len(streams) >= count

    assert eventually(has_heard)
    return streams


def test_a_revocation_is_told_by_its_stream_and_nothing_else_is_told(
    listening: RevocationNotices, house: House
) -> None:
    house.organization()
    issued(house)
    issued(house, "jiro0002")

    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())

    assert heard_of(listening, 1) == [certificate_stream(TARO, 1)]
    assert listening.heard().is_current


def test_before_it_listens_nothing_is_current(notices: RevocationNotices) -> None:
    heard = notices.heard()

    assert (heard.listening, heard.is_current, heard.streams) == (0, False, [])


def test_a_connection_is_current_once_the_server_has_answered_on_it(notices: RevocationNotices) -> None:
    notices.listen()

    assert eventually(lambda: notices.heard().is_current)
    assert notices.heard().listening == 1


def test_a_server_that_falls_silent_is_not_believed_for_long(
    notices: RevocationNotices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation_notices, "BELIEVED", 0.0)  # seconds after a question that was answered
    notices.listen()

    assert not any(notices.heard().is_current for _ in range(100))


def test_through_a_transaction_pooler_nothing_is_believed(
    notices: RevocationNotices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation_notices, "SIGN_OF_LIFE", b"select 0")  # another server process than the greeting's
    notices.listen()

    assert eventually(lambda: not notices.heard().is_current and notices._connection is None)


def test_a_connection_that_was_ended_is_no_longer_current_and_another_has_another_number(
    listening: RevocationNotices, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'shomei ocsp'"
    owner.execute(query)
    after = listening.heard()
    monkeypatch.setattr(revocation_notices, "RECONNECT", 0.0)

    listening.listen()

    assert not after.is_current
    assert eventually(lambda: listening.heard().is_current)
    assert listening.heard().listening == 2


def test_where_the_database_is_away_it_is_not_tried_at_every_request(dsn: Dsn) -> None:
    notices = RevocationNotices("host=/nonexistent")
    notices.listen()
    notices._dsn = dsn.process

    notices.listen()

    assert notices.heard().listening == 0
