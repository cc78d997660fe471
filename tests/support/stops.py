"""Customers whom somebody stops while they act, each with a window at every web process (R3.11).

A lock and a block come as they do: by the last of an outsider's wrong guesses. A suspension is the master's button.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count, cycle
from threading import Event
from typing import Literal, NamedTuple

import httpx2

from domain.policy import FAILURES_TO_LOCK, LOCKS_TO_BLOCK
from domain.user_account_facts import AccountLocked, AccountLockExpired
from tests.support.crowd import BOUND, together
from tests.support.fleet import Fleet, Process
from tests.support.guest import Guest, certificate_file, opened
from tests.support.house import MASTER, RIGHT, WRONG, House
from web.cookies import SESSION, TICKET

Stop = Literal["AccountLocked", "AccountBlocked", "AccountSuspended"]
LOCK: Stop = "AccountLocked"
STOPS: tuple[Stop, ...] = (LOCK, "AccountBlocked", "AccountSuspended")
NEW = "new@example.com"


class Onlooker(Guest):
    """Has no form before him: he asks for the page."""

    def open(self) -> None:
        """Nothing is needed."""

    def send(self, **typed: str) -> httpx2.Response:
        return self.get(self.path)


class Way(NamedTuple):
    """An act: by whom, on which page, with what typed there beside the user ID."""

    guest: type[Guest]
    path: str
    typed: dict[str, str]


WAYS = {
    "issue": Way(Guest, "/issuance/confirm", {}),
    "see ⑦": Way(Onlooker, "/issuance/result", {}),
    "download": Way(Onlooker, "/issuance/p12", {}),
    "log in": Way(Guest, "/login", {"password": RIGHT}),
    "look around": Way(Onlooker, "/home", {}),
    "step up": Way(Guest, "/home/email", {"current_password": RIGHT, "email": NEW, "email_again": NEW}),
}


@dataclass(frozen=True)
class Customer:
    """`p12` is what was made for him before; empty where he is about to press 発行. `answered` is set by any answer."""

    user_id: str
    act: str
    stop: Stop
    p12: bytes = field(repr=False)
    windows: Sequence[Guest] = field(repr=False)
    outsider: Guest = field(repr=False)
    answered: Event = field(repr=False, default_factory=Event)

    def do(self, window: Guest, times: int) -> list[httpx2.Response]:
        named = {"user_id": self.user_id} if self.act == "log in" else {}
        return [self._do(window, WAYS[self.act].typed | named) for _ in range(times)]

    def _do(self, window: Guest, typed: dict[str, str]) -> httpx2.Response:
        answer = window.send(**typed)
        self.answered.set()
        return answer


Act = Callable[[], None]
Answers = list[tuple[Customer, httpx2.Response]]


class Scene:
    """The web processes of a fleet, and a house on the same database that prepares the customers."""

    def __init__(self, house: House, fleet: Fleet, web: Sequence[Process]) -> None:
        self.house, self._fleet, self._web = house, fleet, web
        self._numbers, self._doors = count(1), cycle(web)

    @contextmanager
    def customers(self, of_each: int) -> Iterator[list[Customer]]:
        """All acts before all stops, so many of each; their forms are open."""
        self.house.clock.set(datetime.now(UTC))
        crowd = [self._customer(act, stop) for stop in STOPS for act in WAYS for _ in range(of_each)]
        with opened(guest for each in crowd for guest in (*each.windows, each.outsider)):
            yield crowd

    def race(self, crowd: Sequence[Customer], times: int) -> Answers:
        """All of them act so often in each window; every second one is stopped at once, the others when answered."""
        at_once = [partial(self.stop, each) for each in crowd[::2]]
        once_answered = [partial(self._stop_once_answered, each) for each in crowd[1::2]]
        return self._all_at_once(crowd, times, at_once, once_answered)

    def act(self, crowd: Sequence[Customer]) -> Answers:
        """All of them, once in each window."""
        return self._all_at_once(crowd, 1, [], [])

    def _all_at_once(self, crowd: Sequence[Customer], times: int, first: Sequence[Act], last: Sequence[Act]) -> Answers:
        """An act without an answer, or a stop that failed, is a failure of the test."""
        answers: Answers = []

        def act(customer: Customer, window: Guest) -> None:
            answers.extend((customer, answer) for answer in customer.do(window, times))

        acts: list[Act] = [partial(act, each, window) for each in crowd for window in each.windows]
        for outcome in together([*first, *acts, *last]):
            if outcome is not None:
                raise outcome
        return answers

    def stop(self, customer: Customer) -> None:
        if customer.stop == "AccountSuspended":
            self.house.desk.accounts.suspend(customer.user_id, MASTER, datetime.now(UTC))
        else:
            customer.outsider.send(user_id=customer.user_id, password=WRONG)

    def _stop_once_answered(self, customer: Customer) -> None:
        assert customer.answered.wait(BOUND)
        self.stop(customer)

    def stop_the_others(self, crowd: Iterable[Customer]) -> None:
        """Those whose right password came before the outsider's last guess, and ended his run."""
        for each in crowd:
            if self.house.account(each.user_id).hold(datetime.now(UTC)) is None:
                self._prepare(each.user_id, each.stop)
                self.stop(each)

    def _customer(self, act: str, stop: Stop) -> Customer:
        user_id = f"user{next(self._numbers):04}"
        self.house.one_of_many(user_id)
        guest, path, _ = WAYS[act]
        p12, certificate = b"", None
        if act == "issue":
            cookies = {TICKET: self.house.enter(user_id)}
        else:
            cookies = {TICKET: self.house.issue(user_id)}
            p12 = self.house.packages.packed[-1]
            certificate = certificate_file(p12, RIGHT, self._fleet.home / f"{user_id}.pem")
        if path.startswith("/home"):
            cookies = {SESSION: self.house.log_in(user_id=user_id)}
        self._prepare(user_id, stop)
        windows = [guest(each, self._fleet.root, path, certificate, httpx2.Cookies(cookies)) for each in self._web]
        return Customer(user_id, act, stop, p12, windows, Guest(next(self._doors), self._fleet.root, "/issuance"))

    def _prepare(self, user_id: str, stop: Stop) -> None:
        """All but the last wrong guess; before a block, all but the last lock too."""
        now = self.house.clock()
        if stop == "AccountBlocked":
            ended = [
                AccountLocked(at=now, by=user_id, lock=LOCKS_TO_BLOCK - 1, until=now),
                AccountLockExpired(at=now, by=user_id),
            ]
            self.house.record(lambda _: [*ended], user_id)
        if stop != "AccountSuspended":
            self.house.fail(FAILURES_TO_LOCK - 1, user_id)
