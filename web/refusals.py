"""Errors made pages, once, by type (style 22). On the API's addresses the same errors become problem+json."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import Busy, Conflict, Unreadable
from domain.errors import (
    CertificateUnusable,
    Conflicting,
    DomainError,
    InvalidInput,
    InvitationHeld,
    SessionRefused,
    TryRefused,
    WrongCode,
)
from web import issuance, portal, registration
from web.api import problem
from web.cookies import SESSION, drop
from web.errors import WebError
from web.identity import shown_line
from web.sessions import in_the_head
from web.site import Site
from web.statuses import COME_AGAIN, STATUS, retry_after, status_of

log = structlog.get_logger(__name__)

# Where a refused try or malformed input shows the form again, with what was typed but the passwords.
FormPage = Callable[[Site, Request, int, Mapping[str, str], TryRefused | None], Awaitable[Response]]
FORMS: dict[str, FormPage] = {
    "/issuance": issuance.authentication_page,
    "/login": portal.login_page,
    "/home/password": portal.password_page,
    "/home/email": portal.email_page,
    "/registration/master": registration.login_page,
    registration.PROFILE: registration.profile_page,
}
FormAgain = Callable[[int, Mapping[str, str], DomainError | None], Awaitable[Response]]
PUBLIC_PASSWORD_FORMS = ("/issuance", "/login", "/registration/master")

# The standard's refusals, by the code that refused.html has a text for.
CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def code_of(error: Exception) -> str:
    match error:
        case InvitationHeld():  # told in other words than an account's
            return f"invitation_{error.code}"
        case DomainError() | WebError() | Unreadable():
            return error.code
        case Busy() | Conflict():
            return "busy"
        case _:
            return "unavailable"


def other_methods(request: Request) -> str:
    """What the address takes but the method refused (RFC 9110 10.2.1); the router names its first route's alone."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    here = [route.methods or set() for route in routes if route.path_regex.match(request.scope["path"])]
    return ", ".join(sorted(set().union(*here) - {request.method}))


def handlers(site: Site) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """For Starlette's `exception_handlers`."""

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, Unreadable):
            log.error("a stored fact was changed, or is a newer version's", place=str(error))
        path = request.scope["path"]  # not request.url, which the Host header and the query are part of
        if path.startswith("/api/"):
            return problem(error)
        status = status_of(error)
        form = FORMS.get(path) if request.method == "POST" else None
        # What a page of many addresses shows again; its handler says so before the act.
        again: FormAgain | None = getattr(request.state, "again", None)
        match error:
            case TryRefused() | Conflicting() | WrongCode() if again:
                return await again(status, {}, error)
            case InvalidInput(faults=faults) if again:
                return await again(status, faults, None)
            case TryRefused() if form:
                response = await form(site, request, status, {}, error)
                if path in PUBLIC_PASSWORD_FORMS:
                    await site.wait_for_the_floor(request)
                return response
            case InvalidInput(faults=faults) if form:
                return await form(site, request, status, faults, None)
            case CertificateUnusable():
                line = await shown_line(site, request)
                return site.page(request, "certificate_refused.html", status=status, code=error.code, certificate=line)
        seconds = retry_after(error)
        response = site.page(
            request,
            "refused.html",
            status=status,
            user=None if status in COME_AGAIN else await in_the_head(site, request),
            code=code_of(error),
            error=error,
            retry_after=-(-seconds // 60),
        )
        if status in COME_AGAIN:
            response.headers["Retry-After"] = str(seconds)
        if isinstance(error, SessionRefused):
            drop(response, SESSION)
        return response

    async def standard(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
        if request.scope["path"].startswith("/api/"):
            return problem(error)
        code = "internal" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else CODES.get(status, "invalid_request")
        user = None if code == "internal" else await in_the_head(site, request)
        response = site.page(request, "refused.html", status=status, user=user, code=code, error=error)
        response.headers.update(getattr(error, "headers", None) or {})
        if status == HTTPStatus.METHOD_NOT_ALLOWED and (methods := other_methods(request)):
            response.headers["Allow"] = methods
        return response

    return {**dict.fromkeys(STATUS, refused), HTTPException: standard, Exception: standard}
