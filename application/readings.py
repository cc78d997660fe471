"""Readings: what is recorded of who looks at the history, or takes a copy of it away (R10.5)."""

from collections.abc import Mapping
from datetime import datetime

from application.ports import Changes, FactStore
from application.streams import decide
from domain.fact import Fact
from domain.reading import Form, HistoryExported, HistoryRead, reading_stream


class Readings:
    """Recorded before anything is shown or leaves. `user_id` is an auditor's, or `command-line`."""

    def __init__(self, store: FactStore) -> None:
        self._store = store

    def read(self, user_id: str, what: str, asked: Mapping[str, str], as_of: datetime | None, now: datetime) -> None:
        """`what` is the address or command without its filters, `asked` the filters as given; None: the present."""
        self._record(HistoryRead(at=now, by=user_id, what=what, asked=dict(asked), as_of=as_of))

    def exported(self, user_id: str, form: Form, first: int, end: int, head: int, now: datetime) -> None:
        """The leaves from `first` to before `end`, vouched for by the head of size `head`."""
        self._record(HistoryExported(at=now, by=user_id, form=form, first=first, end=end, head=head))

    def _record(self, fact: Fact) -> None:
        """Nothing is decided: two at once both stand, one behind the other."""
        stream = reading_stream(fact.by, fact.at)

        def attempt() -> None:
            self._store.save(Changes(stream, len(self._store.load(stream)), [fact]))

        decide(attempt)
