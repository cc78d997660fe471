"""The history as a file with its proof, to be checked on another machine (R10.5)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from web.api_queries import Typed, moment
from web.auditing import Auditing
from web.query import converted, query_of
from web.views import Exports

HEADS = 50  # to choose from


class ExportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    since: Typed | None = None
    until: Typed | None = None
    format: Literal["jsonl", "csv"] | None = None
    head: Annotated[int, Meta(ge=0, le=2**62)] | None = None


def routes(auditing: Auditing, exports: Exports[Any]) -> list[Route]:
    site, views = auditing.site, auditing.views

    async def export(request: Request) -> Response:
        """Without a format the form."""
        who = await auditing.auditor(request)
        asked = converted({each: value for each, value in query_of(request).items() if value}, ExportQuery)
        if asked.format is None:
            heads = await site.ask(views.heads, limit=HEADS)
            return await auditing.page(request, who, "audit_export.html", heads=heads.items)
        made = await site.ask(
            exports.prepare,
            who.user_id,
            asked.format,
            site.clock(),
            since=moment(**{"from": asked.since}),
            until=moment(to=asked.until),
            head=asked.head,
        )
        headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
        return StreamingResponse(exports.chunks(made), headers=headers, media_type="application/zip")

    return [Route("/audit/export", export)]
