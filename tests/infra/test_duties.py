"""The worker's schedule (R4.8, R8.2): each duty at its time, and none held up by another's fault."""

from collections.abc import Callable
from threading import Event

import pytest
from structlog.testing import capture_logs

from application.ports import Unavailable
from infra.duties import RETRY_PAUSE, Duty, do_once, repeat, run

PERIOD = 20.0  # seconds


class Rounds(Event):
    """A stop that comes after so many rounds; nobody waits, and `pauses` are the seconds that would have been."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self._left = rounds
        self.pauses: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        self._left -= 1
        if not self._left:
            self.set()
        return self.is_set()


def does(*acts: Callable[[], object] | Exception) -> Callable[[], None]:
    """The work of a duty: one act a round, in turn."""
    left = list(acts)

    def work() -> None:
        act = left.pop(0)
        if isinstance(act, Exception):
            raise act
        act()

    return work


def nothing() -> None:
    """Nothing was due."""


def test_a_duty_comes_again_after_its_period() -> None:
    rounds = Rounds(3)

    repeat(Duty("purge", PERIOD, nothing), rounds)

    assert rounds.pauses == [PERIOD] * 3


def test_while_the_database_is_away_a_duty_is_tried_again_soon_and_says_so_once() -> None:
    rounds = Rounds(4)
    away = Unavailable("no database connection")

    with capture_logs() as logged:
        repeat(Duty("purge", PERIOD, does(away, away, nothing, nothing)), rounds)

    assert rounds.pauses == [RETRY_PAUSE, RETRY_PAUSE, PERIOD, PERIOD]
    assert logged == [
        {
            "event": "duty waits",
            "duty": "purge",
            "fault": "no database connection",
            "log_level": "warning",
        },
        {"event": "duty goes on", "duty": "purge", "log_level": "info"},
    ]


def test_a_duty_of_a_short_period_is_not_tried_less_often_while_the_database_is_away() -> None:
    rounds = Rounds(1)

    repeat(Duty("mails", 1.0, does(Unavailable())), rounds)

    assert rounds.pauses == [1.0]


def test_a_fault_is_logged_with_its_cause_and_the_duty_is_due_again() -> None:
    rounds = Rounds(2)

    with capture_logs() as logged:
        repeat(Duty("mails", PERIOD, does(KeyError("subject"), nothing)), rounds)

    assert rounds.pauses == [PERIOD] * 2
    assert [(line["event"], line["duty"], line["exc_info"]) for line in logged] == [("duty failed", "mails", True)]


def test_what_is_stopped_before_it_begins_does_nothing() -> None:
    stopped = Event()
    stopped.set()

    repeat(Duty("mails", PERIOD, does()), stopped)


def test_a_duty_that_hangs_holds_up_no_other_and_the_end_waits_for_what_is_under_way() -> None:
    stopped, hangs, done = Event(), Event(), []

    def hang() -> None:
        assert hangs.wait(10)
        done.append("hung")

    def purge() -> None:
        done.append("purge")
        stopped.set()
        hangs.set()

    run([Duty("mails", 0, hang), Duty("purge", PERIOD, purge)], stopped)

    assert done == ["purge", "hung"]


def test_once_is_each_in_turn() -> None:
    done: list[str] = []

    do_once([Duty("ask", 10, lambda: done.append("ask")), Duty("send", 2, lambda: done.append("send"))])

    assert done == ["ask", "send"]


def test_once_a_fault_of_one_keeps_none_of_the_others_from_its_work_and_is_raised_in_the_end() -> None:
    done: list[str] = []

    with pytest.raises(KeyError, match="subject"), capture_logs() as logged:
        do_once([Duty("ask", 10, does(KeyError("subject"))), Duty("send", 2, lambda: done.append("send"))])

    assert done == ["send"]
    assert [(line["event"], line["duty"]) for line in logged] == [("duty failed", "ask")]


def test_once_an_absent_database_ends_it_at_once() -> None:
    done: list[str] = []

    with pytest.raises(Unavailable), capture_logs() as logged:
        do_once([Duty("ask", 10, does(Unavailable())), Duty("send", 2, lambda: done.append("send"))])

    assert (done, logged) == ([], [])
