"""What the worker does by the clock: duties, each with its period, in a thread of its own, and none waits for another.

So a mail server that hangs keeps no p12 from its purge (R4.8).
"""

import threading
from collections.abc import Callable, Sequence

import msgspec
import structlog

from application.ports import Unavailable

log = structlog.get_logger(__name__)

RETRY_PAUSE = 2.0  # seconds, while the database is away


class Duty(msgspec.Struct, frozen=True):
    """`work` does all that is due now, and can be repeated at any time; `period` is in seconds."""

    name: str
    period: float
    work: Callable[[], object]


def do_once(duties: Sequence[Duty]) -> None:
    """Each in turn, whatever became of those before; at the end the last fault is raised. Unavailable is at once."""
    fault: Exception | None = None
    for duty in duties:
        try:
            duty.work()
        except Unavailable:
            raise
        except Exception as failed:  # one of the two main loops (style 24)
            log.exception("duty failed", duty=duty.name)
            fault = failed
    if fault is not None:
        raise fault


def run(duties: Sequence[Duty], stopped: threading.Event) -> None:
    """Until `stopped`: ends when each has finished what it was at."""
    threads = [threading.Thread(target=repeat, args=[duty, stopped], name=duty.name) for duty in duties]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def repeat(duty: Duty, stopped: threading.Event) -> None:
    """An absent database is said once, and that it is back; anything else each time, with its cause."""
    is_away = False
    while not stopped.is_set():
        pause = duty.period
        try:
            duty.work()
        except Unavailable as fault:
            pause = min(duty.period, RETRY_PAUSE)
            if not is_away:
                log.warning("duty waits", duty=duty.name, fault=str(fault))
            is_away = True
        except Exception:  # one of the two main loops (style 24): it is due again after its period
            log.exception("duty failed", duty=duty.name)
        else:
            if is_away:
                log.info("duty goes on", duty=duty.name)
            is_away = False
        stopped.wait(pause)
