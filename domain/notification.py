"""Notification: one mail - asked for, then sent, given up or cancelled; what was given up may be asked for again (R8).

The stream is named by kind and subject - a certificate, or the causing fact's place, or an account and a day -, so
asking twice ends in one unique key. The text and the address are looked up when the mail is sent, and stand in no fact.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal, Self, TypeAlias
from uuid import UUID, uuid5

import msgspec

from domain.certificate import Certificate
from domain.errors import NotGivenUp
from domain.fact import Fact
from domain.validity import JST, end_of, japanese_day, start_of_day

NOTIFICATIONS = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a04")

Expiry: TypeAlias = Literal["expiring", "expired"]
# `address_left` goes to the address that a change has ended, `address_changed` to the new one (R6.3).
Address: TypeAlias = Literal["address_changed", "address_left"]
Kind: TypeAlias = Literal[Expiry, Address, "locked", "blocked", "issued", "revoked", "released", "code", "tree_head"]
EXPIRY: tuple[Expiry, ...] = ("expiring", "expired")
ADDRESS: tuple[Address, ...] = ("address_changed", "address_left")
Cancelled = Literal["renewed", "ended", "not_ended", "closed", "erased", "code_over"]
Outcome = Literal["sent", "given_up", "cancelled"]


def notification_stream(kind: Kind, stream: UUID, version: int | None = None) -> UUID:
    """`version` is the causing fact's place in `stream`; None where the subject is the certificate itself."""
    return uuid5(NOTIFICATIONS, f"{kind}/{stream}/{version}" if version is not None else f"{kind}/{stream}")


def daily_stream(kind: Kind, account: UUID, day: date) -> UUID:
    """Of what goes to each of several accounts, once on each day in Japan, whatever the cause."""
    return uuid5(NOTIFICATIONS, f"{kind}/{account}/{day.isoformat()}")


class NotificationRequested(Fact, frozen=True):
    """`stream` and `version` are the place of the fact that caused it; an expiry mail's are its certificate's, None."""

    TOPIC: ClassVar[str] = "notification.requested.1"
    kind: Kind
    user_id: str
    stream: UUID
    version: int | None = None


class NotificationSent(Fact, frozen=True):
    """The mail server has taken it. `attempts` counts this one."""

    TOPIC: ClassVar[str] = "notification.sent.1"
    message_id: str
    attempts: int


class NotificationGivenUp(Fact, frozen=True):
    """`reason` is the last fault's code: unreachable, refused or its like; never the server's own words."""

    TOPIC: ClassVar[str] = "notification.given-up.1"
    reason: str
    attempts: int


class NotificationCancelled(Fact, frozen=True):
    """It was no longer true, or there was nobody to send it to."""

    TOPIC: ClassVar[str] = "notification.cancelled.1"
    reason: Cancelled


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    user_id: str
    stream: UUID
    version: int | None
    outcome: Outcome | None = None

    @classmethod
    def request(cls, kind: Kind, user_id: str, stream: UUID, version: int | None, by: str, now: datetime) -> list[Fact]:
        return [NotificationRequested(at=now, by=by, kind=kind, user_id=user_id, stream=stream, version=version)]

    def request_again(self, by: str, now: datetime) -> list[Fact]:
        """By a person, for a mail that was given up: it waits once more, under the same Message-ID (R8.3)."""
        if self.outcome != "given_up":
            raise NotGivenUp(self.kind)
        return self.request(self.kind, self.user_id, self.stream, self.version, by, now)

    def sent(self, message_id: str, attempts: int, by: str, now: datetime) -> list[Fact]:
        return self._ended_by(NotificationSent(at=now, by=by, message_id=message_id, attempts=attempts))

    def give_up(self, reason: str, attempts: int, by: str, now: datetime) -> list[Fact]:
        return self._ended_by(NotificationGivenUp(at=now, by=by, reason=reason, attempts=attempts))

    def cancel(self, reason: Cancelled, by: str, now: datetime) -> list[Fact]:
        return self._ended_by(NotificationCancelled(at=now, by=by, reason=reason))

    def _ended_by(self, fact: Fact) -> list[Fact]:
        return [] if self.outcome else [fact]

    def after(self, fact: Fact) -> Self:
        match fact:
            case NotificationRequested():
                return msgspec.structs.replace(self, outcome=None)
            case NotificationSent():
                return msgspec.structs.replace(self, outcome="sent")
            case NotificationGivenUp():
                return msgspec.structs.replace(self, outcome="given_up")
            case NotificationCancelled():
                return msgspec.structs.replace(self, outcome="cancelled")
            case _:
                return self


def notification_from(facts: Iterable[Fact]) -> Notification | None:
    """The state after `facts`, or None where there are none."""
    state: Notification | None = None
    for fact in facts:
        if state is None and isinstance(fact, NotificationRequested):
            state = Notification(kind=fact.kind, user_id=fact.user_id, stream=fact.stream, version=fact.version)
        elif state is not None:
            state = state.after(fact)
    return state


def renews(revoked_at: datetime | None, not_after: datetime) -> bool:
    """Whether a later certificate, revoked then or never, spares its user the mails about one until `not_after` (R8.2).

    Not where it was revoked before that end: the older is then what the user has left. Revoked afterwards it has done
    its part, whether it was ever used or not: the older did not end unrenewed.
    """
    return revoked_at is None or revoked_at >= end_of(not_after)


def expiry_due(certificate: Certificate, is_renewed: bool, now: datetime) -> Expiry | None:
    """Which expiry mail a certificate is due at `now`, by the day alone (manual 6; R8.1, R8.2).

    Due since L-30, 00:00 JST, or since its end - not on one day only, so that an outage loses none. None for what was
    renewed, revoked or never issued.
    """
    if is_renewed or certificate.validity is None:
        return None
    match certificate.state(now):
        case "expired":
            return "expired"
        case "live" if certificate.validity.is_renewable(now):
            return "expiring"
    return None


def why_not_to_send(kind: Kind, certificate: Certificate, is_renewed: bool, now: datetime) -> Cancelled | None:
    """Why an expiry mail asked for earlier is no longer true just before it is sent, or None (R8.2)."""
    if is_renewed:
        return "renewed"
    if kind == expiry_due(certificate, is_renewed, now):
        return None
    return "ended" if certificate.has_ended(now) else "not_ended"


def expiry_mail_time(now: datetime, hour: int) -> datetime:
    """The next instant, from `now` on, at which expiry mails are asked for and sent: from `hour` JST (R8.2)."""
    if now.astimezone(JST).hour >= hour:
        return now
    return start_of_day(japanese_day(now)) + timedelta(hours=hour)
