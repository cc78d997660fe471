"""Certificates as the bank sees them, and their revocation with reason (R4.10, R9.1, R9.2)."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.revocation import Ending
from domain.certificate import REASONS, written_serial
from domain.errors import DomainError, InvalidInput, NotFound
from domain.policy import CLOCK_SKEW
from projections.answers import CertificateRow
from web.api_queries import RESOURCES, CertificatesQuery, TypedSerial
from web.bank_console import Console
from web.csv import Cell
from web.lists import Listing

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


def as_it_stands(row: CertificateRow, ending: Ending | None) -> CertificateRow:
    """Revoked or not from the certificate itself, so that it is so already, however far the read models are behind."""
    if ending is None:
        return row
    state = "superseded" if ending.fact.reason == "superseded" else "revoked"
    return replace(row, state=state, revoked_at=ending.fact.at, reason=ending.fact.reason)


def routes(console: Console) -> list[Route]:
    site, views = console.site, console.views

    async def found(request: Request) -> tuple[CertificateRow, Ending | None]:
        serial = written_serial(console.named(request, "serial", TypedSerial))
        now = site.clock()
        rows = (await site.ask(views.certificates, now, serial=serial, limit=1)).items
        # A planned serial that was revoked stands among the revoked alone (R4.9).
        rows = rows or (await site.ask(views.certificates, now, state="revoked", serial=serial, limit=1)).items
        if not rows:
            raise NotFound("certificate")
        ending = await site.ask(site.desk.revocation.ending, serial)
        return as_it_stands(rows[0], ending), ending

    async def listed(request: Request) -> Response:
        async def context(rows: Sequence[CertificateRow]) -> dict[str, Any]:
            return {"names": await console.organization_names(rows)}

        who = await console.admin(request)
        return await console.listed(request, who, LISTING, "bank_certificates.html", context)

    async def shown(request: Request) -> Response:
        who = await console.admin(request)
        row, ending = await found(request)
        return await console.page(
            request,
            who,
            "bank_certificate.html",
            row=row,
            ending=ending,
            names=await console.organization_names([row]),
            issued_at=row.not_before and row.not_before + CLOCK_SKEW,
        )

    async def revoke_page(
        request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await console.admin(request)  # anew: a wrong password may have blocked whoever typed it
        row, _ = await found(request)
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
        serial = (await found(request))[0].serial
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
