"""④ to ⑧: the password, the code by mail, 発行, the wait, the p12 and its end (R4.6, R4.8, R5.2, R5.3, R5.7)."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import Ticket
from domain.errors import DomainError, TryRefused, WrongCode
from domain.policy import TICKET_LIFE
from web.cookies import TICKET, drop, keep, read
from web.identity import fingerprint
from web.sessions import visitor_id
from web.site import Site, see_other

NONE: Mapping[str, str] = {}


async def authentication_page(
    site: Site, request: Request, status: int, faults: Mapping[str, str], refusal: TryRefused | None
) -> Response:
    """④. Its answer to every refused try is one and the same (R3.9)."""
    typed = request.state.fields.get("user_id", "")
    return site.page(request, "issuance.html", status=status, user_id=typed, faults=faults, refused=refusal is not None)


def code_page(
    site: Site,
    request: Request,
    ticket: Ticket,
    status: int,
    faults: Mapping[str, str] = NONE,
    left: int | None = None,
) -> Response:
    """本人確認 (R5.7). `left`: tries, after a wrong one."""
    until = ticket.opened_at + TICKET_LIFE
    return site.page(request, "code.html", status=status, ticket=ticket.id, faults=faults, left=left, until=until)


async def shown_serial(site: Site, request: Request) -> str | None:
    certificate = await site.ask(site.desk.sessions.shown, fingerprint(request))
    return certificate.serial if certificate else None


def routes(site: Site) -> list[Route]:
    issuance, delivery, second_check = site.desk.issuance, site.desk.delivery, site.desk.second_check

    async def authentication(request: Request) -> Response:
        await site.ask(delivery.check_free, read(request, TICKET), site.clock())
        return await authentication_page(site, request, HTTPStatus.OK, {}, None)

    async def authenticate(request: Request) -> Response:
        fields = await site.form(request)
        user_id = fields.get("user_id", "")
        opened = await site.public_attempt(
            request,
            user_id,
            issuance.authenticate,
            user_id,
            fields.get("password", ""),
            site.clock(),
            cookie=read(request, TICKET),
            shown=await shown_serial(site, request),
            visitor=await visitor_id(site, request),
        )
        response = await site.done("/issuance/code" if opened.code_awaited else "/issuance/confirm")
        keep(response, TICKET, opened.cookie)
        return response

    async def code(request: Request) -> Response:
        ticket = await site.ask(second_check.ticket, read(request, TICKET), site.clock())
        if ticket.code is None:
            return see_other("/issuance/confirm")
        return code_page(site, request, ticket, HTTPStatus.OK)

    async def confirm_code(request: Request) -> Response:
        fields = await site.form(request)
        cookie = read(request, TICKET)
        ticket = await site.ask(second_check.ticket, cookie, site.clock())

        async def again(status: int, faults: Mapping[str, str], refusal: DomainError | None) -> Response:
            left = refusal.left if isinstance(refusal, WrongCode) else None
            return code_page(site, request, ticket, status, faults, left)

        request.state.again = again
        await site.attempt(second_check.confirm, cookie, fields.get("ticket"), fields.get("code", ""), site.clock())
        return await site.done("/issuance/confirm")

    async def confirmation(request: Request) -> Response:
        now = site.clock()
        ticket = await site.ask(issuance.ticket, read(request, TICKET), now)
        if ticket.code is not None:
            return see_other("/issuance/code")
        if ticket.number is not None:
            return see_other("/issuance/progress")
        name, validity = await site.ask(issuance.proposal, ticket, now)
        return site.page(
            request,
            "confirm.html",
            ticket=ticket.id,
            user_id=ticket.user_id,
            organization=name,
            first_day=validity.first_day,
            last_day=validity.last_day,
            until=issuance.times_out_at(ticket),
        )

    async def issue(request: Request) -> Response:
        fields = await site.form(request)
        cookie = read(request, TICKET)
        begun = await site.ask(
            issuance.start,
            cookie,
            fields.get("ticket", ""),
            site.clock(),
            shown=await shown_serial(site, request),
        )
        if begun:
            site.begin(issuance.work, str(cookie), site.clock)
        return await site.done("/issuance/progress")

    async def cancel(request: Request) -> Response:
        fields = await site.form(request)
        cancelled = await site.ask(issuance.cancel, read(request, TICKET), fields.get("ticket", ""))
        if not cancelled:  # 発行 came first: the browser still needs its ticket to see the end of it
            return see_other("/issuance/progress")
        response = await site.done("/")
        drop(response, TICKET)
        return response

    async def progress(request: Request) -> Response:
        cookie = read(request, TICKET)
        stage, ticket = await site.ask(issuance.progress, cookie, site.clock())
        match stage:
            case "issued":
                return see_other("/issuance/result")
            case "open":
                return see_other("/issuance/confirm")
            case "silent":
                site.begin(issuance.work, str(cookie), site.clock)
        return site.page(request, "progress.html", ticket=ticket.id, failure=ticket.failure)

    async def result(request: Request) -> Response:
        found = await site.ask(delivery.outcome, read(request, TICKET), site.clock())
        certificate = found.certificate
        return site.page(
            request,
            "result.html",
            user_id=certificate.user_id,
            organization=found.organization_name,
            first_day=found.validity.first_day,
            last_day=found.validity.last_day,
            serial=certificate.serial,
            file_name=found.file_name,
            until=found.until,
            download=not certificate.delivered,
        )

    async def p12(request: Request) -> Response:
        if request.method == "HEAD":  # A look must not count as a delivery.
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)
        name, content = await site.ask(delivery.fetch, read(request, TICKET), site.clock())
        return Response(
            content,
            media_type="application/x-pkcs12",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def close(request: Request) -> Response:
        await site.form(request)
        await site.ask(delivery.close, read(request, TICKET), site.clock())
        return await site.done("/issuance/closed")

    async def closed(request: Request) -> Response:
        return site.page(request, "closed.html")

    return [
        Route("/issuance", authentication),
        Route("/issuance", authenticate, methods=["POST"]),
        Route("/issuance/code", code),
        Route("/issuance/code", confirm_code, methods=["POST"]),
        Route("/issuance/confirm", confirmation),
        Route("/issuance/confirm", issue, methods=["POST"]),
        Route("/issuance/cancel", cancel, methods=["POST"]),
        Route("/issuance/progress", progress),
        Route("/issuance/result", result),
        Route("/issuance/p12", p12),
        Route("/issuance/close", close, methods=["POST"]),
        Route("/issuance/closed", closed),
    ]
