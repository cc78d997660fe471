"""A stored fact that somebody changed into none is named by whoever reads it, and never quoted (R10.4)."""

from threading import Thread
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import TupleRow
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from application.ports import Changes, Unreadable
from domain.certificate import CertificateRevoked, certificate_stream
from domain.credentials import account_stream
from domain.fact import COMMAND_LINE
from infra import untold_users
from infra.authority import IssuingAuthority
from infra.event_store import EventStore
from infra.ocsp import INTERNAL_ERROR
from infra.pki import Pki
from infra.vault_check import differences
from projections.lock_status import LockStatus
from projections.log_tree import LogTree
from projections.runner import Runner, catch_up, connect
from tests.support.accounts import NINE, SECOND, fact
from tests.support.command_line import CommandLine
from tests.support.database import Dsn
from tests.support.eventually import eventually
from tests.support.house import TARO, House
from tests.support.ocsp import issued, pki, request
from tests.support.unreadable_facts import ACTS, tamper
from web.pki import create_pki_app

__all__ = ["pki"]

STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("4b1d8f0e-0000-4000-8000-000000000002")
FIRST = fact("LoggedIn", NINE, serial="A1")

TYPE = {"content-type": "application/ocsp-request"}

Owner = psycopg.Connection[TupleRow]


def place(position: int, version: int, stream: UUID = STREAM) -> str:
    return f"the fact at position {position} (version {version} of stream {stream}) cannot be read"


# ---- the store


@pytest.fixture
def stored(store: EventStore) -> EventStore:
    """One fact in another stream, then three."""
    store.save(Changes(OTHER, 0, [FIRST]))
    store.save(Changes(STREAM, 0, [FIRST, FIRST, FIRST]))
    return store


@pytest.mark.parametrize("act", ACTS)
def test_a_stream_with_a_fact_that_is_none_is_refused_with_its_place(
    stored: EventStore, owner: Owner, act: str
) -> None:
    position = tamper(owner, STREAM, 2, act)

    with pytest.raises(Unreadable) as refused:
        stored.load(STREAM)

    assert str(refused.value) == place(position, 2)
    assert stored.load(OTHER) == [FIRST]


@pytest.mark.parametrize("act", ACTS)
def test_a_page_of_the_log_with_a_fact_that_is_none_is_refused_with_its_place(
    stored: EventStore, owner: Owner, act: str
) -> None:
    position = tamper(owner, STREAM, 2, act)

    with pytest.raises(Unreadable) as refused:
        stored.entries(0)

    assert str(refused.value) == place(position, 2)
    assert [entry.version for entry in stored.entries(0, 2)] == [1, 1]
    assert [entry.version for entry in stored.entries(position)] == [3]


def test_of_several_the_first_is_named(stored: EventStore, owner: Owner) -> None:
    tamper(owner, STREAM, 3)
    position = tamper(owner, STREAM, 2)

    with pytest.raises(Unreadable, match=f"position {position} "):
        stored.load(STREAM)
    with pytest.raises(Unreadable, match=f"position {position} "):
        stored.entries(0)


def test_behind_a_gap_a_fact_is_named_by_its_own_version(stored: EventStore, owner: Owner) -> None:
    position = tamper(owner, STREAM, 3)
    owner.execute("delete from stored_events where originator_id = %s and originator_version = 1", [STREAM])

    with pytest.raises(Unreadable) as refused:
        stored.load(STREAM)

    assert str(refused.value) == place(position, 3)


@pytest.mark.parametrize("act", ACTS)
def test_no_error_behind_it_quotes_what_stands_there(stored: EventStore, owner: Owner, act: str) -> None:
    tamper(owner, STREAM, 2, act)

    with pytest.raises(Unreadable) as of_stream:
        stored.load(STREAM)
    with pytest.raises(Unreadable) as of_log:
        stored.entries(0)

    assert [(each.value.__cause__, each.value.__context__) for each in (of_stream, of_log)] == [(None, None)] * 2


# ---- who asks other tables, which lead to facts


def test_a_change_to_the_certificate_of_a_log_in_is_told_by_its_place(house: House, owner: Owner) -> None:
    house.organization()
    house.user()
    house.issue()
    cookie = house.log_in()
    position = tamper(owner, certificate_stream(TARO, 1), 2)

    with pytest.raises(Unreadable, match=f"position {position} "):
        house.sessions.with_certificate(cookie)


