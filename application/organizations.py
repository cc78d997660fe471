"""Organizations as the bank keeps them: registering one with its letter, and its settings (R7.1)."""

from datetime import datetime

from application.contacts import check_contact
from application.ports import Changes, FactStore, PasswordVault, PersonalData
from application.streams import decide, load_organization
from domain.credentials import Pick, check_organization_code, generate_password, organization_stream
from domain.errors import OrganizationCodeTaken
from domain.organization import Language, Organization, Profile, Switch, organization_from
from domain.policy import Policy


class Organizations:
    def __init__(
        self, store: FactStore, passwords: PasswordVault, people: PersonalData, policy: Policy, pick: Pick
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._people = people
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
        commitment, kept = self._people.keep(stream, 1, check_contact(name, email))
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
