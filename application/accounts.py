"""User accounts: registering, logging in and out, changing the password, releasing (R1.2, R2, R3.6, R6)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.door import Door, Step
from application.persons import check_person
from application.ports import (
    CertificateIndex,
    Changes,
    FactStore,
    PasswordVault,
    Person,
    PersonalData,
    Row,
    Session,
    Sessions,
    Tickets,
)
from application.streams import (
    Loaded,
    certificates_of,
    decide,
    load_account,
    load_certificate,
    load_organization,
    mail,
)
from domain.certificate import Certificate, certificate_stream
from domain.credentials import account_stream, check_new_password, check_shape, generate_password
from domain.errors import (
    CertificateOfAnother,
    CertificateUnknown,
    CertificateUnusable,
    NoCertificateShown,
    NoSession,
    NotFound,
    NotPermitted,
    SessionEnded,
    SessionRefused,
    UserIdTaken,
)
from domain.policy import SESSION_IDLE, SESSION_LIFE, Policy
from domain.user_account import UserAccount, account_from
from domain.user_account_facts import AccountReleased, LoggedIn, PasswordFailed, Role

Pick = Callable[[Sequence[str]], str]


class Visitor(msgspec.Struct, frozen=True):
    """Who a request comes from: an open session and the certificate it is bound to."""

    session: Session
    certificate: Certificate

    @property
    def user_id(self) -> str:
        return self.session.user_id


class Home(msgspec.Struct, frozen=True):
    """What the first page after the log-in tells (R6.2)."""

    account: UserAccount
    person: Person | None
    organization_name: str | None
    last_login: datetime | None
    failures_since: int


class Accounts:
    def __init__(
        self,
        store: FactStore,
        door: Door,
        passwords: PasswordVault,
        people: PersonalData,
        sessions: Sessions,
        tickets: Tickets,
        index: CertificateIndex,
        policy: Policy,
        pick: Pick,
    ) -> None:
        self._store = store
        self._door = door
        self._passwords = passwords
        self._people = people
        self._sessions = sessions
        self._tickets = tickets
        self._index = index
        self._policy = policy
        self._pick = pick

    # ---- from outside ------------------------------------------------------------------------------------------

    def register(
        self, user_id: str, role: Role, organization: str | None, name: str, email: str, by: str, now: datetime
    ) -> str:
        """A new account; returns its first password, which is shown once and never stored in the clear (R2.4)."""
        check_shape(user_id=user_id)
        password = generate_password(self._pick, avoid=user_id)
        stream = account_stream(user_id)
        commitment, kept = self._people.keep(stream, 1, check_person(name, email))
        verifier = self._passwords.keep(stream, 1, password)
        until = now + self._policy.first_password_life

        def attempt() -> None:
            if self._store.load(stream):
                raise UserIdTaken(user_id)
            others, code = [], None
            if organization is not None:
                home = load_organization(self._store, organization)
                code = home.state.code
                if role == "master":
                    others.append(home.changes(home.state.register_master(user_id, by, now)))
            facts = UserAccount.register(user_id, role, code, commitment, until, by, now)
            self._store.save(Changes(stream, 0, facts), *others, rows=[kept, verifier])

        decide(attempt)
        return password

    def reset_password(self, user_id: str, by: str, now: datetime) -> str:
        """A generated password in place of the old one; what was opened with that ends too (R2.4, R6.3)."""
        password = generate_password(self._pick, avoid=user_id)

        def attempt() -> None:
            found = load_account(self._store, user_id)
            facts = found.state.reset_password(now + self._policy.first_password_life, by, now)
            rows = [
                self._passwords.keep(found.stream, found.state.credential + 1, password),
                self._sessions.end_all(user_id, "reset"),
                self._tickets.forget_user(user_id),
            ]
            changes = found.changes(facts)
            self._store.save(changes, *self._released_mail(user_id, changes), rows=rows)

        decide(attempt)
        return password

    def own_password(self, user_id: str, password: str, now: datetime) -> None:
        """Take `password` as its owner's own choice: the demo's accounts, with no change due."""

        def attempt() -> None:
            found = load_account(self._store, user_id)
            verifier = self._passwords.keep(found.stream, found.state.credential + 1, password)
            self._store.save(found.changes(found.state.change_password(now)), rows=[verifier])

        decide(attempt)

    def release(self, user_id: str, by: str, now: datetime) -> None:
        """Raises NothingToRelease where the account is neither locked nor blocked (R3.6)."""

        def attempt() -> None:
            found = load_account(self._store, user_id)
            changes = found.changes(found.state.release(by, now))
            self._store.save(changes, *self._released_mail(user_id, changes))

        decide(attempt)

    def _released_mail(self, user_id: str, changes: Changes) -> list[Changes]:
        released = [fact for fact in changes.facts if isinstance(fact, AccountReleased)]
        return [mail("released", user_id, changes, fact) for fact in released if self._policy.mail_when_released]

    def forget_sessions(self, now: datetime) -> None:
        """What ended long ago; until then its browser is told why."""
        self._sessions.forget_old(now - 2 * SESSION_LIFE)

    # ---- logging in --------------------------------------------------------------------------------------------

    def shown(self, fingerprint: str | None) -> Certificate | None:
        """The certificate a browser presented; None where it is none of ours."""
        found = self._shown(fingerprint)
        return found.state if found else None

    def usable(self, fingerprint: str | None, now: datetime) -> Certificate:
        """The certificate shown, if one can log in with it; raises CertificateUnusable (R5.1)."""
        if fingerprint is None:
            raise NoCertificateShown
        found = self._shown(fingerprint)
        if found is None:
            raise CertificateUnknown
        if fault := found.state.unusable(now):
            raise fault
        return found.state

    def log_in(self, user_id: str, password: str, fingerprint: str | None, now: datetime) -> tuple[str, bool]:
        """Certificate first, then the password (R6.1); returns the session's cookie, and whether a change is due."""
        certificate = self.usable(fingerprint, now)
        check_shape(user_id=user_id, password=password)
        if certificate.user_id != user_id:
            raise CertificateOfAnother
        bound = str(fingerprint)

        def then(account: UserAccount) -> Step[tuple[str, bool]]:
            used = load_certificate(self._store, certificate_stream(user_id, certificate.number))
            if used is None or (fault := used.state.unusable(now)):
                return Step(("", False), refusal=fault if used else CertificateUnknown())
            others, rows = self._first_use(account, used, now)
            cookie, row = self._sessions.begin(user_id, account.role, bound, account.must_change_password, now)
            result = (cookie, account.must_change_password)
            return Step(result, account.log_in(str(used.state.serial), now), others, [row, *rows])

        return self._door.enter(user_id, password, "login", now, then)

    def _shown(self, fingerprint: str | None) -> Loaded[Certificate] | None:
        stream = self._index.by_fingerprint(fingerprint) if fingerprint else None
        return load_certificate(self._store, stream) if stream else None

    def _first_use(
        self, account: UserAccount, used: Loaded[Certificate], now: datetime
    ) -> tuple[list[Changes], list[Row]]:
        """The first log-in with a new certificate revokes the ones before it (R4.4)."""
        facts = used.state.use(account.user_id, now)
        if not facts:
            return [], []
        others, rows = [used.changes(facts)], []
        if self._policy.supersede != "at_expiry":
            for older in certificates_of(self._store, account):
                if older.state.number < used.state.number and older.state.state(now) == "live":
                    others.append(older.changes(older.state.revoke("superseded", account.user_id, now)))
                    rows.append(self._sessions.end_bound(str(older.state.fingerprint), "superseded"))
        return others, rows

    # ---- inside ------------------------------------------------------------------------------------------------

    def visitor(self, cookie: str | None, fingerprint: str | None, now: datetime) -> Visitor:
        """Judge the session and its certificate at every request, from the certificate's own stream (R6.3, R4.10)."""
        session = self._sessions.find(cookie) if cookie else None
        if session is None or cookie is None:
            raise NoSession
        if session.ended:
            raise SessionEnded(session.ended)
        if now >= session.began_at + SESSION_LIFE:
            raise SessionEnded("too_long")
        if now >= session.seen_at + SESSION_IDLE:
            raise SessionEnded("idle")
        if fingerprint != session.fingerprint:
            raise SessionEnded("certificate")
        try:
            certificate = self.usable(fingerprint, now)
        except CertificateUnusable as fault:
            raise SessionEnded(fault.code.removeprefix("certificate_")) from fault
        if now > session.seen_at:
            self._sessions.seen(cookie, now)
        return Visitor(session, certificate)

    def visitor_id(self, cookie: str | None, fingerprint: str | None, now: datetime) -> str | None:
        """The user ID of an open session, for pages that need none."""
        try:
            return self.visitor(cookie, fingerprint, now).user_id
        except SessionRefused:
            return None

    def staff(self, cookie: str | None, fingerprint: str | None, roles: Sequence[Role], now: datetime) -> Visitor:
        """A visitor in one of `roles`, who owes no change of the password."""
        visitor = self.visitor(cookie, fingerprint, now)
        if visitor.session.role not in roles or visitor.session.must_change_password:
            raise NotPermitted
        return visitor

    def home(self, visitor: Visitor) -> Home:
        stream = account_stream(visitor.user_id)
        facts = self._store.load(stream)
        account = account_from(facts)
        if account is None:
            raise NotFound("user")
        # The facts of a log-in carry its own instant, so the session's beginning tells which one is this one.
        before = [fact.at for fact in facts if isinstance(fact, LoggedIn) and fact.at < visitor.session.began_at]
        since = before[-1] if before else None
        failed = [fact for fact in facts if isinstance(fact, PasswordFailed) and (since is None or fact.at > since)]
        return Home(account, self._person(stream, account), self._organization_name(account), since, len(failed))

    def _person(self, stream: UUID, account: UserAccount) -> Person | None:
        return self._people.of(stream, account.person)

    def _organization_name(self, account: UserAccount) -> str | None:
        if account.organization is None:
            return None
        return load_organization(self._store, account.organization).state.name

    def change_password(self, cookie: str, visitor: Visitor, current: str, new: str, again: str, now: datetime) -> None:
        """Asks the current password as a try like any other (R3.1); the new one follows R2.1 and R2.2."""
        check_shape(current_password=current)
        check_new_password(visitor.user_id, new, again, current)

        def then(account: UserAccount) -> Step[None]:
            verifier = self._passwords.keep(account_stream(account.user_id), account.credential + 1, new)
            return Step(None, account.change_password(now), (), [verifier, self._sessions.password_changed(cookie)])

        self._door.enter(visitor.user_id, current, "step_up", now, then)

    def log_out(self, cookie: str, visitor: Visitor, now: datetime) -> None:
        def attempt() -> None:
            found = load_account(self._store, visitor.user_id)
            self._store.save(found.changes(found.state.log_out(now)), rows=[self._sessions.end(cookie, "logged_out")])

        decide(attempt)
