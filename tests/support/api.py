"""The JSON API by itself, in an application that answers every error with its problem."""

import base64
from collections.abc import Sequence
from uuid import UUID, uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from application.ports import Changes, Row
from application.readings import Readings
from domain.errors import DomainError
from domain.fact import Fact
from domain.user_account_facts import Role
from web.api import HANDLERS, Ask, Clock, Reader, in_threads, routes
from web.views import Views

LOCK_STATUS = "/api/v1/lock-status"
CERTIFICATES = "/api/v1/certificates"
OPENAPI = "/api/v1/openapi.json"


class Notes:
    """A FactStore that readings are saved to."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def load(self, stream: UUID) -> list[Fact]:
        return self.facts

    def save(self, *changes: Changes, rows: Sequence[Row] = ()) -> None:
        self.facts = [*self.facts, *(fact for change in changes for fact in change.facts)]


class Door:
    """Who the visitor is: a role, or a refusal. An auditor until told otherwise."""

    def __init__(self) -> None:
        self.answer: Role | DomainError = "auditor"

    def __call__(self, request: Request) -> Reader:
        if isinstance(self.answer, DomainError):
            raise self.answer
        return Reader("audit001", self.answer)


def api_of(views: Views, door: Door, clock: Clock, ask: Ask | None = None, notes: Notes | None = None) -> TestClient:
    found = routes(views, Readings(notes or Notes(), uuid4), ask or in_threads(8), door, clock)
    return TestClient(Starlette(routes=found, exception_handlers=HANDLERS))


def cursor(text: bytes) -> str:
    """A cursor that somebody made up."""
    return base64.urlsafe_b64encode(text).decode()
