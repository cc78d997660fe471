"""Acts that wait for a second person of the bank, and what became of the others (R9.3)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.errors import DomainError, NotFound
from projections.answers import ApprovalKey, ApprovalPage, ApprovalRow, ApprovalState
from web.api_queries import Query, Resource, given
from web.bank_console import Console
from web.bank_organization import letter_page
from web.csv import Cell
from web.lists import Listing
from web.views import Views

PATH = "/bank/approvals"
HEAD = (
    *("依頼の日時", "操作", "対象", "ユーザーID", "理由", "依頼書の番号", "依頼した担当者", "状態"),
    *("決定の日時", "決定した担当者", "番号"),
)


class ApprovalsQuery(Query, frozen=True):
    """Without a filter what waits stands first."""

    state: ApprovalState | UnsetType = UNSET


def cells(row: ApprovalRow) -> Sequence[Cell]:
    return (
        row.asked_at,
        row.act,
        row.target,
        row.user_id,
        row.reason,
        row.paper_number,
        row.asked_by,
        row.state,
        row.decided_at,
        row.decided_by,
        str(row.approval),
    )


def routes(console: Console) -> list[Route]:
    site, approvals = console.site, console.site.desk.approvals

    def answer(_: Views, asked: ApprovalsQuery, after: ApprovalKey | None, now: datetime) -> ApprovalPage:
        return console.views.approvals(state=given(asked.state), after=after, limit=asked.limit)

    resource = Resource(PATH, "Acts that need two persons", ApprovalsQuery, ApprovalRow, ApprovalKey, answer)
    listing = Listing(resource, "approvals", HEAD, cells)

    async def row_of(request: Request) -> ApprovalRow:
        approval = UUID(console.named(request, "approval", UUID))
        found = await site.ask(console.views.approvals, approval=approval, limit=1)
        if not found.items:
            raise NotFound("approval")
        return found.items[0]

    async def names(rows: Sequence[ApprovalRow]) -> dict[str, Any]:
        """Of organizations; and who asked the bank, in the vault's words, for what is still to be decided."""
        waiting = [row.approval for row in rows if row.state == "open"]
        codes = {row.target for row in rows if row.act == "initialize"}
        return {
            "requesters": await site.ask(approvals.requesters, waiting),
            "names": await site.ask(console.views.organization_names, codes),
        }

    async def listed(request: Request) -> Response:
        async def context(rows: Sequence[ApprovalRow]) -> dict[str, Any]:
            return {"are_needed": approvals.are_needed, **await names(rows)}

        who = await console.admin(request)
        return await console.listed(request, who, listing, "bank_approvals.html", context)

    def deciding(
        act: Literal["approve", "refuse"], decide: Callable[[UUID, str, datetime], str | None]
    ) -> tuple[Callable[[Request], Awaitable[Response]], Callable[[Request], Awaitable[Response]]]:
        """The page that asks for it, and what its form does; a new letter's password is shown to who decided alone."""

        async def page(
            request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
        ) -> Response:
            who = await console.admin(request)  # anew: a wrong password may have blocked whoever typed it
            row = await row_of(request)
            told = await names([row])
            return await console.act_page(
                request, who, "bank_approval.html", status, faults, refusal, act=act, row=row, **told
            )

        async def ask(request: Request) -> Response:
            return await page(request, HTTPStatus.OK, {}, None)

        async def do(request: Request) -> Response:
            fields, who = await console.form(request)
            row = await row_of(request)
            request.state.again = partial(page, request)
            await console.confirm(who, fields)
            password = await site.ask(decide, row.approval, who.user_id, site.clock())
            if password is not None:
                return await letter_page(console, request, who, row.target, password)
            return await site.done(PATH, settled=True)

        return ask, do

    ask_approve, approve = deciding("approve", approvals.approve)
    ask_refuse, refuse = deciding("refuse", approvals.refuse)
    return [
        Route(PATH, listed),
        Route(PATH + "/{approval}/approve", ask_approve),
        Route(PATH + "/{approval}/approve", approve, methods=["POST"]),
        Route(PATH + "/{approval}/refuse", ask_refuse),
        Route(PATH + "/{approval}/refuse", refuse, methods=["POST"]),
    ]