def test_a_fact_of_no_kind_may_have_been_a_revocation(
    house: House, authority: IssuingAuthority, pki: Pki, owner: Owner
) -> None:
    house.organization()
    serial = issued(house)
    tamper(owner, certificate_stream(TARO, 1), 2, "no kind")

    with TestClient(create_pki_app(pki.routes(house.clock))) as client:
        asked = request(authority.issuing, serial)
        answer = client.post("/ocsp", content=asked, headers=TYPE)

    assert (answer.status_code, answer.content) == (200, INTERNAL_ERROR.body)


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"no kind"}))
def test_a_changed_revocation_is_neither_good_nor_left_out_of_the_list(
    house: House, authority: IssuingAuthority, pki: Pki, owner: Owner, act: str
) -> None:
    house.organization()
    serial = issued(house)
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())
    stream = certificate_stream(TARO, 1)
    version = [type(fact) for fact in house.store.load(stream)].index(CertificateRevoked) + 1
    position = tamper(owner, stream, version, act)

    with capture_logs() as lines, TestClient(create_pki_app(pki.routes(house.clock))) as client:
        asked = request(authority.issuing, serial)
        answers = [client.post("/ocsp", content=asked, headers=TYPE).content for _ in range(2)]
        revoked = client.get("/crl/issuing.crl")

    assert answers == [INTERNAL_ERROR.body] * 2
    assert (revoked.status_code, revoked.text) == (500, "a record cannot be read\n")
    assert [line["place"].split(" (")[0] for line in lines if "place" in line] == [
        f"the fact at position {position}"
    ] * 2


def test_the_last_list_before_the_change_is_served_to_its_end_and_each_place_told_once(
    house: House, pki: Pki, owner: Owner
) -> None:
    house.organization()
    issued(house)
    lists = pki.newest.revocation_list
    published = lists.current(NINE)
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, NINE)
    stream = certificate_stream(TARO, 1)
    version = [type(fact) for fact in house.store.load(stream)].index(CertificateRevoked) + 1
    position = tamper(owner, stream, version)

    with capture_logs() as lines:
        served = [lists.current(at) for at in (NINE, published.until - SECOND)]
    with pytest.raises(Unreadable):
        lists.current(published.until)

    assert served == [published] * 2
    assert [line["place"] for line in lines] == [place(position, version, stream)]


def test_the_check_of_the_vault_and_the_migration_tell_the_place(house: House, owner: Owner) -> None:
    house.organization()
    house.user()
    position = tamper(owner, account_stream(TARO), 1)

    with pytest.raises(Unreadable, match=f"position {position} "):
        list(differences(house.database))
    with pytest.raises(Unreadable, match=f"position {position} "):
        untold_users.tell(owner, NINE)


# ---- the projector


def test_the_projector_logs_the_place_and_goes_on_trying(
    stored: EventStore, dsn: Dsn, owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    position = tamper(owner, STREAM, 2)

    runner = Runner(LockStatus(), stored, dsn.process)
    thread = Thread(target=runner.run)

    thread.start()
    tried_twice = eventually(lambda: "Unreadable, again in 0.2 s" in caplog.text)
    runner.stop()
    thread.join()

    assert tried_twice
    assert "view lock_status_3: Unreadable, again in 0.1 s" in caplog.text
    assert place(position, 2) in caplog.text


# ---- the commands


@pytest.mark.parametrize(
    "words",
    [
        ("projections", "rebuild", "lock_status"),
        ("projections", "check", "lock_status"),
        ("projections", "check", "log_tree"),
        ("audit", "replay", "--as-of", "2026-11-23T09:00", TARO),
        ("audit", "replay", "--as-of", "2026-11-23T09:00", "lock_status"),
        ("release", TARO),
    ],
)
def test_a_command_tells_the_place_and_what_finds_out_more(
    shomei: CommandLine, house: House, dsn: Dsn, owner: Owner, words: tuple[str, ...]
) -> None:
    house.organization()
    house.user()
    with connect(dsn.process, "test") as connection:
        for view in (LockStatus(), LogTree()):
            catch_up(connection, view, house.store)
    position = tamper(owner, account_stream(TARO), 1)

    told = shomei.refusal(*words)

    where = place(position, 1, account_stream(TARO))
    assert told == f"{where}: `shomei audit verify` tells whether it is as it was recorded"
