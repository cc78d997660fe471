"""What is due because time has passed: expiry mails are asked for, and the ends of locks recorded (R8.2, R3.7).

The read models say what may be due; whether it is, the aggregates decide.
"""

from datetime import datetime
from uuid import UUID

from application.mail_ports import DueByTime
from application.ports import Changes, Conflict, FactStore
from application.streams import decide, find_account, is_renewed, load_certificate
from domain.fact import WORKER
from domain.notification import Notification, expiry_due, expiry_mail_time, notification_stream
from domain.policy import Policy

PAGE = 100  # certificates or accounts of one question


class Reminders:
    def __init__(self, store: FactStore, due: DueByTime, policy: Policy) -> None:
        self._store = store
        self._due = due
        self._policy = policy

    def ask_for_expiry_mails(self, now: datetime) -> int:
        """Asks for one page of what is due; returns for how many. Nothing before the hour of R8.2."""
        if expiry_mail_time(now, self._policy.mail_hour) > now:
            return 0
        return sum(self._ask(stream, now) for stream in self._due.expiry_mails(now, PAGE))

    def _ask(self, stream: UUID, now: datetime) -> bool:
        found = load_certificate(self._store, stream)
        if found is None:
            return False
        certificate = found.state
        account = find_account(self._store, certificate.user_id)
        if account is None or account.state.closed:
            return False
        kind = expiry_due(certificate, is_renewed(self._store, account.state, certificate), now)
        if kind is None:
            return False
        facts = Notification.request(kind, certificate.user_id, stream, None, WORKER, now)
        try:
            self._store.save(Changes(notification_stream(kind, stream), 0, facts))
        except Conflict:  # another worker was quicker, or the view does not know it yet
            return False
        return True

    def record_run_out_locks(self, now: datetime) -> int:
        """The ends of locks that no decision has recorded yet; returns how many."""
        return sum(self._record_run_out_lock(user_id, now) for user_id in self._due.run_out_locks(now, PAGE))

    def _record_run_out_lock(self, user_id: str, now: datetime) -> bool:
        def attempt() -> bool:
            found = find_account(self._store, user_id)
            facts = found.state.expire_lock(WORKER, now) if found else []
            if found and facts:
                self._store.save(found.changes(facts))
            return bool(facts)

        return decide(attempt)
