"""`kill -9` of web anywhere between ④ and the login, of its workers, and of whole fleets (measure Q3, R4.6, R4.9).

Nothing that was answered is lost, nobody gets two certificates, and no serial is signed that the log does not know.
"""

import os
import random
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from pathlib import Path
from threading import Event

import httpx2
import pytest

from domain.certificate import CertificateIssued, CertificatePlanned
from domain.fact import COMMAND_LINE, Fact
from domain.policy import ISSUANCE_LIMIT, SIGN_OF_LIFE, Policy
from domain.user_account_facts import AccountBlocked
from infra.authority import IssuingAuthority
from infra.embedded_postgres import Cluster
from infra.pkcs12 import KeyPackageFactory
from infra.postgres import Database, DatabaseTurns
from infra.views import CurrentViews
from tests.support.aftermath import Aftermath
from tests.support.applicant import LOOK, Applicant, NotServed
from tests.support.clock import MovableClock
from tests.support.database import new_database
from tests.support.eventually import patiently
from tests.support.fleet import Fleet, Process, fleet_on, wait
from tests.support.house import MASTER, RIGHT, House, furnish
from tests.support.moved_clock import ahead, needs_faketime
from tests.support.stress_table import record

WORKERS = 2  # that make key packages, in each process
WITNESS = "tests.support.witness"
COMMAND = "make stress"
NOTHING = "0 acknowledged facts lost, 0 double issues, 0 signed serials unknown to the log"
LIFE = 12  # facts, at most, that are recorded between the start of a process and its end
MOMENT = 0.02  # seconds, at most, from the last of them to the end: not always right behind a commit
TAKES_OVER = int(SIGN_OF_LIFE.total_seconds()) + 1  # seconds a clock must be ahead, to find any work silent at once
FAILED = "電子証明書を発行できませんでした"  # on ⑥, once the failure is recorded
GIVES_UP = int(ISSUANCE_LIMIT.total_seconds()) + 1  # the same, to find any issue overdue

pytestmark = needs_faketime


class Town:
    """One database with its processes, the people who want certificates, and a desk to look into the facts."""

    def __init__(self, house: House, fleet: Fleet) -> None:
        self.house, self.fleet = house, fleet
        self.people: list[Applicant] = []
        self._numbers = count(1)
        self._signed = fleet.home / "signed"
        self._hold = fleet.home / "hold"
        self._hold.mkdir()

    def web(self, **settings: str) -> Process:
        """With a witness of all that it signs."""
        [started] = self.fleet.web(1, program=WITNESS, SIGNED=str(self._signed), **settings)
        return started

    def slow_web(self) -> Process:
        """One whose records can be held."""
        return self.web(HOLD=str(self._hold))

    def person(self, process: Process) -> Applicant:
        user_id = f"user{next(self._numbers):04}"
        self.house.one_of_many(user_id)
        return self._at(process, user_id)

    def master(self, process: Process) -> Applicant:
        """Of the organization with the same name."""
        user_id = f"head{next(self._numbers):04}"
        self.house.organization(user_id.upper())
        self.house.desk.accounts.register(
            user_id, "master", user_id.upper(), "見本 花子", "hanako@example.com", COMMAND_LINE, self.house.clock()
        )
        self.house.own_password(user_id, RIGHT)
        return self._at(process, user_id)

    def _at(self, process: Process, user_id: str) -> Applicant:
        person = Applicant(f"https://127.0.0.1:{process.port}", self.fleet.root, user_id, RIGHT)
        self.people.append(person)
        return person

    def people_waiting(self, process: Process, number: int) -> list[Applicant]:
        people = [self.person(process) for _ in range(number)]
        self.let_wait(people)
        return people

    def let_wait(self, people: Sequence[Applicant]) -> None:
        """They have pressed 発行, and their work is held before the save that is to record the certificate."""
        for person in people:
            person.enter()
            person.press("/issuance/confirm")
        patiently(lambda: self._held() == len(people))

    @contextmanager
    def recording_held(self) -> Iterator[None]:
        """In the slow web process, until the end of the block."""
        for mark in self._hold.iterdir():
            mark.unlink()
        closed = self._hold / "closed"
        closed.touch()
        try:
            yield
        finally:
            closed.unlink()

    def _held(self) -> int:
        return len(list(self._hold.iterdir())) - 1

    def log(self, person: Applicant) -> list[str]:
        return Aftermath(self.house).kinds(person.user_id)

    def number(self, kind: type[Fact]) -> int:
        return len(Aftermath(self.house).facts(kind))

    def check(self) -> None:
        Aftermath(self.house).check(self._signed.read_text().split(), self.people)

    def close(self) -> None:
        for person in self.people:
            person.client.close()


