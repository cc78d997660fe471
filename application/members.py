"""An organization's general users, as its master keeps them (R3.6, R6.2, R6.4; section 1).

Another organization's user is as unknown as one that does not exist, and so are the master and the bank's staff; that
is decided here, for every act alike (R1.3).
"""

from datetime import datetime

from application.accounts import Accounts
from application.ports import Contact, FactStore, PersonalData
from application.streams import Loaded, find_account, load_account, load_organization
from domain.credentials import account_stream
from domain.errors import NotFound, NotPermitted
from domain.organization import Organization
from domain.user_account import UserAccount


class Members:
    """`master` is the user ID of who acts, whose own password was typed before an act (R1.1).

    All raise NotPermitted for whoever is no master, or no more. Acts on a user raise NotFound, AlreadyClosed.
    """

    def __init__(self, store: FactStore, accounts: Accounts, people: PersonalData) -> None:
        self._store = store
        self._accounts = accounts
        self._people = people

    @property
    def most(self) -> int:
        """General users of one organization, by setting (section 1)."""
        return self._accounts.most_general_users

    def organization(self, master: str) -> Organization:
        account = load_account(self._store, master).state
        if account.role != "master" or account.organization is None or account.closed:
            raise NotPermitted
        return load_organization(self._store, account.organization).state

    def find(self, master: str, user_id: str) -> tuple[UserAccount, Contact | None]:
        """One of them, a closed one too; the person is None once erased."""
        found = self._member(master, user_id)
        return found.state, self._people.of(found.stream, found.state.person)

    def contacts(self, master: str) -> dict[str, Contact | None]:
        """Of those not closed, by user ID; None once erased."""
        users = self.organization(master).general_users
        found = {user_id: load_account(self._store, user_id).state for user_id in users}
        return {user_id: self._people.of(account_stream(user_id), state.person) for user_id, state in found.items()}

    # ---- acts ----------------------------------------------------------------------------------------------------

    def register(self, master: str, user_id: str, name: str, email: str, now: datetime) -> str:
        """Returns the first password, shown once. Raises InvalidInput, UserIdTaken, TooManyUsers."""
        code = self.organization(master).code
        return self._accounts.register(user_id, "general", code, name, email, master, now)

    def change(self, master: str, user_id: str, name: str, email: str, now: datetime) -> None:
        """Raises InvalidInput."""
        self._member(master, user_id)
        self._accounts.change_contact(user_id, name, email, master, now)

    def release(self, master: str, user_id: str, now: datetime) -> None:
        """Raises NothingToRelease where the account is neither locked nor blocked."""
        self._member(master, user_id)
        self._accounts.release(user_id, master, now)

    def suspend(self, master: str, user_id: str, now: datetime) -> None:
        self._member(master, user_id)
        self._accounts.suspend(user_id, master, now)

    def resume(self, master: str, user_id: str, now: datetime) -> None:
        self._member(master, user_id)
        self._accounts.resume(user_id, master, now)

    def reset_password(self, master: str, user_id: str, now: datetime) -> str:
        """A generated password, shown once; it also releases (R3.6)."""
        self._member(master, user_id)
        return self._accounts.reset_password(user_id, master, now)

    def close(self, master: str, user_id: str, now: datetime) -> list[str]:
        """削除; returns the serials revoked."""
        self._member(master, user_id)
        return self._accounts.close(user_id, "deleted", master, now)

    def _member(self, master: str, user_id: str) -> Loaded[UserAccount]:
        code = self.organization(master).code
        found = find_account(self._store, user_id)
        if found is None or found.state.role != "general" or found.state.organization != code:
            raise NotFound("user")
        return found
