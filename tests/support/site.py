"""The web application over a test's house, with its real read models and no floor under its answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from starlette.applications import Starlette

from infra.event_store import EventStore
from infra.export import Exports
from infra.views import CurrentViews
from infra.views_as_of import ViewsAsOf
from tests.support.house import House
from web import api, audit, bank, mailbox, members
from web.api_access import by_session_or_token
from web.app import create_app
from web.limits import Limits
from web.mailbox import Mailbox
from web.pages import Pages, Service
from web.site import Site

SERVICE = Service(
    bank_name="サンプル労働金庫",
    service_name="証明書サービス",
    public_url="https://shomei.example.com",
    helpdesk_name="証明書サービス ヘルプデスク",
    helpdesk_phone="0120-000-000",
    helpdesk_opens=9,
    helpdesk_closes=18,
)
LOG_KEY = b"-----BEGIN PUBLIC KEY-----\n"
ROOT_LIST_MADE, ROOT_LIST_END = datetime(2026, 11, 2, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC)


def settled() -> bool:
    """No projector runs beside a test: there is nothing to wait for."""
    return True


class NoLimits:
    """web.limits.Limits with all limits off."""

    def post(self, client: str) -> None:
        pass

    def token(self, user_id: str) -> None:
        pass

    @contextmanager
    def trying(self, client: str, user_id: str) -> Iterator[None]:
        yield


def wired(
    house: House,
    kind: type[Site] = Site,
    *,
    limits: Limits | None = None,
    tries_waiting: int = 64,
    strict_transport: bool = False,
    behind_nginx: bool = False,
    kept: Mailbox | None = None,
) -> tuple[Site, Starlette]:
    """`kind` may watch what the site is asked; `kept` has the mails of the mailbox page."""
    pages = Pages(SERVICE, demo=False)
    held = limits or NoLimits()
    site = kind(house.desk, pages, house.clock, settled, held, answer_floor=0.0, tries_waiting=tries_waiting, threads=8)
    authorize = by_session_or_token(house.desk.sessions, house.desk.tokens, held, house.clock)
    views = CurrentViews(house.database)
    past = ViewsAsOf(house.database.dsn, EventStore(house.database), views.all)
    exports = Exports(house.database.dsn, house.desk.readings)
    app = create_app(
        site,
        [
            *api.routes(views, house.desk.readings, site.ask, authorize, house.clock),
            *members.routes(site, views),
            *audit.routes(site, views, past, exports, lambda: LOG_KEY),
            *bank.routes(site, views, lambda: (ROOT_LIST_MADE, ROOT_LIST_END)),
            *mailbox.routes(site, kept),
        ],
        house.database.check_ready,
        strict_transport=strict_transport,
        behind_nginx=behind_nginx,
    )
    return site, app


def application(house: House) -> Starlette:
    return wired(house)[1]
