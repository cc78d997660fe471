"""The desk on its real parts, with cheap hashes, few PKCS#12 rounds, and a clock to move.

The parts are watched (tests/support/fakes.py): a test can count password checks, or step in between two steps.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from application.accounts import Accounts
from application.approvals import Approvals
from application.certification import Certification
from application.delivery import Delivery
from application.desk import IssuingDesk
from application.door import Door
from application.erasure import Erasure
from application.history import History
from application.issuance import Issuance
from application.mails import Mails
from application.members import Members
from application.organizations import Organizations
from application.ports import Authority, KeyPackages
from application.readings import Readings
from application.registration import Registration
from application.replay import Replay
from application.revocation import Revocation
from application.second_check import SecondCheck
from application.sessions import Sessions
from application.streams import load_account, load_certificate
from application.tokens import Tokens
from domain.certificate import Certificate, certificate_stream
from domain.errors import TryRefused
from domain.fact import COMMAND_LINE, Fact
from domain.notification import NotificationRequested
from domain.policy import Policy
from domain.user_account import UserAccount
from domain.user_account_facts import Role
from infra.api_tokens import TokenDrawer
from infra.authority import IssuingAuthority, create
from infra.certificate_index import CertificateIndex
from infra.event_store import EventStore
from infra.issuance_codes import CodeDrawer
from infra.personal_rows import PersonalRows
from infra.pkcs12 import KeyPackageFactory, Rounds
from infra.postgres import Database, DatabaseTurns
from infra.registrations import RegistrationBook
from infra.sessions import SessionBook
from infra.tickets import TicketDrawer
from infra.vault import PersonVault
from tests.support.clock import MovableClock
from tests.support.database import Dsn
from tests.support.fakes import Between, CountingVault, WatchedAuthority, WatchedPackages, WatchedStore

PKI = "http://127.0.0.1:8480"
BANK = "サンプル労働金庫"
NINE = datetime(2026, 11, 24, 0, tzinfo=UTC)  # 09:00 JST on a Tuesday
RENEWAL = datetime(2027, 10, 24, 15, tzinfo=UTC)  # 00:00 JST, 30 days before the last day of what was issued at NINE
OVER = datetime(2027, 11, 24, 15, tzinfo=UTC)  # 00:00 JST, when that last day is over
TARO = "taro0001"
RIGHT = "sesame99"
WRONG = "wrong000"
MASTER = "hanako01"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> IssuingAuthority:
    home: Path = tmp_path_factory.mktemp("authority") / "authority"
    create(home, b"a passphrase", datetime(2020, 1, 1, tzinfo=UTC), PKI, BANK)
    return IssuingAuthority.load(home, b"a passphrase", PKI)


@pytest.fixture(scope="session")
def packages() -> Iterator[KeyPackageFactory]:
    factory = KeyPackageFactory("p256", Rounds(key=1000, certificates=1000, mac=1000), workers=1)
    yield factory
    factory.close()


@dataclass(frozen=True)
class House:
    """Everything a test may look into. `facts` reads an account's or any stream's history."""

    database: Database
    store: EventStore
    desk: IssuingDesk
    clock: MovableClock
    turns: DatabaseTurns
    passwords: CountingVault
    people: PersonVault
    sessions: SessionBook
    tickets: TicketDrawer
    index: CertificateIndex
    authority: WatchedAuthority
    packages: WatchedPackages
    between: Between

    # ---- what happened

    def every_fact(self) -> list[Fact]:
        return [entry.fact for entry in self.store.entries(0, 10_000)]

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.every_fact()]

    def count(self, kind: str) -> int:
        return self.kinds().count(kind)

    def mails(self) -> list[str]:
        """The kinds of the mails asked for, in order."""
        return [fact.kind for fact in self.every_fact() if isinstance(fact, NotificationRequested)]

    def account(self, user_id: str = TARO) -> UserAccount:
        return load_account(self.store, user_id).state

    def certificate(self, number: int = 1, user_id: str = TARO) -> Certificate:
        found = load_certificate(self.store, certificate_stream(user_id, number))
        assert found is not None
        return found.state

    def fingerprint(self, number: int = 1, user_id: str = TARO) -> str:
        return str(self.certificate(number, user_id).fingerprint)

    # ---- people

    def organization(self, code: str = "ACME01", name: str = "見本商事株式会社") -> str:
        return self.desk.organizations.register(code, name, "keiri@example.com", COMMAND_LINE, self.clock())

    def register(self, user_id: str = TARO, organization: str = "ACME01") -> str:
        """A general user; returns the first password."""
        return self.desk.accounts.register(
            user_id, "general", organization, "見本 太郎", "taro@example.com", COMMAND_LINE, self.clock()
        )

    def user(self, user_id: str = TARO, password: str = RIGHT, organization: str = "ACME01") -> str:
        """A general user with a password of his own; returns it."""
        self.register(user_id, organization)
        self.own_password(user_id, password)
        return password

    def one_of_many(self, user_id: str) -> None:
        """A user of an organization of his own, for one organization has at most nineteen."""
        self.organization(user_id.upper())
        self.user(user_id, organization=user_id.upper())

    def staff(self, user_id: str = "bank0001", password: str = RIGHT, role: Role = "bank_admin") -> None:
        """Of the bank, with an own password and no certificate yet."""
        self.desk.accounts.register(user_id, role, None, "見本 花子", "hanako@example.com", COMMAND_LINE, self.clock())
        self.own_password(user_id, password)

    def own_password(self, user_id: str, password: str) -> None:
        """Changed by its owner, but without a try of the one before."""
        found = load_account(self.store, user_id)
        verifier = self.passwords.keep(found.stream, found.state.credential + 1, password)
        self.store.save(found.changes(found.state.change_password(self.clock())), rows=[verifier])

    def record(self, decide: Callable[[UserAccount], list[Fact]], user_id: str = TARO) -> None:
        """What another button decides on the account meanwhile."""
        found = load_account(self.store, user_id)
        self.store.save(found.changes(decide(found.state)))

    # ---- ④ to ⑦, and in

    def enter(self, user_id: str = TARO, password: str = RIGHT) -> str:
        """④; returns the ticket's cookie."""
        return self.desk.issuance.authenticate(user_id, password, self.clock()).cookie

    def start(self, cookie: str) -> bool:
        """発行 on ⑤."""
        return self.desk.issuance.start(cookie, self.desk.issuance.ticket(cookie, self.clock()).id, self.clock())

    def work(self, cookie: str) -> None:
        self.desk.issuance.work(cookie, self.clock)

    def progress(self, cookie: str) -> str:
        return self.desk.issuance.progress(cookie, self.clock())[0]

    def issue(self, user_id: str = TARO, password: str = RIGHT) -> str:
        """④ to ⑦ in one go; returns the ticket's cookie."""
        cookie = self.enter(user_id, password)
        assert self.start(cookie)
        self.work(cookie)
        return cookie

    def issue_again(self, cookie: str) -> None:
        """発行 on ⑥, after a failure."""
        assert self.start(cookie)
        self.work(cookie)

    def log_in(self, number: int = 1, user_id: str = TARO, password: str = RIGHT) -> str:
        """With the certificate of that number; returns the session's cookie."""
        return self.desk.sessions.log_in(user_id, password, self.fingerprint(number, user_id), self.clock())[0]

    def fail(self, times: int, user_id: str = TARO) -> None:
        """Wrong passwords at ④, whatever is answered."""
        for _ in range(times):
            with suppress(TryRefused):
                self.enter(user_id, WRONG)


