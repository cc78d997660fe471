"""All processes in one terminal (screens.md, `shomei up`): one end for all of them, whoever brings it about."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from infra import foreman

SLEEPER = ["sleep", "1000"]


@pytest.fixture
def bell() -> Iterator[foreman.Bell]:
    """Afterwards the signals are pytest's again."""
    numbers = (*foreman.STOPS, signal.SIGCHLD)
    before = {number: signal.getsignal(number) for number in numbers}
    wakeup = signal.set_wakeup_fd(-1)
    bell = foreman.Bell()
    yield bell
    signal.set_wakeup_fd(wakeup)
    for number, handler in before.items():
        signal.signal(number, handler)
    bell.close()


class Terminal:
    """What was said; at the line `cue` the signal comes."""

    def __init__(self, cue: str = "", number: int = signal.SIGINT) -> None:
        self.lines: list[str] = []
        self._cue, self._number = cue, number

    def say(self, line: str) -> None:
        self.lines.append(line)
        if line == self._cue:
            os.kill(os.getpid(), self._number)


@pytest.mark.parametrize("number", foreman.STOPS)
def test_a_signal_ends_all_and_is_a_clean_end(bell: foreman.Bell, number: int) -> None:
    terminal = Terminal("first  | here", number)

    status = foreman.run({"first": ["sh", "-c", "echo here; exec sleep 1000"], "second": SLEEPER}, bell, terminal.say)

    assert status == 0
    assert terminal.lines == ["first  | here", "stopping"]


def test_a_signal_before_the_parts_were_started_is_as_good(bell: foreman.Bell) -> None:
    os.kill(os.getpid(), signal.SIGINT)

    assert foreman.run({"one": SLEEPER}, bell, Terminal().say) == 0


@pytest.mark.parametrize(("script", "status", "told"), [("exit 3", 3, 3), ("exit 0", 1, 0), ("kill -9 $$", 137, 137)])
def test_one_that_ends_by_itself_ends_the_others_and_is_a_fault(
    bell: foreman.Bell, script: str, status: int, told: int
) -> None:
    terminal = Terminal()

    found = foreman.run({"first": SLEEPER, "second": ["sh", "-c", f"echo last words; {script}"]}, bell, terminal.say)

    assert found == status
    ended = f"second has ended by itself (status {told}): stopping the others"
    assert terminal.lines == ["second | last words", ended]


def test_who_does_not_heed_the_stop_is_killed_with_all_its_children(
    bell: foreman.Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreman, "PATIENCE", 0.0)
    terminal = Terminal("deaf | here")

    status = foreman.run({"deaf": ["sh", "-c", "trap '' TERM; sleep 1000 & echo here; wait"]}, bell, terminal.say)

    assert status == 0


def test_lines_are_passed_on_whole_whatever_is_in_them(bell: foreman.Bell) -> None:
    terminal = Terminal()

    foreman.run({"one": ["printf", r"証明\n\n\377 no end"]}, bell, terminal.say)

    assert terminal.lines[:3] == ["one | 証明", "one | ", "one | \ufffd no end"]


def test_a_terminal_that_is_gone_does_not_end_them_in_disorder(bell: foreman.Bell) -> None:
    def say(line: str) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        raise BrokenPipeError

    assert foreman.run({"one": ["sh", "-c", "echo here; exec sleep 1000"]}, bell, say) == 0


def test_a_command_that_is_not_there_leaves_none_of_the_others(bell: foreman.Bell) -> None:
    known_by = f"1000.{os.getpid()}"

    with pytest.raises(FileNotFoundError):
        foreman.run({"first": ["sleep", known_by], "second": ["no-such-command"]}, bell, Terminal().say)

    assert subprocess.run(["pgrep", "-f", f"sleep {known_by}"], stdout=subprocess.DEVNULL).returncode == 1


def test_what_is_started_while_it_is_put_off_hears_no_ctrl_c(bell: foreman.Bell) -> None:
    with bell.put_off():
        status = subprocess.check_output(["grep", "SigBlk", "/proc/self/status"], text=True)
        os.kill(os.getpid(), signal.SIGINT)

    blocked = int(status.split()[1], 16)
    assert all(blocked >> (number - 1) & 1 for number in foreman.STOPS)
    assert bell.asked()


def test_nohup_is_heeded(bell: foreman.Bell) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    another = foreman.Bell()

    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    another.close()
