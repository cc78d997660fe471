"""Readings: what is recorded of who looks at the history, or takes a copy of it away (R10.5)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from application.ports import Changes, FactStore
from domain.fact import Fact
from domain.reading import Form, HistoryExported, HistoryRead


class Readings:
    """Recorded before anything is shown or leaves. `user_id` is an auditor's, or `command-line`."""

    def __init__(self, store: FactStore, new_stream: Callable[[], UUID]) -> None:
        """`new_stream` gives another one at each call."""
        self._store = store
        self._new_stream = new_stream

    def read(self, user_id: str, what: str, asked: Mapping[str, str], as_of: datetime | None, now: datetime) -> None:
        """`what` is the address or command without its filters, `asked` the filters as given; None: the present."""
        self._record(HistoryRead(at=now, by=user_id, what=what, asked=dict(asked), as_of=as_of))

    def exported(self, user_id: str, form: Form, first: int, end: int, head: int, now: datetime) -> None:
        """The leaves from `first` to before `end`, vouched for by the head of size `head`."""
        self._record(HistoryExported(at=now, by=user_id, form=form, first=first, end=end, head=head))

    def _record(self, fact: Fact) -> None:
        """Nothing is decided on what was read before: so nothing is loaded, and no two are in each other's way."""
        self._store.save(Changes(self._new_stream(), 0, [fact]))
