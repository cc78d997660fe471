"""What happened, as its owner may read it: the own history, and for a master the organization's (R6.2; section 1).

The history of everything, with filters and proof, is the auditors'.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from application.members import Members
from application.ports import FactStore
from application.streams import load_account
from domain.certificate import (
    CertificateFirstUsed,
    CertificateIssued,
    CertificateRevoked,
    KeyPackageDelivered,
    KeyPackageDestroyed,
    certificate_stream,
)
from domain.credentials import account_stream, organization_stream
from domain.fact import WORKER, Fact
from domain.organization_facts import (
    GeneralUserRegistered,
    InvitationBlocked,
    InvitationFailed,
    InvitationLocked,
    InvitationLockExpired,
    InvitationRefused,
    InvitationReleased,
    MasterInitialized,
    MasterInvited,
    MasterRegistered,
    OrganizationSettingChanged,
)
from domain.user_account import account_from
from domain.user_account_facts import (
    AccessRefused,
    AccountBlocked,
    AccountClosed,
    AccountLocked,
    AccountLockExpired,
    AccountReleased,
    AccountResumed,
    AccountSuspended,
    ContactChanged,
    IssuanceAbandoned,
    IssuanceCodeFailed,
    IssuanceCodeSent,
    IssuanceRefused,
    LoggedIn,
    LoggedOut,
    PasswordAccepted,
    PasswordChanged,
    PasswordFailed,
    PasswordReset,
    PersonalDataErased,
    UserRegistered,
)

# What a person recognizes; what only says the same again, or tells how we work, is left to the auditors.
TOLD = (
    *(UserRegistered, ContactChanged, AccountSuspended, AccountResumed, AccountClosed, PersonalDataErased),
    *(PasswordAccepted, PasswordFailed, PasswordChanged, PasswordReset, AccessRefused),
    *(AccountLocked, AccountLockExpired, AccountBlocked, AccountReleased),
    *(IssuanceRefused, IssuanceAbandoned, IssuanceCodeSent, IssuanceCodeFailed, LoggedIn, LoggedOut),
    *(CertificateIssued, KeyPackageDelivered, KeyPackageDestroyed, CertificateFirstUsed, CertificateRevoked),
    # Of the organization itself: its letter and its settings. Its users are told of in their own streams.
    *(MasterInvited, MasterInitialized, OrganizationSettingChanged, InvitationFailed, InvitationRefused),
    *(InvitationLocked, InvitationLockExpired, InvitationBlocked, InvitationReleased),
)
Actor = Literal["owner", "master", "bank", "system", "letter"]
PAGE = 50


class Told(msgspec.Struct, frozen=True):
    """One line. `user_id` is whose history it belongs to, None: the organization's. Who of the bank acted is the bank's
    to know."""

    at: datetime
    user_id: str | None
    actor: Actor
    fact: Fact

    @property
    def kind(self) -> str:
        return type(self.fact).__name__


class HistoryPage(msgspec.Struct, frozen=True):
    """The newest first; `next` is where the older ones begin, None on the last page."""

    items: list[Told]
    next: int | None


class History:
    def __init__(self, store: FactStore, members: Members) -> None:
        self._store = store
        self._members = members

    def of_user(self, user_id: str, before: int | None = None) -> HistoryPage:
        """`before` is a page's `next`."""
        organization = load_account(self._store, user_id).state.organization
        masters = _users_of(self._organization(organization))[1] if organization else set()
        return _page(self._told(user_id, masters), before)

    def of_organization(self, master: str, before: int | None = None) -> HistoryPage:
        """Its own, and that of all its users there ever were, masters too. Raises NotPermitted for who is no master."""
        code = self._members.organization(master).code
        facts = self._organization(code)
        users, masters = _users_of(facts)
        own = [Told(fact.at, None, _letters_actor(fact.by, code, masters), fact) for fact in facts if _is_told(fact)]
        return _page(own + [told for user_id in users for told in self._told(user_id, masters)], before)

    def _organization(self, code: str) -> list[Fact]:
        return self._store.load(organization_stream(code))

    def _told(self, user_id: str, masters: set[str]) -> list[Told]:
        facts = self._store.load(account_stream(user_id))
        account = account_from(facts)
        for number in range(1, account.issues + 1 if account else 1):
            facts += self._store.load(certificate_stream(user_id, number))
        return [Told(fact.at, user_id, _actor(fact.by, user_id, masters), fact) for fact in facts if _is_told(fact)]


def _users_of(facts: Iterable[Fact]) -> tuple[list[str], set[str]]:
    """All there ever were, and which of them were its masters."""
    users, masters = dict[str, None](), set[str]()
    for fact in facts:
        match fact:
            case MasterRegistered(user_id=user_id):
                users[user_id] = None
                masters.add(user_id)
            case GeneralUserRegistered(user_id=user_id):
                users[user_id] = None
            case MasterInitialized(user_id=str(user_id)):
                masters.add(user_id)
    return list(users), masters


def _letters_actor(by: str, code: str, masters: set[str]) -> Actor:
    """Whoever types a letter's password is nobody yet: the actor of those facts is the organization's code."""
    return "letter" if by == code else _actor(by, code, masters)


def _actor(by: str, user_id: str, masters: set[str]) -> Actor:
    if by == user_id:
        return "owner"
    if by in masters:
        return "master"
    return "system" if by == WORKER else "bank"


def _is_told(fact: Fact) -> bool:
    """A log-in says by itself that the password was right."""
    return isinstance(fact, TOLD) and not (isinstance(fact, PasswordAccepted) and fact.entry == "login")


def _page(told: list[Told], before: int | None) -> HistoryPage:
    told.sort(key=lambda line: line.at)  # stable: facts of one instant stay in their order
    end = len(told) if before is None else max(0, min(before, len(told)))
    start = max(0, end - PAGE)
    return HistoryPage(told[start:end][::-1], start or None)
