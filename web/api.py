"""The JSON API on the read models (screens.md, Machine; R9.1). Errors are problem+json (RFC 9457)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import Busy, Conflict, Unavailable, Unreadable
from application.readings import Readings
from domain.errors import DomainError, NotPermitted
from domain.user_account_facts import STAFF, Role
from projections.answers import Page
from web.api_queries import RESOURCES, EventsQuery, Resource, moment, recordable
from web.errors import WebError
from web.openapi import DOCUMENT
from web.query import converted, cursor_of, key_of, query_of
from web.statuses import COME_AGAIN, retry_after, status_of
from web.views import Views

P = ParamSpec("P")
T = TypeVar("T")
Clock = Callable[[], datetime]


class Reader(NamedTuple):
    """Who asks."""

    user_id: str
    role: Role


Authorize = Callable[[Request], Reader]


class Ask(Protocol):
    """Site.ask: a blocking call, in a thread."""

    def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]: ...


NO_STORE = {"Cache-Control": "no-store"}
INTERNAL = HTTPStatus.INTERNAL_SERVER_ERROR


def routes(views: Views, readings: Readings, ask: Ask, authorize: Authorize, clock: Clock) -> list[Route]:
    """`authorize` gives the visitor or raises SessionRefused; what is raised here is for `problem` to answer.

    It blocks, and is asked in the thread of the answer, for the way to a thread costs as much as a question.
    """

    def in_a_thread(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await ask(answer, request)

        return endpoint

    def answering(resource: Resource) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            reader = authorize(request)
            _permit(reader, resource.roles)
            asked = converted(query_of(request), resource.query)
            page = resource.answer(views, asked, key_of(asked.cursor, resource.key), clock())
            if isinstance(asked, EventsQuery):  # R10.5
                as_of = moment(as_of=asked.as_of)
                readings.read(reader.user_id, resource.path, recordable(views, asked), as_of, clock())
            return _answer(page)

        return answer

    def openapi(request: Request) -> Response:
        _permit(authorize(request), STAFF)
        return Response(DOCUMENT, headers=NO_STORE, media_type="application/json")

    return [
        *(Route(resource.path, in_a_thread(answering(resource)), methods=["GET"]) for resource in RESOURCES),
        Route("/api/v1/openapi.json", in_a_thread(openapi), methods=["GET"]),
    ]


def problem(error: Exception) -> Response:
    """The answer of an API path to any refusal, fault of the world or HTTP error of the router (RFC 9457)."""
    headers: dict[str, str] = dict(NO_STORE)
    code, detail = getattr(error, "code", None), str(error)
    if isinstance(error, HTTPException):
        status, detail = HTTPStatus(error.status_code), error.detail
        headers |= error.headers or {}
    else:
        status = status_of(error)
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="shomei"'  # RFC 9110 15.5.2; the tokens of R9.4
    if status in COME_AGAIN:
        headers["Retry-After"] = str(retry_after(error))
    if status >= INTERNAL:
        detail = ""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail or status.description,
        "code": code or status.phrase.lower().replace(" ", "_"),
    }
    return Response(msgspec.json.encode(body), status, headers, "application/problem+json")


async def _refuse(request: Request, error: Exception) -> Response:
    return problem(error)


# For an application that is nothing but the API.
HANDLERS = dict.fromkeys((DomainError, WebError, Unavailable, Unreadable, Busy, Conflict, HTTPException), _refuse)


def in_threads(threads: int) -> Ask:
    """Blocking calls, so many at a time: as many as there are database connections for them."""
    limiter = CapacityLimiter(threads)

    async def ask(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread.run_sync(partial(call, *args, **kwargs), limiter=limiter)

    return ask


def _permit(reader: Reader, roles: Sequence[Role]) -> None:
    """Bank admins and auditors (R9.1); facts are the auditors' alone."""
    if reader.role not in roles:
        raise NotPermitted


def _answer(page: Page[Any, Any]) -> Response:
    body = msgspec.json.encode({"items": page.items, "next": cursor_of(page)})
    return Response(body, headers=NO_STORE, media_type="application/json")
