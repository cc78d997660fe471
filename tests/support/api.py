"""The JSON API by itself, in an application that answers every error with its problem."""

import base64

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from application.ports import Busy, Unavailable
from domain.errors import DomainError
from web.api import Clock, problem, routes
from web.views import Views

LOCK_STATUS = "/api/v1/lock-status"
CERTIFICATES = "/api/v1/certificates"


class Door:
    """Who the visitor is: a role, or a refusal. An auditor until told otherwise."""

    def __init__(self) -> None:
        self.answer: str | DomainError = "auditor"

    async def __call__(self, request: Request) -> str:
        if isinstance(self.answer, DomainError):
            raise self.answer
        return self.answer


async def refuse(request: Request, error: Exception) -> Response:
    return problem(error)


def api_of(views: Views, door: Door, clock: Clock) -> TestClient:
    handlers = dict.fromkeys((DomainError, Unavailable, Busy, HTTPException), refuse)
    return TestClient(Starlette(routes=routes(views, door, clock), exception_handlers=handlers))


def cursor(text: bytes) -> str:
    """A cursor that somebody made up."""
    return base64.urlsafe_b64encode(text).decode()
