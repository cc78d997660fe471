"""What the read models answer: rows and pages (screens.md, Machine). No database here, so that `web/` can name them."""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.approval import Act, Refusal
from domain.certificate import Reason
from domain.notification import Expiry, Kind, Outcome
from domain.organization_facts import Language, Profile, Switch
from domain.user_account_facts import Role

AccountState = Literal["open", "locked", "blocked", "suspended", "closed"]
CertificateState = Literal["live", "expiring", "expired", "revoked", "superseded"]

ApprovalState: TypeAlias = Literal["open", "given", Refusal]
MailState: TypeAlias = Literal["waiting", Outcome]

# The orders of the lists; with `-` before it the same from its end.
AccountSort = Literal["user_id", "-user_id", "organization", "-organization", "locked_until", "-locked_until"]
CertificateSort = Literal["end", "-end", "user_id", "-user_id", "not_before", "-not_before"]
OrganizationSort = Literal["code", "-code", "registered_at", "-registered_at"]
UserSort = Literal["user_id", "-user_id", "organization", "-organization"]
MailSort = Literal["newest", "oldest"]
EventSort = MailSort

# Upper-case hex; at most 20 octets (RFC 5280 4.1.2.2).
Serial = Annotated[str, Meta(pattern=r"\A[0-9A-F]{1,40}\Z")]

EXPIRING_WITHIN = 30  # days, where the question does not say
PAGE = 100  # rows, where the question does not say

Row = TypeVar("Row")
Key = TypeVar("Key")


class Page(msgspec.Struct, Generic[Row, Key], frozen=True):
    """`next` is the key behind which the following page begins, None on the last one."""

    items: list[Row]
    next: Key | None


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """`failures` reads 6 while locked or blocked; `locked_until` is given only in the state locked (R3.7)."""

    user_id: str
    organization: str | None
    role: Role
    state: AccountState
    failures: int
    locks: int
    locked_until: datetime | None


class CertificateRow(msgspec.Struct, frozen=True, kw_only=True):
    """A planned serial that was revoked has no validity. `last_day` is a JST date, the instants are UTC."""

    serial: str
    user_id: str
    organization: str | None
    not_before: datetime | None
    not_after: datetime | None
    last_day: date | None
    state: CertificateState
    revoked_at: datetime | None
    reason: Reason | None
    first_used_at: datetime | None


class OrganizationRow(msgspec.Struct, frozen=True, kw_only=True):
    """`general_users` counts those not closed, of the 19 there may be.

    `master` is None before its registration and after an initialization, `closed_at` while it is a customer.
    """

    code: str
    name: str
    p12_profile: Profile
    issuance_code: Switch
    language: Language
    master: str | None
    general_users: int
    registered_at: datetime
    closed_at: datetime | None


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    user_id: str
    organization: str | None
    role: Role
    registered_at: datetime
    closed_at: datetime | None


class ExpiringRow(msgspec.Struct, frozen=True, kw_only=True):
    """`asked_for` is the last of its mails that was; `renewed`: the user has a later certificate, not revoked."""

    serial: str
    user_id: str
    organization: str | None
    not_after: datetime
    last_day: date
    renewed: bool
    asked_for: Expiry | None


class EndingDay(msgspec.Struct, frozen=True):
    """How many certificates have this JST date as their last day."""

    last_day: date
    renewed: int
    not_renewed: int


