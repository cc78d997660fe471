"""Organization: a customer of the bank, its settings, its master and general users (section 1; R6.4, R7.1, R7.4)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

import msgspec

from domain.errors import MasterExists, NotFound, TooManyUsers
from domain.fact import Fact
from domain.invitation import Invitation
from domain.lockout import Lockout
from domain.organization_facts import (
    ContactErased,
    GeneralUserClosed,
    GeneralUserRegistered,
    InvitationAccepted,
    InvitationBlocked,
    InvitationFailed,
    InvitationLocked,
    InvitationLockExpired,
    InvitationRefused,
    InvitationReleased,
    Language,
    MasterInitialized,
    MasterInvited,
    MasterRegistered,
    OrganizationClosed,
    OrganizationRegistered,
    OrganizationSettingChanged,
    Profile,
    Switch,
)


class Organization(Invitation, frozen=True, kw_only=True):
    """`general_users` are the IDs of those not closed; how its master comes in is its Invitation."""

    name: str
    p12_profile: Profile = "modern"
    issuance_code: Switch = "off"
    language: Language = "ja"
    general_users: tuple[str, ...] = ()
    contact_erased: bool = False

    @classmethod
    def register(cls, code: str, name: str, commitment: str, by: str, now: datetime) -> list[Fact]:
        return [OrganizationRegistered(at=now, by=by, code=code, name=name, contact=1, commitment=commitment)]

    @property
    def users(self) -> tuple[str, ...]:
        """The IDs of all whose accounts are open."""
        return (self.master, *self.general_users) if self.master else self.general_users

    def invite_master(self, until: datetime, by: str, now: datetime) -> list[Fact]:
        """The first letter."""
        self._check_no_master()
        return [MasterInvited(at=now, by=by, credential=self.credential + 1, password_until=until)]

    def initialize(self, until: datetime, by: str, now: datetime) -> list[Fact]:
        """A new letter, whatever became of the one before; the master's account ends with it (R7.4)."""
        self._check_not_closed()
        return [
            *self._expire_lock(by, now),
            MasterInitialized(at=now, by=by, user_id=self.master),
            MasterInvited(at=now, by=by, credential=self.credential + 1, password_until=until),
        ]

    def register_master(self, user_id: str, by: str, now: datetime) -> list[Fact]:
        """By the bank; one master each (section 1). The letter dies with it (R7.2)."""
        self._check_not_closed()
        self._check_no_master()
        return [*self._expire_lock(by, now), MasterRegistered(at=now, by=by, user_id=user_id)]

    def register_general_user(self, user_id: str, most: int, by: str, now: datetime) -> list[Fact]:
        """Raises TooManyUsers where there are `most` of them already (section 1)."""
        self._check_not_closed()
        if len(self.general_users) >= most:
            raise TooManyUsers(most)
        return [*self._expire_lock(by, now), GeneralUserRegistered(at=now, by=by, user_id=user_id)]

    def close_general_user(self, user_id: str, by: str, now: datetime) -> list[Fact]:
        if user_id not in self.general_users:
            return []
        return [*self._expire_lock(by, now), GeneralUserClosed(at=now, by=by, user_id=user_id)]

    def close(self, by: str, now: datetime) -> list[Fact]:
        """For ever: its code is not used again (R6.4)."""
        self._check_not_closed()
        return [*self._expire_lock(by, now), OrganizationClosed(at=now, by=by)]

    def erase_contact(self, by: str, now: datetime) -> list[Fact]:
        """Once. While the organization is open it is the bank's to write to, whoever of its people goes (R10.6)."""
        return [ContactErased(at=now, by=by)] if self.closed and not self.contact_erased else []

    def set(
        self,
        p12_profile: Profile | None,
        issuance_code: Switch | None,
        language: Language | None,
        by: str,
        now: datetime,
    ) -> list[Fact]:
        """None leaves a setting as it is."""
        self._check_not_closed()
        wanted = OrganizationSettingChanged(
            at=now,
            by=by,
            p12_profile=p12_profile or self.p12_profile,
            issuance_code=issuance_code or self.issuance_code,
            language=language or self.language,
        )
        return [] if self.after(wanted) == self else [*self._expire_lock(by, now), wanted]

    def _check_no_master(self) -> None:
        if self.master is not None:
            raise MasterExists(self.code)

    def after(self, fact: Fact) -> Self:
        replace = msgspec.structs.replace
        match fact:
            case OrganizationSettingChanged(p12_profile=profile, issuance_code=code, language=language):
                return replace(self, p12_profile=profile, issuance_code=code, language=language)
            case MasterInvited(credential=credential, password_until=until):
                return replace(self, credential=credential, password_until=until)
            case InvitationAccepted() | InvitationReleased():
                return replace(self, lockout=Lockout())
            case InvitationFailed():
                return replace(self, lockout=self.lockout.after_failure())
            case InvitationRefused(at=at):
                return replace(self, refused_at=at)
            case InvitationLocked(lock=lock, until=until):
                return replace(self, lockout=self.lockout.after_lock(lock, until))
            case InvitationLockExpired():
                return replace(self, lockout=self.lockout.after_lock_expired())
            case InvitationBlocked():
                return replace(self, lockout=self.lockout.after_block())
            case MasterRegistered(user_id=user_id):
                return replace(self, master=user_id)
            case MasterInitialized():
                return replace(self, master=None, lockout=Lockout())
            case GeneralUserRegistered(user_id=user_id):
                return replace(self, general_users=(*self.general_users, user_id))
            case GeneralUserClosed(user_id=user_id):
                left = tuple(other for other in self.general_users if other != user_id)
                return replace(self, general_users=left)
            case OrganizationClosed():
                return replace(self, closed=True)
            case ContactErased():
                return replace(self, contact_erased=True)
            case _:
                return self


def organization_from(facts: Iterable[Fact]) -> Organization:
    """The state after `facts`; NotFound where there are none."""
    state: Organization | None = None
    for fact in facts:
        if isinstance(fact, OrganizationRegistered):
            state = Organization(code=fact.code, name=fact.name)
        elif state is not None:
            state = state.after(fact)
    if state is None:
        raise NotFound("organization")
    return state
