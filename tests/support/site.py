"""The web application over a test's house, with its real read models and no floor under its answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request

from domain.user_account_facts import STAFF
from infra.postgres import check_migrated
from infra.views import CurrentViews
from tests.support.house import House
from web import api
from web.app import create_app
from web.cookies import SESSION, read
from web.entrance import fingerprint
from web.pages import Pages, Service
from web.site import Site

SERVICE = Service("サンプル労働金庫", "証明書サービス", "証明書サービス ヘルプデスク", "0120-000-000")


def settled() -> bool:
    """No projector runs beside a test: there is nothing to wait for."""
    return True


class NoLimits:
    """web.limits.Limits with both limits off."""

    def post(self, client: str) -> None:
        pass

    @contextmanager
    def trying(self, client: str, user_id: str) -> Iterator[None]:
        yield


def application(house: House) -> Starlette:
    pages = Pages(SERVICE, demo=False)
    site = Site(house.desk, pages, house.clock, settled, NoLimits(), answer_floor=0.0, tries_waiting=64, threads=8)

    async def authorize(request: Request) -> str:
        staff = house.desk.accounts.staff
        visitor = await site.ask(staff, read(request, SESSION), fingerprint(request), STAFF, house.clock())
        return visitor.session.role

    return create_app(
        site,
        api.routes(CurrentViews(house.database), authorize, house.clock),
        lambda: check_migrated(house.database),
        strict_transport=False,
    )