class MailRow(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is the code of what it was given up or cancelled for; `attempts` are told once it has ended."""

    notification: UUID
    kind: Kind
    user_id: str
    requested_at: datetime
    state: MailState
    ended_at: datetime | None
    attempts: int | None
    reason: str | None
    message_id: str | None


class WaitingMail(msgspec.Struct, frozen=True):
    """`position` is that of its request in the log."""

    position: int
    notification: UUID
    requested_at: datetime


class MailCount(msgspec.Struct, frozen=True):
    kind: Kind
    state: MailState
    mails: int


class MailTotals(msgspec.Struct, frozen=True, kw_only=True):
    """`ended` counts sent, given up and cancelled ones by kind, where there are any."""

    waiting: int
    oldest_waiting_since: datetime | None
    ended: list[MailCount]


class ApprovalRow(msgspec.Struct, frozen=True, kw_only=True):
    """`target` is a serial or an organization's code, and `user_id` whose certificate or which master's: "" for none.

    `asked_by` is who must not be the one who decides that it be done.
    """

    approval: UUID
    act: Act
    target: str
    user_id: str
    reason: Reason
    paper_number: str | None
    asked_by: str
    asked_at: datetime
    state: ApprovalState
    decided_by: str | None
    decided_at: datetime | None


# A row's place in a list: the order it was asked for in, then all that the list's orders go by. Strangers send a key
# back, so its fields say what they may hold. IDs and codes are in lower case; that of no organization is empty.
Id = Annotated[str, Meta(pattern=r"\A[0-9a-z]{1,12}\Z")]
Home = Annotated[str, Meta(pattern=r"\A[0-9a-z]{0,12}\Z")]
Instant = Annotated[datetime, Meta(tz=True)]
Position = Annotated[int, Meta(ge=0, le=2**62)]


class AccountKey(msgspec.Struct, frozen=True, array_like=True):
    """`lock_ends` is None behind all that are locked."""

    sort: AccountSort
    account: Id
    home: Home
    lock_ends: Instant | None


class CertificateKey(msgspec.Struct, frozen=True, array_like=True):
    """`ends_at` is not_after and `starts_at` not_before; both are revoked_at of a revoked plan."""

    sort: CertificateSort
    serial: Serial
    account: Id
    ends_at: Instant
    starts_at: Instant


class OrganizationKey(msgspec.Struct, frozen=True, array_like=True):
    sort: OrganizationSort
    home: Id
    registered_at: Instant


class UserKey(msgspec.Struct, frozen=True, array_like=True):
    sort: UserSort
    account: Id
    home: Home


class MailKey(msgspec.Struct, frozen=True, array_like=True):
    """`position` is that of the request in the log."""

    sort: MailSort
    position: Position


class ApprovalKey(msgspec.Struct, frozen=True, array_like=True):
    """What is open first, then by the place of its request in the log."""

    is_open: bool
    position: Position


class ExpiringKey(msgspec.Struct, frozen=True):
    not_after: datetime
    serial: str


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """A fact (R10.1). `position` counts them from 0, `version` within its stream; `topic` is the form it is stored in.

    `subjects` are the user IDs, serials, organization codes and the like that it is about; `details` the fact's fields
    but `at` and `by`. Where the stored fact is gone or unreadable, topic or details are None. `intact`: it is what the
    tree's leaf was made of (R10.4), None while there is no leaf yet.
    """

    position: int
    at: datetime
    kind: str
    stream: UUID
    version: int
    actor: str
    subjects: list[str]
    topic: str | None
    details: dict[str, Any] | None
    intact: bool | None


class EventKey(msgspec.Struct, frozen=True, array_like=True):
    sort: EventSort
    at: Instant
    position: Position


class HeadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A signed tree head (R10.4). `root` is hex, `note` the published text; `agrees`: the tree still has that root."""

    size: int
    root: str
    at: datetime
    note: str
    agrees: bool


class HeadKey(msgspec.Struct, frozen=True, array_like=True):
    size: Position


class PastTable(msgspec.Struct, frozen=True):
    """One of a read model's tables at a past moment. `part` tells it from the others, "" is most models' first.

    `rows` are the first of its `total`, by its key; each has all `columns`, instants in UTC.
    """

    part: str
    columns: tuple[str, ...]
    total: int
    rows: list[dict[str, Any]]


class PastView(msgspec.Struct, frozen=True):
    """A read model as it stood at `as_of` (R10.2), folded of so many `facts`."""

    view: str
    as_of: datetime
    facts: int
    tables: list[PastTable]


AccountPage = Page[AccountRow, AccountKey]
OrganizationPage = Page[OrganizationRow, OrganizationKey]
UserPage = Page[UserRow, UserKey]
CertificatePage = Page[CertificateRow, CertificateKey]
ExpiringPage = Page[ExpiringRow, ExpiringKey]
MailPage = Page[MailRow, MailKey]
ApprovalPage = Page[ApprovalRow, ApprovalKey]
EventPage = Page[EventRow, EventKey]
HeadPage = Page[HeadRow, HeadKey]
