"""User accounts: registered, changed, suspended, closed; the own password; what the first page tells (R2, R3.6, R6)."""

from datetime import datetime

import msgspec

from application.contacts import addresses_to_tell, check_contact
from application.door import Door, Step
from application.endings import close_accounts
from application.ports import Changes, Contact, FactStore, PasswordVault, PersonalData, Sessions, Tickets
from application.sessions import Visitor
from application.streams import decide, is_renewed, load_account, load_organization, load_staff, mail
from domain.credentials import Pick, account_stream, check_new_password, check_shape, generate_password
from domain.errors import InvalidInput, NotFound, UserIdTaken
from domain.policy import Policy
from domain.user_account import UserAccount, account_from
from domain.user_account_facts import AccountReleased, LoggedIn, PasswordFailed, Role


class Home(msgspec.Struct, frozen=True):
    """What the first page after the log-in tells (R6.2). `renewed`: a later certificate waits to be used."""

    account: UserAccount
    person: Contact | None
    organization_name: str | None
    last_login: datetime | None
    failures_since: int
    renewed: bool


class Accounts:
    def __init__(
        self,
        store: FactStore,
        door: Door,
        passwords: PasswordVault,
        people: PersonalData,
        sessions: Sessions,
        tickets: Tickets,
        policy: Policy,
        pick: Pick,
    ) -> None:
        self._store = store
        self._door = door
        self._passwords = passwords
        self._people = people
        self._sessions = sessions
        self._tickets = tickets
        self._policy = policy
        self._pick = pick

    # ---- by others -----------------------------------------------------------------------------------------------

    @property
    def most_general_users(self) -> int:
        """Of one organization, by setting (section 1)."""
        return self._policy.general_users

    def register(
        self, user_id: str, role: Role, organization: str | None, name: str, email: str, by: str, now: datetime
    ) -> str:
        """A new account; returns its first password, which is shown once and never stored in the clear (R2.4).

        Raises InvalidInput, NotFound, UserIdTaken, MasterExists, TooManyUsers.
        """
        check_shape(user_id=user_id)
        password = generate_password(self._pick, avoid=user_id)
        stream = account_stream(user_id)
        commitment, kept = self._people.keep(stream, 1, check_contact(name, email))
        verifier = self._passwords.keep(stream, 1, password)
        until = now + self._policy.first_password_life

        def attempt() -> None:
            if self._store.load(stream):
                raise UserIdTaken(user_id)
            others, code = [], None
            if organization is not None:
                home = load_organization(self._store, organization)
                code = home.state.code
                admitted = (
                    home.state.register_master(user_id, by, now)
                    if role == "master"
                    else home.state.register_general_user(user_id, self._policy.general_users, by, now)
                )
                others.append(home.changes(admitted))
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
                self._sessions.end_all(user_id, "reset"),
                self._tickets.forget_users(user_id),
                self._passwords.keep(found.stream, found.state.credential + 1, password),
            ]
            changes = found.changes(facts)
            self._store.save(changes, *self._released_mail(user_id, changes), rows=rows)

        decide(attempt)
        return password

    def release(self, user_id: str, by: str, now: datetime) -> None:
        """Raises NothingToRelease where the account is neither locked nor blocked (R3.6), AlreadyClosed."""

        def attempt() -> None:
            found = load_account(self._store, user_id)
            changes = found.changes(found.state.release(by, now))
            self._store.save(changes, *self._released_mail(user_id, changes))

        decide(attempt)

    def close(self, user_id: str, reason: str, by: str, now: datetime) -> list[str]:
        """For ever, with all that hangs on it (R2.2, R6.4); returns the serials revoked.

        A general user's organization is told, which so has a place free again. Raises NotFound, AlreadyClosed.
        """

        def attempt() -> list[str]:
            found = load_account(self._store, user_id)
            ended = close_accounts(
                self._store,
                self._sessions,
                self._tickets,
                [found],
                reason,
                by,
                now,
                tells_revoked=self._policy.mail_when_revoked,
            )
            others = []
            if found.state.role == "general":
                home = load_organization(self._store, str(found.state.organization))
                others.append(home.changes(home.state.close_general_user(user_id, by, now)))
            self._store.save(*ended.changes, *others, rows=ended.rows)
            return ended.serials

        return decide(attempt)

    def suspend(self, user_id: str, by: str, now: datetime) -> None:
        """Refuses log-in and issue until resumed; what is open ends at once (R3.11, R6.4). Raises AlreadyClosed."""

        def attempt() -> None:
            found = load_account(self._store, user_id)
            if facts := found.state.suspend(by, now):
                others, rows = self._door.cut_off(found.state, "suspended", by, now)
                self._store.save(found.changes(facts), *others, rows=rows)

        decide(attempt)

    def resume(self, user_id: str, by: str, now: datetime) -> None:
        """Raises AlreadyClosed."""

        def attempt() -> None:
            found = load_account(self._store, user_id)
            self._store.save(found.changes(found.state.resume(by, now)))

        decide(attempt)

    def change_contact(self, user_id: str, name: str, email: str, by: str, now: datetime) -> None:
        """Name and mail address, by somebody else. Raises InvalidInput, AlreadyClosed."""
        contact = check_contact(name, email)

        def attempt() -> None:
            found = load_account(self._store, user_id)
            before = self._people.of(found.stream, found.state.person)
            commitment, kept = self._people.keep(found.stream, found.state.person + 1, contact)
            changes = found.changes(found.state.change_contact(commitment, by, now))
            if contact != before:
                kinds = addresses_to_tell(before, contact)
                mails = [mail(kind, user_id, changes, changes.facts[-1]) for kind in kinds]
                self._store.save(changes, *mails, rows=[kept])

        decide(attempt)

    def find(self, user_id: str) -> tuple[UserAccount, Contact | None]:
        """The person is None once erased. Raises NotFound."""
        found = load_account(self._store, user_id)
        return found.state, self._people.of(found.stream, found.state.person)

    def check_staff(self, user_id: str) -> None:
        """For the commands that are for staff alone (R1.2). Raises NotFound."""
        load_staff(self._store, user_id)

    def _released_mail(self, user_id: str, changes: Changes) -> list[Changes]:
        released = [fact for fact in changes.facts if isinstance(fact, AccountReleased)]
        return [mail("released", user_id, changes, fact) for fact in released if self._policy.mail_when_released]

    # ---- by the owner --------------------------------------------------------------------------------------------

    def change_password(self, user_id: str, current: str, new: str, again: str, *, session: str | None = None) -> None:
        """Asks the current password as a try like any other (R3.1); the new one follows R2.1 and R2.2.

        Tickets opened with the old one end, for it may be a stranger who opened them; a p12 that waits does not.
        `session` is the cookie of the log-in in which it is done; there no change is due any more.
        """
        check_shape(current_password=current)
        check_new_password(user_id, new, again, current)

        def then(account: UserAccount, now: datetime) -> Step[None]:
            verifier = self._passwords.keep(account_stream(user_id), account.credential + 1, new)
            due_no_more = [self._sessions.password_changed(session)] if session is not None else []
            rows = [*due_no_more, self._tickets.forget_users(user_id), verifier]
            return Step(None, account.change_password(now), rows=rows)

        self._door.enter(user_id, current, "step_up", then)

    def change_email(self, user_id: str, current: str, email: str, again: str) -> None:
        """Asks the current password as `change_password` does; the change is told to both addresses (R6.3)."""
        check_shape(current_password=current)
        check_contact("-", email)
        if email != again:
            raise InvalidInput(email_again="emails_differ")

        def then(account: UserAccount, now: datetime) -> Step[None]:
            stream = account_stream(user_id)
            before = self._people.of(stream, account.person)
            after = check_contact(before.name if before else user_id, email)
            if after == before:
                return Step(None)
            commitment, kept = self._people.keep(stream, account.person + 1, after)
            facts = account.change_contact(commitment, user_id, now)
            mails = [(kind, facts[-1]) for kind in addresses_to_tell(before, after)]
            return Step(None, facts, rows=[kept], mails=mails)

        self._door.enter(user_id, current, "step_up", then)

    def confirm(self, user_id: str, own_password: str) -> None:
        """The own password once more before a dangerous act: a try like any other of the one who types it (R1.1, R3.1).

        Raises InvalidInput, TryRefused, Busy.
        """
        check_shape(own_password=own_password)
        self._door.enter(user_id, own_password, "step_up", lambda account, now: Step(None))

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
        person = self._people.of(stream, account.person)
        renewed = is_renewed(self._store, account, visitor.certificate)
        return Home(account, person, self._organization_name(account), since, len(failed), renewed)

    def _organization_name(self, account: UserAccount) -> str | None:
        if account.organization is None:
            return None
        return load_organization(self._store, account.organization).state.name
