"""The questions that pages and API ask of the read models. `infra/views.py` answers them from PostgreSQL."""

from collections.abc import Generator, Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from domain.reading import Form
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
    EventKey,
    EventPage,
    EventSort,
    HeadKey,
    HeadPage,
    MailKey,
    MailPage,
    MailSort,
    MailState,
    MailTotals,
    OrganizationKey,
    OrganizationPage,
    OrganizationSort,
    PastView,
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

    def events(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kind: str | None = None,
        actor: str | None = None,
        subject: str | None = None,
        sort: EventSort = "newest",
        after: EventKey | None = None,
        limit: int,
    ) -> EventPage:
        """Facts with `since` <= at < `until`, by their instants. Raises Unavailable."""


class AuditViews(Views, Protocol):
    """What the auditors' pages ask besides (R10.1)."""

    def organization_names(self, codes: Iterable[str]) -> dict[str, str]:
        """By the codes as they are registered; unknown ones are left out. Raises Unavailable."""

    def intact(self, streams: Sequence[UUID], size: int) -> bool | None:
        """Whether these streams are, fact for fact, what the first `size` leaves of the tree were made of.

        None where they go beyond. Raises Unavailable.
        """

    def tree_roots(self, begin: int, end: int) -> list[bytes]:
        """Of the perfect subtrees that these leaves fall into, from the left. Raises Unavailable."""

    def heads(self, *, after: HeadKey | None = None, limit: int) -> HeadPage:
        """Signed tree heads, the newest first. Raises Unavailable."""


class PastViews(Protocol):
    """Read models as they stood (R10.2)."""

    @property
    def names(self) -> list[str]: ...

    def first_rows(self, name: str, as_of: datetime, now: datetime, limit: int) -> PastView:
        """So many of each table. Raises NotFound, InvalidInput, Busy, ReplayTooLong, Unavailable."""


class Exported(Protocol):
    """A file of facts that has been recorded; `name` is the file's."""

    @property
    def name(self) -> str: ...


Export = TypeVar("Export", bound=Exported)


class Exports(Protocol[Export]):
    """The history as a file with its proof (R10.5)."""

    def prepare(
        self,
        user_id: str,
        form: Form,
        now: datetime,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        head: int | None = None,
    ) -> Export:
        """Records that it is taken away. Raises NotFound for another head, Unavailable."""

    def chunks(self, export: Export) -> Generator[bytes, None, None]:
        """The file's octets; to be closed, for they hold a connection. Raises Unavailable, in its midst too."""


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
