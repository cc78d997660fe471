"""Organization: a customer of the bank, its invitation letter, its master and its settings (R7.1, R7.4).

The first registration by that letter comes with the portal; here stand registration, the master and the settings.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal, Self

import msgspec

from domain.errors import InvalidInput, MasterExists, NotFound
from domain.fact import Fact

Profile = Literal["modern", "legacy"]
Switch = Literal["on", "off"]
Language = Literal["ja", "en"]


class OrganizationRegistered(Fact, frozen=True):
    """`name` is the organization's own, which its certificates carry.

    `contact` is a version in the vault, where its name and mail address stand; `commitment` proves that row (R10.6).
    """

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
        self,
        p12_profile: Profile | None,
        issuance_code: Switch | None,
        language: Language | None,
        by: str,
        now: datetime,
    ) -> list[Fact]:
        """None leaves a setting as it is. Raises InvalidInput for the code at issue: nobody asks for it yet (R5.7)."""
        wanted = OrganizationSettingChanged(
            at=now,
            by=by,
            p12_profile=p12_profile or self.p12_profile,
            issuance_code=issuance_code or self.issuance_code,
            language=language or self.language,
        )
        if self.after(wanted) == self:
            return []
        if wanted.issuance_code == "on":
            raise InvalidInput(issuance_code="not_built")
        return [wanted]

    def after(self, fact: Fact) -> Self:
        replace = msgspec.structs.replace
        match fact:
            case OrganizationSettingChanged(p12_profile=profile, issuance_code=code, language=language):
                return replace(self, p12_profile=profile, issuance_code=code, language=language)
            case MasterInvited(credential=credential):
                return replace(self, credential=credential)
            case MasterRegistered(user_id=user_id):
                return replace(self, master=user_id)
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
