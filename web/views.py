"""The questions that pages and API ask of the read models. `infra/views.py` answers them from PostgreSQL."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.user_account_facts import Role
from projections.answers import (
    EXPIRING_WITHIN,
    AccountKey,
    AccountPage,
    AccountSort,
    AccountState,
    ApprovalKey,
    ApprovalPage,
    ApprovalState,
    CertificateKey,
    CertificatePage,
    CertificateSort,
    CertificateState,
    EndingDay,
    MailKey,
    MailPage,
    MailSort,
    MailState,
    MailTotals,
    OrganizationKey,
    OrganizationPage,
    OrganizationSort,
    UserKey,
    UserPage,
    UserSort,
)


class Views(Protocol):
    def lock_status(
        self,
        now: datetime,
        *,
        state: AccountState | None = None,
        organization: str | None = None,
        user_id: str | None = None,
        sort: AccountSort = "user_id",
        after: AccountKey | None = None,
        limit: int,
    ) -> AccountPage:
        """Accounts in that order; `after` is a page's `next`. Raises Unavailable."""

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
        sort: CertificateSort = "end",
        after: CertificateKey | None = None,
        limit: int,
    ) -> CertificatePage:
        """Certificates in that order; `within` days divide live and expiring. Raises Unavailable."""

    def organizations(
        self,
        *,
        code: str | None = None,
        sort: OrganizationSort = "code",
        after: OrganizationKey | None = None,
        limit: int,
    ) -> OrganizationPage:
        """In that order. Raises Unavailable."""

    def users(
        self,
        *,
        organization: str | None = None,
        role: Role | None = None,
        user_id: str | None = None,
        sort: UserSort = "user_id",
        after: UserKey | None = None,
        limit: int,
    ) -> UserPage:
        """Registered users in that order, closed ones too. Raises Unavailable."""

    def mails(
        self,
        *,
        state: MailState | None = None,
        user_id: str | None = None,
        sort: MailSort = "newest",
        after: MailKey | None = None,
        limit: int,
    ) -> MailPage:
        """In that order. Raises Unavailable."""


class ConsoleViews(Views, Protocol):
    """What the bank's pages ask besides (R9.1)."""

    def ending_days(self, now: datetime, *, within: int) -> list[EndingDay]:
        """How many certificates end on which of the next days, today being 0; days without any are left out."""

    def organization_names(self, codes: Iterable[str]) -> dict[str, str]:
        """By the codes as they are registered; unknown ones are left out. Raises Unavailable."""

    def mail_totals(self) -> MailTotals:
        """Raises Unavailable."""

    def approvals(
        self,
        *,
        approval: UUID | None = None,
        state: ApprovalState | None = None,
        after: ApprovalKey | None = None,
        limit: int,
    ) -> ApprovalPage:
        """Those that wait first, of each part the newest. Raises Unavailable."""

    def approvals_waiting(self) -> int:
        """Raises Unavailable."""
