"""Waiting for another thread, bounded and without a fixed sleep."""

import time
from collections.abc import Callable
from threading import Event

STEP = 0.002  # seconds
PATIENCE = 90.0  # seconds, where whole processes start and share the machine with other tests
BOUND = 10.0  # seconds, far beyond what any machine needs: a test that gets there has failed


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it came to hold."""
    never = Event()
    for _ in range(int(BOUND / STEP)):
        if holds():
            return True
        never.wait(STEP)
    return False


def patiently(holds: Callable[[], bool]) -> None:
    """Until it holds, of processes of our own. Raises AssertionError where it does not come about."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
