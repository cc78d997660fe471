"""The web applications with what they need: visitors', the private port's, the plain one's (screens.md, Machine)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import util
from uuid import uuid4

from starlette.applications import Starlette

from application.desk import IssuingDesk
from application.readings import Readings
from application.tokens import Tokens
from infra import demo, log_key, logs, metrics, root_list
from infra.api_tokens import TokenDrawer
from infra.authority_ends import AuthorityEnds
from infra.bootstrap import House, addresses, authority_home, house, issuing_desk, pki
from infra.certificate_index import CertificateIndex
from infra.clock import Clock, now
from infra.current_tree import CurrentTree
from infra.event_store import EventStore
from infra.export import Exports
from infra.head_file import HEADS, HeadFile
from infra.head_watch import HeadWatch
from infra.maildir import Maildir
from infra.pki import Pki
from infra.postgres import Database
from infra.rate_limits import RateLimits
from infra.settings import Settings
from infra.views import CurrentViews
from infra.views_as_of import ViewsAsOf
from web import api, audit, bank, mailbox, members
from web.api_access import by_private_token, by_session_or_token
from web.app import create_app
from web.pages import Pages, Service
from web.pki import create_pki_app
from web.site import Site

SETTLE = 0.5  # seconds a command's page waits for the read models
PRIVATE_CONNECTIONS = 2
PKI_CONNECTIONS = 4  # one for a list being published beside those that ask


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

    past = ViewsAsOf(found.database.dsn, found.store, found.views.all)
    exports = Exports(found.database.dsn, desk.readings)
    authorize = by_session_or_token(desk.sessions, desk.tokens, found.limits, found.clock)
    return create_app(
        site,
        [
            *api.routes(found.views, desk.readings, site.ask, authorize, found.clock),
            *members.routes(site, found.views),
            *bank.routes(site, found.views, lambda: root_list.term(authority_home(settings))),
            *audit.routes(site, found.views, past, exports, lambda: log_key.published(authority_home(settings))),
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
        heads = HeadWatch(CurrentTree(database), HeadFile(settings.home / HEADS))
        asked = api.routes(views, Readings(store, uuid4), ask, authorize, clock)
        yield Starlette(
            routes=[metrics.route(views, store, ends, heads, clock), *asked],
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
