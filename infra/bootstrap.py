"""Puts the parts together: the one place that knows which is which."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from application.accounts import Accounts
from application.approvals import Approvals
from application.certification import Certification
from application.delivery import Delivery
from application.desk import Desk, IssuingDesk
from application.door import Door
from application.erasure import Erasure
from application.history import History
from application.issuance import Issuance
from application.mails import Mails
from application.members import Members
from application.organizations import Organizations
from application.ports import Authority, FactStore, KeyPackages, Unavailable
from application.readings import Readings
from application.registration import Registration
from application.replay import Replay
from application.revocation import Revocation
from application.second_check import SecondCheck
from application.sessions import Sessions
from application.tokens import Tokens
from domain.policy import Policy
from infra import generations
from infra.api_tokens import TokenDrawer
from infra.authority import IssuingAuthority, passphrase_from
from infra.certificate_index import CertificateIndex
from infra.clock import Clock, now
from infra.cluster_home import cluster_home
from infra.embedded_postgres import CONNECTIONS, Cluster, embedded
from infra.event_store import EventStore
from infra.failpoints import FailingAuthority, FailingPackages, FailingStore, checked
from infra.issuance_codes import CodeDrawer
from infra.migration import check_migrated
from infra.passwords import VerifierVault
from infra.personal_rows import PersonalRows
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
            erasure=Erasure(facts, PersonalRows(database)),
            history=History(facts, members),
            mails=Mails(facts),
            members=members,
            organizations=organizations,
            registration=Registration(facts, turns, passwords, people, RegistrationBook(database), clock),
            readings=Readings(facts, uuid4),
            replay=Replay(facts, index, people),
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
