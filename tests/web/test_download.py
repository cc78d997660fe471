"""Files made while they are sent: few at once, none for ever, and what they hold is given back (R10.5)."""

from collections.abc import Generator
from contextlib import ExitStack

import anyio
import pytest
from starlette.types import Message

from application.ports import Busy
from web import download
from web.download import Download, Turns


class Client:
    """It reads nothing, and goes away or does not."""

    def __init__(self, *, stays: bool) -> None:
        self._stays = stays

    async def receive(self) -> Message:
        if self._stays:
            await anyio.sleep_forever()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await anyio.sleep_forever()


class Chunks:
    """Endless ones."""

    def __init__(self) -> None:
        self.closed = False

    def made(self) -> Generator[bytes, None, None]:
        try:
            while True:
                yield b"octets"
        finally:
            self.closed = True

    def begun(self) -> Generator[bytes, None, None]:
        chunks = self.made()
        next(chunks)
        return chunks


@pytest.fixture
def turns() -> Turns:
    return Turns(1)


@pytest.fixture
def chunks() -> Chunks:
    return Chunks()


@pytest.fixture
def answer(turns: Turns, chunks: Chunks) -> Download:
    """One that has the only turn, and was begun."""
    with ExitStack() as held:
        held.enter_context(turns.turn())
        return Download(chunks.begun(), held.pop_all(), "a.zip", "application/zip")


def test_while_all_turns_are_taken_the_next_one_is_busy(answer: Download, turns: Turns) -> None:
    with pytest.raises(Busy), turns.turn():
        pass


def test_when_the_client_goes_away_all_is_given_back(answer: Download, turns: Turns, chunks: Chunks) -> None:
    client = Client(stays=False)

    anyio.run(answer, {"type": "http"}, client.receive, client.send)

    assert chunks.closed
    with turns.turn():
        pass


def test_a_client_that_no_longer_reads_is_broken_off_in_the_end(
    answer: Download, turns: Turns, chunks: Chunks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "LONGEST", 0.0)
    client = Client(stays=True)

    with pytest.raises(TimeoutError):
        anyio.run(answer, {"type": "http"}, client.receive, client.send)

    assert chunks.closed
    with turns.turn():
        pass


def test_the_turn_is_given_back_though_closing_fails(turns: Turns) -> None:
    def stubborn() -> Generator[bytes, None, None]:
        try:
            yield b"octets"
        finally:
            raise OSError("the database went away")

    chunks = stubborn()
    next(chunks)
    with ExitStack() as held:
        held.enter_context(turns.turn())
        answer = Download(chunks, held.pop_all(), "a.zip", "application/zip")
    client = Client(stays=False)

    with pytest.raises(OSError, match="went away"):
        anyio.run(answer, {"type": "http"}, client.receive, client.send)

    with turns.turn():
        pass
