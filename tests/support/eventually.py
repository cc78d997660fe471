"""Waiting for another thread, bounded and without a fixed sleep."""

from collections.abc import Callable
from threading import Event

STEP = 0.002  # seconds
BOUND = 10.0  # seconds, far beyond what any machine needs: a test that gets there has failed


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it came to hold."""
    never = Event()
    for _ in range(int(BOUND / STEP)):
        if holds():
            return True
        never.wait(STEP)
    return False
