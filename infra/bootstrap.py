"""Puts the parts together: the one place that knows which is which."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from multiprocessing import util
from pathlib import Path

from starlette.applications import Starlette

from application.accounts import Accounts
from application.approvals import Approvals
from application.certification import Certification
from application.delivery import Delivery
from application.desk import Desk, IssuingDesk
from application.door import Door
from application.history import History
from application.issuance import Issuance
from application.mails import Mails
from application.members import Members
from application.organizations import Organizations
from application.ports import Authority, FactStore, KeyPackages, Unavailable
from application.registration import Registration
from application.revocation import Revocation
from application.second_check import SecondCheck
from application.sessions import Sessions
from application.tokens import Tokens
from domain.policy import Policy
from infra import demo, generations, logs, metrics, root_list
from infra.api_tokens import TokenDrawer
from infra.authority import IssuingAuthority, passphrase_from
from infra.authority_ends import AuthorityEnds
from infra.certificate_index import CertificateIndex
from infra.clock import Clock, now
from infra.cluster_home import cluster_home
from infra.embedded_postgres import CONNECTIONS, Cluster, embedded
from infra.event_store import EventStore
from infra.failpoints import FailingAuthority, FailingPackages, FailingStore, checked
from infra.issuance_codes import CodeDrawer
from infra.maildir import Maildir
from infra.migration import check_migrated
from infra.passwords import VerifierVault
from infra.pkcs12 import KeyPackageFactory, Rounds
from infra.pki import Pki
from infra.postgres import POOL_SIZE, Database, DatabaseTurns
from infra.rate_limits import RateLimits
from infra.registrations import RegistrationBook
from infra.sessions import SessionBook
from infra.settings import Settings
from infra.tickets import TicketDrawer
from infra.vault import PersonVault
from infra.views import CurrentViews
from web import api, bank, mailbox, members
from web.api_access import by_private_token, by_session_or_token
from web.app import create_app
from web.pages import Pages, Service
from web.pki import create_pki_app
from web.site import Site

SETTLE = 0.5  # seconds a command's page waits for the read models
PRIVATE_CONNECTIONS = 2
PKI_CONNECTIONS = 4  # one for a list being published beside those that ask


@dataclass(frozen=True)
class Addresses:
    """Where the database is: for the owner, who migrates, and for the processes' role; `cluster` is our own server."""

    owner: str
    process: str
    cluster: Cluster | None = None


@contextmanager
def addresses(settings: Settings) -> Iterator[Addresses]:
    """Our own embedded server, kept running meanwhile, or the one of DATABASE_URL."""
    if settings.database_url:
        yield Addresses(settings.migration_url or settings.database_url, settings.database_url)
        return
    place = cluster_home(settings.home, settings.pg_bindir)
    with embedded(place, settings.pg_bindir, connections(settings)) as cluster:
        yield Addresses(cluster.owner_dsn, cluster.process_dsn, cluster)


def connections(settings: Settings) -> int:
    """That our processes may open, each with a pool for questions and one for turns; idle slots cost memory."""
    others = 4  # the projector, the reminder, and two commands, in whose unused ones fit the leaders of the views
    return max(CONNECTIONS, 2 * POOL_SIZE * (settings.web_workers + others))


def authority_home(settings: Settings) -> Path:
    return settings.home / "authority"


def load_authority(settings: Settings) -> IssuingAuthority:
    """The generation that signs now. Raises Unavailable."""
    return load_generations(settings)[0]


def load_generations(settings: Settings) -> list[IssuingAuthority]:
    """The newest first. Raises Unavailable."""
    if not authority_home(settings).exists():
        raise Unavailable(f"there is no authority in {settings.home}: run `shomei ca init`, or set SHOMEI_HOME")
    passphrase = passphrase_from(settings.authority_passphrase_file, create=False)
    return generations.load(authority_home(settings), passphrase, settings.pki_url)


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
    people: PersonVault
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
        facts: FactStore = FailingStore(store, checked(settings.failpoint)) if settings.failpoint else store
        passwords = VerifierVault(database, settings.password_checks)
        people, index = PersonVault(database), CertificateIndex(database)
        sessions, tickets = SessionBook(database), TicketDrawer(database)
        door = Door(facts, turns, passwords, sessions, tickets, clock)
        revocation = Revocation(facts, index, people, sessions, tickets, policy)
        organizations = Organizations(facts, passwords, people, sessions, tickets, policy, secrets.choice)
        accounts = Accounts(facts, door, passwords, people, sessions, tickets, policy, secrets.choice)
        members = Members(facts, accounts, people)
        desk = Desk(
            accounts=accounts,
            approvals=Approvals(facts, people, revocation, organizations, policy),
            delivery=Delivery(facts, tickets, settings.bank_name),
            history=History(facts, members),
            mails=Mails(facts),
            members=members,
            organizations=organizations,
            registration=Registration(facts, turns, passwords, people, RegistrationBook(database), clock),
            revocation=revocation,
            second_check=SecondCheck(facts, tickets, CodeDrawer(database), secrets.choice),
            sessions=Sessions(facts, door, sessions, tickets, index, policy),
            tokens=Tokens(facts, index, TokenDrawer(database)),
        )
        views = CurrentViews(database)
        limits = RateLimits(
            database, clock, posts=settings.rate_posts, user_ids=settings.rate_ids, tokens=settings.rate_tokens
        )
        yield House(
            settings, clock, database, store, facts, policy, door, people, sessions, tickets, index, views, limits, desk
        )
    finally:
        turns.close()
        database.close()


