"""The questions that pages and API ask of the read models. `infra/views.py` answers them from PostgreSQL."""

from datetime import datetime
from typing import Protocol

from projections.answers import AccountPage, AccountState, CertificateKey, CertificatePage, CertificateState


class Views(Protocol):
    def lock_status(
        self,
        now: datetime,
        *,
        state: AccountState | None,
        organization: str | None,
        user_id: str | None,
        after: str | None,
        limit: int,
    ) -> AccountPage:
        """Accounts by user ID; `after` is a page's `next`. Raises Unavailable."""

    def certificates(
        self,
        now: datetime,
        *,
        state: CertificateState | None,
        within: int,
        unused: bool,
        user_id: str | None,
        organization: str | None,
        serial: str | None,
        after: CertificateKey | None,
        limit: int,
    ) -> CertificatePage:
        """Certificates by their end; `within` days divide live and expiring. Raises Unavailable."""
