"""A log in memory, and facts at their places in it. Passes the same contract as the store's (tests/projections)."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from uuid import UUID

from domain.fact import Fact, LogEntry


class MemoryLog:
    """A FactLog. Every second position is a hole, such as rolled-back inserts leave."""

    def __init__(self) -> None:
        self._entries: list[LogEntry] = []
        self._versions: dict[UUID, int] = {}
        self.limits: list[int] = []  # those that were asked for

    def append(self, stream: UUID, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self._versions[stream] = self._versions.get(stream, 0) + 1
            self._entries.append(LogEntry(self.head() + 2, stream, self._versions[stream], fact))

    def entries(self, after: int, limit: int) -> list[LogEntry]:
        self.limits.append(limit)
        return [entry for entry in self._entries if entry.position > after][:limit]

    def head(self) -> int:
        return self._entries[-1].position if self._entries else 0


def cut(entries: Sequence[LogEntry], lengths: list[int]) -> Iterator[Sequence[LogEntry]]:
    """Pages of these lengths, again and again."""
    begin = 0
    for length in cycle(lengths):
        if begin >= len(entries):
            return
        yield entries[begin : begin + length]
        begin += length
