"""The parts of `shomei up` in one terminal: their lines one under the other, and one end for all of them.

Signals are read from a pipe, between two steps and never in the middle of one: a Ctrl-C that comes while a part is
being started is as good as any other.
"""

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last when its terminal is closed
PATIENCE = 10.0  # seconds from SIGTERM to SIGKILL
GLANCE = 0.1  # seconds between two looks at parts that are ending
MOST_AT_ONCE = 65536  # bytes, what a pipe holds
READS = 4  # of one part before the others have their turn; the second finds its end


class Bell:
    """Once there is one, no signal ends this process; `asked` says whether one of STOPS has come."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._asked = False
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (*STOPS, signal.SIGCHLD):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
                signal.signal(number, _heard_by_its_byte)

    def fileno(self) -> int:
        return self._reader.fileno()

    def asked(self) -> bool:
        with suppress(BlockingIOError):
            self._asked |= any(number in STOPS for number in self._reader.recv(MOST_AT_ONCE))
        return self._asked

    def close(self) -> None:
        """Its signals are heard no more; they stay without effect."""
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """What is started meanwhile is not ended by the terminal's Ctrl-C either; at the latest it rings afterwards."""
        resource_tracker.ensure_running()  # first, for starting it unblocks the signals
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def _heard_by_its_byte(number: int, frame: FrameType | None) -> None:
    """A handler there must be, or no byte is written."""


class Part:
    """One process, in a session of its own: the terminal's Ctrl-C reaches it through us alone."""

    def __init__(self, head: str, words: Sequence[str]) -> None:
        self._head = head
        self._begun = b""
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101  (mypy: it is a pipe)
        self._output = self._process.stdout
        os.set_blocking(self.fileno(), False)

    def fileno(self) -> int:
        return self._output.fileno()

    @property
    def status(self) -> int | None:
        """As a shell tells it; None while it runs."""
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def stop(self) -> None:
        self._process.terminate()

    def close(self) -> None:
        """Where it still runs it is killed, with all that it has started."""
        if self.status is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._output.close()

    def pass_on(self, say: Callable[[str], None]) -> bool:
        """What it has written since; False once there will be no more."""
        for _ in range(READS):
            try:
                written = os.read(self.fileno(), MOST_AT_ONCE)
            except BlockingIOError:
                return True
            *lines, self._begun = (self._begun + written).split(b"\n")
            if not written and self._begun:
                lines.append(self._begun)
            for line in lines:
                say(self._head + line.decode(errors="replace"))
            if not written:
                return False
        return True


def run(commands: Mapping[str, Sequence[str]], bell: Bell, say: Callable[[str], None]) -> int:
    """Starts each, and ends all when one has ended or the bell rings.

    Returns the exit status: 0 where the end was asked for, else that of the first to end, and 1 if that was 0.
    """

    def tell(line: str) -> None:
        with suppress(OSError):  # a terminal that is gone is no reason to end in disorder
            say(line)

    width = max(map(len, commands))
    parts: dict[str, Part] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(bell, selectors.EVENT_READ)
        try:
            for name, words in commands.items():
                parts[name] = Part(f"{name:<{width}} | ", words)
                selector.register(parts[name], selectors.EVENT_READ)
            status = _watch(parts, bell, selector, tell)
            _end(parts.values(), selector, tell)
        finally:
            for part in parts.values():
                part.close()
    return status


def _watch(parts: Mapping[str, Part], bell: Bell, selector: selectors.BaseSelector, say: Callable[[str], None]) -> int:
    while not bell.asked():
        for name, part in parts.items():
            if (status := part.status) is not None:
                _pass_on(selector, say, 0)  # its last words first
                say(f"{name} has ended by itself (status {status}): stopping the others")
                return status or 1
        _pass_on(selector, say, None)
    say("stopping")
    return 0


def _end(parts: Collection[Part], selector: selectors.BaseSelector, say: Callable[[str], None]) -> None:
    for part in parts:
        part.stop()
    deadline = time.monotonic() + PATIENCE
    while any(part.status is None for part in parts) and time.monotonic() < deadline:
        _pass_on(selector, say, GLANCE)
    _pass_on(selector, say, 0)


def _pass_on(selector: selectors.BaseSelector, say: Callable[[str], None], wait: float | None) -> None:
    for key, _ in selector.select(wait):
        if isinstance(key.fileobj, Bell):
            key.fileobj.asked()
        elif isinstance(key.fileobj, Part) and not key.fileobj.pass_on(say):
            selector.unregister(key.fileobj)
