"""A web process behind nginx, another with TLS of its own, and people whose certificates are of any age (R5.1, Q9)."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from domain.fact import COMMAND_LINE
from domain.policy import Policy
from infra import development_certificate
from infra.authority import CLIENTS, IssuingAuthority
from infra.embedded_postgres import Cluster
from infra.pkcs12 import KeyPackageFactory
from infra.postgres import Database, DatabaseTurns
from tests.support.clock import MovableClock
from tests.support.database import new_database
from tests.support.fleet import PASSPHRASE, Fleet, Process, Visitor, fleet_on, free_port
from tests.support.guest import Guest, Listener
from tests.support.house import PKI, RIGHT, House, furnish
from tests.support.limited import POSTS
from tests.support.nginx import Nginx
from tests.support.processes import new_place
from tests.support.server import Issued, Wallet

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Street:
    """`embedded` is the process with TLS of its own; `ours` the issuing authority, to sign what it never would."""

    fleet: Fleet
    house: House
    nginx: Nginx
    embedded: Process
    wallet: Wallet
    ours: Issued
    now: datetime

    def guest(self, certificate: Path | None = None) -> Guest:
        return Guest(self.nginx, self.fleet.root, "/login", certificate)

    def issued(self, user_id: str, *ages: timedelta) -> Path:
        """The certificate of a new user, issued so long ago; of several the first, once the last has been used."""
        self.house.clock.set(self.now - ages[0])
        self.house.user(user_id)
        files = []
        for age in ages:
            self.house.clock.set(self.now - age)
            _, p12 = self.house.desk.delivery.fetch(self.house.issue(user_id), self.house.clock())
            opened = pkcs12.load_pkcs12(p12, RIGHT.encode())
            assert opened.cert is not None
            files.append(self.wallet.file(Issued(opened.key, opened.cert.certificate)))  # type: ignore[arg-type]  # P-256
        self.house.clock.set(self.now)
        if len(ages) > 1:
            self.house.log_in(len(ages), user_id)
        return files[0]

    def revoke(self, user_id: str) -> None:
        self.house.desk.revocation.revoke_user(user_id, "lost", COMMAND_LINE, self.now)

    def context(self, certificate: Path | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.fleet.root)
        if certificate is not None:
            context.load_cert_chain(certificate)
        return context

    def connection(self, certificate: Path | None = None, source: str = HOST) -> HTTPSConnection:
        return HTTPSConnection(
            HOST, self.nginx.port, context=self.context(certificate), source_address=(source, 0), timeout=30
        )

    def sent(self, octets: bytes, listener: Listener, certificate: Path | None = None) -> tuple[int, str]:
        """Written as they are; the status that comes back, and all that follows."""
        with (
            socket.create_connection((HOST, listener.port), timeout=30) as plain,
            self.context(certificate).wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            connection.sendall(octets)
            return answered(connection)

    def told(self, octets: bytes) -> tuple[int, str]:
        """Likewise, to the application's own socket, in nginx's place."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.nginx.socket))
            connection.sendall(octets)
            return answered(connection)


def answered(connection: socket.socket) -> tuple[int, str]:
    got = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(got.split(b" ", 2)[1]), got.decode()


@pytest.fixture(scope="module")
def street(cluster: Cluster, packages: KeyPackageFactory) -> Iterator[Street]:
    """With the limit of POSTs on, at its default."""
    now = datetime.now(UTC)
    with new_place() as place, new_database(cluster) as dsn, ExitStack() as opened:
        place.home.mkdir()
        fleet = opened.enter_context(fleet_on(dsn, place.home, SHOMEI_RATE_POSTS=str(POSTS)))
        authority = IssuingAuthority.load(place.home / "authority", PASSPHRASE.encode(), PKI)
        database, turns = Database(dsn.process), DatabaseTurns(dsn.process)
        opened.callback(database.close)
        opened.callback(turns.close)
        house = furnish(database, turns, authority, packages, MovableClock(now - timedelta(days=500)), Policy())
        house.organization()
        server, pki_port = development_certificate.ensure(place.home, HOST, now), free_port()
        nginx = Nginx(place.folder, server, place.home / "authority" / CLIENTS, pki_port)
        behind = fleet.start("serve", SHOMEI_SOCKET=str(nginx.socket), SHOMEI_PKI_PORT=str(pki_port))
        embedded = fleet.start("serve")
        opened.enter_context(nginx.running())
        for process, port in ((behind, nginx.port), (embedded, embedded.port)):
            with Visitor(f"https://{HOST}:{port}", fleet.root) as visitor:
                visitor.wait_until_ready(process)
        wallet, ours = Wallet(place.folder), Issued(authority.key, authority.issuing)  # type: ignore[arg-type]  # P-256
        yield Street(fleet, house, nginx, embedded, wallet, ours, now)
