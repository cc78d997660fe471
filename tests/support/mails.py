"""What the mails' ports ask of the world, in memory. Held to the same contracts as the real ones (tests/infra)."""

from datetime import datetime
from uuid import UUID

from application.mail_ports import Claim
from application.ports import Row
from infra.mail_claims import LEASE


class MemoryClaims:
    """application.mail_ports.Claims. A mail is to be sent from when it `waits`."""

    def __init__(self) -> None:
        self._due: dict[UUID, datetime] = {}
        self._attempts: dict[UUID, int] = {}

    def wait(self, notification: UUID, since: datetime) -> None:
        self._due[notification], self._attempts[notification] = since, 0

    def next(self, now: datetime) -> Claim | None:
        due = [notification for notification, at in self._due.items() if at <= now]
        if not due:
            return None
        first = min(due, key=self._due.__getitem__)
        self._due[first] = now + LEASE
        self._attempts[first] += 1
        return Claim(first, self._attempts[first])

    def done(self, notification: UUID) -> Row:
        def forget(cursor: object) -> None:
            self._due.pop(notification, None)

        return forget

    def again_at(self, claim: Claim, at: datetime) -> None:
        if claim.notification in self._due:
            self._due[claim.notification], self._attempts[claim.notification] = at, claim.attempts


class MemoryDue:
    """application.mail_ports.DueByTime: since when a mail about a certificate, or a lock's end, is due."""

    def __init__(self) -> None:
        self.certificates: dict[UUID, datetime] = {}
        self.locks: dict[str, datetime] = {}

    def expiry_mails(self, now: datetime, limit: int) -> list[UUID]:
        return [stream for stream, since in sorted(self.certificates.items(), key=_since) if since <= now][:limit]

    def run_out_locks(self, now: datetime, limit: int) -> list[str]:
        return [user_id for user_id, until in sorted(self.locks.items(), key=_since) if until <= now][:limit]


def _since(due: tuple[object, datetime]) -> datetime:
    return due[1]
