"""The lifeline of `shomei up` (architecture.md, Processes): one `up` in a home, and none shuts another out."""

import fcntl
import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra import lifeline
from tests.support.forks import Forks


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks(__name__) as forks:
        yield forks


def part_of_an_earlier_up(path: str) -> int:
    """Holds the line, as `hang_on` does once its `up` is gone, until it is killed; its process ID."""
    told, tell = os.pipe()
    part = os.fork()
    if part == 0:
        with Path(path).open() as line:
            fcntl.lockf(line, fcntl.LOCK_SH)
            os.write(tell, b".")
            signal.pause()
    os.read(told, 1)
    return part


def start_at_once(path: str) -> int:
    """Another `up` that has no patience; its exit status."""
    other = os.fork()
    if other == 0:
        vars(lifeline).update(select=select, PATIENCE=1)
        with lifeline.held(Path(path)):
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(other, 0)[1])


def wait_while_another_comes(path: str) -> None:
    part = part_of_an_earlier_up(path)
    others: list[int] = []

    def between_two_looks(*_: object) -> None:
        os.kill(part, signal.SIGKILL)
        os.waitpid(part, 0)
        others.append(start_at_once(path))

    vars(lifeline).update(select=SimpleNamespace(select=between_two_looks))
    with lifeline.held(Path(path)):
        assert others == [0]


def start_beside_one_that_runs(path: str) -> None:
    with lifeline.held(Path(path)):
        assert start_at_once(path) == 1


@pytest.fixture
def line(tmp_path: Path) -> str:
    (tmp_path / "up.lock").touch()
    return str(tmp_path / "up.lock")


def test_an_up_that_waits_shuts_out_no_other_that_comes(forks: Forks, line: str) -> None:
    assert forks.run(wait_while_another_comes, line) == 0


def test_an_up_that_runs_does(forks: Forks, line: str) -> None:
    assert forks.run(start_beside_one_that_runs, line) == 0
