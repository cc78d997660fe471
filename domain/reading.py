"""Reading: who looked at the history, or took a copy of it away; both are facts themselves (R10.5)."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID, uuid5

from domain.fact import Fact
from domain.validity import japanese_day

Form = Literal["jsonl", "csv"]

READINGS = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a08")


def reading_stream(user_id: str, now: datetime) -> UUID:
    """What one person read on one day in Japan, so that no stream grows for ever."""
    return uuid5(READINGS, f"{user_id.lower()}/{japanese_day(now)}")


class HistoryRead(Fact, frozen=True):
    """`what` is the address or command without its filters, `asked` the filters as they were given, by their names.

    `as_of` is the moment asked for, None: the present.
    """

    TOPIC: ClassVar[str] = "reading.history-read.1"
    what: str
    asked: dict[str, str]
    as_of: datetime | None = None


class HistoryExported(Fact, frozen=True):
    """The leaves from `first` to before `end` of the log's tree; the signed head of size `head` vouches for them.

    Recorded before the first octet leaves, so that one broken off is here too.
    """

    TOPIC: ClassVar[str] = "reading.history-exported.1"
    form: Form
    first: int
    end: int
    head: int
