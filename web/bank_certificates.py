"""Certificates as the bank sees them, and their revocation with reason (R4.10, R9.1, R9.2)."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.certificate import REASONS
from domain.errors import DomainError, InvalidInput, NotFound
from domain.policy import CLOCK_SKEW
from projections.answers import CertificateRow
from web.api_queries import RESOURCES, CertificatesQuery, TypedSerial
from web.bank_console import Console, Listing
from web.csv import Cell

(RESOURCE,) = (resource for resource in RESOURCES if resource.query is CertificatesQuery)


def cells(row: CertificateRow) -> Sequence[Cell]:
    return (
        row.serial,
        row.user_id,
        row.organization,
        row.state,
        row.not_before,
        row.not_after,
        row.last_day,
        row.first_used_at,
        row.revoked_at,
        row.reason,
    )


LISTING = Listing(
    RESOURCE,
    "certificates",
    (
        *("シリアル番号", "ユーザーID", "団体コード", "状態", "有効期間の始まり", "有効期間の終わり", "有効期限"),
        *("初回ログイン", "失効した日時", "失効の理由"),
    ),
    cells,
)


def routes(console: Console) -> list[Route]:
    site, views = console.site, console.views

    async def row_of(request: Request) -> CertificateRow:
        serial = console.named(request, "serial", TypedSerial).upper()
        now = site.clock()
        found = await site.ask(views.certificates, now, serial=serial, limit=1)
        # A planned serial that was revoked stands among the revoked alone (R4.9).
        found = (
            found if found.items else await site.ask(views.certificates, now, state="revoked", serial=serial, limit=1)
        )
        if not found.items:
            raise NotFound("certificate")
        return found.items[0]

    async def listed(request: Request) -> Response:
        async def context(rows: Sequence[CertificateRow]) -> dict[str, Any]:
            return {"names": await console.organization_names(rows)}

        who = await console.admin(request)
        return await console.listed(request, who, LISTING, "bank_certificates.html", context)

    async def shown(request: Request) -> Response:
        who = await console.admin(request)
        row = await row_of(request)
        return await console.page(
            request,
            who,
            "bank_certificate.html",
            row=row,
            names=await console.organization_names([row]),
            issued_at=row.not_before and row.not_before + CLOCK_SKEW,
        )

    async def revoke_page(
        request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await console.admin(request)  # anew: a wrong password may have blocked whoever typed it
        row = await row_of(request)
        others = [other for other in await console.alive(user_id=row.user_id) if other.serial != row.serial]
        return await console.act_page(
            request,
            who,
            "bank_revoke.html",
            status,
            faults,
            refusal,
            row=row,
            names=await console.organization_names([row]),
            others=others,
            needs_approval=site.desk.approvals.are_needed,
        )

    async def ask_revoke(request: Request) -> Response:
        return await revoke_page(request, HTTPStatus.OK, {}, None)

    async def revoke(request: Request) -> Response:
        fields, who = await console.form(request)
        serial = (await row_of(request)).serial
        request.state.again = partial(revoke_page, request)
        reason = next((each for each in REASONS if each == fields.get("reason")), None)
        if reason is None:
            raise InvalidInput(reason="missing")
        await console.confirm(who, fields)
        approval = await site.ask(
            site.desk.approvals.revoke,
            serial,
            reason,
            who.user_id,
            site.clock(),
            requested_by=fields.get("requested_by", ""),
            paper_number=fields.get("paper_number", ""),
        )
        return await site.done("/bank/approvals" if approval else f"/bank/certificates/{serial}", settled=True)

    return [
        Route("/bank/certificates", listed),
        Route("/bank/certificates/{serial}", shown),
        Route("/bank/certificates/{serial}/revoke", ask_revoke),
        Route("/bank/certificates/{serial}/revoke", revoke, methods=["POST"]),
    ]