@pytest.fixture(scope="module")
def town(
    cluster: Cluster,
    authority: IssuingAuthority,
    packages: KeyPackageFactory,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    """Shared, for its processes take their time to start; the people are new in each test."""
    with ExitStack() as opened:
        dsn = opened.enter_context(new_database(cluster))
        database, turns = Database(dsn.process), DatabaseTurns(dsn.process)
        opened.callback(database.close)
        opened.callback(turns.close)
        house = furnish(database, turns, authority, packages, MovableClock(datetime.now(UTC)), Policy())
        town = Town(house, opened.enter_context(fleet_on(dsn, tmp_path_factory.mktemp("town"))))
        opened.callback(town.close)
        yield town


@pytest.fixture(scope="module")
def survivor(town: Town) -> Process:
    """It takes over at once what another process has begun."""
    return town.web(**ahead(TAKES_OVER))


# ---- at each point of an issue

WAY = [
    "PasswordAccepted",
    "IssuanceStarted",
    "CertificatePlanned",
    "CertificateIssued",
    "IssuanceCompleted",
    "KeyPackageDelivered",
    "PasswordAccepted",
    "LoggedIn",
    "CertificateFirstUsed",
]
# Of the whole way: how much stands in the log at the death, and what comes after it at another process.
POINTS = {
    "before:PasswordAccepted": (0, WAY),
    "inside:PasswordAccepted": (0, WAY),
    "after:PasswordAccepted": (1, WAY),
    "before:IssuanceStarted": (1, WAY[1:]),
    "inside:IssuanceStarted": (1, WAY[1:]),
    "after:IssuanceStarted": (2, WAY[2:]),
    "after:key": (2, WAY[2:]),
    "after:plan": (2, WAY[2:]),
    "before:CertificatePlanned": (2, WAY[2:]),
    "inside:CertificatePlanned": (2, WAY[2:]),
    "after:CertificatePlanned": (3, WAY[2:]),
    "after:sign": (3, WAY[2:]),
    "after:pack": (3, WAY[2:]),
    "before:CertificateIssued": (3, WAY[2:]),
    "inside:CertificateIssued": (3, WAY[2:]),
    "after:CertificateIssued": (5, WAY[5:]),
    "before:KeyPackageDelivered": (5, WAY[5:]),
    "inside:KeyPackageDelivered": (5, WAY[5:]),
    "after:KeyPackageDelivered": (6, WAY[5:]),
    "before:LoggedIn": (6, WAY[6:]),
    "inside:LoggedIn": (6, WAY[6:]),
    "after:LoggedIn": (9, WAY[6:8]),
}


@pytest.fixture(scope="module")
def passed() -> Iterator[set[str]]:
    """The points at which all held. Once they are all the points, that is the measure."""
    passed: set[str] = set()
    yield passed
    if passed == POINTS.keys():
        record("Q3", f"kill -9 of web at each of {len(passed)} named points from ④ to the login", NOTHING, COMMAND)


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_any_point_leaves_one_certificate_and_nothing_untold(
    town: Town, survivor: Process, passed: set[str], point: str
) -> None:
    doomed = town.web(SHOMEI_FAILPOINT=point)
    person = town.person(doomed)
    written, rest = POINTS[point]

    with suppress(httpx2.TransportError):
        person.arrive()
    status, left = doomed.ended(), town.log(person)
    windows = person.at(survivor).looks(6)
    person.arrive()

    assert set(windows) <= {HTTPStatus.OK, HTTPStatus.SEE_OTHER, HTTPStatus.CONFLICT}
    assert (status, left) == (-signal.SIGKILL, WAY[:written])
    assert town.log(person) == WAY[:written] + rest
    town.check()
    passed.add(point)


# ---- work that is late, or that nobody came back for


def test_work_that_comes_back_after_another_process_has_finished_it_changes_nothing(
    town: Town, survivor: Process
) -> None:
    slow = town.slow_web()

    with town.recording_held():
        [person] = town.people_waiting(slow, 1)
        person.at(survivor).arrive()
    patiently(lambda: failures(slow) == 1)

    assert town.log(person) == [*WAY[:3], *WAY[2:]]
    town.check()


def test_what_came_between_the_plan_and_the_record_leaves_a_planned_serial_and_no_certificate(town: Town) -> None:
    slow = town.slow_web()
    closed, suspended, blocked = people = [town.person(slow) for _ in range(3)]
    initialized = town.master(slow)

    with town.recording_held():
        town.let_wait([*people, initialized])
        town.house.record(lambda account: account.close("deleted", MASTER, town.house.clock()), closed.user_id)
        town.house.record(lambda account: account.suspend(MASTER, town.house.clock()), suspended.user_id)
        town.house.record(lambda _: [AccountBlocked(at=town.house.clock(), by=MASTER)], blocked.user_id)
        town.house.desk.organizations.initialize(initialized.user_id, COMMAND_LINE, town.house.clock())
    patiently(lambda: all(FAILED in each.get("/issuance/progress").text for each in people))
    patiently(lambda: failures(slow) == len([*people, initialized]))

    assert town.log(closed) == [*WAY[:3], "AccountClosed"]
    assert town.log(suspended) == [*WAY[:3], "AccountSuspended", "IssuanceAbandoned"]
    assert town.log(blocked) == [*WAY[:3], "AccountBlocked", "IssuanceAbandoned"]
    assert town.log(initialized) == [*WAY[:3], "AccountClosed"]
    assert tickets(town, initialized) == []
    town.check()


def test_what_a_killed_process_left_is_given_up_after_ten_minutes_by_a_reload_the_next_try_or_the_worker(
    town: Town,
) -> None:
    slow, later = town.slow_web(), town.web(**ahead(GIVES_UP))

    with town.recording_held():
        reloads, comes_again, stays_away = people = town.people_waiting(slow, 3)
        slow.kill()
        reloads.at(later).arrive()
        comes_again.client.cookies.clear()
        comes_again.at(later).arrive()
        project = town.fleet.start("project")
        patiently(lambda: CurrentViews(town.house.database).settle(1.0))
        worker = town.fleet.start("remind", "--once", **ahead(GIVES_UP))
        assert worker.ended() == 0
        project.stop()

    assert town.log(reloads) == [*WAY[:3], "IssuanceAbandoned", *WAY[1:]]
    assert town.log(comes_again) == [*WAY[:3], "PasswordAccepted", "IssuanceAbandoned", *WAY[1:]]
    assert town.log(stays_away) == [*WAY[:3], "IssuanceAbandoned"]
    assert [town.house.account(each.user_id).running for each in people] == [None] * 3
    assert tickets(town, stays_away) == []
    town.check()


def failures(process: Process) -> int:
    """Issues that it has said to have failed."""
    return process.log.read_text().count("issue failed")


def tickets(town: Town, person: Applicant) -> list[dict[str, object]]:
    return town.house.database.execute("select id from tickets where user_id = %s", person.user_id)


# ---- what makes the key packages


@pytest.mark.parametrize("whom", ["workers", "all"])
def test_an_issue_whose_key_package_workers_are_killed_in_the_middle_ends_well(
    town: Town, survivor: Process, whom: str
) -> None:
    person = town.person(survivor)
    patiently(lambda: len(workers_of(survivor)) == WORKERS)
    workers, below = workers_of(survivor), children(survivor.process.pid)
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)  # so that the package is still being made

    person.enter()
    person.press("/issuance/confirm")
    patiently(lambda: "CertificatePlanned" in town.log(person))
    for process in workers if whom == "workers" else [*below, *workers]:
        os.kill(process, signal.SIGKILL)
    person.arrive()

    assert town.log(person) == WAY
    town.check()