@contextmanager
def issuing_desk(found: House) -> Iterator[IssuingDesk]:
    """The desk with the authority's key loaded and the workers for key packages started."""
    settings, desk = found.settings, found.desk
    newest = load_authority(settings)
    authority: Authority = newest
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
            found.facts,
            found.sessions,
            found.tickets,
            authority,
            packages,
            CertificateIndex(found.database, newest.key_identifier),
            found.policy,
            settings.bank_name,
        )
        yield IssuingDesk(
            **vars(desk),
            certification=certification,
            issuance=Issuance(
                found.facts,
                found.door,
                found.tickets,
                desk.second_check,
                certification,
                desk.delivery,
                found.policy,
                settings.bank_name,
            ),
        )
    finally:
        factory.close()


@contextmanager
def pki(settings: Settings, database: Database, store: FactStore) -> Iterator[Pki]:
    """OCSP, lists of revoked certificates, the authority's certificates. Raises Unavailable."""
    passphrase = passphrase_from(settings.authority_passphrase_file, create=False)
    authority, *before = load_generations(settings)
    earlier = [one for one in before if one.issuing.not_valid_after_utc > now()]
    home = authority_home(settings)
    with closing(Pki(home, passphrase, settings.pki_url, authority, database, store, earlier)) as opened:
        opened.ensure_signers(now())
        yield opened


def web_application(found: House, desk: IssuingDesk, pki: Pki) -> Starlette:
    settings = found.settings
    service = Service(
        bank_name=settings.bank_name,
        service_name=settings.service_name,
        public_url=settings.public_url,
        helpdesk_name=settings.helpdesk_name,
        helpdesk_phone=settings.helpdesk_phone,
        helpdesk_opens=settings.helpdesk_opens,
        helpdesk_closes=settings.helpdesk_closes,
    )
    kept = Maildir(settings.mailbox) if settings.mailbox else None
    is_demo = settings.is_embedded and demo.path_in(settings.home).exists()
    site = Site(
        desk,
        Pages(service, demo=is_demo, mailbox=kept is not None),
        found.clock,
        lambda: found.views.settle(SETTLE),
        found.limits,
        answer_floor=settings.answer_floor_ms / 1000,
        tries_waiting=settings.tries_waiting,
        threads=found.database.pool_size,
    )

    authorize = by_session_or_token(desk.sessions, desk.tokens, found.limits, found.clock)
    return create_app(
        site,
        [
            *api.routes(found.views, site.ask, authorize, found.clock),
            *members.routes(site, found.views),
            *bank.routes(site, found.views, lambda: root_list.term(authority_home(settings))),
            *mailbox.routes(site, kept),
            *pki.routes(found.clock),
        ],
        found.database.check_ready,
        strict_transport=not settings.is_loopback,
        behind_nginx=settings.socket is not None,
    )


@contextmanager
def private_application(settings: Settings, process_dsn: str, clock: Clock = now) -> Iterator[Starlette]:
    """What SHOMEI_PRIVATE_PORT answers, on few connections of its own: none is taken from visitors."""
    database = Database(process_dsn, pool_size=PRIVATE_CONNECTIONS)
    try:
        store, views = EventStore(database), CurrentViews(database)
        tokens = Tokens(store, CertificateIndex(database), TokenDrawer(database))
        limits = RateLimits(database, clock, posts=0, user_ids=0, tokens=settings.rate_tokens)
        ask = api.in_threads(PRIVATE_CONNECTIONS)
        authorize = by_private_token(tokens, limits, clock)
        ends = AuthorityEnds(authority_home(settings), database)
        yield Starlette(
            routes=[metrics.route(views, store, ends, clock), *api.routes(views, ask, authorize, clock)],
            exception_handlers=api.HANDLERS,
        )
    finally:
        database.close()


@contextmanager
def pki_application(settings: Settings, process_dsn: str, clock: Clock = now) -> Iterator[Starlette]:
    """What SHOMEI_PKI_PORT answers, on connections of its own like the private port."""
    database = Database(process_dsn, pool_size=PKI_CONNECTIONS)
    try:
        with pki(settings, database, EventStore(database)) as opened:
            yield create_pki_app(opened.routes(clock))
    finally:
        database.close()


def worker_application() -> Starlette:
    """What each of several web processes makes for itself; closed when it ends."""
    settings = Settings.from_environment()
    logs.configure(settings.log_level, settings.log_format)
    with ExitStack() as opened:
        found = opened.enter_context(house(settings, opened.enter_context(addresses(settings)).process))
        desk = opened.enter_context(issuing_desk(found))
        published = opened.enter_context(pki(settings, found.database, found.store))
        # Before multiprocessing closes the queues (10) by which the makers of key packages are told to end.
        util.Finalize(None, opened.pop_all().close, exitpriority=100)
    return web_application(found, desk, published)
