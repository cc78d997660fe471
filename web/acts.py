"""Acts on others, by the bank or a master: who may, the own password typed again, the form shown again (R1.1)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from application.sessions import Visitor
from domain.errors import DomainError, NotFound
from domain.user_account_facts import Role
from web.cookies import SESSION, read
from web.identity import fingerprint
from web.portal import held_until
from web.sessions import signed_in
from web.site import Site


class ActPages:
    """Pages for those in `roles` alone, who owe no change of the password (section 1, R2.4)."""

    def __init__(self, site: Site, *roles: Role) -> None:
        self.site = site
        self._roles = roles

    # ---- who, and with which password ----------------------------------------------------------------------------

    async def actor(self, request: Request) -> Visitor:
        """Raises SessionRefused, NotPermitted, ChangeDue."""
        cookie, known_by = read(request, SESSION), fingerprint(request)
        return await self.site.ask(self.site.desk.sessions.staff, cookie, known_by, self._roles, self.site.clock())

    async def form(self, request: Request) -> tuple[dict[str, str], Visitor]:
        fields = await self.site.form(request)
        return fields, await self.actor(request)

    async def confirm(self, who: Visitor, fields: Mapping[str, str]) -> None:
        """R1.1. Raises InvalidInput, TryRefused, Busy."""
        await self.site.attempt(self.site.desk.accounts.confirm, who.user_id, fields.get("own_password", ""))

    # ---- pages ---------------------------------------------------------------------------------------------------

    async def page(
        self, request: Request, who: Visitor, template: str, *, status: int = 200, **context: Any
    ) -> Response:
        home = await self.site.ask(self.site.desk.accounts.home, who)
        return self.site.page(request, template, status=status, user=signed_in(who, home), **context)

    async def act_page(
        self,
        request: Request,
        who: Visitor,
        template: str,
        status: int,
        faults: Mapping[str, str],
        refusal: DomainError | None,
        **context: Any,
    ) -> Response:
        """A form that asks the own password: what was typed stands there again, but the password does not."""
        return await self.page(
            request,
            who,
            template,
            status=status,
            typed=request.state.fields,
            faults=faults,
            **held_until(self.site, refusal),
            **context,
        )

    def named(self, request: Request, name: str, kind: Any) -> str:
        """What the address names; raises NotFound for what cannot be one, and no database ever sees."""
        try:
            return str(msgspec.convert(request.path_params[name], kind))
        except msgspec.ValidationError:
            raise NotFound(name) from None
