"""Errors made pages, once, by type (style 22). On the API's addresses the same errors become problem+json."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import Busy, Conflict, Unavailable
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
from web import issuance, portal
from web.api import problem
from web.cookies import SESSION, drop
from web.entrance import shown_line
from web.errors import BadForm, WebError
from web.limits import TooMany
from web.site import Site

STATUS: dict[type[Exception], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    TryRefused: HTTPStatus.UNAUTHORIZED,
    CertificateUnusable: HTTPStatus.FORBIDDEN,
    IssuanceRefusal: HTTPStatus.CONFLICT,
    TicketRefused: HTTPStatus.CONFLICT,
    PackageGone: HTTPStatus.GONE,
    SessionRefused: HTTPStatus.UNAUTHORIZED,
    NotPermitted: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflicting: HTTPStatus.CONFLICT,
    BadForm: HTTPStatus.UNPROCESSABLE_ENTITY,
    WebError: HTTPStatus.FORBIDDEN,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Conflict: HTTPStatus.SERVICE_UNAVAILABLE,
}
RETRY_AFTER = 5  # seconds, with 503

# Where a refused try or malformed input shows the form again, with what was typed but the passwords.
FormPage = Callable[[Site, Request, int, Mapping[str, str], TryRefused | None], Awaitable[Response]]
FORMS: dict[str, FormPage] = {
    "/issuance": issuance.authentication_page,
    "/login": portal.login_page,
    "/home/password": portal.password_page,
}
PUBLIC_PASSWORD_FORMS = ("/issuance", "/login")

# The standard's refusals, by the code that refused.html has a text for.
CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def status_of(error: Exception) -> HTTPStatus:
    """By the nearest class in the tree."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def code_of(error: Exception) -> str:
    match error:
        case DomainError() | WebError():
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
        path = request.scope["path"]  # not request.url, which the Host header and the query are part of
        if path.startswith("/api/"):
            return problem(error)
        status = status_of(error)
        form = FORMS.get(path) if request.method == "POST" else None
        match error:
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
        seconds = error.seconds if isinstance(error, TooMany) else RETRY_AFTER
        response = site.page(
            request, "refused.html", status=status, code=code_of(error), error=error, retry_after=-(-seconds // 60)
        )
        if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            response.headers["Retry-After"] = str(seconds)
        if isinstance(error, SessionRefused):
            drop(response, SESSION)
        return response

    async def standard(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
        if request.scope["path"].startswith("/api/"):
            return problem(error)
        code = "internal" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else CODES.get(status, "invalid_request")
        response = site.page(request, "refused.html", status=status, code=code, error=error)
        response.headers.update(getattr(error, "headers", None) or {})
        if status == HTTPStatus.METHOD_NOT_ALLOWED and (methods := other_methods(request)):
            response.headers["Allow"] = methods
        return response

    return {**dict.fromkeys(STATUS, refused), HTTPException: standard, Exception: standard}
