"""Certificates and their mails, written into a log fact by fact."""

from datetime import datetime

from domain.certificate import Reason, certificate_stream
from domain.credentials import account_stream
from domain.fact import WORKER, Fact
from domain.notification import Kind, notification_stream
from domain.validity import Validity
from tests.support.accounts import NINE, TARO, fact, registered
from tests.support.log import MemoryLog


def register(log: MemoryLog, user_id: str = TARO, organization: str | None = "org0001") -> None:
    log.append(account_stream(user_id), registered(user_id, organization=organization).facts)


def close(log: MemoryLog, at: datetime, user_id: str = TARO) -> None:
    log.append(account_stream(user_id), [fact("AccountClosed", at, by="hanako01", reason="deleted")])


def append(log: MemoryLog, *facts: Fact, user_id: str = TARO, number: int = 1) -> None:
    log.append(certificate_stream(user_id, number), facts)


def planned(serial: str = "A1", user_id: str = TARO, number: int = 1, at: datetime = NINE) -> Fact:
    return fact("CertificatePlanned", at, user_id=user_id, number=number, serial=serial, tbs=b"tbs", sha256="ab" * 32)


def issued(serial: str = "A1", at: datetime = NINE) -> Fact:
    validity = Validity.from_issue(at)
    return fact(
        "CertificateIssued",
        at,
        serial=serial,
        der=b"der",
        fingerprint="cd" * 32,
        not_before=validity.not_before,
        not_after=validity.not_after,
    )


def revoked(reason: Reason, at: datetime, serial: str = "A1") -> Fact:
    return fact("CertificateRevoked", at, serial=serial, reason=reason)


def issue(log: MemoryLog, serial: str, user_id: str = TARO, number: int = 1, at: datetime = NINE) -> None:
    append(log, planned(serial, user_id, number, at), issued(serial, at), user_id=user_id, number=number)


def ask(log: MemoryLog, kind: Kind, at: datetime, user_id: str = TARO, number: int = 1) -> None:
    """For a mail about that certificate."""
    about = certificate_stream(user_id, number)
    asked = fact("NotificationRequested", at, by=WORKER, kind=kind, user_id=user_id, stream=about)
    log.append(notification_stream(kind, about), [asked])
