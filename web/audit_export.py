"""The history as a file with its proof, to be checked on another machine (R10.5)."""

from contextlib import ExitStack
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.api_queries import Typed, period
from web.auditing import Auditing
from web.download import Download, Turns
from web.query import converted, query_of
from web.views import Exports

AT_ONCE = 2  # in a process: each holds a connection to the database of its own


class ExportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    since: Typed | None = None
    until: Typed | None = None
    format: Literal["jsonl", "csv"] | None = None
    head: Annotated[int, Meta(ge=0, le=2**62)] | None = None


def routes(auditing: Auditing, exports: Exports[Any]) -> list[Route]:
    site, turns = auditing.site, Turns(AT_ONCE)

    async def export(request: Request) -> Response:
        """Without a format the form."""
        who = await auditing.auditor(request)
        asked = converted({each: value for each, value in query_of(request).items() if value}, ExportQuery)
        since, until = period(asked.since, asked.until)
        if asked.format is None:
            return await auditing.page(request, who, "audit_export.html", head=await auditing.newest_head())
        with ExitStack() as held:
            held.enter_context(turns.turn())
            made = await site.ask(
                exports.prepare,
                who.user_id,
                asked.format,
                site.clock(),
                since=since,
                until=until,
                head=asked.head,
            )
            return Download(exports.chunks(made), held.pop_all(), made.name, "application/zip")

    return [Route("/audit/export", export)]
