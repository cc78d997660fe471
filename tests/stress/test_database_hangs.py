"""PostgreSQL stopped, not dead (R3.9): it closes nothing, and its kernel takes every question and acknowledges it.

Our processes answer 503 all the same, readiness too, and go on by themselves once it does.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.support.crowd import together
from tests.support.eventually import patiently
from tests.support.fleet import Fleet, Process, Visitor, fleet_on
from tests.support.stress_table import record
from tests.support.supervisor import Supervisor, supervised

CROWD = 24  # thrice the connections of a process


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with supervised() as supervisor:
        yield supervisor


@pytest.fixture
def fleet(supervisor: Supervisor, tmp_path: Path) -> Iterator[Fleet]:
    with fleet_on(supervisor.dsn, tmp_path) as fleet:
        yield fleet


def try_in(visitor: Visitor) -> httpx2.Response:
    return visitor.authenticate("nobody01", "wrong000")


def statuses(answers: list[httpx2.Response | Exception]) -> Counter[object]:
    """An answer that did not come counts as what it was instead."""
    return Counter(getattr(answer, "status_code", type(answer)) for answer in answers)


def serve(crowd: list[Visitor]) -> None:
    """Each is let try his password; one after the other, for hashes at once have a bound of their own."""
    for visitor in crowd:
        patiently(lambda: try_in(visitor).status_code == 401)  # noqa: B023  (asked at once)


def test_a_database_that_hangs_is_a_503_within_the_bound_and_served_again_without_a_restart(
    supervisor: Supervisor, fleet: Fleet
) -> None:
    (web,) = fleet.web()
    with ExitStack() as opened:
        crowd = [opened.enter_context(fleet.visitor(web)) for _ in range(CROWD)]
        serve(crowd)

        with supervisor.frozen():
            # Who is not answered within his own patience (tests/support/fleet.py) has an exception for an answer.
            probes = [partial(visitor.get, "/readyz") for visitor in crowd[:4]]
            tries = [partial(try_in, visitor) for visitor in crowd[4:]]
            meanwhile = statuses(together([*probes, *tries]))
            alive = crowd[0].get("/healthz").status_code
        patiently(lambda: crowd[0].get("/readyz").status_code == 200)
        serve(crowd)

    assert meanwhile == {503: CROWD}
    assert alive == 200
    assert is_running(web)
    record(
        "Q5-hang",
        f"PostgreSQL stopped (SIGSTOP), {CROWD} requests at one web process, then continued",
        f"{meanwhile[503]} answered 503, nobody let in; all served again without a restart",
        "pytest tests/stress/test_database_hangs.py --long",
    )


def is_running(process: Process) -> bool:
    return process.process.poll() is None
