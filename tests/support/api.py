"""The JSON API by itself, in an application that answers every error with its problem."""

import base64

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from domain.errors import DomainError
from web.api import HANDLERS, Ask, Clock, in_threads, routes
from web.views import Views

LOCK_STATUS = "/api/v1/lock-status"
CERTIFICATES = "/api/v1/certificates"
OPENAPI = "/api/v1/openapi.json"


class Door:
    """Who the visitor is: a role, or a refusal. An auditor until told otherwise."""

    def __init__(self) -> None:
        self.answer: str | DomainError = "auditor"

    def __call__(self, request: Request) -> str:
        if isinstance(self.answer, DomainError):
            raise self.answer
        return self.answer


def api_of(views: Views, door: Door, clock: Clock, ask: Ask | None = None) -> TestClient:
    return TestClient(Starlette(routes=routes(views, ask or in_threads(8), door, clock), exception_handlers=HANDLERS))


def cursor(text: bytes) -> str:
    """A cursor that somebody made up."""
    return base64.urlsafe_b64encode(text).decode()
