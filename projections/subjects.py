"""On whom a fact is: users, certificates, organizations and the like, by the names that people know them by (R10.1)."""

from collections.abc import Iterable, Iterator
from functools import cache
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


def subjects_of(entry: LogEntry, known: dict[UUID, Subjects]) -> Subjects:
    """On whom the fact is: what its stream is about, which `known` learns here, and what it names besides."""
    fact = entry.fact
    own, naming = known.get(entry.stream, ()), _naming(type(fact))
    if not naming:  # as of most facts
        return own
    if opened := _opened(fact, known):
        own = known[entry.stream] = _each_once((*own, *opened))
    return _each_once((*own, *_named(fact, naming)))


@cache
def _naming(kind: type[Fact]) -> Subjects:
    """The fields of that kind of fact that say on whom; what opens a stream has one of them."""
    return tuple(name for name in NAMING if name in kind.__struct_fields__)


def _opened(fact: Fact, known: dict[UUID, Subjects]) -> Subjects:
    """What the whole stream is about from this fact on."""
    match fact:
        case UserRegistered():
            return (fact.user_id,)
        case OrganizationRegistered():
            return (fact.code,)
        case CertificatePlanned():
            return (fact.user_id, fact.serial)
        case NotificationRequested():
            return (fact.user_id, *known.get(fact.stream, ()))
        case ApprovalRequested():
            return (fact.target, fact.user_id)
        case TokenIssued():
            return (fact.user_id, fact.token_id)
        case _:
            return ()


def _named(fact: Fact, naming: Subjects) -> Iterator[str]:
    """A user, or a certificate; of a reading, whom it was asked about."""
    for name in naming:
        value = getattr(fact, name)
        yield value.get("subject", "") if isinstance(value, dict) else value or ""


def _each_once(names: Iterable[str]) -> Subjects:
    """In their order, the empty ones left out."""
    return tuple(dict.fromkeys(name for name in names if name))
