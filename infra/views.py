"""The read models as they stand in PostgreSQL: what pages, API and command line ask of them."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from psycopg.rows import DictRow

from application.ports import Unavailable
from infra.postgres import Database
from projections.answers import (
    EXPIRING_WITHIN,
    PAGE,
    AccountPage,
    AccountState,
    CertificateKey,
    CertificatePage,
    CertificateState,
)
from projections.certificate_register import CertificateRegister
from projections.lock_status import LockStatus
from projections.views import FactLog, View, ViewStatus, has_reached, least_position, position, status


class CurrentViews:
    """Implements web.views.Views. A question raises Unavailable while the projector has not made the view's table."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock_status = LockStatus()
        self._certificate_register = CertificateRegister()

    @property
    def all(self) -> tuple[View, ...]:
        """What the projector keeps."""
        return self._lock_status, self._certificate_register

    def lock_status(
        self,
        now: datetime,
        *,
        state: AccountState | None = None,
        organization: str | None = None,
        user_id: str | None = None,
        after: str | None = None,
        limit: int = PAGE,
    ) -> AccountPage:
        with self._cursor() as cursor:
            return self._lock_status.page(
                cursor, now, state=state, organization=organization, user_id=user_id, after=after, limit=limit
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
                after=after,
                limit=limit,
            )

    def wait_for(self, view: View, target: int, bound: float) -> bool:
        """Whether the view has the fact at position `target` (the log's head after a save), within `bound` seconds.

        Holds no connection while it waits.
        """
        return has_reached(target, lambda: self.position(view), bound, _sleep)

    def settle(self, log: FactLog, bound: float) -> bool:
        """Whether all views have what is in the log now, within `bound` seconds: a page after a command.

        False also while the projector has not made them, or the database is away: the save before has succeeded.
        """
        try:
            target = log.head()
            return has_reached(target, self.least_position, bound, _sleep)
        except Unavailable:
            return False

    def position(self, view: View) -> int:
        with self._cursor() as cursor:
            return position(cursor, view)

    def least_position(self) -> int:
        """That of the view farthest behind, in one question."""
        with self._cursor() as cursor:
            return least_position(cursor, self.all)

    def status(self, log: FactLog) -> list[ViewStatus]:
        with self._cursor() as cursor:
            return status(cursor, self.all, log.head())

    @contextmanager
    def _cursor(self) -> Iterator[psycopg.Cursor[DictRow]]:
        try:
            with self._database.connection() as connection, connection.cursor() as cursor:
                yield cursor
        except psycopg.errors.UndefinedTable as error:
            raise Unavailable("the projector has not made this view yet") from error


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)  # not time.sleep, which fails under libfaketime
