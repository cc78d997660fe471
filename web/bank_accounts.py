"""Accounts as the bank sees them: who is locked or blocked, and their release (R3.6, R9.1, R9.2)."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.errors import DomainError, NotFound
from projections.answers import AccountRow
from web.api_queries import RESOURCES, LockStatusQuery, Name
from web.bank_console import SHOWN, Console, Listing
from web.csv import Cell

(RESOURCE,) = (resource for resource in RESOURCES if resource.query is LockStatusQuery)


def cells(row: AccountRow) -> Sequence[Cell]:
    return (row.user_id, row.organization, row.role, row.state, row.failures, row.locks, row.locked_until)


LISTING = Listing(
    RESOURCE,
    "accounts",
    ("ユーザーID", "団体コード", "区分", "状態", "連続の誤り", "ロック回数", "ロックの終わり"),
    cells,
)


def routes(console: Console) -> list[Route]:
    site, views = console.site, console.views

    async def row_of(request: Request) -> AccountRow:
        """Of exactly this ID (R2.2)."""
        user_id = console.named(request, "user_id", Name)
        found = await site.ask(views.lock_status, site.clock(), user_id=user_id, limit=1)
        if [row.user_id for row in found.items] != [user_id]:
            raise NotFound("user")
        return found.items[0]

    async def listed(request: Request) -> Response:
        async def context(rows: Sequence[AccountRow]) -> dict[str, Any]:
            return {"names": await console.organization_names(rows)}

        who = await console.admin(request)
        return await console.listed(request, who, LISTING, "bank_accounts.html", context)

    async def shown(request: Request) -> Response:
        who = await console.admin(request)
        row, now = await row_of(request), site.clock()
        registered = await site.ask(views.users, user_id=row.user_id, limit=1)
        certificates = await site.ask(views.certificates, now, user_id=row.user_id, limit=SHOWN)
        return await console.page(
            request,
            who,
            "bank_account.html",
            row=row,
            names=await console.organization_names([row]),
            registered=next(iter(registered.items), None),
            person=await site.ask(site.desk.accounts.person, row.user_id),
            certificates=certificates.items,
            mails=(await site.ask(views.mails, user_id=row.user_id, limit=SHOWN)).items,
        )

    async def release_page(
        request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await console.admin(request)  # anew: a wrong password may have blocked whoever typed it
        row = await row_of(request)
        names = await console.organization_names([row])
        return await console.act_page(request, who, "bank_release.html", status, faults, refusal, row=row, names=names)

    async def ask_release(request: Request) -> Response:
        return await release_page(request, HTTPStatus.OK, {}, None)

    async def release(request: Request) -> Response:
        fields, who = await console.form(request)
        user_id = (await row_of(request)).user_id
        request.state.again = partial(release_page, request)
        await console.confirm(who, fields)
        await site.ask(site.desk.accounts.release, user_id, who.user_id, site.clock())
        return await site.done(f"/bank/accounts/{user_id}", settled=True)

    return [
        Route("/bank/accounts", listed),
        Route("/bank/accounts/{user_id}", shown),
        Route("/bank/accounts/{user_id}/release", ask_release),
        Route("/bank/accounts/{user_id}/release", release, methods=["POST"]),
    ]
