"""The read models as they stand in PostgreSQL: what pages, API and command line ask of them."""

import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from psycopg import Cursor
from psycopg.rows import DictRow

from application.ports import Unavailable
from domain.user_account_facts import Role
from infra.clock import sleep
from infra.pool import ANSWER_SECONDS
from infra.postgres import Database
from infra.questions import HEAD, asking
from projections.answers import (
    EXPIRING_WITHIN,
    PAGE,
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
    ExpiringKey,
    ExpiringPage,
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
    UserKey,
    UserPage,
    UserSort,
    WaitingMail,
)
from projections.approvals import Approvals
from projections.audit_log import AuditLog
from projections.certificate_register import CertificateRegister
from projections.expiring_certificates import ExpiringCertificates
from projections.lock_status import LockStatus
from projections.log_tree import LogTree
from projections.outbox import Outbox
from projections.people import People
from projections.views import FactLog, View, ViewStatus, has_reached, least_position, status


class CurrentViews:
    """Implements web.views.Views and application.mail_ports.DueByTime.

    A question raises Unavailable while the projector has not made the view's table.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock_status = LockStatus()
        self._certificate_register = CertificateRegister()
        self._expiring_certificates = ExpiringCertificates()
        self._outbox = Outbox()
        self._people = People()
        self._approvals = Approvals()
        self._audit_log = AuditLog()
        self._log_tree = LogTree()

    @property
    def all(self) -> tuple[View, ...]:
        """What the projector keeps."""
        return (
            self._lock_status,
            self._certificate_register,
            self._expiring_certificates,
            self._outbox,
            self._people,
            self._approvals,
            self._audit_log,
            self._log_tree,
        )

    def lock_status(
        self,
        now: datetime,
        *,
        state: AccountState | None = None,
        organization: str | None = None,
        user_id: str | None = None,
        sort: AccountSort = "user_id",
        after: AccountKey | None = None,
        limit: int = PAGE,
    ) -> AccountPage:
        with self._cursor() as cursor:
            return self._lock_status.page(
                cursor,
                now,
                state=state,
                organization=organization,
                user_id=user_id,
                sort=sort,
                after=after,
                limit=limit,
            )

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
        limit: int = PAGE,
    ) -> CertificatePage:
        with self._cursor() as cursor:
            return self._certificate_register.page(
                cursor,
                now,
                state=state,
                within=within,
                unused=unused,
                user_id=user_id,
                organization=organization,
                serial=serial,
                sort=sort,
                after=after,
                limit=limit,
            )

    def expiring_certificates(
        self,
        now: datetime,
        *,
        within: int = EXPIRING_WITHIN,
        after: ExpiringKey | None = None,
        limit: int = PAGE,
    ) -> ExpiringPage:
        with self._cursor() as cursor:
            return self._expiring_certificates.page(cursor, now, within=within, after=after, limit=limit)

    def ending_days(self, now: datetime, *, within: int = EXPIRING_WITHIN) -> list[EndingDay]:
        with self._cursor() as cursor:
            return self._expiring_certificates.days(cursor, now, within=within)

    def organization_names(self, codes: Iterable[str]) -> dict[str, str]:
        with self._cursor() as cursor:
            return self._people.names(cursor, codes)

    def organizations(
        self,
        *,
        code: str | None = None,
        sort: OrganizationSort = "code",
        after: OrganizationKey | None = None,
        limit: int = PAGE,
    ) -> OrganizationPage:
        with self._cursor() as cursor:
            return self._people.organizations(cursor, code=code, sort=sort, after=after, limit=limit)

    def users(
        self,
        *,
        organization: str | None = None,
        role: Role | None = None,
        user_id: str | None = None,
        sort: UserSort = "user_id",
        after: UserKey | None = None,
        limit: int = PAGE,
    ) -> UserPage:
        with self._cursor() as cursor:
            return self._people.users(
                cursor, organization=organization, role=role, user_id=user_id, sort=sort, after=after, limit=limit
            )

    def mails(
        self,
        *,
        state: MailState | None = None,
        user_id: str | None = None,
        sort: MailSort = "newest",
        after: MailKey | None = None,
        limit: int = PAGE,
    ) -> MailPage:
        with self._cursor() as cursor:
            return self._outbox.page(cursor, state=state, user_id=user_id, sort=sort, after=after, limit=limit)

    def approvals(
        self,
        *,
        approval: UUID | None = None,
        state: ApprovalState | None = None,
        after: ApprovalKey | None = None,
        limit: int = PAGE,
    ) -> ApprovalPage:
        with self._cursor() as cursor:
            return self._approvals.page(cursor, approval=approval, state=state, after=after, limit=limit)

    def approvals_waiting(self) -> int:
        with self._cursor() as cursor:
            return self._approvals.waiting(cursor)

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
        limit: int = PAGE,
    ) -> EventPage:
        with self._cursor() as cursor:
            return self._audit_log.page(
                cursor,
                since=since,
                until=until,
                kind=kind,
                actor=actor,
                subject=subject,
                sort=sort,
                after=after,
                limit=limit,
            )

    def intact(self, streams: Sequence[UUID], size: int) -> bool | None:
        with self._cursor() as cursor:
            return self._audit_log.intact(cursor, streams, size)

    def tree_roots(self, begin: int, end: int) -> list[bytes]:
        with self._cursor() as cursor:
            return self._log_tree.roots(cursor, begin, end)

    def heads(self, *, after: HeadKey | None = None, limit: int = PAGE) -> HeadPage:
        with self._cursor() as cursor:
            return self._log_tree.heads(cursor, after=after, limit=limit)

    def mail_totals(self) -> MailTotals:
        with self._cursor() as cursor:
            return self._outbox.totals(cursor)

    def waiting_mails(self, after: int, limit: int) -> list[WaitingMail]:
        """Behind that position of the log, the oldest first."""
        with self._cursor() as cursor:
            return self._outbox.waiting(cursor, after, limit)

    def expiry_mails(self, now: datetime, limit: int) -> list[UUID]:
        with self._cursor() as cursor:
            return self._expiring_certificates.due(cursor, now, limit)

    def run_out_locks(self, now: datetime, limit: int) -> list[str]:
        with self._cursor() as cursor:
            return self._lock_status.run_out(cursor, now, limit)

    def settle(self, bound: float) -> bool:
        """Whether all views have what is in the log now: for a page that shows what a command did.

        One wait of `bound` seconds for all, connections too, and none is held meanwhile; a server that does not answer
        may take as long again. False also while the projector has not made the views, or the database is away: the
        save before has succeeded.
        """
        deadline = time.monotonic() + bound

        def least() -> int:
            with self._cursor(deadline - time.monotonic(), bound) as cursor:
                return least_position(cursor, self.all)

        try:
            with self._cursor(bound, bound) as cursor:
                target = cursor.execute(HEAD).fetchall()[0]["head"]
            return has_reached(target, least, bound, sleep)
        except Unavailable:
            return False

    def status(self, log: FactLog) -> list[ViewStatus]:
        with self._cursor() as cursor:
            return status(cursor, self.all, log.head())

    def _cursor(
        self, patience: float | None = None, answers_within: float = ANSWER_SECONDS
    ) -> AbstractContextManager[Cursor[DictRow]]:
        return asking(self._database, patience, answers_within)
