"""On whom a fact is: users, certificates, organizations and the like, by the names that people know them by (R10.1)."""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from domain.api_token import TokenIssued
from domain.approval import ApprovalRequested
from domain.certificate import CertificatePlanned
from domain.fact import Fact, LogEntry
from domain.notification import NotificationRequested
from domain.organization_facts import OrganizationRegistered
from domain.user_account_facts import UserRegistered

Subjects = tuple[str, ...]

NAMING = ("user_id", "serial", "asked", "code", "target", "token_id")
# What the whole stream is about from such a fact on, by its fields.
OPENING: dict[type[Fact], tuple[str, ...]] = {
    UserRegistered: ("user_id",),
    OrganizationRegistered: ("code",),
    CertificatePlanned: ("user_id", "serial"),
    NotificationRequested: ("user_id",),
    ApprovalRequested: ("target", "user_id"),
    TokenIssued: ("user_id", "token_id"),
}


def subjects_of(entry: LogEntry, known: dict[UUID, Subjects]) -> Subjects:
    """On whom the fact is: what its stream is about, which `known` learns here, and what it names besides."""
    fact, kind = entry.fact, type(entry.fact)
    own = known.get(entry.stream, ())
    if kind in OPENING:
        own = _joined(own, _told(fact, OPENING[kind]))
        if isinstance(fact, NotificationRequested):
            own = _joined(own, known.get(fact.stream, ()))
        known[entry.stream] = own
    naming = _naming(kind)  # empty for most facts
    return _joined(own, _told(fact, naming)) if naming else own


@cache
def _naming(kind: type[Fact]) -> tuple[str, ...]:
    """The fields of that kind of fact that say on whom."""
    return tuple(name for name in NAMING if name in kind.__struct_fields__)


def _told(fact: Fact, fields: Iterable[str]) -> Iterable[Any]:
    return (getattr(fact, name) for name in fields)


def _joined(names: Subjects, more: Iterable[Any]) -> Subjects:
    """Each once, in their order, without the empty ones; of a reading, whom it was asked about."""
    for name in more:
        told = name.get("subject", "") if isinstance(name, dict) else name
        if told and told not in names:
            names = (*names, told)
    return names
