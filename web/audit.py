"""The auditors' pages: the whole history, replayed, proven, taken away (R10; screens.md, Behind login)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web import audit_events, audit_export, audit_proofs, audit_timelines, audit_views
from web.audit_proofs import LogKey
from web.auditing import Auditing, lines
from web.site import Site
from web.views import AuditViews, Exports, PastViews

NEWEST = 10  # facts on the first page


def routes(site: Site, views: AuditViews, past: PastViews, exports: Exports[Any], log_key: LogKey) -> list[Route]:
    auditing = Auditing(site, views)

    async def overview(request: Request) -> Response:
        who = await auditing.auditor(request)
        newest = (await site.ask(views.events, limit=NEWEST)).items
        head = await auditing.newest_head()
        answer = await auditing.page(request, who, "audit.html", lines=lines(newest), head=head, names=past.names)
        await auditing.record(who, request, {})
        return answer

    return [
        Route("/audit", overview),
        *audit_events.routes(auditing),
        *audit_timelines.routes(auditing),
        *audit_views.routes(auditing, past),
        *audit_proofs.routes(auditing, log_key),
        *audit_export.routes(auditing, exports),
    ]
