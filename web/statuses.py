"""The HTTP status of every error that is no bug: one table for pages and API (RFC 9110 15; style 22)."""

from http import HTTPStatus

from application.ports import Busy, Conflict, Unavailable, Unreadable
from domain.errors import (
    CertificateUnusable,
    ChangeDue,
    Conflicting,
    InvalidInput,
    IssuanceRefusal,
    NotFound,
    NotPermitted,
    NotThereYet,
    PackageGone,
    RegistrationRefused,
    SessionRefused,
    TicketRefused,
    TryRefused,
    WrongCode,
)
from web.errors import BadForm, WebError
from web.limits import TooMany

STATUS: dict[type[Exception], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    TryRefused: HTTPStatus.UNAUTHORIZED,
    WrongCode: HTTPStatus.UNAUTHORIZED,
    CertificateUnusable: HTTPStatus.FORBIDDEN,
    IssuanceRefusal: HTTPStatus.CONFLICT,
    RegistrationRefused: HTTPStatus.CONFLICT,
    TicketRefused: HTTPStatus.CONFLICT,
    PackageGone: HTTPStatus.GONE,
    SessionRefused: HTTPStatus.UNAUTHORIZED,
    NotPermitted: HTTPStatus.FORBIDDEN,
    ChangeDue: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    NotThereYet: HTTPStatus.NOT_FOUND,
    Conflicting: HTTPStatus.CONFLICT,
    BadForm: HTTPStatus.UNPROCESSABLE_ENTITY,
    WebError: HTTPStatus.FORBIDDEN,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Conflict: HTTPStatus.SERVICE_UNAVAILABLE,
    Unreadable: HTTPStatus.INTERNAL_SERVER_ERROR,
}
COME_AGAIN = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)  # with Retry-After (RFC 9110 10.2.3)
RETRY_AFTER = 5  # seconds


def status_of(error: Exception) -> HTTPStatus:
    """By the nearest class in the tree; 500 for a bug."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def retry_after(error: Exception) -> int:
    """Seconds."""
    return error.seconds if isinstance(error, TooMany) else RETRY_AFTER
