"""The bank's console: the day at a glance, and the addresses of the rest (R9.1, R9.2; screens.md, Behind login)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.validity import japanese_day
from projections.answers import EXPIRING_WITHIN, Page
from web import (
    bank_accounts,
    bank_approvals,
    bank_certificates,
    bank_mails,
    bank_organization_acts,
    bank_organizations,
)
from web.api_queries import LockStatusQuery
from web.bank_console import Console
from web.chart import DESK, PHONE, chart, every_day
from web.lists import SHOWN
from web.query import query_of
from web.site import Site
from web.views import ConsoleViews

COUNTED = 500  # of what may be many, so many are counted, and then the page says so
ROOT_LIST_RENEWAL = timedelta(days=30)  # before its end: somebody has to go where the root is

# From when and until when the root's list of revoked certificates is good (R4.10); None where there is none.
RootListTerm = Callable[[], tuple[datetime, datetime] | None]


class Count(msgspec.Struct, frozen=True):
    """`more`: there are more than were counted."""

    number: int
    more: bool = False


def count_of(page: Page[Any, Any]) -> Count:
    return Count(len(page.items), page.next is not None)


def routes(site: Site, views: ConsoleViews, root_list_term: RootListTerm) -> list[Route]:
    console = Console(site, views)

    async def overview(request: Request) -> Response:
        who = await console.admin(request)
        now = site.clock()
        if query_of(request).get("format") == "csv":
            return await console.sent(
                bank_accounts.LISTING, [LockStatusQuery(state="blocked"), LockStatusQuery(state="locked")]
            )
        blocked = await site.ask(views.lock_status, now, state="blocked", limit=COUNTED)
        locked = await site.ask(views.lock_status, now, state="locked", limit=COUNTED)
        unused = await site.ask(views.certificates, now, unused=True, limit=COUNTED)
        mails = await site.ask(views.mail_totals)
        approvals = await site.ask(views.approvals_waiting)
        made, root_list = await site.ask(root_list_term) or (None, None)
        found = await site.ask(views.ending_days, now, within=EXPIRING_WITHIN)
        days = every_day(found, japanese_day(now), EXPIRING_WITHIN)
        held = [*blocked.items, *locked.items]
        return await console.page(
            request,
            who,
            "bank.html",
            now=now,
            blocked=count_of(blocked),
            locked=count_of(locked),
            unused=count_of(unused),
            given_up=Count(sum(each.mails for each in mails.ended if each.state == "given_up")),
            approvals=Count(approvals),
            waiting=Count(mails.waiting),
            waiting_since=mails.oldest_waiting_since,
            root_list=root_list,
            root_list_made=made,
            root_list_age=(japanese_day(now) - japanese_day(made)).days if made else None,
            root_list_due=root_list is None or now >= root_list - ROOT_LIST_RENEWAL,
            rows=held[:SHOWN],
            all_shown=len(held) <= SHOWN and not blocked.next and not locked.next,
            names=await console.organization_names(held[:SHOWN]),
            days=days,
            charts=[chart(days, DESK), chart(days, PHONE)],
            within=EXPIRING_WITHIN,
        )

    return [
        Route("/bank", overview),
        *bank_organizations.routes(console),
        *bank_organization_acts.routes(console),
        *bank_accounts.routes(console),
        *bank_certificates.routes(console),
        *bank_mails.routes(console),
        *bank_approvals.routes(console),
    ]
