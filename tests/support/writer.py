"""Facts written at random, for tests of who reads them: the same ones for the same seed."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Protocol
from uuid import UUID

from application.ports import Changes
from application.streams import Loaded
from domain.approval import Act, Approval, approval_from, approval_stream
from domain.certificate import Certificate, Reason, certificate_stream
from domain.credentials import account_stream, organization_stream
from domain.fact import WORKER, Fact
from domain.notification import EXPIRY, Kind, Notification, notification_from, notification_stream
from domain.organization import Organization, organization_from
from domain.tree_head import head_stream
from domain.user_account_facts import Role
from domain.validity import Validity
from tests.support.accounts import COMMITMENT, DAY, HOUR, NINE, SECOND, Account, certificate_after, fact, registered

BANK, OTHER = "bank0001", "bank0002"


class Saving(Protocol):
    """A store, or who keeps what is saved for a store."""

    def save(self, changes: Changes, /) -> object: ...


class Writer:
    """Organizations whose people fail and succeed with passwords, get certificates and mails about them, lose them
    again, some as two persons of the bank decide, and leave; and the heads that are signed meanwhile."""

    def __init__(self, store: Saving, seed: int) -> None:
        self._store = store
        self._seed = seed
        self._chance = random.Random(seed)  # noqa: S311  (a walk that can be repeated, no secret)
        self._homes: dict[str, Loaded[Organization]] = {}
        self._people: list[Account] = []  # those who have not left
        self._asked: Counter[tuple[Act, str]] = Counter()
        self._users, self._serials, self._heads = count(1), count(1), count(1)
        self._now = NINE

    def write(self) -> None:
        """A few facts of one of forty people, or a head."""
        self._now += SECOND
        place = self._chance.randrange(40)
        if place >= len(self._people):
            self._come()
        else:
            acts: list[Callable[[Account], None]] = [self._try, self._certify, self._leave, self._sign]
            (act,) = self._chance.choices(acts, [75, 18, 4, 3])
            act(self._people[place])

    def _come(self) -> None:
        """As the master of the organization, where it has none."""
        name, home = f"user{self._seed:02}{next(self._users):04}", self._home()
        if home.state.master:
            self._decide(home, home.state.register_general_user(name, 100, home.state.master, self._now))
        else:
            self._decide(home, home.state.register_master(name, BANK, self._now))
        role: Role = "general" if home.state.master else "master"
        self._people.append(registered(name, role=role, organization=home.state.code, at=self._now))
        self._save(account_stream(name), 0, self._people[-1].facts)

    def _home(self) -> Loaded[Organization]:
        """One of eight; some of them change a setting now."""
        code = f"ORG{self._seed:03}{self._chance.randrange(8)}"
        if code not in self._homes:
            facts = Organization.register(code, f"サンプル商事{code}", COMMITMENT, BANK, self._now)
            facts += organization_from(facts).invite_master(self._now + 14 * DAY, BANK, self._now)
            self._save(organization_stream(code), 0, facts)
            self._homes[code] = Loaded(organization_from(facts), organization_stream(code), len(facts))
        home = self._homes[code]
        settings = home.state.set(None, self._chance.choice(["on", "off"]), None, BANK, self._now)
        return self._decide(home, settings)

    def _decide(self, home: Loaded[Organization], facts: Sequence[Fact]) -> Loaded[Organization]:
        state = home.state
        for each in facts:
            state = state.after(each)
        self._save(home.stream, home.version, facts)
        self._homes[state.code] = Loaded(state, home.stream, home.version + len(facts))
        return self._homes[state.code]

    def _leave(self, account: Account) -> None:
        """A master only if two persons of the bank decide so."""
        name, home = account.state.user_id, self._homes[account.state.organization or ""]
        if name == home.state.master:
            if not self._is_approved("initialize", home.state.code, name, "closed"):
                return
            self._decide(home, home.state.initialize(self._now + 14 * DAY, OTHER, self._now))
        else:
            self._decide(home, home.state.close_general_user(name, BANK, self._now))
        self._people.remove(account)
        self._record(account, account.state.close("deleted", BANK, self._now))

    def _try(self, account: Account) -> None:
        state = account.state
        if state.hold(self._now):
            facts = state.release(BANK, self._now)
        elif self._chance.random() < 0.9:
            facts = state.fail_password("login", self._now)
        else:
            facts = state.accept_password("login", self._now)
        self._record(account, facts)
        self._now += HOUR * (self._chance.random() < 0.1)

    def _record(self, account: Account, facts: Sequence[Fact]) -> None:
        self._save(account_stream(account.state.user_id), len(account.facts), facts)
        account.record(facts)

    def _certify(self, account: Account) -> None:
        """A certificate's life, or its first part, in a save for each fact."""
        name, number = account.state.user_id, next(self._serials)
        serial, stream = f"{self._seed:04X}{number:08X}", certificate_stream(name, number)
        facts = Certificate.plan(name, number, serial, b"tbs", "ab" * 32, name, self._now)
        steps: list[Callable[[Certificate], list[Fact]]] = [
            lambda state: state.issue(serial, b"der", serial * 4, Validity.from_issue(self._now), name, self._now),
            lambda state: state.use(name, self._now),
            lambda state: state.revoke("lost", BANK, self._now),
        ]
        for decide in steps[: self._chance.randrange(4)]:
            self._save(stream, len(facts) - 1, facts[-1:])
            facts += decide(certificate_after(facts))
        self._save(stream, len(facts) - 1, facts[-1:])
        if certificate_after(facts).state(self._now) == "live" and self._is_approved("revoke", serial, name, "lost"):
            self._save(stream, len(facts), certificate_after(facts).revoke("lost", OTHER, self._now))
        for kind in EXPIRY[: self._chance.randrange(3)]:
            self._mail(kind, name, stream)

    def _is_approved(self, act: Act, target: str, user_id: str, reason: Reason) -> bool:
        """Asked for by one person of the bank; another says yes or no, or nothing yet."""
        self._asked[act, target] += 1
        stream = approval_stream(act, target, self._asked[act, target])
        facts = Approval.ask(act, target, user_id, reason, BANK, self._now)
        self._save(stream, 0, facts)
        answer = self._chance.choice(["yes", "no", "nothing"])
        if answer != "nothing" and (asked := approval_from(facts)):
            given, declined = asked.give(OTHER, self._now), asked.refuse("declined", OTHER, self._now)
            self._save(stream, 1, given if answer == "yes" else declined)
        return answer == "yes"

    def _mail(self, kind: Kind, name: str, about: UUID) -> None:
        """Asked for, and sent or not."""
        stream = notification_stream(kind, about)
        facts = Notification.request(kind, name, about, None, WORKER, self._now)
        self._save(stream, 0, facts)
        if self._chance.random() < 0.5 and (mail := notification_from(facts)):
            self._save(stream, 1, mail.sent("1@example.com", 1, WORKER, self._now))

    def _sign(self, _: Account) -> None:
        """A head of a made-up size, so that no two writers have the same."""
        size = self._seed * 1_000_000 + next(self._heads)
        signed = {"origin": "log.example.com", "root": "ab" * 32, "key_id": "01020304", "signature": "cd" * 64}
        self._save(head_stream(size), 0, [fact("TreeHeadSigned", self._now, by=WORKER, size=size, **signed)])

    def _save(self, stream: UUID, version: int, facts: Sequence[Fact]) -> None:
        self._store.save(Changes(stream, version, list(facts)))


@contextmanager
def writing(store: Saving, writers: int = 3) -> Iterator[None]:
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
