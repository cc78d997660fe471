"""ApiToken: read-only access for a program of one staff account (R9.4). The token itself stands nowhere but with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Self
from uuid import UUID, uuid5

import msgspec

from domain.errors import InvalidInput, NothingToRevoke, NotPermitted
from domain.fact import Fact, Instant
from domain.policy import TOKEN_DAYS
from domain.user_account_facts import STAFF, Role

API_TOKENS = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a05")


def token_stream(token_id: str) -> UUID:
    return uuid5(API_TOKENS, token_id)


class TokenIssued(Fact, frozen=True):
    """`token_id` is its public name: it opens nothing."""

    TOPIC: ClassVar[str] = "api-token.issued.1"
    token_id: str
    user_id: str
    until: Instant


class TokenRevoked(Fact, frozen=True):
    TOPIC: ClassVar[str] = "api-token.revoked.1"


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    token_id: str
    user_id: str
    until: datetime
    revoked: bool = False

    @classmethod
    def issue(cls, token_id: str, user_id: str, role: Role, days: int, by: str, now: datetime) -> list[Fact]:
        """For 1 to 90 days; only staff may have one."""
        if role not in STAFF:
            raise NotPermitted
        if days not in TOKEN_DAYS:
            raise InvalidInput(days="range")
        return [TokenIssued(at=now, by=by, token_id=token_id, user_id=user_id, until=now + timedelta(days=days))]

    def revoke(self, by: str, now: datetime) -> list[Fact]:
        if not self.is_live(now):
            raise NothingToRevoke(self.token_id)
        return [TokenRevoked(at=now, by=by)]

    def is_live(self, now: datetime) -> bool:
        return not self.revoked and now < self.until

    def after(self, fact: Fact) -> Self:
        return msgspec.structs.replace(self, revoked=True) if isinstance(fact, TokenRevoked) else self


def api_token_from(facts: Iterable[Fact]) -> ApiToken | None:
    """The state after `facts`, or None where there are none."""
    state: ApiToken | None = None
    for fact in facts:
        if state is None and isinstance(fact, TokenIssued):
            state = ApiToken(token_id=fact.token_id, user_id=fact.user_id, until=fact.until)
        elif state is not None:
            state = state.after(fact)
    return state
