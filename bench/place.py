"""Where a comparison is made: a PostgreSQL of its own that waits for the disk, the desk in this process on its real
parts, and our processes beside; everything at what production has by default, and gone afterwards.
"""

import secrets
import signal
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx2
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from application.desk import IssuingDesk
from application.ports import Changes
from domain.credentials import account_stream, generate_password
from domain.fact import COMMAND_LINE
from domain.user_account_facts import LoggedIn, PasswordAccepted
from infra.bootstrap import House, house, issuing_desk
from infra.clock import now
from infra.embedded_postgres import embedded
from infra.migration import migrate
from infra.settings import Settings
from tests.support.database import Dsn
from tests.support.fleet import PATIENCE, Fleet, Visitor, address, fleet_on

# The fleet of the tests has cheaper ones and no limits; the floor is a wait, and no work.
PRODUCTION = {
    "SHOMEI_P12_KEY_ROUNDS": "100000",
    "SHOMEI_P12_CERTIFICATE_ROUNDS": "100000",
    "SHOMEI_P12_MAC_ROUNDS": "100000",
    "SHOMEI_RATE_POSTS": "1000000",
    "SHOMEI_RATE_IDS": "1000000",
}


@dataclass(frozen=True)
class Customer:
    """A general user with the password he was given; `file` is certificate and key in PEM, once he has one."""

    user_id: str
    password: str
    fingerprint: str = ""
    file: Path | None = None


@dataclass(frozen=True)
class Place:
    home: Path
    dsn: Dsn
    house: House
    desk: IssuingDesk
    fleet: Fleet
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _organizations: set[str] = field(default_factory=set)

    def customer(self) -> Customer:
        number = next(self._numbers)
        user_id, home = f"bench{number:05}", f"ACME{number // self.house.policy.general_users:05}"
        if home not in self._organizations:
            self._organizations.add(home)
            self.desk.organizations.register(home, "見本商事株式会社", "keiri@example.com", COMMAND_LINE, now())
        password = self.desk.accounts.register(
            user_id, "general", home, "見本 太郎", "taro@example.com", COMMAND_LINE, now()
        )
        return Customer(user_id, password)

    def certified(self) -> Customer:
        """With a password of his own, a certificate, and one log-in behind him: the first is the dearer one."""
        given = self.customer()
        password = generate_password(secrets.choice, avoid=given.user_id)
        self.desk.accounts.change_password(given.user_id, given.password, password, password)
        new = Customer(given.user_id, password)
        cookie = self.desk.issuance.authenticate(new.user_id, new.password, now()).cookie
        self.desk.issuance.start(cookie, self.desk.issuance.ticket(cookie, now()).id, now())
        self.desk.issuance.work(cookie, now)
        fingerprint = str(self.desk.delivery.outcome(cookie, now()).certificate.fingerprint)
        _, p12 = self.desk.delivery.fetch(cookie, now())
        self.desk.sessions.log_in(new.user_id, new.password, fingerprint, now())
        return Customer(new.user_id, new.password, fingerprint, self._opened(new, p12))

    def member_of_staff(self) -> Customer:
        """A bank admin with a password of his own and a certificate."""
        user_id = f"staff{next(self._numbers):05}"
        given = self.desk.accounts.register(
            user_id, "bank_admin", None, "見本 花子", "hanako@example.com", COMMAND_LINE, now()
        )
        p12 = self.desk.certification.issue_to_file(user_id, given, COMMAND_LINE, now())
        file = self._opened(Customer(user_id, given), p12)
        password = generate_password(secrets.choice, avoid=user_id)
        self.desk.accounts.change_password(user_id, given, password, password)
        return Customer(user_id, password, file=file)

    def _opened(self, customer: Customer, p12: bytes) -> Path:
        key, certificate, _ = pkcs12.load_key_and_certificates(p12, customer.password.encode())
        assert key is not None and certificate is not None  # noqa: PT018  (for the types)
        file = self.home / f"{customer.user_id}.pem"
        file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        return file

    def age(self, customer: Customer, years: int) -> None:
        """As many log-ins behind him as a person of 250 working days a year has after so long."""
        stream = account_stream(customer.user_id)
        facts = self.house.store.load(stream)
        serial = next(fact.serial for fact in facts if isinstance(fact, LoggedIn))
        login = [
            PasswordAccepted(at=now(), by=customer.user_id, entry="login"),
            LoggedIn(at=now(), by=customer.user_id, serial=serial),
        ]
        self.house.store.save(Changes(stream, len(facts), login * 250 * years))


@contextmanager
def place() -> Iterator[Place]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what is started here is stopped then too
    with tempfile.TemporaryDirectory(prefix="shomei-") as folder:
        home = Path(folder)
        home.chmod(0o711)  # as root, the database's account must pass through
        with embedded(home / "postgres") as cluster:
            migrate(cluster.owner_dsn, cluster.process_dsn)
            dsn = Dsn(cluster.owner_dsn, cluster.process_dsn)
            with fleet_on(dsn, home, **PRODUCTION) as fleet:
                settings = Settings(home=home, database_url=address(dsn.process), rate_posts=0, rate_ids=0)
                with house(settings, dsn.process) as found, issuing_desk(found) as desk:
                    yield Place(home, dsn, found, desk, fleet)


class Browser(Visitor):
    """Shows the customer's certificate, if there is one."""

    def __init__(self, url: str, root: Path, certificate: Path | None = None) -> None:
        super().__init__(url, root)
        if certificate is not None:
            trusting = ssl.create_default_context(cafile=root)
            trusting.load_cert_chain(certificate)
            self.client.close()
            self.client = httpx2.Client(base_url=url, verify=trusting, timeout=PATIENCE, follow_redirects=False)
