"""What every verifier may fetch, over plain HTTP too (screens.md, Machine; RFC 5280 section 8): OCSP answers, lists of
revoked certificates, and the authority's own certificates.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Protocol

import msgspec
import structlog
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from application.ports import Unavailable, Unreadable

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

LONGEST_REQUEST = 8 * 1024  # bytes; one with a nonce has 150
SIGNING_THREADS = 4
# Requests for an answer of their own: so many are signed in one turn of the event loop, so that those whose answer is
# cached wait for 2 ms at most; so many more wait for a thread; and others are told to try later.
MOST_SIGNED = 32
MOST_WAITING = 64
LIST_AGE = timedelta(minutes=10)  # how long others may keep a list: as long as an OCSP answer
CERTIFICATE_AGE = timedelta(days=1)
RETRY_AFTER = "5"  # seconds, with 503

OCSP_REQUEST, OCSP_ANSWER = "application/ocsp-request", b"application/ocsp-response"
REVOCATION_LIST, CERTIFICATE = "application/pkix-crl", "application/pkix-cert"


class Answer(msgspec.Struct, frozen=True):
    """The DER of an OCSPResponse. Both instants where others may keep it until `next_update` (RFC 5019 6);
    `is_for_one`: signed for this request alone."""

    body: bytes
    this_update: datetime | None = None
    next_update: datetime | None = None
    is_for_one: bool = False


class OcspResponder(Protocol):
    def at_once(self, request: bytes, now: datetime, *, may_sign: bool) -> Answer | None:
        """What needs no store: an answer that is signed already, the refusal of a request that is none, and with
        `may_sign` one for this request alone, which takes a tenth of a millisecond. Else None."""

    def answer(self, request: bytes, now: datetime) -> Answer:
        """Asks the store and signs: in a thread."""

    def try_later(self) -> Answer: ...


class Document(msgspec.Struct, frozen=True):
    """`content` is DER, in parts because a list may be long; `tag` another one for another content."""

    content: tuple[bytes, ...]
    tag: str
    changed_at: datetime
    until: datetime


class Documents(Protocol):
    """What the authority publishes, by its file name; None for what there is not. Raises Unavailable, Unreadable."""

    def revocation_list(self, name: str, now: datetime) -> Document | None: ...

    def certificate(self, name: str) -> Document | None: ...


def routes(responder: OcspResponder, documents: Documents, clock: Clock) -> list[BaseRoute]:
    ocsp = OcspEndpoint(responder, clock)
    threads = CapacityLimiter(SIGNING_THREADS)

    async def revocation_list(request: Request) -> Response:
        now = clock()
        found = await to_thread.run_sync(documents.revocation_list, request.path_params["name"], now, limiter=threads)
        return sent(request, found, REVOCATION_LIST, LIST_AGE, now)

    async def certificate(request: Request) -> Response:
        found = documents.certificate(request.path_params["name"])
        return sent(request, found, CERTIFICATE, CERTIFICATE_AGE, clock())

    return [
        Route("/ocsp", ocsp),
        Route("/ocsp/{request:path}", ocsp),
        Route("/crl/{name}.crl", revocation_list),
        Route("/ca/{name}.cer", certificate),
    ]


def create_pki_app(routes: list[BaseRoute]) -> Starlette:
    """The plain-HTTP port: nothing but these."""

    async def unavailable(request: Request, error: Exception) -> Response:
        return PlainTextResponse("try later\n", HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": RETRY_AFTER})

    async def unreadable(request: Request, error: Exception) -> Response:
        log.error("no list of revoked certificates: a stored fact cannot be read", place=str(error))
        return PlainTextResponse("a record cannot be read\n", HTTPStatus.INTERNAL_SERVER_ERROR)

    app = Starlette(routes=routes, exception_handlers={Unavailable: unavailable, Unreadable: unreadable})
    app.router.redirect_slashes = False
    return app


class OcspEndpoint:
    """RFC 6960 appendix A, RFC 5019 5. Spoken in ASGI itself, for it is asked more often than anything else.

    What is wrong in OCSP is said in OCSP, with status 200; only what HTTP can tell is an HTTP error.
    """

    def __init__(self, responder: OcspResponder, clock: Clock) -> None:
        self._responder = responder
        self._clock = clock
        self._threads = CapacityLimiter(SIGNING_THREADS)
        self._waiting = 0
        self._signed = 0  # in this turn of the event loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, typed = scope["method"], scope["path_params"].get("request")
        if method == "POST" and not typed:
            await self._post(scope, receive, send)
        elif method in ("GET", "HEAD") and typed is not None:
            await self._get(scope, typed, send)
        else:
            allowed = b"POST" if typed is None else b"GET, HEAD, POST" if typed == "" else b"GET, HEAD"
            await refuse(send, HTTPStatus.METHOD_NOT_ALLOWED, (b"allow", allowed))

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        if media_type(scope) != OCSP_REQUEST:
            await refuse(send, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, (b"accept-post", OCSP_REQUEST.encode()))
            return
        request = await body_of(receive)
        if request is None:
            await refuse(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        answer = await self._answer(request, self._clock())
        await respond(send, HTTPStatus.OK, answer.body, [(b"cache-control", b"no-store")])

    async def _get(self, scope: Scope, typed: str, send: Send) -> None:
        now = self._clock()
        try:
            request = base64.b64decode(typed.encode(), validate=True)
        except binascii.Error:
            request = b""  # no OCSPRequest either
        answer = await self._answer(request, now)
        if answer.this_update is None or answer.next_update is None:
            await respond(send, HTTPStatus.OK, answer.body, [(b"cache-control", b"no-store")])
            return
        tag = b'"%s"' % sha256(answer.body).hexdigest().encode()
        headers = kept(tag, answer.this_update, answer.next_update, answer.next_update - now)
        if is_known(header(scope, b"if-none-match"), tag):
            await send({"type": "http.response.start", "status": HTTPStatus.NOT_MODIFIED, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await respond(send, HTTPStatus.OK, answer.body, headers)

    async def _answer(self, request: bytes, now: datetime) -> Answer:
        answer = self._responder.at_once(request, now, may_sign=self._signed < MOST_SIGNED)
        if answer is not None:
            if answer.is_for_one:
                self._count()
            return answer
        if self._waiting >= MOST_WAITING:
            return self._responder.try_later()
        self._waiting += 1
        try:
            return await to_thread.run_sync(self._responder.answer, request, now, limiter=self._threads)
        finally:
            self._waiting -= 1

    def _count(self) -> None:
        if self._signed == 0:
            asyncio.get_running_loop().call_soon(self._begin_anew)
        self._signed += 1

    def _begin_anew(self) -> None:
        self._signed = 0


def sent(request: Request, found: Document | None, media: str, age: timedelta, now: datetime) -> Response:
    """As a file that others may keep for `age`, but never beyond its end."""
    if found is None:
        return PlainTextResponse("not found\n", HTTPStatus.NOT_FOUND)
    tag = b'"%s"' % found.tag.encode()
    headers = kept(tag, found.changed_at, min(found.until, now + age), min(found.until - now, age))
    if is_known(header(request.scope, b"if-none-match"), tag):
        return RawResponse((), HTTPStatus.NOT_MODIFIED, headers)
    size = b"%d" % sum(map(len, found.content))
    return RawResponse(
        found.content,
        HTTPStatus.OK,
        [(b"content-type", media.encode()), (b"content-length", size), *headers],
    )


class RawResponse(Response):
    """Sends its parts one after the other as they lie in memory."""

    def __init__(self, parts: tuple[bytes, ...], status: int, headers: list[tuple[bytes, bytes]]) -> None:
        super().__init__(status_code=status)
        self.raw_headers = headers
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in self._parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def kept(tag: bytes, changed_at: datetime, expires: datetime, age: timedelta) -> list[tuple[bytes, bytes]]:
    """Headers by which a cache knows how long (RFC 5019 6.2)."""
    return [
        (b"cache-control", b"max-age=%d, public, no-transform, must-revalidate" % max(0, age.total_seconds())),
        (b"etag", tag),
        (b"last-modified", format_datetime(changed_at, usegmt=True).encode()),
        (b"expires", format_datetime(expires, usegmt=True).encode()),
    ]


def is_known(given: bytes, tag: bytes) -> bool:
    """If-None-Match (RFC 9110 13.1.2)."""
    known = [one.strip().removeprefix(b"W/") for one in given.split(b",")]
    return tag in known or b"*" in known


def header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def media_type(scope: Scope) -> str:
    return header(scope, b"content-type").partition(b";")[0].strip().lower().decode("latin-1")


async def body_of(receive: Receive) -> bytes | None:
    """None for one that is longer than any request can be."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LONGEST_REQUEST:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def respond(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    start = [(b"content-type", OCSP_ANSWER), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: HTTPStatus, *headers: tuple[bytes, bytes]) -> None:
    body = status.phrase.encode() + b"\n"
    start = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})
