"""Organizations as the bank keeps them: list, registration with its letter, users and settings (R7.1, R9.1, R9.2)."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.errors import DomainError, InvalidInput, NotFound
from domain.organization_facts import Language, Profile, Switch
from projections.answers import OrganizationRow
from web.api_queries import RESOURCES, Name, OrganizationsQuery
from web.bank_console import Console
from web.bank_organization import letter_page, told
from web.csv import Cell
from web.lists import SHOWN, Listing
from web.query import converted

(RESOURCE,) = (resource for resource in RESOURCES if resource.query is OrganizationsQuery)


class SettingsForm(msgspec.Struct, frozen=True):
    """What is not sent stays as it is."""

    p12_profile: Profile | Literal[""] = ""
    issuance_code: Switch | Literal[""] = ""
    language: Language | Literal[""] = ""


def cells(row: OrganizationRow) -> Sequence[Cell]:
    return (
        row.code,
        row.name,
        row.master,
        row.general_users,
        row.p12_profile,
        row.issuance_code,
        row.language,
        row.registered_at,
        row.closed_at,
    )


LISTING = Listing(
    RESOURCE,
    "organizations",
    (
        *("団体コード", "団体名", "マスターユーザー", "一般ユーザー数", "p12の形式", "発行時の確認コード"),
        *("メールの言語", "登録日時", "解約日時"),
    ),
    cells,
)


def routes(console: Console) -> list[Route]:
    site, views, organizations = console.site, console.views, console.site.desk.organizations

    async def row_of(request: Request) -> OrganizationRow:
        """Written in any case: a code is unique without regard to it (R7.1)."""
        found = await site.ask(views.organizations, code=console.named(request, "code", Name), limit=1)
        if not found.items:
            raise NotFound("organization")
        return found.items[0]

    async def listed(request: Request) -> Response:
        async def context(rows: Sequence[OrganizationRow]) -> dict[str, Any]:
            return {}

        who = await console.admin(request)
        return await console.listed(request, who, LISTING, "bank_organizations.html", context)

    # ---- registration

    async def new_page(
        request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await console.admin(request)  # anew: a wrong password may have blocked whoever typed it
        return await console.act_page(request, who, "bank_organization_new.html", status, faults, refusal)

    async def ask_new(request: Request) -> Response:
        return await new_page(request, HTTPStatus.OK, {}, None)

    async def register(request: Request) -> Response:
        fields, who = await console.form(request)
        request.state.again = partial(new_page, request)
        await console.confirm(who, fields)
        code, name, email = (fields.get(each, "") for each in ("code", "name", "email"))
        password = await site.ask(organizations.register, code, name, email, who.user_id, site.clock())
        return await letter_page(console, request, who, code, password, is_new=True)

    # ---- one of them

    async def shown_page(
        request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await console.admin(request)  # anew: a wrong password may have blocked whoever typed it
        row = await row_of(request)
        users = await site.ask(views.lock_status, site.clock(), organization=row.code, limit=SHOWN)
        return await console.act_page(
            request,
            who,
            "bank_organization.html",
            status,
            faults,
            refusal,
            row=row,
            users=users.items,
            all_shown=users.next is None,
            certificates={each.user_id: each for each in await console.alive(organization=row.code)},
            **await told(console, request),
        )

    async def shown(request: Request) -> Response:
        return await shown_page(request, HTTPStatus.OK, {}, None)

    async def change(request: Request) -> Response:
        fields, who = await console.form(request)
        code = (await row_of(request)).code
        request.state.again = partial(shown_page, request)
        form = converted(fields, SettingsForm)
        if not (form.p12_profile or form.issuance_code or form.language):
            raise InvalidInput(p12_profile="missing")
        await console.confirm(who, fields)
        await site.ask(
            organizations.set,
            code,
            who.user_id,
            site.clock(),
            p12_profile=form.p12_profile or None,
            issuance_code=form.issuance_code or None,
            language=form.language or None,
        )
        return await site.done(f"/bank/organizations/{code}", settled=True)

    return [
        Route("/bank/organizations", listed),
        Route("/bank/organizations/new", ask_new),
        Route("/bank/organizations/new", register, methods=["POST"]),
        Route("/bank/organizations/{code}", shown),
        Route("/bank/organizations/{code}", change, methods=["POST"]),
    ]
