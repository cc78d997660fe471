"""All facts, by time, kind, actor and subject, as page and as CSV (R10.1)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from projections.answers import EventRow
from web.api_queries import RESOURCES, EventsQuery, moment, recordable
from web.auditing import Auditing, lines
from web.csv import Cell
from web.lists import Listing
from web.query import converted, query_of

(RESOURCE,) = (resource for resource in RESOURCES if resource.query is EventsQuery)


def cells(row: EventRow) -> Sequence[Cell]:
    details = msgspec.json.encode(row.details).decode() if row.details is not None else None
    return (
        row.position,
        row.at,
        row.at.isoformat(),
        row.kind,
        row.actor,
        " ".join(row.subjects),
        str(row.stream),
        row.version,
        details,
    )


LISTING = Listing(
    RESOURCE,
    "events",
    ("記録番号", "日時(日本時間)", "日時(UTC)", "種類", "操作者", "対象", "ストリーム", "版", "内容"),
    cells,
)


def routes(auditing: Auditing) -> list[Route]:
    site, views = auditing.site, auditing.views

    async def pages_of(subject: str | None) -> list[tuple[str, str]]:
        """The timelines of whom is looked for: what it is, and its ID or serial as it is written there."""
        if subject is None:
            return []
        accounts = await site.ask(views.lock_status, site.clock(), user_id=subject, limit=1)
        certificates = await site.ask(views.certificates, site.clock(), serial=subject.upper(), limit=1)
        return [("accounts", row.user_id) for row in accounts.items] + [
            ("certificates", row.serial) for row in certificates.items
        ]

    async def listed(request: Request) -> Response:
        given = {name: value for name, value in query_of(request).items() if value}
        form = given.pop("format", "html")
        asked = converted(given, EventsQuery)

        async def context(rows: Sequence[EventRow]) -> dict[str, Any]:
            return {"lines": lines(rows), "timelines": await pages_of(asked.named)}

        who = await auditing.auditor(request)
        answer = await auditing.listed(request, who, LISTING, "audit_events.html", context)
        recorded = await site.ask(recordable, views, asked)
        if form != "html":
            recorded["format"] = form
        await auditing.record(who, request, recorded, moment(as_of=asked.as_of))
        return answer

    return [Route("/audit/events", listed)]
