"""Reading: who looked at the history, or took a copy of it away; both are facts themselves (R10.5).

Each has a stream of its own: nothing follows on it.
"""

from typing import ClassVar, Literal

from domain.fact import Fact, Instant

Form = Literal["jsonl", "csv"]


class HistoryRead(Fact, frozen=True):
    """`what` is the address or command without its filters, `asked` the filters as they were given, by their names.

    `as_of` is the moment asked for, None: the present.
    """

    TOPIC: ClassVar[str] = "reading.history-read.1"
    what: str
    asked: dict[str, str]
    as_of: Instant | None = None


class HistoryExported(Fact, frozen=True):
    """The leaves from `first` to before `end` of the log's tree; the signed head of size `head` vouches for them.

    Recorded before the first octet leaves, so that one broken off is here too.
    """

    TOPIC: ClassVar[str] = "reading.history-exported.1"
    form: Form
    first: int
    end: int
    head: int
