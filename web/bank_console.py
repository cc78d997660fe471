"""What the bank's pages have in common: who may see them, the own password before an act, lists as page and as CSV."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from application.sessions import Visitor
from domain.errors import DomainError, InvalidInput, NotFound
from projections.answers import CertificateRow, CertificateState, Page
from web import csv
from web.api_queries import Query, Resource
from web.cookies import SESSION, read
from web.identity import fingerprint
from web.portal import held_until
from web.query import converted, cursor_of, key_of, query_of
from web.sessions import signed_in
from web.site import Site
from web.views import ConsoleViews

SHOWN = 50  # rows of a page
SENT = 500  # rows that a CSV asks for at a time


class Listing(msgspec.Struct, frozen=True):
    """A question of the API as a list: `name` is its file's, `head` and `cells` make its lines."""

    resource: Resource
    name: str
    head: Sequence[str]
    cells: Callable[[Any], Sequence[csv.Cell]]


def address(path: str, given: Mapping[str, str], **changes: str | None) -> str:
    """The same list, asked otherwise; None leaves a filter out."""
    asked = {name: value for name, value in {**given, **changes}.items() if value is not None}
    return f"{path}?{urlencode(asked)}" if asked else path


class Console:
    def __init__(self, site: Site, views: ConsoleViews) -> None:
        self.site = site
        self.views = views

    # ---- who, and with which password ----------------------------------------------------------------------------

    async def admin(self, request: Request) -> Visitor:
        """Raises SessionRefused, NotPermitted (section 1: bank admins alone)."""
        staff = self.site.desk.sessions.staff
        cookie, known_by = read(request, SESSION), fingerprint(request)
        return await self.site.ask(staff, cookie, known_by, ("bank_admin",), self.site.clock())

    async def form(self, request: Request) -> tuple[dict[str, str], Visitor]:
        fields = await self.site.form(request)
        return fields, await self.admin(request)

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

    async def organization_names(self, rows: Iterable[Any]) -> dict[str, str]:
        """Of the organizations that these rows belong to, by their codes."""
        codes = {row.organization for row in rows if row.organization is not None}
        return await self.site.ask(self.views.organization_names, codes)

    async def alive(self, *, user_id: str | None = None, organization: str | None = None) -> list[CertificateRow]:
        """Certificates of that user or organization that have not ended, by their end; two a user at most."""
        states: tuple[CertificateState, ...] = ("live", "expiring")
        now = self.site.clock()
        asked = [
            await self.site.ask(
                self.views.certificates, now, state=state, user_id=user_id, organization=organization, limit=SENT
            )
            for state in states
        ]
        return sorted((row for page in asked for row in page.items), key=lambda row: (row.not_after, row.serial))

    # ---- lists ---------------------------------------------------------------------------------------------------

    async def listed(
        self,
        request: Request,
        who: Visitor,
        listing: Listing,
        template: str,
        context: Callable[[Sequence[Any]], Any],
    ) -> Response:
        """The rows asked for as a page, or all of them as CSV; `context` gives what the page tells besides."""
        # A filter's form also sends the fields that nobody filled in.
        given = {name: value for name, value in query_of(request).items() if value}
        form = given.pop("format", "html")
        asked = converted(given, listing.resource.query)
        if form == "csv":
            return await self.sent(listing, [asked])
        if form != "html":
            raise InvalidInput(format="malformed")
        page = await self.answer(listing, replace(asked, limit=SHOWN), asked.cursor)
        given.pop("cursor", None)
        return await self.page(
            request,
            who,
            template,
            rows=page.items,
            following=cursor_of(page),
            begun=asked.cursor is not None,
            asked=given,
            link=partial(address, request.scope["path"], given),
            **await context(page.items),
        )

    async def answer(self, listing: Listing, asked: Query, cursor: str | None) -> Page[Any, Any]:
        resource = listing.resource
        key = key_of(cursor, resource.key)
        return await self.site.ask(resource.answer, self.views, asked, key, self.site.clock())

    async def sent(self, listing: Listing, questions: Sequence[Query]) -> Response:
        """All rows of these questions, one after the other.

        The first page is asked for before the answer begins, while a refusal can still be told.
        """
        asked = [replace(question, limit=SENT) for question in questions]
        first = await self.answer(listing, asked[0], None)

        async def pages() -> AsyncIterator[Iterable[Sequence[csv.Cell]]]:
            page = first
            for place, question in enumerate(asked):
                if place:
                    page = await self.answer(listing, question, None)
                yield map(listing.cells, page.items)
                while cursor := cursor_of(page):
                    page = await self.answer(listing, question, cursor)
                    yield map(listing.cells, page.items)

        return csv.download(listing.name, self.site.clock(), listing.head, pages())
