"""The web application: given everything, opens nothing (style 23)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web import entrance, history, issuance, portal, refusals, registration
from web.help import routes as help_routes
from web.site import Site

BODY_LIMIT = 64 * 1024  # bytes
STATIC = Path(__file__).parent / "static"

HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
        b"frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
NO_STORE = (b"cache-control", b"no-store")


class Frame:
    """Around every request: its time of arrival, its empty form, and the security headers of its answer."""

    def __init__(self, app: ASGIApp, strict_transport: bool) -> None:
        self._app = app
        self._headers = [*HEADERS, *([STRICT_TRANSPORT] if strict_transport else [])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {}).update(arrived_at=anyio.current_time(), fields={})

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", []), *self._headers]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(NO_STORE)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, framed)


class BodyLimit:
    """A body over the limit is refused with a page of ours: the library, told the length, answers in its own words."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self._app = RequestBodyLimitMiddleware(app, BODY_LIMIT)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The server has refused a length that is no number (RFC 9110 8.6).
        if scope["type"] == "http" and int(Headers(scope=scope).get("content-length", "0")) > BODY_LIMIT:
            answer = await self._refuse(Request(scope), HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class LastingFiles(StaticFiles):
    """The address carries a hash of the content, so a browser may keep it for good."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response: Response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed on as it came
        response.headers["Cache-Control"] = f"public, max-age={int(timedelta(days=365).total_seconds())}, immutable"
        return response


def create_app(
    site: Site,
    api: Sequence[BaseRoute],
    is_ready: Callable[[], None],
    *,
    strict_transport: bool,
    behind_nginx: bool = False,
) -> Starlette:
    """`is_ready` raises Unavailable, and soon.

    `strict_transport` stays off on a developer's own host, where it would stick. With `behind_nginx`, on a Unix socket,
    a client's address and certificate are those in nginx's headers (web/limits.py, web/identity.py).
    """

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    probes = CapacityLimiter(1)  # a thread of its own, for those of the pages may all be waiting for the database

    async def readyz(request: Request) -> Response:
        await to_thread.run_sync(is_ready, limiter=probes)
        return PlainTextResponse("ready\n")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await site.finish()

    handlers = refusals.handlers(site)
    app = Starlette(
        routes=[
            *entrance.routes(site),
            *registration.routes(site),
            *issuance.routes(site),
            *portal.routes(site),
            *history.routes(site),
            *help_routes(site),
            *api,
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            # Only these are compressed: on pages stand form tokens, whose compressed length tells them (BREACH).
            Mount("/static", GZipMiddleware(LastingFiles(directory=STATIC))),
        ],
        middleware=[Middleware(BodyLimit, refuse=handlers[HTTPException])],
        exception_handlers=handlers,
        lifespan=lifespan,
    )
    app.state.behind_nginx = behind_nginx
    # An address has one form; a redirect to it would be made of the Host header, which is the visitor's to choose.
    app.router.redirect_slashes = False
    # Outermost, around the library's own answer to a bug too.
    app.middleware_stack = Frame(app.build_middleware_stack(), strict_transport)
    return app
