"""Organizations as the bank keeps them: registering one with its letter, and its settings (R7.1)."""

from datetime import datetime

from application.accounts import Pick
from application.persons import check_person
from application.ports import Changes, FactStore, PasswordVault, PersonalData
from application.streams import decide, load_organization
from domain.credentials import check_organization_code, generate_password, organization_stream
from domain.errors import OrganizationCodeTaken
from domain.organization import Language, Organization, Profile, Switch
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

    def register(self, code: str, name: str, email: str, by: str, now: datetime) -> str:
        """A new organization; returns the initial password of the letter, shown once."""
        check_organization_code(code)
        password = generate_password(self._pick, avoid=code)
        stream = organization_stream(code)
        commitment, kept = self._people.keep(stream, 1, check_person(name, email))
        verifier = self._passwords.keep(stream, 1, password)

        def attempt() -> None:
            if self._store.load(stream):
                raise OrganizationCodeTaken(code)
            facts = Organization.register(code, name, commitment, by, now)
            invited = Organization(code=code, name=name).invite_master(now + self._policy.letter_password_life, by, now)
            self._store.save(Changes(stream, 0, [*facts, *invited]), rows=[kept, verifier])

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
            is_now = found.state
            facts = is_now.set(
                p12_profile or is_now.p12_profile,
                issuance_code or is_now.issuance_code,
                language or is_now.language,
                by,
                now,
            )
            if facts:
                self._store.save(found.changes(facts))
                return is_now.after(facts[0])
            return is_now

        return decide(attempt)
