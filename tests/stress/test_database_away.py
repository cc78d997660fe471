"""PostgreSQL killed under load and started again by its supervisor (measure Q5; R3.9, R10.3).

Nothing acknowledged is lost, nobody gets in meanwhile, and our processes go on by themselves.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from pathlib import Path

import httpx2
import msgspec

from domain.policy import Policy
from infra.authority import IssuingAuthority
from infra.pkcs12 import KeyPackageFactory
from infra.postgres import Database, DatabaseTurns
from infra.views import CurrentViews
from tests.support.aftermath import Aftermath
from tests.support.applicant import Applicant, NotServed
from tests.support.clock import MovableClock
from tests.support.eventually import patiently
from tests.support.fleet import Fleet, Process, fleet_on
from tests.support.house import RIGHT, WRONG, House, furnish
from tests.support.stress_table import record
from tests.support.supervisor import Supervisor, supervised

OPEN = {("GET /issuance", 200), ("GET /issuance/progress", 409)}  # what needs no database, for who has no ticket
WITNESS = "tests.support.witness"


class Answer(msgspec.Struct, frozen=True):
    """`begun` and `ended` in seconds of one clock, as the downs are."""

    begun: float
    ended: float
    request: str
    status: int
    retry_after: str | None

    def is_within(self, down: tuple[float, float]) -> bool:
        return down[0] <= self.begun and self.ended <= down[1]


class Customer(Applicant):
    """Goes on and on until told to stop, and keeps every answer. `served` are the turns that came to their end."""

    def __init__(self, url: str, root: Path, user_id: str, password: str) -> None:
        super().__init__(url, root, user_id, password)
        self.answers: list[Answer] = []
        self.served = 0
        self.fault: Exception | None = None
        self._watch()

    def turn(self) -> None:
        raise NotImplementedError

    def keep_coming(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                self.turn()
                self.served += 1
            except NotServed:
                continue
            except Exception as fault:  # whatever it is, the test judges it
                self.fault = fault
                return

    def _watch(self) -> None:
        hooks = self.client.event_hooks
        self.client.event_hooks = {"request": [self._begins], "response": [self._ends, *hooks["response"]]}

    def _show_certificate(self) -> None:
        super()._show_certificate()
        self._watch()

    def _begins(self, request: httpx2.Request) -> None:
        request.extensions["begun"] = time.monotonic()

    def _ends(self, response: httpx2.Response) -> None:
        request = response.request
        kept = Answer(
            begun=request.extensions["begun"],
            ended=time.monotonic(),
            request=f"{request.method} {request.url.path}",
            status=response.status_code,
            retry_after=response.headers.get("retry-after"),
        )
        self.answers.append(kept)


class Guesser(Customer):
    """A wrong password at ④, then the right one until it is taken: never six wrong ones in a row.

    Each time in a new browser: who had a ticket would not even be shown the form while the database is away.
    """

    def turn(self) -> None:
        self.client.cookies.clear()
        if self.authenticate(self.user_id, WRONG).status_code == HTTPStatus.UNAUTHORIZED:
            self.told["PasswordFailed"] += 1
        accepted = self.told["PasswordAccepted"]
        while self.told["PasswordAccepted"] == accepted:
            self.client.cookies.clear()
            with suppress(NotServed):
                self.enter()


class Member(Customer):
    """Gets a certificate, and then logs in with it again and again."""

    def turn(self) -> None:
        if self.received:
            self.log_in()
        else:
            self.arrive()


class Town:
    """Two web processes, projector and reminder on a database that dies; customers, and a desk to look with."""

    def __init__(self, supervisor: Supervisor, fleet: Fleet, house: House) -> None:
        self.supervisor, self.fleet, self.house = supervisor, fleet, house
        self.customers: list[Customer] = []
        self.downs: list[tuple[float, float]] = []
        self.recoveries: list[float] = []  # seconds from the restart until the last customer was served
        self._signed = fleet.home / "signed"
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()
        self._numbers = count(1)
        house.organization()
        self.web = fleet.web(2, program=WITNESS, SIGNED=str(self._signed))
        self.views = CurrentViews(house.database)
        self.leave_an_old_counter()
        fleet.start("project"), fleet.start("remind")
        patiently(lambda: self.projector_is_up_to_date() and self.reminder_has_been_round())

    def let_in(self, kind: type[Customer]) -> None:
        user_id = f"user{next(self._numbers):04}"
        self.house.user(user_id)
        at = self.web[len(self.customers) % len(self.web)]
        customer = kind(f"https://127.0.0.1:{at.port}", self.fleet.root, user_id, RIGHT)
        self.customers.append(customer)
        self._threads.append(threading.Thread(target=customer.keep_coming, args=[self._stopped]))
        self._threads[-1].start()

    def each_is_served(self, kind: type[Customer] = Customer) -> None:
        before = {customer: customer.served for customer in self.customers if isinstance(customer, kind)}
        self.until(lambda: all(customer.served > times for customer, times in before.items()))

    def until(self, holds: Callable[[], bool]) -> None:
        """Bounded; a customer who met with what nobody should meet ends it."""
        patiently(lambda: holds() or any(customer.fault for customer in self.customers))
        for customer in self.customers:
            if customer.fault:
                raise customer.fault

    def outage(self) -> None:
        """Long enough for each customer to ask in vain."""
        self.supervisor.kill()
        killed = time.monotonic()
        self.until(lambda: all(asked_in_vain(customer, killed) for customer in self.customers))
        self.downs.append((killed, time.monotonic()))
        self.supervisor.restart()
        restarted = time.monotonic()
        self.each_is_served(Guesser)
        self.recoveries.append(time.monotonic() - restarted)

    def projector_is_up_to_date(self) -> bool:
        return self.views.settle(0.1)

    def leave_an_old_counter(self) -> None:
        """For the reminder's next round to clear away."""
        insert = "insert into rate_counters (key, count, until) values ('old', 1, '2020-01-01')"
        self.house.database.execute(insert)

    def reminder_has_been_round(self) -> bool:
        return not self.house.database.execute("select key from rate_counters where key = 'old'")

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        for customer in self.customers:
            customer.client.close()

    @property
    def answers(self) -> list[Answer]:
        return [answer for customer in self.customers for answer in customer.answers]

    def check(self) -> None:
        """Of what was told nothing is lost, and what else holds after crashes holds."""
        Aftermath(self.house).check(self._signed.read_text().split(), self.customers)
        for customer in self.customers:
            recorded = Counter(Aftermath(self.house).kinds(customer.user_id))
            tries = sum(answer.request in ("POST /issuance", "POST /login") for answer in customer.answers)
            assert recorded["PasswordFailed"] + recorded["PasswordAccepted"] <= tries  # nothing twice


