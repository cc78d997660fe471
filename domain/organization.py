"""Organization: a customer of the bank, its invitation letter, its master and its settings (R7.1, R7.4).

The first registration by that letter comes with the portal; here stand registration, the master and the settings.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal, Self

import msgspec

from domain.errors import MasterExists, NotFound
from domain.fact import Fact

Profile = Literal["modern", "legacy"]
Switch = Literal["on", "off"]
Language = Literal["ja", "en"]


class OrganizationRegistered(Fact, frozen=True):
    """`name` is the organization's own, which its certificates carry; the contact address is in the vault."""

    TOPIC: ClassVar[str] = "organization.registered.1"
    code: str
    name: str
    contact: int
    commitment: str


class OrganizationSettingChanged(Fact, frozen=True):
    TOPIC: ClassVar[str] = "organization.setting-changed.1"
    p12_profile: Profile
    issuance_code: Switch
    language: Language


class MasterInvited(Fact, frozen=True):
    """The letter's initial password, as a version in the vault."""

    TOPIC: ClassVar[str] = "organization.master-invited.1"
    credential: int
    password_until: datetime


class MasterRegistered(Fact, frozen=True):
    TOPIC: ClassVar[str] = "organization.master-registered.1"
    user_id: str


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: str
    p12_profile: Profile = "modern"
    issuance_code: Switch = "off"
    language: Language = "ja"
    credential: int = 0
    invited_until: datetime | None = None
    master: str | None = None

    @classmethod
    def register(cls, code: str, name: str, commitment: str, by: str, now: datetime) -> list[Fact]:
        return [OrganizationRegistered(at=now, by=by, code=code, name=name, contact=1, commitment=commitment)]

    def invite_master(self, until: datetime, by: str, now: datetime) -> list[Fact]:
        if self.master is not None:
            raise MasterExists(self.code)
        return [MasterInvited(at=now, by=by, credential=self.credential + 1, password_until=until)]

    def register_master(self, user_id: str, by: str, now: datetime) -> list[Fact]:
        """One master each (requirements, section 1); the letter dies with it (R7.2)."""
        if self.master is not None:
            raise MasterExists(self.code)
        return [MasterRegistered(at=now, by=by, user_id=user_id)]

    def set(
        self, p12_profile: Profile, issuance_code: Switch, language: Language, by: str, now: datetime
    ) -> list[Fact]:
        if (p12_profile, issuance_code, language) == (self.p12_profile, self.issuance_code, self.language):
            return []
        return [
            OrganizationSettingChanged(
                at=now, by=by, p12_profile=p12_profile, issuance_code=issuance_code, language=language
            )
        ]

    def after(self, fact: Fact) -> Self:
        replace = msgspec.structs.replace
        match fact:
            case OrganizationSettingChanged(p12_profile=profile, issuance_code=code, language=language):
                return replace(self, p12_profile=profile, issuance_code=code, language=language)
            case MasterInvited(credential=credential, password_until=until):
                return replace(self, credential=credential, invited_until=until)
            case MasterRegistered(user_id=user_id):
                return replace(self, master=user_id, invited_until=None)
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
