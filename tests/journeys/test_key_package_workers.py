"""Workers of key packages that die, and whose service dies (R4.7, measure Q3): starting processes takes its time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from application.ports import Unavailable
from infra.pkcs12 import KeyPackageFactory, make_key
from tests.support.key_packages import FEW, PASSWORD, Issued, issued_by
from tests.support.pkix import authority_in

SERVICE = """
import os, sys
from infra.pkcs12 import KeyPackageFactory
if __name__ == "__main__":
    factory = KeyPackageFactory()
    factory._run(os.getpid)
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return issued_by(authority_in(tmp_path_factory.mktemp("workers") / "authority"), make_key("p256"))


@pytest.fixture(scope="module")
def factory() -> Iterator[KeyPackageFactory]:
    factory = KeyPackageFactory("p256", FEW, workers=1)
    yield factory
    factory.close()


def test_a_killed_worker_is_replaced_and_the_work_done(factory: KeyPackageFactory, issued: Issued) -> None:
    worker = factory._run(os.getpid)
    os.kill(worker, signal.SIGKILL)

    p12 = issued.packed_by(factory)

    assert pkcs12.load_pkcs12(p12, PASSWORD.encode()).key is not None
    assert factory._run(os.getpid) != worker


def test_threads_that_lose_their_worker_together_are_all_served(factory: KeyPackageFactory, issued: Issued) -> None:
    os.kill(factory._run(os.getpid), signal.SIGKILL)

    with ThreadPoolExecutor(4) as threads:
        packing = [threads.submit(issued.packed_by, factory) for _ in range(8)]

    assert all(pkcs12.load_pkcs12(done.result(), PASSWORD.encode()).key for done in packing)


def test_work_that_kills_three_workers_is_given_up_and_the_next_is_served(factory: KeyPackageFactory) -> None:
    with pytest.raises(Unavailable, match="3 times"):
        factory._run(os._exit, 1)

    assert factory._run(os.getpid) != os.getpid()


def test_the_work_is_done_however_often_the_workers_are_killed_with_what_they_are_forked_from(
    factory: KeyPackageFactory,
) -> None:
    """Its death takes a moment, in which it is taken for alive: one in seven times, in a loop like this."""
    for _ in range(20):
        worker = factory._run(os.getpid)
        for process in (parent_of(worker), worker):
            os.kill(process, signal.SIGKILL)

        assert factory._run(os.getpid) != worker


class FirstTimes:
    """What connects to the server that workers are forked from, and fails the first times."""

    def __init__(self, faults: list[Exception]) -> None:
        self._faults = faults
        self._connect = forkserver.connect_to_new_process

    def __call__(self, descriptors: Sequence[int]) -> tuple[int, int]:
        if self._faults:
            raise self._faults.pop(0)
        return self._connect(descriptors)


def test_a_server_that_refuses_or_hangs_up_is_asked_again(
    factory: KeyPackageFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = factory._run(os.getpid)
    faults = [ConnectionRefusedError(), EOFError(), BrokenPipeError()]
    monkeypatch.setattr(forkserver, "connect_to_new_process", FirstTimes(faults))

    os.kill(killed, signal.SIGKILL)

    assert factory._run(os.getpid) != killed


def test_a_server_that_goes_on_refusing_leaves_the_work_to_later(
    factory: KeyPackageFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = factory._run(os.getpid)
    monkeypatch.setattr("infra.pkcs12.PAUSES", (0.0, 0.0))
    with monkeypatch.context() as patched:
        patched.setattr(forkserver, "connect_to_new_process", FirstTimes([ConnectionRefusedError()] * 3))
        os.kill(killed, signal.SIGKILL)

        with pytest.raises(Unavailable, match="can be started"):
            factory._run(os.getpid)

    assert factory._run(os.getpid) != killed


def parent_of(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()  # proc(5)
    return int(fields[1])


def test_workers_end_with_their_factory() -> None:
    factory = KeyPackageFactory("p256", FEW, workers=1)
    worker = factory._run(os.getpid)

    factory.close()

    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_a_killed_service_leaves_no_worker_behind() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "ready\n"

        service.send_signal(signal.SIGKILL)

        # The workers have inherited this pipe: it ends when the last of them has.
        assert service.stdout.read() == ""
