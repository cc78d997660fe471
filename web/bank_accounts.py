"""Accounts as the bank sees them: who is locked or blocked, and their release (R3.6, R9.1, R9.2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import Contact
from domain.errors import AccountIsLocked, DomainError, NotFound
from domain.user_account import UserAccount
from projections.answers import AccountRow
from web.api_queries import RESOURCES, LockStatusQuery, Name
from web.bank_console import Console
from web.csv import Cell
from web.lists import SHOWN, Listing

(RESOURCE,) = (resource for resource in RESOURCES if resource.query is LockStatusQuery)


def cells(row: AccountRow) -> Sequence[Cell]:
    return (row.user_id, row.organization, row.role, row.state, row.failures, row.locks, row.locked_until)


LISTING = Listing(
    RESOURCE,
    "accounts",
    ("ユーザーID", "団体コード", "区分", "状態", "連続の誤り", "ロック回数", "ロックの終わり"),
    cells,
)


def as_it_stands(row: AccountRow, account: UserAccount, now: datetime) -> AccountRow:
    """Held or open from the account itself, so that it is so already, however far the read models are behind."""
    hold = account.hold(now)
    return replace(
        row,
        state=hold.code if hold else "open",
        failures=account.lockout.failures_at(now),
        locks=account.lockout.locks,
        locked_until=hold.until if isinstance(hold, AccountIsLocked) else None,
    )


def routes(console: Console) -> list[Route]:
    site, views = console.site, console.views

    async def found(request: Request) -> tuple[AccountRow, Contact | None]:
        """Of exactly this ID (R2.2); the person is None once erased."""
        user_id, now = console.named(request, "user_id", Name), site.clock()
        rows = (await site.ask(views.lock_status, now, user_id=user_id, limit=1)).items
        if [row.user_id for row in rows] != [user_id]:
            raise NotFound("user")
        account, person = await site.ask(site.desk.accounts.find, user_id)
        return as_it_stands(rows[0], account, now), person

    async def listed(request: Request) -> Response:
        async def context(rows: Sequence[AccountRow]) -> dict[str, Any]:
            return {"names": await console.organization_names(rows)}

        who = await console.admin(request)
        return await console.listed(request, who, LISTING, "bank_accounts.html", context)

    async def shown(request: Request) -> Response:
        who = await console.admin(request)
        row, person = await found(request)
        registered = await site.ask(views.users, user_id=row.user_id, limit=1)
        certificates = await site.ask(views.certificates, site.clock(), user_id=row.user_id, limit=SHOWN)
        return await console.page(
            request,
            who,
            "bank_account.html",
            row=row,
            names=await console.organization_names([row]),
            registered=next(iter(registered.items), None),
            person=person,
            certificates=certificates.items,
            mails=(await site.ask(views.mails, user_id=row.user_id, limit=SHOWN)).items,
        )

    async def release_page(
        request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await console.admin(request)  # anew: a wrong password may have blocked whoever typed it
        row, _ = await found(request)
        names = await console.organization_names([row])
        return await console.act_page(request, who, "bank_release.html", status, faults, refusal, row=row, names=names)

    async def ask_release(request: Request) -> Response:
        return await release_page(request, HTTPStatus.OK, {}, None)

    async def release(request: Request) -> Response:
        fields, who = await console.form(request)
        user_id = (await found(request))[0].user_id
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