def furnish(
    database: Database,
    turns: DatabaseTurns,
    authority: Authority,
    packages: KeyPackages,
    clock: MovableClock,
    policy: Policy,
) -> House:
    log, between = EventStore(database), Between()
    store, signing, packing = (
        WatchedStore(log, between),
        WatchedAuthority(authority, between),
        WatchedPackages(packages, between),
    )
    passwords = CountingVault(database, memory_kib=8)
    people, index = PersonVault(database), CertificateIndex(database)
    sessions, tickets = SessionBook(database), TicketDrawer(database)
    door = Door(store, turns, passwords, sessions, tickets, clock)
    certification = Certification(store, sessions, tickets, signing, packing, index, policy, BANK)
    delivery = Delivery(store, tickets, BANK)
    revocation = Revocation(store, index, people, sessions, tickets, policy)
    organizations = Organizations(store, passwords, people, sessions, tickets, policy, secrets.choice)
    accounts = Accounts(store, door, passwords, people, sessions, tickets, policy, secrets.choice)
    members = Members(store, accounts, people)
    second_check = SecondCheck(store, tickets, CodeDrawer(database), secrets.choice)
    desk = IssuingDesk(
        accounts=accounts,
        approvals=Approvals(store, people, revocation, organizations, policy),
        delivery=delivery,
        erasure=Erasure(store, PersonalRows(database)),
        history=History(store, members),
        mails=Mails(store),
        members=members,
        organizations=organizations,
        readings=Readings(store, uuid4),
        registration=Registration(store, turns, passwords, people, RegistrationBook(database), clock),
        replay=Replay(store, index, people),
        revocation=revocation,
        second_check=second_check,
        sessions=Sessions(store, door, sessions, tickets, index, policy),
        tokens=Tokens(store, index, TokenDrawer(database)),
        certification=certification,
        issuance=Issuance(store, door, tickets, second_check, certification, delivery, policy, BANK),
    )
    return House(
        database, log, desk, clock, turns, passwords, people, sessions, tickets, index, signing, packing, between
    )


@pytest.fixture
def policy() -> Policy:
    """A test that needs another one overrides this fixture."""
    return Policy()


@pytest.fixture
def house(
    database: Database, dsn: Dsn, authority: IssuingAuthority, packages: KeyPackageFactory, policy: Policy
) -> Iterator[House]:
    turns = DatabaseTurns(dsn.process)
    try:
        yield furnish(database, turns, authority, packages, MovableClock(NINE), policy)
    finally:
        turns.close()


@pytest.fixture
def second_house(house: House, dsn: Dsn, policy: Policy) -> Iterator[House]:
    """Another process on the same database, with the same clock: nothing else is shared."""
    database, turns = Database(dsn.process), DatabaseTurns(dsn.process)
    try:
        yield furnish(database, turns, house.authority, house.packages, house.clock, policy)
    finally:
        turns.close()
        database.close()
