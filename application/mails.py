"""What the bank does about a mail that was given up (R8.3)."""

from datetime import datetime
from uuid import UUID

from application.ports import FactStore
from application.streams import Loaded, decide
from domain.errors import NotFound
from domain.notification import notification_from


class Mails:
    def __init__(self, store: FactStore) -> None:
        self._store = store

    def resend(self, notification: UUID, by: str, now: datetime) -> None:
        """It waits once more, for the worker to judge and send it. Raises NotFound, NotGivenUp."""

        def attempt() -> None:
            facts = self._store.load(notification)
            state = notification_from(facts)
            if state is None:
                raise NotFound("mail")
            found = Loaded(state, notification, len(facts))
            self._store.save(found.changes(state.request_again(by, now)))

        decide(attempt)
