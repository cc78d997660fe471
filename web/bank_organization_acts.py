"""The bank's acts on an organization: its master initialized, its invitation released, its end (R6.4, R7.4, R9.2)."""

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.sessions import Visitor
from domain.errors import DomainError
from web import bank_approvals
from web.bank_console import Console
from web.bank_organization import Act, letter_page, told

PATH = "/bank/organizations"


def routes(console: Console) -> list[Route]:
    site, organizations, approvals = console.site, console.site.desk.organizations, console.site.desk.approvals

    async def act_page(
        act: Act, request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await console.admin(request)  # anew: a wrong password may have blocked whoever typed it
        context = await told(console, request)
        needs_approval = act == "initialize" and approvals.are_needed
        return await console.act_page(
            request,
            who,
            "bank_organization_act.html",
            status,
            faults,
            refusal,
            act=act,
            needs_approval=needs_approval,
            **context,
        )

    async def ask(act: Act, request: Request) -> Response:
        return await act_page(act, request, HTTPStatus.OK, {}, None)

    async def confirmed(act: Act, request: Request) -> tuple[Visitor, str]:
        """Whose act it is, and on which organization, once the own password was right."""
        fields, who = await console.form(request)
        code = (await told(console, request))["home"].code
        request.state.again = partial(act_page, act, request)
        await console.confirm(who, fields)
        return who, code

    async def initialize(request: Request) -> Response:
        who, code = await confirmed("initialize", request)
        password = await site.ask(approvals.initialize, code, who.user_id, site.clock())
        if password is None:
            return await site.done(bank_approvals.PATH, settled=True)
        return await letter_page(console, request, who, code, password)

    async def release(request: Request) -> Response:
        who, code = await confirmed("release", request)
        await site.ask(organizations.release, code, who.user_id, site.clock())
        return await site.done(f"{PATH}/{code}")

    async def close(request: Request) -> Response:
        who, code = await confirmed("close", request)
        await site.ask(organizations.close, code, who.user_id, site.clock())
        return await site.done(f"{PATH}/{code}", settled=True)

    acts: dict[Act, Callable[..., Any]] = {"initialize": initialize, "release": release, "close": close}
    return [
        *(Route(f"{PATH}/{{code}}/{act}", partial(ask, act)) for act in acts),
        *(Route(f"{PATH}/{{code}}/{act}", done, methods=["POST"]) for act, done in acts.items()),
    ]
