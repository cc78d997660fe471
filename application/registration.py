"""The master's first registration by the bank's letter: its password, the profile, 登録 (R7.2).

The rule of tries is that of accounts, on the organization's own stream and under its own turn (R3.1, R3.5).
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from application.contacts import check_contact
from application.ports import (
    Changes,
    FactStore,
    MasterProfile,
    PasswordVault,
    PersonalData,
    Proposal,
    Registrant,
    Registrations,
    Turns,
)
from application.streams import decide, find_organization, load_organization
from domain.credentials import (
    account_stream,
    check_new_password,
    check_organization_code,
    check_shape,
    organization_stream,
)
from domain.errors import (
    AlreadyRegistered,
    InvalidInput,
    OtherTab,
    RegistrationMissing,
    RegistrationTimedOut,
    UnknownOrganization,
    UserIdTaken,
    WrongPassword,
)
from domain.fact import Fact
from domain.organization import Organization
from domain.policy import REGISTRATION_LIFE
from domain.user_account import UserAccount
from domain.user_account_facts import PasswordChanged

OWN = 2  # the version of a master's first own password, behind the letter's


class Registration:
    def __init__(
        self,
        store: FactStore,
        turns: Turns,
        passwords: PasswordVault,
        people: PersonalData,
        registrations: Registrations,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._turns = turns
        self._passwords = passwords
        self._people = people
        self._registrations = registrations
        self._clock = clock

    # ---- マスターユーザー初期登録ログイン ------------------------------------------------------------------------

    def enter(self, code: str, initial_password: str, *, cookie: str | None = None) -> str:
        """Returns the browser's new cookie; `cookie` is that of its earlier registration, which ends unless it is done.

        Raises InvalidInput, Busy, TryRefused; AlreadyRegistered and InvitationExpired only to whoever knows the right
        initial password.
        """
        refuse_all(
            partial(check_organization_code, code, "organization_code"),
            partial(check_shape, initial_password=initial_password),
        )
        checked: dict[int, bool] = {}

        def attempt() -> str:
            found = find_organization(self._store, code)
            if found is None:
                self._passwords.matches_nobody(initial_password)
                raise UnknownOrganization
            now = self._clock()  # in the turn and behind the load, as at the accounts' door
            if hold := found.state.hold(now):
                self._store.save(found.changes(found.state.refuse_try(hold.code, now)))
                self._passwords.matches_nobody(initial_password)
                raise hold
            # A conflict decides again, but looks at the same password only once (R3.5).
            credential = found.state.credential
            if credential not in checked:
                checked[credential] = self._passwords.matches(found.stream, credential, initial_password)
            if not checked[credential]:
                failed = found.state.fail_try(now)
                self._store.save(found.changes(failed))
                raise folded(found.state, failed).hold(now) or WrongPassword()
            accepted = found.changes(found.state.accept_try(now))
            if refusal := found.state.refusal(now):
                self._store.save(accepted)
                raise refusal
            earlier = self._registrations.find(cookie) if cookie else None
            forgotten = [self._registrations.forget(earlier.id)] if earlier and earlier.user_id is None else []
            opened, row = self._registrations.open(found.state.code, credential, now)
            self._store.save(accepted, rows=[row, *forgotten])
            return opened

        with self._turns.turn(organization_stream(code)):
            return decide(attempt)

    # ---- マスターユーザー初期登録, 確認 --------------------------------------------------------------------------

    def registrant(self, cookie: str | None, now: datetime) -> Registrant:
        """Raises RegistrationMissing, or RegistrationTimedOut half an hour after the letter's password."""
        found = self._registrations.find(cookie) if cookie else None
        if found is None:
            raise RegistrationMissing
        if found.user_id is None and now >= self.times_out_at(found):
            raise RegistrationTimedOut
        return found

    def times_out_at(self, registrant: Registrant) -> datetime:
        """Until when 登録 can be pressed."""
        return registrant.opened_at + REGISTRATION_LIFE

    def organization_name(self, registrant: Registrant) -> str:
        return load_organization(self._store, registrant.organization).state.name

    def proposal(self, cookie: str | None, now: datetime) -> Proposal | None:
        """What was typed so far; raises RegistrationRefused."""
        self.registrant(cookie, now)
        return self._registrations.proposal(str(cookie))

    def propose(
        self,
        cookie: str | None,
        form: str | None,
        profile: MasterProfile,
        email_again: str,
        password_again: str,
        now: datetime,
    ) -> None:
        """次へ. Raises InvalidInput with all that is wrong, RegistrationRefused, OtherTab, AlreadyRegistered, Busy."""
        self._check_profile(self._unregistered(cookie, form, now), profile, email_again, password_again)

        def attempt() -> None:
            self._unregistered(cookie, form, now)
            self._store.save(rows=[self._registrations.fill_in(str(cookie), profile)])

        decide(attempt)

    def _check_profile(
        self, registrant: Registrant, profile: MasterProfile, email_again: str, password_again: str
    ) -> None:
        faults = faults_of(
            partial(check_contact, profile.name, profile.email),
            partial(check_shape, user_id=profile.user_id),
            partial(check_new_password, profile.user_id, profile.password, password_again, ""),
        )
        if profile.email != email_again:
            faults["email_again"] = "emails_differ"
        if "user_id" not in faults and self._store.load(account_stream(profile.user_id)):
            faults["user_id"] = "taken"
        letter = organization_stream(registrant.organization)
        # What came in a letter is not one's own (R2.4).
        if "password" not in faults and self._passwords.matches(letter, registrant.credential, profile.password):
            faults["password"] = "initial_password"  # noqa: S105  (a fault, no password)
        if faults:
            raise InvalidInput(**faults)

    def register(self, cookie: str | None, form: str | None, now: datetime, *, tag: str | None = None) -> None:
        """登録: the account with the person's own password, and the letter's dies, in one save.

        `tag` is that of the proposal which the page showed, None where the form does not say.
        Once is enough: a double click's second half is done too. Raises RegistrationRefused, OtherTab,
        AlreadyRegistered, InvitationExpired, InvitationHeld, UserIdTaken, Busy.
        """
        # Before the registrant: once that is registered, nothing that was typed is left.
        proposal = self._registrations.proposal(cookie) if cookie else None
        known = self._registrant_of(cookie, form, now)
        if known.user_id is not None:
            return
        if proposal is None:
            raise RegistrationMissing
        if tag is not None and tag != proposal.tag:  # in another tab something else was typed since
            raise OtherTab
        profile = proposal.profile
        user_id, stream = profile.user_id, account_stream(profile.user_id)
        contact = check_contact(profile.name, profile.email)
        verifier = self._passwords.keep(stream, OWN, profile.password)

        def attempt() -> None:
            home, is_taken = load_organization(self._store, known.organization), bool(self._store.load(stream))
            # Read after both: what wrote to them, a double click's first half, stands here now.
            registrant = self._registrant_of(cookie, form, now)
            if registrant.user_id is not None:
                return
            decided = home.state.register_invited(registrant.credential, user_id, now)
            if is_taken:
                raise UserIdTaken(user_id)
            commitment, kept = self._people.keep(stream, 1, contact)
            until = home.state.password_until or now  # of the letter, whose password ends with the own one
            registered = UserAccount.register(user_id, "master", home.state.code, commitment, until, user_id, now)
            own = PasswordChanged(at=now, by=user_id, credential=OWN)
            rows = [self._registrations.registered(registrant.id, user_id), kept, verifier]
            self._store.save(Changes(stream, 0, [*registered, own]), home.changes(decided), rows=rows)

        decide(attempt)

    def cancel(self, cookie: str | None, form: str | None) -> bool:
        """Leaves nothing behind, whether the time is up or not; what is gone already is cancelled. Raises OtherTab.

        False where 登録 came first: that is not undone by it.
        """

        def attempt() -> bool:
            found = self._registrations.find(cookie) if cookie else None
            if found is None:
                return True
            check_same_tab(found, form)
            if found.user_id is not None:
                return False
            self._store.save(rows=[self._registrations.forget(found.id)])
            return True

        return decide(attempt)

    def forget_old(self, now: datetime) -> None:
        """What was typed goes with its time; the rest stays as long again, so that its browser is told so."""
        self._registrations.forget_profiles(now - REGISTRATION_LIFE)
        self._registrations.forget_old(now - 2 * REGISTRATION_LIFE)

    def _registrant_of(self, cookie: str | None, form: str | None, now: datetime) -> Registrant:
        registrant = self.registrant(cookie, now)
        check_same_tab(registrant, form)
        return registrant

    def _unregistered(self, cookie: str | None, form: str | None, now: datetime) -> Registrant:
        registrant = self._registrant_of(cookie, form, now)
        if registrant.user_id is not None:
            raise AlreadyRegistered(registrant.organization)
        return registrant


def check_same_tab(registrant: Registrant, form: str | None) -> None:
    """`form` is the registration that the page was made for, None where the form does not say.

    Another one may have been begun in another tab. Raises OtherTab.
    """
    if form is not None and form != registrant.id:
        raise OtherTab


def faults_of(*checks: Callable[[], object]) -> dict[str, str]:
    """What all of them find wrong."""
    faults: dict[str, str] = {}
    for check in checks:
        try:
            check()
        except InvalidInput as refusal:
            faults |= refusal.faults
    return faults


def refuse_all(*checks: Callable[[], object]) -> None:
    """Raises one InvalidInput for what all of them find wrong."""
    if faults := faults_of(*checks):
        raise InvalidInput(**faults)


def folded(organization: Organization, facts: list[Fact]) -> Organization:
    for fact in facts:
        organization = organization.after(fact)
    return organization
