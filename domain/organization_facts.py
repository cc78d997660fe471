"""What happens to an Organization: its facts, as they are stored for ever (R6.4, R7)."""

from typing import ClassVar, Literal

from domain.fact import Fact, Instant

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


class OrganizationClosed(Fact, frozen=True):
    """Its accounts and certificates end in their own streams, in the same save (R6.4)."""

    TOPIC: ClassVar[str] = "organization.closed.1"


class ContactErased(Fact, frozen=True):
    """The organization's contact is gone from the vault, with the data of a master of it (R10.6)."""

    TOPIC: ClassVar[str] = "organization.contact-erased.1"


class MasterInvited(Fact, frozen=True):
    """The letter's initial password, as a version in the vault."""

    TOPIC: ClassVar[str] = "organization.master-invited.1"
    credential: int
    password_until: Instant


# Whoever tries the letter's password is nobody yet: the actor of these five is the organization's code.


class InvitationAccepted(Fact, frozen=True):
    """The right initial password, which ends a run of wrong ones (R3.2, R7.2)."""

    TOPIC: ClassVar[str] = "organization.invitation-accepted.1"


class InvitationFailed(Fact, frozen=True):
    TOPIC: ClassVar[str] = "organization.invitation-failed.1"


class InvitationRefused(Fact, frozen=True):
    """`reason`: locked, blocked or closed where the password was not looked at, at most one a minute (R3.4); expired or
    already_registered after the right one (R7.2)."""

    TOPIC: ClassVar[str] = "organization.invitation-refused.1"
    reason: str


class InvitationLocked(Fact, frozen=True):
    TOPIC: ClassVar[str] = "organization.invitation-locked.1"
    lock: int
    until: Instant


class InvitationBlocked(Fact, frozen=True):
    TOPIC: ClassVar[str] = "organization.invitation-blocked.1"


class InvitationLockExpired(Fact, frozen=True):
    """`at` is the end of the lock, whenever it is written (R3.7)."""

    TOPIC: ClassVar[str] = "organization.invitation-lock-expired.1"


class InvitationReleased(Fact, frozen=True):
    """By the bank. `was`: locked or blocked."""

    TOPIC: ClassVar[str] = "organization.invitation-released.1"
    was: str


class MasterRegistered(Fact, frozen=True):
    TOPIC: ClassVar[str] = "organization.master-registered.1"
    user_id: str


class MasterInitialized(Fact, frozen=True):
    """The bank begins again with a new letter (R7.4). `user_id` is the master's whose account ends, if there is one."""

    TOPIC: ClassVar[str] = "organization.master-initialized.1"
    user_id: str | None


class GeneralUserRegistered(Fact, frozen=True):
    """Told here too, so that of two who register the last general user at once one is refused (section 1)."""

    TOPIC: ClassVar[str] = "organization.general-user-registered.1"
    user_id: str


class GeneralUserClosed(Fact, frozen=True):
    TOPIC: ClassVar[str] = "organization.general-user-closed.1"
    user_id: str
