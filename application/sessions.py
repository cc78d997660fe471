"""Logging in and out, and who a request comes from: sessions, each bound to a certificate (R4.4, R5.1, R6.1, R6.3)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from application.door import Door, Step
from application.endings import supersede_older
from application.ports import CertificateIndex, Changes, FactStore, Row, Session, Tickets
from application.ports import Sessions as SessionBook
from application.streams import Loaded, decide, load_account, load_certificate
from domain.certificate import Certificate, certificate_from, certificate_stream
from domain.credentials import check_shape
from domain.errors import (
    CertificateOfAnother,
    CertificateUnknown,
    CertificateUnusable,
    ChangeDue,
    NoCertificateShown,
    NoSession,
    NotPermitted,
    SessionEnded,
    SessionRefused,
)
from domain.policy import SESSION_IDLE, SESSION_LIFE, Policy
from domain.user_account import UserAccount
from domain.user_account_facts import Role

# A view so soon after the one noted last is not noted, for noting costs more than all else that judging takes. So a
# session may end these few seconds before its idle time is over, and never after.
SEEN_STEP = timedelta(seconds=15)


class Visitor(msgspec.Struct, frozen=True):
    """Who a request comes from: an open session and the certificate it is bound to."""

    session: Session
    certificate: Certificate

    @property
    def user_id(self) -> str:
        return self.session.user_id


class Sessions:
    def __init__(
        self,
        store: FactStore,
        door: Door,
        sessions: SessionBook,
        tickets: Tickets,
        index: CertificateIndex,
        policy: Policy,
    ) -> None:
        self._store = store
        self._door = door
        self._sessions = sessions
        self._tickets = tickets
        self._index = index
        self._policy = policy

    # ---- the certificate a browser shows -------------------------------------------------------------------------

    def shown(self, fingerprint: str | None) -> Certificate | None:
        """The certificate a browser presented; None where it is none of ours."""
        stream = self._index.by_fingerprint(fingerprint) if fingerprint else None
        found = load_certificate(self._store, stream) if stream else None
        return found.state if found else None

    def usable(self, fingerprint: str | None, now: datetime) -> Certificate:
        """The certificate shown, if one can log in with it; raises CertificateUnusable (R5.1)."""
        if fingerprint is None:
            raise NoCertificateShown
        return _usable(self.shown(fingerprint), now)

    # ---- in and out ----------------------------------------------------------------------------------------------

    def log_in(self, user_id: str, password: str, fingerprint: str | None, now: datetime) -> tuple[str, bool]:
        """Certificate first, then the password (R6.1); returns the session's cookie, and whether a change is due."""
        certificate = self.usable(fingerprint, now)
        check_shape(user_id=user_id, password=password)
        if certificate.user_id != user_id:
            raise CertificateOfAnother
        bound = str(fingerprint)

        def then(account: UserAccount, now: datetime) -> Step[tuple[str, bool]]:
            used = load_certificate(self._store, certificate_stream(user_id, certificate.number))
            if used is None:
                return Step(("", False), refusal=CertificateUnknown())
            if fault := used.state.unusable(now):
                return Step(("", False), refusal=fault)
            others, rows = self._first_use(account, used, now)
            cookie, row = self._sessions.begin(user_id, account.role, bound, account.must_change_password, now)
            result = (cookie, account.must_change_password)
            return Step(result, account.log_in(str(used.state.serial), now), others, [row, *rows])

        return self._door.enter(user_id, password, "login", then)

    def _first_use(
        self, account: UserAccount, used: Loaded[Certificate], now: datetime
    ) -> tuple[list[Changes], list[Row]]:
        """The first log-in with a new certificate revokes the ones before it (R4.4)."""
        facts = used.state.use(account.user_id, now)
        if not facts:
            return [], []
        if self._policy.supersede == "at_expiry":
            return [used.changes(facts)], []
        others, rows = supersede_older(
            self._store, self._sessions, self._tickets, account, used.state.number, account.user_id, now
        )
        return [used.changes(facts), *others], rows

    def log_out(self, cookie: str | None, now: datetime) -> None:
        """Whichever certificate is shown: leaving is never refused, and a session that has ended stays as it ended."""

        def attempt() -> None:
            session = self._sessions.find(cookie) if cookie else None
            if cookie is None or session is None or _over(session, now):
                return
            found = load_account(self._store, session.user_id)
            rows = [self._sessions.end(cookie, "logged_out")]
            self._store.save(found.changes(found.state.log_out(now)), rows=rows)

        decide(attempt)

    # ---- inside --------------------------------------------------------------------------------------------------

    def visitor(self, cookie: str | None, fingerprint: str | None, now: datetime) -> Visitor:
        """Judge the session and its certificate at every request, from the certificate's own stream (R6.3, R4.10)."""
        found = self._sessions.with_certificate(cookie) if cookie else None
        if cookie is None or found is None:
            raise NoSession
        session, facts = found
        if reason := _over(session, now):
            raise SessionEnded(reason)
        if fingerprint != session.fingerprint:
            raise SessionEnded("certificate")
        try:
            certificate = _usable(certificate_from(facts), now)
        except CertificateUnusable as fault:
            raise SessionEnded(fault.code.removeprefix("certificate_")) from fault
        if now >= session.seen_at + SEEN_STEP:
            self._sessions.seen(cookie, now)
        return Visitor(session, certificate)

    def visitor_id(self, cookie: str | None, fingerprint: str | None, now: datetime) -> str | None:
        """The user ID of an open session, for pages that need none."""
        try:
            return self.visitor(cookie, fingerprint, now).user_id
        except SessionRefused:
            return None

    def staff(self, cookie: str | None, fingerprint: str | None, roles: Sequence[Role], now: datetime) -> Visitor:
        """A visitor in one of `roles`. Raises SessionRefused, NotPermitted, ChangeDue."""
        visitor = self.visitor(cookie, fingerprint, now)
        if visitor.session.role not in roles:
            raise NotPermitted
        if visitor.session.must_change_password:
            raise ChangeDue
        return visitor

    def forget_old(self, now: datetime) -> None:
        """What ended long ago; until then its browser is told why."""
        self._sessions.forget_old(now - 2 * SESSION_LIFE)


def _usable(certificate: Certificate | None, now: datetime) -> Certificate:
    if certificate is None:
        raise CertificateUnknown
    if fault := certificate.unusable(now):
        raise fault
    return certificate


def _over(session: Session, now: datetime) -> str | None:
    """Why, or None while it is open."""
    if session.ended:
        return session.ended
    if now >= session.began_at + SESSION_LIFE:
        return "too_long"
    if now >= session.seen_at + SESSION_IDLE:
        return "idle"
    return None
