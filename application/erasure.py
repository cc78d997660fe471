"""Forgetting a person whose account is closed: the log goes on without the name (R10.6)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.ports import Changes, FactStore, Row
from application.streams import certificates_of, decide, load_account, load_organization
from domain.approval import approval_stream
from domain.credentials import account_stream
from domain.user_account import UserAccount


class PersonalRows(Protocol):
    """All that is kept of one person beside the facts. `subjects` are the streams of what the vault keeps for it."""

    def count(self, user_id: str, subjects: list[UUID]) -> Mapping[str, int]:
        """By what it is."""

    def forget(self, user_id: str, subjects: list[UUID]) -> Row: ...


class Erasure:
    """Mails that still wait for the person are cancelled by the worker, which finds no address."""

    def __init__(self, store: FactStore, rows: PersonalRows) -> None:
        self._store = store
        self._rows = rows

    def left(self, user_id: str, now: datetime) -> Mapping[str, int]:
        """How many rows would go, by what they are. Raises NotFound, NotClosed."""
        account = load_account(self._store, user_id).state
        account.erase(account.user_id, now)  # refuses what could not be done
        return self._rows.count(account.user_id, self._subjects(account))

    def erase(self, user_id: str, by: str, now: datetime) -> bool:
        """For ever, rows and fact in one transaction; False where that was done before and nothing has come since.

        With a master of a closed organization its contact goes too, for nobody else is left to ask for that. Raises
        NotFound, NotClosed.
        """

        def attempt() -> bool:
            found = load_account(self._store, user_id)
            changes = found.changes(found.state.erase(by, now))
            others = list(self._contact_of_the_house(found.state, by, now))
            subjects = self._subjects(found.state)
            is_new = changes.facts or others or any(self._rows.count(found.state.user_id, subjects).values())
            if is_new:
                self._store.save(changes, *others, rows=[self._rows.forget(found.state.user_id, subjects)])
            return bool(is_new)

        return decide(attempt)

    def _contact_of_the_house(self, account: UserAccount, by: str, now: datetime) -> Iterator[Changes]:
        if account.role == "master" and account.organization is not None:
            home = load_organization(self._store, account.organization)
            if facts := home.state.erase_contact(by, now):
                yield home.changes(facts)

    def _subjects(self, account: UserAccount) -> list[UUID]:
        """The account, its certificates, and the requests to revoke those: what was planned can be revoked too."""
        subjects = [account_stream(account.user_id)]
        for found in certificates_of(self._store, account):
            subjects.append(found.stream)
            for serial in found.state.plans:
                subjects += self._requests_to_revoke(serial)
        if account.role == "master" and account.organization is not None:
            home = load_organization(self._store, account.organization)
            subjects += [home.stream] if home.state.closed else []
        return subjects

    def _requests_to_revoke(self, serial: str) -> Iterator[UUID]:
        number = 1
        while self._store.load(stream := approval_stream("revoke", serial, number)):
            yield stream
            number += 1
