"""Many at once: threads that start together, and what became of each."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

Result = TypeVar("Result")

BOUND = 60  # seconds; a test that waits so long has failed


def together(acts: Iterable[Callable[[], Result]]) -> list[Result | Exception]:
    """Each act in a thread of its own, all released at the same moment; results and refusals in the order given."""
    crowd = list(acts)
    start = Barrier(len(crowd), timeout=BOUND)

    def run(act: Callable[[], Result]) -> Result | Exception:
        start.wait()
        try:
            return act()
        except Exception as refusal:  # whatever it is, the test judges it
            return refusal

    with ThreadPoolExecutor(len(crowd)) as threads:
        return list(threads.map(run, crowd, timeout=BOUND))


def refusals(outcomes: Iterable[object]) -> list[type[Exception]]:
    return [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
