"""The JSON API on the read models (screens.md, Machine; R9.1). Errors are problem+json (RFC 9457)."""

import base64
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import Busy, Unavailable
from domain.errors import (
    CertificateUnusable,
    Conflicting,
    DomainError,
    InvalidInput,
    IssuanceRefusal,
    NotFound,
    NotPermitted,
    PackageGone,
    SessionRefused,
    TicketRefused,
    TryRefused,
)
from domain.user_account_facts import STAFF
from projections.answers import EXPIRING_WITHIN, PAGE, AccountState, CertificateKey, Page
from web.views import Views

Authorize = Callable[[Request], Awaitable[str]]
Clock = Callable[[], datetime]

NO_STORE = {"Cache-Control": "no-store"}
RETRY_AFTER = "5"  # seconds
INTERNAL = HTTPStatus.INTERNAL_SERVER_ERROR
FIELD = re.compile(r"at `\$\.(\w+)`")  # where msgspec names the fault

# The first that fits: a kind of error stands before those it is made of.
STATUSES: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (SessionRefused, HTTPStatus.UNAUTHORIZED),
    (TryRefused, HTTPStatus.UNAUTHORIZED),
    (NotPermitted, HTTPStatus.FORBIDDEN),
    (CertificateUnusable, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (PackageGone, HTTPStatus.GONE),
    (TicketRefused, HTTPStatus.CONFLICT),
    (IssuanceRefusal, HTTPStatus.CONFLICT),
    (Conflicting, HTTPStatus.CONFLICT),
    (DomainError, HTTPStatus.BAD_REQUEST),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (Busy, HTTPStatus.SERVICE_UNAVAILABLE),
)

# Half-width, and nothing a database would choke on. `\Z`, for `$` lets a line feed through.
Name = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z]{1,12}\Z")]
TypedSerial = Annotated[str, Meta(pattern=r"\A[0-9A-Fa-f]{1,40}\Z")]
Cursor = Annotated[str, Meta(max_length=200)]
Limit = Annotated[int, Meta(ge=1, le=500)]
Days = Annotated[int, Meta(ge=1, le=366)]

CertificateFilter = Literal["live", "expiring", "expired", "revoked", "superseded", "unused"]

Asked = TypeVar("Asked", bound=msgspec.Struct)


class LockStatusQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    state: AccountState | UnsetType = UNSET  # not None, which the word "null" would give
    organization: Name | None = None
    user_id: Name | None = None
    cursor: Cursor | None = None
    limit: Limit = PAGE


class CertificatesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`state=unused` says the same as `unused=true`, as the bank's list has it."""

    state: CertificateFilter | UnsetType = UNSET
    within: Days = EXPIRING_WITHIN
    unused: bool = False
    user_id: Name | None = None
    organization: Name | None = None
    serial: TypedSerial | None = None
    cursor: Cursor | None = None
    limit: Limit = PAGE


def routes(views: Views, authorize: Authorize, clock: Clock) -> list[Route]:
    """`authorize` gives the visitor's role or raises SessionRefused; what is raised here is for `problem` to answer."""

    async def lock_status(request: Request) -> Response:
        await _permit(authorize, request)
        asked = _query(request, LockStatusQuery)
        page = await run_in_threadpool(
            views.lock_status,
            clock(),
            state=None if asked.state is UNSET else asked.state,
            organization=asked.organization,
            user_id=asked.user_id,
            after=_key(asked.cursor, Name),
            limit=asked.limit,
        )
        return _answer(page)

    async def certificates(request: Request) -> Response:
        await _permit(authorize, request)
        asked = _query(request, CertificatesQuery)
        page = await run_in_threadpool(
            views.certificates,
            clock(),
            state=None if asked.state is UNSET or asked.state == "unused" else asked.state,
            within=asked.within,
            unused=asked.unused or asked.state == "unused",
            user_id=asked.user_id,
            organization=asked.organization,
            serial=asked.serial and asked.serial.upper(),
            after=_key(asked.cursor, CertificateKey),
            limit=asked.limit,
        )
        return _answer(page)

    return [
        Route("/api/v1/lock-status", lock_status, methods=["GET"]),
        Route("/api/v1/certificates", certificates, methods=["GET"]),
    ]


def problem(error: Exception) -> Response:
    """The answer of an API path to any refusal, fault of the world or HTTP error of the router (RFC 9457)."""
    headers: dict[str, str] = dict(NO_STORE)
    code, detail = getattr(error, "code", None), str(error)
    if isinstance(error, HTTPException):
        status, detail = HTTPStatus(error.status_code), error.detail
        headers |= error.headers or {}
    else:
        status = next((answer for kind, answer in STATUSES if isinstance(error, kind)), INTERNAL)
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="shomei"'  # RFC 9110 15.5.2; the tokens of R9.4
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_AFTER
        detail = ""
    if status is INTERNAL:
        detail = ""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail or status.description,
        "code": code or status.phrase.lower().replace(" ", "_"),
    }
    return Response(msgspec.json.encode(body), status, headers, "application/problem+json")


async def _permit(authorize: Authorize, request: Request) -> None:
    """Bank admins and auditors (R9.1)."""
    if await authorize(request) not in STAFF:
        raise NotPermitted


def _query(request: Request, kind: type[Asked]) -> Asked:
    """The query string as that struct. A misspelled filter is refused too, for ignored it would show everything."""
    given = dict(request.query_params)
    if len(given) != len(request.query_params.multi_items()):
        raise InvalidInput(query="repeated")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        field = FIELD.search(str(error))
        raise InvalidInput(**{field[1]: "malformed"} if field else {"query": "unknown_filter"}) from None


def _key(cursor: str | None, kind: Any) -> Any:
    """What `_answer` made a cursor of, or None."""
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(base64.b64decode(cursor.encode(), b"-_", validate=True), type=kind)
    except ValueError:  # of base64 or of JSON
        raise InvalidInput(cursor="malformed") from None


def _answer(page: Page[Any, Any]) -> Response:
    following = None if page.next is None else base64.b64encode(msgspec.json.encode(page.next), b"-_").decode()
    body = msgspec.json.encode({"items": page.items, "next": following})
    return Response(body, headers=NO_STORE, media_type="application/json")
