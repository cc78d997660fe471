"""What the read models answer: rows and pages (screens.md, Machine). No database here, so that `web/` can name them."""

from datetime import date, datetime
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from domain.certificate import Reason
from domain.user_account_facts import Role

AccountState = Literal["open", "locked", "blocked", "suspended", "closed"]
CertificateState = Literal["live", "expiring", "expired", "revoked", "superseded"]

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


class CertificateKey(msgspec.Struct, frozen=True, array_like=True):
    """A row's place in the list: by its end (not_after; of a revoked plan revoked_at), then by serial.

    Strangers send it back, so its fields say what they may hold.
    """

    ends_at: Annotated[datetime, Meta(tz=True)]
    serial: Serial


AccountPage = Page[AccountRow, str]
CertificatePage = Page[CertificateRow, CertificateKey]
