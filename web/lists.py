"""Lists of the staff's, as page and as CSV: filters, orders, pages (R9.1, R10.1)."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from application.sessions import Visitor
from domain.errors import InvalidInput
from domain.user_account_facts import Role
from projections.answers import Page
from web import csv
from web.acts import ActPages
from web.api_queries import Query, Resource
from web.query import converted, cursor_of, key_of, query_of
from web.site import Site
from web.views import Views

Asked = TypeVar("Asked", bound=Views)

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


class Lists(ActPages, Generic[Asked]):
    """`views` answer the questions of the lists; pages for those in `roles` alone."""

    def __init__(self, site: Site, views: Asked, *roles: Role) -> None:
        super().__init__(site, *roles)
        self.views = views

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
