"""API tokens: issued, listed and revoked at the command line; what one opens is judged at every request (R9.4)."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from application.ports import CertificateIndex, Changes, FactStore, Row
from application.streams import Loaded, decide, find_account, load_account, load_certificate
from domain.api_token import ApiToken, api_token_from, token_stream
from domain.errors import AccountIsLocked, NotFound, TokenRefused
from domain.user_account_facts import STAFF, Role

TOKEN_ID_BYTES = 8


class TokenDrawer(Protocol):
    """Which token a bearer's secret is, known by its hash alone. Plain state; whether it is live, its facts say."""

    def keep(self, token_id: str, secret: str) -> Row: ...

    def forget(self, token_id: str) -> Row: ...

    def find(self, secret: str) -> str | None:
        """The token's ID."""

    def all(self) -> Sequence[str]:
        """IDs of those not revoked, the oldest first."""


class Tokens:
    def __init__(
        self,
        store: FactStore,
        index: CertificateIndex,
        drawer: TokenDrawer,
        new_secret: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self._store = store
        self._index = index
        self._drawer = drawer
        self._new_secret = new_secret

    def issue(self, user_id: str, days: int, by: str, now: datetime) -> tuple[ApiToken, str]:
        """The token, and what its program sends as bearer: told this once, and kept nowhere."""
        account = load_account(self._store, user_id).state
        if hold := account.hold(now):
            raise hold
        token_id, secret = secrets.token_hex(TOKEN_ID_BYTES), self._new_secret(32)
        facts = ApiToken.issue(token_id, account.user_id, account.role, days, by, now)
        self._store.save(Changes(token_stream(token_id), 0, facts), rows=[self._drawer.keep(token_id, secret)])
        token = api_token_from(facts)
        assert token is not None  # noqa: S101  (one was just issued)
        return token, secret

    def live(self, now: datetime) -> list[ApiToken]:
        """Those of a closed account ended with it, though nobody revoked them."""
        found = [self._load(token_id).state for token_id in self._drawer.all()]
        return [
            token for token in found if token.is_live(now) and not load_account(self._store, token.user_id).state.closed
        ]

    def revoke(self, token_id: str, by: str, now: datetime) -> None:
        """Raises NotFound, NothingToRevoke."""

        def attempt() -> None:
            found = self._load(token_id)
            self._store.save(found.changes(found.state.revoke(by, now)), rows=[self._drawer.forget(token_id)])

        decide(attempt)

    def reader(self, secret: str, fingerprint: str | None, is_private: bool, now: datetime) -> tuple[str, Role]:
        """User ID and role of the staff account behind it; raises TokenRefused.

        It ends with the account, sleeps while that is blocked or suspended, and needs the account's own certificate
        but on the private port.
        """
        token_id = self._drawer.find(secret)
        token = self._load(token_id).state if token_id else None
        if token is None or not token.is_live(now):
            raise TokenRefused("unknown")
        found = find_account(self._store, token.user_id)
        hold = found.state.hold(now) if found else None
        if found is None or found.state.role not in STAFF or not (hold is None or isinstance(hold, AccountIsLocked)):
            raise TokenRefused("account")
        if not is_private:
            self._check_certificate(token, fingerprint, now)
        return found.state.user_id, found.state.role

    def _check_certificate(self, token: ApiToken, fingerprint: str | None, now: datetime) -> None:
        stream = self._index.by_fingerprint(fingerprint) if fingerprint else None
        found = load_certificate(self._store, stream) if stream else None
        if found is None:
            raise TokenRefused("certificate_unknown" if fingerprint else "certificate_none")
        if fault := found.state.unusable(now):
            raise TokenRefused(fault.code)
        if found.state.user_id != token.user_id:
            raise TokenRefused("certificate_of_another")

    def _load(self, token_id: str) -> Loaded[ApiToken]:
        stream = token_stream(token_id)
        facts = self._store.load(stream)
        state = api_token_from(facts)
        if state is None:
            raise NotFound("token")
        return Loaded(state, stream, len(facts))
