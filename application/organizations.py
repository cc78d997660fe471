"""Organizations as the bank keeps them: registered with its letter, set, initialized, closed (R6.4, R7.1, R7.4)."""

from collections.abc import Sequence
from datetime import datetime

from application.contacts import check_contact
from application.endings import Ended, close_accounts
from application.ports import Changes, Conflict, Contact, FactStore, PasswordVault, PersonalData, Sessions, Tickets
from application.streams import Loaded, decide, load_account, load_organization
from domain.credentials import Pick, check_organization_code, generate_password, organization_stream
from domain.errors import OrganizationCodeTaken
from domain.organization import Organization, organization_from
from domain.organization_facts import Language, Profile, Switch
from domain.policy import Policy

CONTACT = 1  # its version in the vault: nobody changes it yet


class Organizations:
    def __init__(
        self,
        store: FactStore,
        passwords: PasswordVault,
        people: PersonalData,
        sessions: Sessions,
        tickets: Tickets,
        policy: Policy,
        pick: Pick,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._people = people
        self._sessions = sessions
        self._tickets = tickets
        self._policy = policy
        self._pick = pick

    def register(
        self,
        code: str,
        name: str,
        email: str,
        by: str,
        now: datetime,
        *,
        p12_profile: Profile | None = None,
        issuance_code: Switch | None = None,
        language: Language | None = None,
    ) -> str:
        """A new organization with its settings, in one save; returns the initial password of the letter, shown once."""
        check_organization_code(code)
        password = generate_password(self._pick, avoid=code)
        stream = organization_stream(code)
        commitment, kept = self._people.keep(stream, CONTACT, check_contact(name, email))
        registered = Organization.register(code, name, commitment, by, now)
        organization = organization_from(registered)
        facts = [
            *registered,
            *organization.invite_master(now + self._policy.letter_password_life, by, now),
            *organization.set(p12_profile, issuance_code, language, by, now),
        ]
        verifier = self._passwords.keep(stream, 1, password)

        def attempt() -> None:
            if self._store.load(stream):
                raise OrganizationCodeTaken(code)
            self._store.save(Changes(stream, 0, facts), rows=[kept, verifier])

        decide(attempt)
        return password

    def set(
        self,
        code: str,
        by: str,
        now: datetime,
        *,
        p12_profile: Profile | None = None,
        issuance_code: Switch | None = None,
        language: Language | None = None,
    ) -> Organization:
        """Change the settings given; returns the organization as it then is."""

        def attempt() -> Organization:
            found = load_organization(self._store, code)
            facts = found.state.set(p12_profile, issuance_code, language, by, now)
            if not facts:
                return found.state
            self._store.save(found.changes(facts))
            return found.state.after(facts[0])

        return decide(attempt)

    def find(self, code: str) -> tuple[Organization, Contact | None]:
        """As it stands now, with the state of its invitation; its contact is None once erased. Raises NotFound."""
        found = load_organization(self._store, code)
        return found.state, self._people.of(found.stream, CONTACT)

    def initialize(self, code: str, by: str, now: datetime) -> str:
        """The master's account and certificates end, and a new letter begins (R7.4).

        Returns the letter's initial password, shown once. Raises NotFound, AlreadyClosed.
        """
        return decide(lambda: self.begin_again(load_organization(self._store, code), by, now))

    def begin_again(self, found: Loaded[Organization], by: str, now: datetime, beside: Sequence[Changes] = ()) -> str:
        """One attempt to initialize it as it was found, in one save with what stands `beside` it; raises Conflict."""
        password = generate_password(self._pick, avoid=found.state.code)
        facts = found.state.initialize(now + self._policy.letter_password_life, by, now)
        ended = self._ended([found.state.master] if found.state.master else [], "initialized", by, now)
        verifier = self._passwords.keep(found.stream, found.state.credential + 1, password)
        self._store.save(found.changes(facts), *ended.changes, *beside, rows=[*ended.rows, verifier])
        return password

    def release(self, code: str, by: str, now: datetime) -> None:
        """The invitation's lock or block (R7.2). Raises NotFound, AlreadyClosed, NothingToRelease."""

        def attempt() -> None:
            found = load_organization(self._store, code)
            self._store.save(found.changes(found.state.release(by, now)))

        decide(attempt)

    def close(self, code: str, by: str, now: datetime) -> list[str]:
        """For ever: its accounts, their certificates and the invitation (R6.4); returns the serials revoked.

        Raises NotFound, AlreadyClosed.
        """

        def attempt() -> list[str]:
            found = load_organization(self._store, code)
            facts = found.state.close(by, now)
            ended = self._ended(found.state.users, "organization_closed", by, now)
            self._store.save(found.changes(facts), *ended.changes, rows=ended.rows)
            return ended.serials

        return decide(attempt)

    def _ended(self, users: Sequence[str], reason: str, by: str, now: datetime) -> Ended:
        accounts = [load_account(self._store, user_id) for user_id in users]
        if any(account.state.closed for account in accounts):
            raise Conflict  # the organization's stream names who is left: it was written to since it was loaded
        told = self._policy.mail_when_revoked
        return close_accounts(self._store, self._sessions, self._tickets, accounts, reason, by, now, tells_revoked=told)
