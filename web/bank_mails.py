"""Mails as the bank sees them: sent, waiting, given up, cancelled (R8.3, R8.4, R9.1)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from projections.answers import MailRow
from web.api_queries import RESOURCES, MailsQuery
from web.bank_console import Console
from web.csv import Cell
from web.lists import Listing

(RESOURCE,) = (resource for resource in RESOURCES if resource.query is MailsQuery)


def cells(row: MailRow) -> Sequence[Cell]:
    return (
        row.requested_at,
        row.kind,
        row.user_id,
        row.state,
        row.ended_at,
        row.attempts,
        row.reason,
        row.message_id,
        str(row.notification),
    )


LISTING = Listing(
    RESOURCE,
    "mails",
    ("依頼の日時", "種類", "ユーザーID", "状態", "終わった日時", "試行回数", "理由", "Message-ID", "番号"),
    cells,
)


def routes(console: Console) -> list[Route]:
    site = console.site

    async def listed(request: Request) -> Response:
        async def context(rows: Sequence[MailRow]) -> dict[str, Any]:
            return {}

        who = await console.admin(request)
        return await console.listed(request, who, LISTING, "bank_mails.html", context)

    async def resend(request: Request) -> Response:
        _, who = await console.form(request)
        notification = UUID(console.named(request, "notification", UUID))
        await site.ask(site.desk.mails.resend, notification, who.user_id, site.clock())
        return await site.done("/bank/mails", settled=True)

    return [
        Route("/bank/mails", listed),
        Route("/bank/mails/{notification}/resend", resend, methods=["POST"]),
    ]
