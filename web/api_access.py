"""Who asks the JSON API: staff in a session with its certificate, or a program by a token of theirs (R9.1, R9.4)."""

from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request

from application.sessions import Sessions
from application.tokens import Tokens
from domain.errors import TokenRefused
from domain.user_account_facts import STAFF
from web.api import Authorize, Reader
from web.cookies import SESSION, read
from web.identity import fingerprint
from web.limits import Limits


def bearer(request: Request) -> str | None:
    """The token of `Authorization: Bearer` (RFC 6750 2.1); None without that header. Raises TokenRefused."""
    told = request.headers.get("authorization")
    if told is None:
        return None
    scheme, _, secret = told.partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefused("not a bearer token")
    return secret.strip()


def by_session_or_token(sessions: Sessions, tokens: Tokens, limits: Limits, clock: Callable[[], datetime]) -> Authorize:
    """On the main listener: a token opens only beside its account's own certificate."""

    def authorize(request: Request) -> Reader:
        secret = bearer(request)
        if secret is None:
            who = sessions.staff(read(request, SESSION), fingerprint(request), STAFF, clock())
            return Reader(who.user_id, who.session.role)
        return by_token(tokens, limits, secret, fingerprint(request), clock(), is_private=False)

    return authorize


def by_private_token(tokens: Tokens, limits: Limits, clock: Callable[[], datetime]) -> Authorize:
    """On the private port, which shows no certificates."""

    def authorize(request: Request) -> Reader:
        secret = bearer(request)
        if secret is None:
            raise TokenRefused("none")
        return by_token(tokens, limits, secret, None, clock(), is_private=True)

    return authorize


def by_token(
    tokens: Tokens, limits: Limits, secret: str, known_by: str | None, now: datetime, *, is_private: bool
) -> Reader:
    user_id, role = tokens.reader(secret, known_by, is_private, now)
    limits.token(user_id)
    return Reader(user_id, role)
