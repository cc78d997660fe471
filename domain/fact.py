"""The root of all facts.

A fact says what happened, when, and by whom. It is stored for ever under TOPIC, whose last part is its version;
`docs/facts.json` lists all of them, and a test holds that list against the code.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]  # without an offset from UTC none is read
COMMAND_LINE = "command-line"
WORKER = "worker"


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is an aware UTC instant; `by` is a user ID, `command-line` or `worker`. Never a name, address or secret."""

    TOPIC: ClassVar[str]
    at: Instant
    by: str

    @classmethod
    def every(cls) -> "Iterator[type[Fact]]":
        """All kinds of fact, the abstract ones left out."""
        for kind in cls.__subclasses__():
            if "TOPIC" in kind.__dict__:
                yield kind
            yield from kind.every()


class LogEntry(msgspec.Struct, frozen=True):
    """A fact at its place: `position` in the log (rising in commit order, with holes), `version` in its stream."""

    position: int
    stream: UUID
    version: int
    fact: Fact
