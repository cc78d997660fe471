"""The desk on its real parts, with cheap hashes, few PKCS#12 rounds, and a clock to move."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from application.accounts import Accounts
from application.certification import Certification
from application.delivery import Delivery
from application.desk import IssuingDesk
from application.door import Door
from application.issuance import Issuance
from application.organizations import Organizations
from application.revocation import Revocation
from domain.fact import COMMAND_LINE, Fact
from domain.policy import Policy
from infra.authority import IssuingAuthority, create
from infra.certificate_index import CertificateIndex
from infra.event_store import EventStore
from infra.passwords import VerifierVault
from infra.pkcs12 import KeyPackageFactory, Rounds
from infra.postgres import Database, DatabaseTurns
from infra.sessions import SessionBook
from infra.tickets import TicketDrawer
from infra.vault import PersonVault
from tests.support.clock import MovableClock
from tests.support.database import Dsn

PKI = "http://127.0.0.1:8480"
BANK = "サンプル労働金庫"
NINE = datetime(2026, 11, 24, 0, tzinfo=UTC)  # 09:00 JST on a Tuesday


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
    passwords: VerifierVault
    people: PersonVault
    sessions: SessionBook
    tickets: TicketDrawer
    index: CertificateIndex

    def every_fact(self) -> list[Fact]:
        return [entry.fact for entry in self.store.entries(0, 10_000)]

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.every_fact()]

    def organization(self, code: str = "ACME01", name: str = "見本商事株式会社") -> str:
        return self.desk.organizations.register(code, name, "keiri@example.com", COMMAND_LINE, self.clock())

    def user(self, user_id: str = "taro0001", password: str = "sesame99", organization: str = "ACME01") -> str:
        """A general user with a password of his own; returns it."""
        self.desk.accounts.register(
            user_id, "general", organization, "見本 太郎", "taro@example.com", COMMAND_LINE, self.clock()
        )
        self.desk.accounts.own_password(user_id, password, self.clock())
        return password

    def issue(self, user_id: str = "taro0001", password: str = "sesame99") -> str:
        """④ to ⑦ in one go; returns the ticket's cookie."""
        issuance = self.desk.issuance
        cookie = issuance.authenticate(user_id, password, self.clock())
        assert issuance.start(cookie, issuance.ticket(cookie, self.clock()).id, self.clock())
        issuance.work(cookie, self.clock)
        return cookie

    def fingerprint(self, cookie: str) -> str:
        """Of the certificate that the ticket led to."""
        return str(self.desk.delivery.outcome(cookie, self.clock()).certificate.fingerprint)

    def log_in(self, cookie: str, user_id: str = "taro0001", password: str = "sesame99") -> str:
        """With that certificate; returns the session's cookie."""
        return self.desk.accounts.log_in(user_id, password, self.fingerprint(cookie), self.clock())[0]


def furnish(
    database: Database,
    turns: DatabaseTurns,
    authority: IssuingAuthority,
    packages: KeyPackageFactory,
    clock: MovableClock,
    policy: Policy,
) -> House:
    store = EventStore(database)
    passwords = VerifierVault(database, memory_kib=8)
    people, index = PersonVault(database), CertificateIndex(database)
    sessions, tickets = SessionBook(database), TicketDrawer(database)
    door = Door(store, turns, passwords, sessions, tickets)
    certification = Certification(store, sessions, authority, packages, index, policy, BANK)
    delivery = Delivery(store, tickets, BANK)
    desk = IssuingDesk(
        accounts=Accounts(store, door, passwords, people, sessions, index, policy, secrets.choice),
        delivery=delivery,
        organizations=Organizations(store, passwords, people, policy, secrets.choice),
        revocation=Revocation(store, index, sessions, tickets, policy),
        certification=certification,
        issuance=Issuance(store, door, tickets, certification, delivery, policy, BANK),
    )
    return House(database, store, desk, clock, passwords, people, sessions, tickets, index)


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
