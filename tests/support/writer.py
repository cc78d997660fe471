"""Facts written at random, for tests of who reads them: the same ones for the same seed."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from uuid import UUID

from application.ports import Changes
from domain.certificate import Certificate, certificate_stream
from domain.credentials import account_stream
from domain.fact import WORKER, Fact
from domain.notification import EXPIRY, Kind, Notification, notification_from, notification_stream
from domain.validity import Validity
from infra.event_store import EventStore
from tests.support.accounts import HOUR, NINE, SECOND, Account, certificate_after, registered


class Writer:
    """People whose passwords fail and succeed, who get certificates and mails about them, and lose them again."""

    def __init__(self, store: EventStore, seed: int) -> None:
        self._store = store
        self._seed = seed
        self._chance = random.Random(seed)  # noqa: S311  (a walk that can be repeated, no secret)
        self._accounts: dict[str, Account] = {}
        self._serials = count(1)
        self._now = NINE

    def write(self) -> None:
        """A few facts of one of them."""
        self._now += SECOND
        name = f"user{self._seed:02}{self._chance.randrange(40):02}"
        account = self._accounts.get(name)
        if account is None:
            self._accounts[name] = account = registered(name, at=self._now)
            self._save(account_stream(name), 0, account.facts)
        elif self._chance.random() < 0.2:
            self._certify(name)
        else:
            self._try(name, account)

    def _try(self, name: str, account: Account) -> None:
        before, state = len(account.facts), account.state
        if state.hold(self._now):
            account.record(state.release("bank01", self._now))
        elif self._chance.random() < 0.9:
            account.record(state.fail_password("login", self._now))
        else:
            account.record(state.accept_password("login", self._now))
        self._now += HOUR * (self._chance.random() < 0.1)
        self._save(account_stream(name), before, account.facts[before:])

    def _certify(self, name: str) -> None:
        """A certificate's life, or its first part, in a save for each fact."""
        number = next(self._serials)
        serial, stream = f"{self._seed:04X}{number:08X}", certificate_stream(name, number)
        facts = Certificate.plan(name, number, serial, b"tbs", "ab" * 32, name, self._now)
        steps: list[Callable[[Certificate], list[Fact]]] = [
            lambda state: state.issue(serial, b"der", serial * 4, Validity.from_issue(self._now), name, self._now),
            lambda state: state.use(name, self._now),
            lambda state: state.revoke("lost", "bank01", self._now),
        ]
        for decide in steps[: self._chance.randrange(4)]:
            self._save(stream, len(facts) - 1, facts[-1:])
            facts += decide(certificate_after(facts))
        self._save(stream, len(facts) - 1, facts[-1:])
        for kind in EXPIRY[: self._chance.randrange(3)]:
            self._mail(kind, name, stream)

    def _mail(self, kind: Kind, name: str, about: UUID) -> None:
        """Asked for, and sent or not."""
        stream = notification_stream(kind, about)
        facts = Notification.request(kind, name, about, None, WORKER, self._now)
        self._save(stream, 0, facts)
        if self._chance.random() < 0.5 and (mail := notification_from(facts)):
            self._save(stream, 1, mail.sent("1@example.com", 1, WORKER, self._now))

    def _save(self, stream: UUID, version: int, facts: Sequence[Fact]) -> None:
        self._store.save(Changes(stream, version, facts))


@contextmanager
def writing(store: EventStore, writers: int = 3) -> Iterator[None]:
    """Facts all the while."""
    stopped = threading.Event()
    faults: list[Exception] = []

    def write(writer: Writer) -> None:
        try:
            while not stopped.is_set():
                writer.write()
        except Exception as fault:  # whatever it is, the test judges it
            faults.append(fault)

    threads = [threading.Thread(target=write, args=[Writer(store, seed)]) for seed in range(writers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    assert faults == []
