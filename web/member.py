"""A general user as the master's pages show one: state, certificate, and the acts that would do something (R6.2)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from application.ports import Contact
from domain.user_account import UserAccount
from domain.validity import japanese_day
from projections.answers import CertificateRow
from web.csv import Cell

HEAD = (
    *("ユーザーID", "氏名", "メールアドレス", "状態", "ロックの終わり"),
    *("電子証明書の状態", "有効期限", "残りの日数"),
)

ERASED = "消去済み"

Act = Literal["release", "suspend", "resume", "reset", "close"]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """As the pages show one; `person` is None once erased.

    `state` is an AccountState, or not_issued where it is open and no certificate was ever issued. `certificate` is the
    newest that has not ended, else the newest of all; `days_left` is None where it has ended.
    """

    user_id: str
    person: Contact | None
    state: str
    locked_until: datetime | None
    certificate: CertificateRow | None
    days_left: int | None


def is_alive(row: CertificateRow) -> bool:
    return row.state in ("live", "expiring")


def newest(rows: Iterable[CertificateRow]) -> dict[str, CertificateRow]:
    """Of each user that which is to be shown; the one that ends last comes first in `rows`."""
    found: dict[str, CertificateRow] = {}
    for row in rows:
        known = found.setdefault(row.user_id, row)
        if is_alive(row) and not is_alive(known):
            found[row.user_id] = row
    return found


def member(
    user_id: str,
    person: Contact | None,
    state: str,
    locked_until: datetime | None,
    certificate: CertificateRow | None,
    now: datetime,
) -> Member:
    last_day = certificate.last_day if certificate and is_alive(certificate) else None
    return Member(
        user_id=user_id,
        person=person,
        state="not_issued" if state == "open" and certificate is None else state,
        locked_until=locked_until,
        certificate=certificate,
        days_left=(last_day - japanese_day(now)).days if last_day else None,
    )


def acts_on(account: UserAccount, now: datetime) -> list[Act]:
    """Those that would do something now."""
    if account.closed:
        return []
    held: list[Act] = ["release"] if account.lockout.is_held(now) else []
    return [*held, "resume" if account.suspended else "suspend", "reset", "close"]


def cells(row: Member) -> Sequence[Cell]:
    return (
        row.user_id,
        row.person.name if row.person else ERASED,
        row.person.email if row.person else ERASED,
        row.state,
        row.locked_until,
        row.certificate.state if row.certificate else None,
        row.certificate.last_day if row.certificate else None,
        row.days_left,
    )
