"""Read models as they stood at a past moment (R10.2)."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.api_queries import Typed, moment
from web.auditing import Auditing
from web.query import converted, query_of
from web.views import PastViews

SHOWN = 100  # rows of each table
ViewName = Annotated[str, Meta(pattern=r"\A[a-z_]{1,40}\Z")]


class ViewQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: Typed | None = None


def routes(auditing: Auditing, past: PastViews) -> list[Route]:
    site = auditing.site

    async def shown(request: Request) -> Response:
        who = await auditing.auditor(request)
        name, now = auditing.named(request, "view", ViewName), site.clock()
        asked = converted({each: value for each, value in query_of(request).items() if value}, ViewQuery)
        as_of = moment(as_of=asked.as_of)
        found = await site.ask(past.first_rows, name, as_of or now, now, SHOWN)
        answer = await auditing.page(
            request,
            who,
            "audit_view.html",
            names=past.names,
            found=found,
            as_of=as_of,
            typed=asked.as_of or "",
            path=request.scope["path"],
        )
        await auditing.record(who, request, {"view": name}, as_of)
        return answer

    return [Route("/audit/views/{view}", shown)]
