"""Puts the parts together: the one place that knows which is which."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import util
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request

from application.accounts import Accounts
from application.certification import Certification
from application.delivery import Delivery
from application.desk import Desk, IssuingDesk
from application.door import Door
from application.issuance import Issuance
from application.organizations import Organizations
from application.ports import Authority, FactStore, KeyPackages, Unavailable
from application.revocation import Revocation
from domain.policy import Policy
from domain.user_account_facts import STAFF
from infra import demo, logs
from infra.authority import IssuingAuthority, passphrase_from
from infra.certificate_index import CertificateIndex
from infra.clock import Clock, now
from infra.cluster_home import cluster_home
from infra.embedded_postgres import embedded
from infra.event_store import EventStore
from infra.failpoints import FailingAuthority, FailingPackages, FailingStore
from infra.passwords import VerifierVault
from infra.pkcs12 import KeyPackageFactory, Rounds
from infra.postgres import Database, DatabaseTurns, check_migrated
from infra.rate_limits import RateLimits
from infra.sessions import SessionBook
from infra.settings import Settings
from infra.tickets import TicketDrawer
from infra.vault import PersonVault
from infra.views import CurrentViews
from web import api
from web.app import create_app
from web.cookies import SESSION, read
from web.entrance import fingerprint
from web.pages import Pages, Service
from web.site import Site

SETTLE = 0.5  # seconds a command's page waits for the read models


@dataclass(frozen=True)
class Addresses:
    """Where the database is: for the owner, who migrates, and for the processes' role."""

    owner: str
    process: str


@contextmanager
def addresses(settings: Settings) -> Iterator[Addresses]:
    """Our own embedded server, kept running meanwhile, or the one of DATABASE_URL."""
    if settings.database_url:
        yield Addresses(settings.migration_url or settings.database_url, settings.database_url)
        return
    place = cluster_home(settings.home, settings.pg_bindir)
    with embedded(place, settings.pg_bindir) as cluster:
        yield Addresses(cluster.owner_dsn, cluster.process_dsn)


def authority_home(settings: Settings) -> Path:
    return settings.home / "authority"


def load_authority(settings: Settings) -> IssuingAuthority:
    """Raises Unavailable."""
    if not authority_home(settings).exists():
        raise Unavailable(f"there is no authority in {settings.home}: run `shomei ca init`, or set SHOMEI_HOME")
    passphrase = passphrase_from(settings.authority_passphrase_file, create=False)
    return IssuingAuthority.load(authority_home(settings), passphrase, settings.pki_url)


@dataclass(frozen=True)
class House:
    """One process's parts, but those that sign."""

    settings: Settings
    clock: Clock
    database: Database
    store: EventStore
    facts: FactStore
    policy: Policy
    door: Door
    sessions: SessionBook
    tickets: TicketDrawer
    index: CertificateIndex
    views: CurrentViews
    limits: RateLimits
    desk: Desk


@contextmanager
def house(settings: Settings, process_dsn: str, clock: Clock = now) -> Iterator[House]:
    """Opens what a process needs, and closes it. Raises Unavailable where the database is away or never migrated."""
    database, turns = Database(process_dsn), DatabaseTurns(process_dsn)
    try:
        check_migrated(database)
        store, policy = EventStore(database), settings.policy()
        facts: FactStore = FailingStore(store, settings.failpoint) if settings.failpoint else store
        passwords = VerifierVault(database, settings.password_checks)
        people, index = PersonVault(database), CertificateIndex(database)
        sessions, tickets = SessionBook(database), TicketDrawer(database)
        door = Door(facts, turns, passwords, sessions, tickets)
        desk = Desk(
            accounts=Accounts(facts, door, passwords, people, sessions, tickets, index, policy, secrets.choice),
            delivery=Delivery(facts, tickets, settings.bank_name),
            organizations=Organizations(facts, passwords, people, policy, secrets.choice),
            revocation=Revocation(facts, index, sessions, tickets, policy),
        )
        views = CurrentViews(database)
        limits = RateLimits(database, clock, posts=settings.rate_posts, user_ids=settings.rate_ids)
        yield House(
            settings, clock, database, store, facts, policy, door, sessions, tickets, index, views, limits, desk
        )
    finally:
        turns.close()
        database.close()


@contextmanager
def issuing_desk(found: House) -> Iterator[IssuingDesk]:
    """The desk with the authority's key loaded and the workers for key packages started."""
    settings, desk = found.settings, found.desk
    authority: Authority = load_authority(settings)
    rounds = Rounds(
        key=settings.p12_key_rounds, certificates=settings.p12_certificate_rounds, mac=settings.p12_mac_rounds
    )
    factory = KeyPackageFactory(settings.key_type, rounds)
    packages: KeyPackages = factory
    if settings.failpoint:
        authority = FailingAuthority(authority, settings.failpoint)
        packages = FailingPackages(packages, settings.failpoint)
    try:
        certification = Certification(
            found.facts, found.sessions, authority, packages, found.index, found.policy, settings.bank_name
        )
        yield IssuingDesk(
            accounts=desk.accounts,
            delivery=desk.delivery,
            organizations=desk.organizations,
            revocation=desk.revocation,
            certification=certification,
            issuance=Issuance(
                found.facts, found.door, found.tickets, certification, desk.delivery, found.policy, settings.bank_name
            ),
        )
    finally:
        factory.close()


def web_application(found: House, desk: IssuingDesk) -> Starlette:
    settings = found.settings
    service = Service(
        bank_name=settings.bank_name,
        service_name=settings.service_name,
        helpdesk_name=settings.helpdesk_name,
        helpdesk_phone=settings.helpdesk_phone,
        helpdesk_opens=settings.helpdesk_opens,
        helpdesk_closes=settings.helpdesk_closes,
    )
    site = Site(
        desk,
        Pages(service, demo=settings.is_embedded and demo.path_in(settings.home).exists()),
        found.clock,
        lambda: found.views.settle(found.store, SETTLE),
        found.limits,
        answer_floor=settings.answer_floor_ms / 1000,
        tries_waiting=settings.tries_waiting,
        threads=found.database.pool_size,
    )

    async def authorize(request: Request) -> str:
        known_by, cookie = fingerprint(request), read(request, SESSION)
        visitor = await site.ask(desk.accounts.staff, cookie, known_by, STAFF, found.clock())
        return visitor.session.role

    return create_app(
        site,
        api.routes(found.views, authorize, found.clock),
        lambda: check_migrated(found.database),
        strict_transport=not settings.is_loopback,
    )


def worker_application() -> Starlette:
    """What each of several web processes makes for itself; closed when it ends."""
    settings = Settings.from_environment()
    logs.configure(settings.log_level, settings.log_format)
    with ExitStack() as opened:
        found = opened.enter_context(house(settings, opened.enter_context(addresses(settings)).process))
        desk = opened.enter_context(issuing_desk(found))
        # Before multiprocessing closes the queues (10) by which the makers of key packages are told to end.
        util.Finalize(None, opened.pop_all().close, exitpriority=100)
    return web_application(found, desk)
