"""Notification: a mail asked for, once per kind and subject (R8.3, R8.4).

The stream is named by kind and by the causing fact's place, so asking twice ends in one unique key.
"""

from typing import ClassVar, Literal
from uuid import UUID, uuid5

from domain.fact import Fact

NOTIFICATIONS = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a04")

Kind = Literal["locked", "blocked", "issued", "revoked", "released"]


def notification_stream(kind: Kind, stream: UUID, version: int) -> UUID:
    return uuid5(NOTIFICATIONS, f"{kind}/{stream}/{version}")


class NotificationRequested(Fact, frozen=True):
    """`stream` and `version` are the place of the fact that caused it; the address is looked up when it is sent."""

    TOPIC: ClassVar[str] = "notification.requested.1"
    kind: Kind
    user_id: str
    stream: UUID
    version: int
