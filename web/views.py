"""The questions that pages and API ask of the read models. `infra/views.py` answers them from PostgreSQL."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.user_account_facts import Role
from projections.answers import (
    EXPIRING_WITHIN,
    AccountPage,
    AccountState,
    ApprovalKey,
    ApprovalPage,
    CertificateKey,
    CertificatePage,
    CertificateState,
    EndingDay,
    MailPage,
    MailState,
    MailTotals,
    OrganizationPage,
    UserPage,
)


class Views(Protocol):
    def lock_status(
        self,
        now: datetime,
        *,
        state: AccountState | None = None,
        organization: str | None = None,
        user_id: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> AccountPage:
        """Accounts by user ID; `after` is a page's `next`. Raises Unavailable."""

    def certificates(
        self,
        now: datetime,
        *,
        state: CertificateState | None = None,
        within: int = EXPIRING_WITHIN,
        unused: bool = False,
        user_id: str | None = None,
        organization: str | None = None,
        serial: str | None = None,
        after: CertificateKey | None = None,
        limit: int,
    ) -> CertificatePage:
        """Certificates by their end; `within` days divide live and expiring. Raises Unavailable."""

    def organizations(self, *, code: str | None = None, after: str | None = None, limit: int) -> OrganizationPage:
        """By code. Raises Unavailable."""

    def users(
        self,
        *,
        organization: str | None = None,
        role: Role | None = None,
        user_id: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> UserPage:
        """Registered users by ID, closed ones too. Raises Unavailable."""

    def mails(
        self, *, state: MailState | None = None, user_id: str | None = None, after: int | None = None, limit: int
    ) -> MailPage:
        """The newest first. Raises Unavailable."""


class ConsoleViews(Views, Protocol):
    """What the bank's pages ask besides (R9.1)."""

    def ending_days(self, now: datetime, *, within: int) -> list[EndingDay]:
        """How many certificates end on which of the next days, today being 0; days without any are left out."""

    def organization_names(self, codes: Iterable[str]) -> dict[str, str]:
        """By the codes as they are registered; unknown ones are left out. Raises Unavailable."""

    def mail_totals(self) -> MailTotals:
        """Raises Unavailable."""

    def approvals(self, *, approval: UUID | None = None, after: ApprovalKey | None = None, limit: int) -> ApprovalPage:
        """Those that wait first, of each part the newest. Raises Unavailable."""

    def approvals_waiting(self) -> int:
        """Raises Unavailable."""