def workers_of(process: Process) -> list[int]:
    """The children of the server they are forked from."""
    return [worker for child in children(process.process.pid) for worker in children(child)]


def children(parent: int) -> list[int]:
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            fields = file.read_text().rpartition(")")[2].split()  # proc(5): the name before it may hold anything
            if int(fields[1]) == parent:
                found.append(int(file.parent.name))
    return found


# ---- at random moments


class Street:
    """A whole fleet: two web processes, a projector and a reminder, killed one web at a time or all at once.

    Each new one's clock is ahead of all before it: it takes over at once what they left, and what they still work on.
    """

    def __init__(self, town: Town) -> None:
        self._town = town
        self._starts = count()
        self._chances = [random.Random(place) for place in range(3)]  # noqa: S311  (moments, no secret)
        self.quiet = Event()
        self.refusals: list[str] = []
        self._rise()

    def supervise(self, place: int, kills: int) -> None:
        """One of the two."""
        for _ in range(kills):
            self._live_on(self._chances[place])
            self.doors[place].kill()
            self.doors[place] = self._web()

    def fall(self) -> None:
        """As when the machine loses its power."""
        self._live_on(self._chances[-1])
        for each in (*self.doors, *self._offices):
            each.process.kill()
        for each in (*self.doors, *self._offices):
            assert each.ended() == -signal.SIGKILL
        self._rise()

    def visit(self, number: int) -> None:
        """One person after the other, each until he has arrived."""
        chance = random.Random(number)  # noqa: S311  (a door, no secret)
        while not self.quiet.is_set():
            person = self._town.person(self.doors[0])
            while not self._arrives(person.at(chance.choice(self.doors))):
                wait(LOOK)

    def _live_on(self, chance: random.Random) -> None:
        end = self._town.house.store.head() + chance.randrange(LIFE)
        patiently(lambda: self._town.house.store.head() >= end)
        self.quiet.wait(chance.uniform(0, MOMENT))

    def _rise(self) -> None:
        self._offices = [self._town.fleet.start(word, **self._later()) for word in ("project", "remind")]
        self.doors = [self._web() for _ in range(2)]

    def _web(self) -> Process:
        return self._town.web(**self._later())

    def _later(self) -> dict[str, str]:
        return ahead(TAKES_OVER * next(self._starts))

    def _arrives(self, person: Applicant) -> bool:
        try:
            person.arrive()
        except httpx2.TransportError:
            return False
        except NotServed as page:
            self.refusals.append(str(page))
            return False
        return True


def test_kills_at_random_moments_under_load_lose_nothing(town: Town, long: bool) -> None:
    rounds, kills, visitors = (10, 20, 6) if long else (1, 2, 3)
    made, planned = town.number(CertificateIssued), town.number(CertificatePlanned)
    street = Street(town)

    with ThreadPoolExecutor(len(street.doors) + visitors) as threads:
        visits = [threads.submit(street.visit, number) for number in range(visitors)]
        try:
            for _ in range(rounds):
                for supervised in [threads.submit(street.supervise, place, kills // 2) for place in (0, 1)]:
                    supervised.result()
                street.fall()
        finally:
            street.quiet.set()
        for visit in visits:
            visit.result()
    patiently(lambda: CurrentViews(town.house.database).settle(1.0))

    town.check()
    assert set(street.refusals) <= {"503"}
    made, planned = town.number(CertificateIssued) - made, town.number(CertificatePlanned) - planned
    record(
        "Q3-random",
        f"{rounds * kills} × kill -9 of one of two web processes, and {rounds} × of both and `project` and `remind`, "
        f"under {visitors} visitors",
        f"{NOTHING}; {made} certificates, {planned - made} more planned and cut off or overtaken before they were "
        "recorded",
        COMMAND,
    )
