"""Points of death: on the right side of the commit or the step, and nowhere without the setting (measure Q3)."""

import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from application.ports import CertificateRequest, Changes, Conflict, KeyPair, Planned
from domain.fact import Fact
from domain.organization_facts import Profile
from domain.validity import Validity
from infra.bootstrap import house
from infra.event_store import EventStore
from infra.failpoints import STEPS, FailingAuthority, FailingPackages, FailingStore, checked
from infra.postgres import Database, statement
from infra.settings import Settings, SettingsError
from tests.support.accounts import NINE, fact
from tests.support.database import Dsn
from tests.support.fleet import address
from tests.support.forks import Forks

STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("4b1d8f0e-0000-4000-8000-000000000002")
IN = fact("LoggedIn", NINE, serial="A1")
OUT = fact("LoggedOut", NINE)
ROW = "insert into rate_counters (key, count, until) values ('beside', 1, now())"
WELL, KILLED = 0, -signal.SIGKILL


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks(__name__) as forks:
        yield forks


# ---- saves; what is called here runs in a child, which dies or ends well


def save_both(dsn: str, point: str) -> None:
    """LoggedOut stands in the second stream."""
    store = FailingStore(EventStore(Database(dsn)), point)
    store.save(Changes(STREAM, 0, [IN]), Changes(OTHER, 0, [OUT]), rows=[statement(ROW)])


def save_in_vain(dsn: str, point: str) -> None:
    store = FailingStore(EventStore(Database(dsn)), point)
    store.save(Changes(STREAM, 0, [IN]))
    with pytest.raises(Conflict):
        store.save(Changes(STREAM, 0, [OUT]))


def saved(database: Database) -> tuple[int, int, int]:
    """Facts in either stream, and rows beside them."""
    store = EventStore(database)
    return len(store.load(STREAM)), len(store.load(OTHER)), len(database.execute("select key from rate_counters"))


@pytest.mark.parametrize(
    ("point", "status", "left"),
    [
        ("before:LoggedOut", KILLED, (0, 0, 0)),
        ("inside:LoggedOut", KILLED, (0, 0, 0)),
        ("after:LoggedOut", KILLED, (1, 1, 1)),
        ("after:LoggedIn", KILLED, (1, 1, 1)),
        ("after:PasswordFailed", WELL, (1, 1, 1)),
        ("after:sign", WELL, (1, 1, 1)),
    ],
)
def test_a_save_dies_on_its_side_of_the_commit_and_only_with_the_fact_named(
    forks: Forks, dsn: Dsn, database: Database, point: str, status: int, left: tuple[int, int, int]
) -> None:
    ended = forks.run(save_both, dsn.process, point)

    assert (ended, saved(database)) == (status, left)


def test_a_save_that_was_refused_is_no_death_after_it(forks: Forks, dsn: Dsn, database: Database) -> None:
    ended = forks.run(save_in_vain, dsn.process, "after:LoggedOut")

    assert (ended, saved(database)) == (WELL, (1, 0, 0))


# ---- steps


class Noting:
    """An authority and a maker of key packages that only write down what they have done."""

    chain = (b"issuing", b"root")

    def __init__(self, notes: str) -> None:
        self._notes = Path(notes)

    def _note(self, step: str) -> None:
        with self._notes.open("a") as notes:
            notes.write(f"{step} ")

    def new_key(self) -> KeyPair:
        self._note("key")
        return KeyPair(b"private", b"public")

    def plan(self, request: CertificateRequest) -> Planned:
        self._note("plan")
        return Planned("0A", b"tbs", "sha256")

    def sign(self, request: CertificateRequest, planned: Planned) -> bytes:
        self._note("sign")
        return b"certificate"

    def pack(
        self,
        user_id: str,
        key: KeyPair,
        certificate: bytes,
        chain: tuple[bytes, bytes],
        password: str,
        profile: Profile,
    ) -> bytes:
        self._note("pack")
        return b"p12"


def take_every_step(notes: str, point: str) -> None:
    authority, packages = FailingAuthority(Noting(notes), point), FailingPackages(Noting(notes), point)
    key = packages.new_key()
    request = CertificateRequest("taro01", "見本商事", key.public, Validity.from_issue(NINE))
    certificate = authority.sign(request, authority.plan(request))
    assert packages.pack("taro01", key, certificate, authority.chain, "sesame99", "modern") == b"p12"


@pytest.mark.parametrize(
    ("point", "status", "taken"),
    [
        ("after:key", KILLED, "key"),
        ("after:plan", KILLED, "key plan"),
        ("after:sign", KILLED, "key plan sign"),
        ("after:pack", KILLED, "key plan sign pack"),
        ("before:sign", WELL, "key plan sign pack"),
    ],
)
def test_a_step_dies_once_it_has_been_made(forks: Forks, tmp_path: Path, point: str, status: int, taken: str) -> None:
    notes = tmp_path / "notes"

    ended = forks.run(take_every_step, str(notes), point)

    assert (ended, notes.read_text().split()) == (status, taken.split())


# ---- the setting


@pytest.mark.parametrize("point", [None, "after:LoggedIn"])
def test_the_store_dies_with_the_setting_only(dsn: Dsn, tmp_path: Path, point: str | None) -> None:
    settings = Settings(home=tmp_path, database_url=address(dsn.process), failpoint=point)

    with house(settings, dsn.process) as opened:
        fails = isinstance(opened.facts, FailingStore)

        assert fails == (point is not None)
        assert (opened.facts is opened.store) == (point is None)


@pytest.mark.parametrize("point", ["after:CertificatePland", "after:certificateplanned", "before:sign", "after:Fact"])
def test_a_point_that_nothing_ever_reaches_is_refused_in_one_sentence(dsn: Dsn, tmp_path: Path, point: str) -> None:
    settings = Settings(home=tmp_path, database_url=address(dsn.process), failpoint=point)

    with pytest.raises(SettingsError, match=r"^SHOMEI_FAILPOINT is no point there is: it must be before.* after:key"):
        house(settings, dsn.process).__enter__()


def test_every_fact_and_every_step_is_a_point_and_setting_one_is_warned_of() -> None:
    points = [f"{when}:{kind.__name__}" for kind in Fact.every() for when in ("before", "inside", "after")]
    points += [f"after:{step}" for step in STEPS]

    with capture_logs() as logged:
        taken = [checked(point) for point in points]

    assert taken == points
    assert {line["log_level"] for line in logged} == {"warning"}
    assert [line["point"] for line in logged] == points
