"""Log-ins in PostgreSQL (R6.3). The row's key is the hash of the cookie, so the table opens nobody's session."""

import hashlib
import secrets
from datetime import datetime

from application.ports import Row, Session
from domain.fact import Fact
from domain.policy import SESSION_IDLE, SESSION_LIFE
from domain.user_account_facts import Role
from infra.event_store import STORED, stored_fact
from infra.postgres import Database, statement

COLUMNS = "user_id, role, fingerprint, began_at, seen_at, must_change_password, replaced_another, ended"

NAMES = COLUMNS.split(", ")

# A session that was over by time has not been replaced, and the new one does not say so.
EARLIER = """
    update sessions
    set ended = case when began_at <= %s then 'too_long' when seen_at <= %s then 'idle' else 'replaced' end
    where lower(user_id) = lower(%s) and ended is null
    returning ended"""
BEGIN = f"""
    insert into sessions (id, {COLUMNS})
    values (%s, %s, %s, %s, %s, %s, %s, exists (select from earlier where ended = 'replaced'), null)"""  # noqa: S608  (ours)

# One question at every request: the log-in, and the facts of the certificate that it is bound to, as they stand now.
WITH_CERTIFICATE = f"""
    select {COLUMNS}, {STORED}
    from sessions left join certificate_index using (fingerprint) left join stored_events on originator_id = stream
    where id = %s order by originator_version"""  # noqa: S608  (ours)


def session_id(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


class SessionBook:
    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, user_id: str, role: Role, fingerprint: str, must_change_password: bool, now: datetime
    ) -> tuple[str, Row]:
        cookie = secrets.token_urlsafe(32)

        begun = (session_id(cookie), user_id, role, fingerprint, now, now, must_change_password)
        return cookie, statement(BEGIN, now - SESSION_LIFE, now - SESSION_IDLE, user_id, *begun, earlier=EARLIER)

    def find(self, cookie: str) -> Session | None:
        query = f"select {COLUMNS} from sessions where id = %s"  # noqa: S608  (columns of ours)
        found = self._database.execute(query, session_id(cookie))
        return Session(**found[0]) if found else None

    def with_certificate(self, cookie: str) -> tuple[Session, list[Fact]] | None:
        rows = self._database.ask(WITH_CERTIFICATE, session_id(cookie))
        if not rows:
            return None
        facts = [stored_fact(*stored) for row in rows if (stored := row[len(NAMES) :])[0] is not None]
        return Session(**dict(zip(NAMES, rows[0], strict=False))), facts

    def seen(self, cookie: str, now: datetime) -> None:
        self._database.execute("update sessions set seen_at = %s where id = %s", now, session_id(cookie))

    def end(self, cookie: str, reason: str) -> Row:
        return statement("update sessions set ended = %s where id = %s and ended is null", reason, session_id(cookie))

    def end_all(self, user_id: str, reason: str) -> Row:
        return statement(
            "update sessions set ended = %s where lower(user_id) = lower(%s) and ended is null", reason, user_id
        )

    def end_bound(self, fingerprint: str, reason: str) -> Row:
        return statement("update sessions set ended = %s where fingerprint = %s and ended is null", reason, fingerprint)

    def password_changed(self, cookie: str) -> Row:
        return statement("update sessions set must_change_password = false where id = %s", session_id(cookie))

    def forget_old(self, began_before: datetime) -> None:
        self._database.execute("delete from sessions where began_at <= %s", began_before)
