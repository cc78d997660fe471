"""P5: the longest stall of the web server's event loop while 20 visitors are issued certificates and 20 others log in,
all at once, beside its longest while nobody comes.

A task in the loop asks to be woken every few milliseconds and notes how late it was. Such a task in an empty loop of a
process of its own tells what of that is the machine's: two processors that are shared with PostgreSQL, the projector,
the packing workers and the visitors themselves, who run at the lowest priority, for a real one has his own machine.
"""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import uvloop
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.place import Browser, Customer, place
from bench.rounds import Comparison, Row, interleaved, table
from infra.applications import web_application
from infra.bootstrap import pki
from infra.processes import listening
from tests.support.crowd import refusals, together
from tests.support.fleet import wait
from tests.support.server import BackgroundServer

VISITORS = 20  # of each kind
PERIOD = 0.002  # seconds between two wake-ups
LOWEST = 19  # of the priorities
CROWD = f"{VISITORS} issues and {VISITORS} log-ins"
STALL = Comparison("P5", f"longest stall of the loop under {CROWD}; idle", "ms", "<= 5")
OF_THE_MACHINE = Comparison("P5", "the same; an empty loop in a process beside, under that load", "ms")
COMPARISONS = [STALL, OF_THE_MACHINE]

SPAWN = multiprocessing.get_context("spawn")


class Stalls(NamedTuple):
    """Seconds: the longest of our loop, and of the empty one meanwhile."""

    ours: float
    empty: float


class Probe:
    """Notes how late its wake-ups come; the longest since it was last asked."""

    def __init__(self) -> None:
        self._longest = 0.0

    async def watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(PERIOD)
            self._longest = max(self._longest, time.perf_counter() - before - PERIOD)

    def taken(self) -> float:
        longest, self._longest = self._longest, 0.0
        return longest


class Probed:
    """The application with a probe in its loop, which `/probe` reads."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._probe = Probe()
        self._watching: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._watching = self._watching or asyncio.create_task(self._probe.watch())
        if scope["type"] == "http" and scope["path"] == "/probe":
            await PlainTextResponse(str(self._probe.taken()))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class Visit(NamedTuple):
    """What the visitors are told: where, whom to trust, who issues and who logs in. No customers: an idle time."""

    url: str
    root: Path
    issuing: Sequence[Customer]
    logging_in: Sequence[Customer]
    idle_seconds: float = 0.0


def visitors(told: Connection) -> None:
    """A process of its own: makes each visit it is told and answers how long our loop stalled, and how long it took."""
    os.nice(LOWEST)
    while visit := told.recv():
        with Browser(visit.url, visit.root) as reader:
            acts = [*issues(visit), *logins(visit)] or [lambda: wait(visit.idle_seconds)]
            reader.get("/probe")
            began = time.perf_counter()
            failed = refusals(together(acts))
            assert not failed, failed
            told.send((float(reader.get("/probe").text), time.perf_counter() - began))


def issues(visit: Visit) -> Iterator[Callable[[], None]]:
    for customer in visit.issuing:

        def issue(customer: Customer = customer) -> None:
            with Browser(visit.url, visit.root) as browser:
                assert browser.authenticate(customer.user_id, customer.password).status_code == 303
                assert browser.issue().status_code == 303
                assert browser.wait_for_the_result().headers["location"] == "/issuance/result"

        yield issue


def logins(visit: Visit) -> Iterator[Callable[[], None]]:
    for customer in visit.logging_in:

        def log_in(customer: Customer = customer) -> None:
            with Browser(visit.url, visit.root, customer.file) as browser:
                fields = {"user_id": customer.user_id, "password": customer.password}
                assert browser.post("/login", browser.token("/login"), **fields).status_code == 303

        yield log_in


def empty_loop(told: Connection) -> None:
    """A process of its own: answers each question with its loop's longest stall since the one before."""

    async def main() -> None:
        probe = Probe()
        watching = asyncio.create_task(probe.watch())
        while await asyncio.to_thread(told.recv):
            told.send(probe.taken())
        watching.cancel()

    uvloop.run(main())


@contextmanager
def beside(work: Callable[[Connection], None]) -> Iterator[Connection]:
    """A process that is told things through a pipe, until it is told None."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=work, args=(theirs,))
    process.start()
    try:
        yield ours
    finally:
        ours.send(None)
        process.join()


def rows() -> list[Row]:
    with place() as at:
        at.fleet.start("project")
        members = [at.certified() for _ in range(VISITORS)]
        with (
            pki(at.house.settings, at.house.database, at.house.store) as verifiers,
            BackgroundServer(
                Probed(web_application(at.house, at.desk, verifiers)), listening(at.house.settings)["tls"]
            ) as server,
            beside(visitors) as crowd,
            beside(empty_loop) as empty,
        ):
            lasted = 1.0

            def stalls(visit: Visit) -> Stalls:
                nonlocal lasted
                empty.send(True)
                empty.recv()
                crowd.send(visit)
                longest, lasted = crowd.recv()
                empty.send(True)
                return Stalls(longest, empty.recv())

            url = f"https://127.0.0.1:{server.port}"

            def busy() -> Stalls:
                return stalls(Visit(url, at.fleet.root, [at.customer() for _ in members], members))

            def idle() -> Stalls:
                return stalls(Visit(url, at.fleet.root, [], [], lasted))  # as long as the busy one before it

            crowded, quiet = interleaved(busy, idle)
    loaded, unloaded = ([1000 * stall.ours for stall in stalls] for stalls in (crowded, quiet))
    machine = [1000 * stall.empty for stall in crowded]
    return [STALL.of(loaded, unloaded), OF_THE_MACHINE.of(loaded, machine)]


if __name__ == "__main__":
    print(table(rows()))