def asked_in_vain(customer: Customer, since: float) -> bool:
    last = customer.answers[-1] if customer.answers else None
    return last is not None and last.begun > since and last.status == HTTPStatus.SERVICE_UNAVAILABLE


@contextmanager
def town(authority: IssuingAuthority, packages: KeyPackageFactory, home: Path) -> Iterator[Town]:
    with ExitStack() as opened:
        supervisor = opened.enter_context(supervised())
        fleet = opened.enter_context(fleet_on(supervisor.dsn, home))
        database, turns = Database(supervisor.dsn.process), DatabaseTurns(supervisor.dsn.process)
        opened.callback(database.close)
        opened.callback(turns.close)
        house = furnish(database, turns, authority, packages, MovableClock(datetime.now(UTC)), Policy())
        town = Town(supervisor, fleet, house)
        opened.callback(town.stop)
        yield town


def is_running(process: Process) -> bool:
    return process.process.poll() is None


def test_a_database_killed_under_load_loses_nothing_acknowledged_and_lets_nobody_in_meanwhile(
    authority: IssuingAuthority, packages: KeyPackageFactory, tmp_path: Path, long: bool
) -> None:
    kills = 20 if long else 1
    with town(authority, packages, tmp_path) as place:
        assert place.supervisor.setting("fsync") == place.supervisor.setting("synchronous_commit") == "on"
        for kind in (Guesser, Guesser, Member, Member, *[Member] * 4 * long):
            place.let_in(kind)
        place.each_is_served()

        for _ in range(kills):
            place.let_in(Member)  # whose issue may be what the kill hits
            place.outage()
        if long:
            place.each_is_served()  # take-overs too
            place.leave_an_old_counter()
            patiently(place.reminder_has_been_round)
        place.stop()

        patiently(place.projector_is_up_to_date)
        place.check()
        assert all(is_running(process) for process in place.fleet.processes)
    refused = [answer for answer in place.answers if answer.status == HTTPStatus.SERVICE_UNAVAILABLE]
    meanwhile = [answer for answer in place.answers if any(answer.is_within(down) for down in place.downs)]
    assert {(answer.request, answer.status) for answer in meanwhile if answer.status != 503} <= OPEN
    assert ("POST /issuance", 503) in {(answer.request, answer.status) for answer in meanwhile}
    assert [answer for answer in place.answers if answer.status >= 500 and not answer.retry_after] == []
    report(place, refused)


def report(place: Town, refused: list[Answer]) -> None:
    told = sum((customer.told for customer in place.customers), Counter[str]())
    slowest = max(answer.ended - answer.begun for answer in refused)
    record(
        "Q5",
        f"PostgreSQL killed {len(place.downs)} times under tries, issues and logins of {len(place.customers)} customers"
        " at two web processes, and restarted",
        f"0 of {sum(told.values())} acknowledged facts lost; {len(refused)} answers 503, the slowest after "
        f"{slowest:.1f} s; nobody let in; served again at most {max(place.recoveries):.1f} s after the restart",
        "pytest tests/stress/test_database_away.py --long",
    )
