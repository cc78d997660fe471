"""Loaded aggregates: a state, its stream, and the version it stands at; and what several buttons load alike."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from application.ports import Changes, Conflict, FactStore
from domain.certificate import Certificate, certificate_from, certificate_stream
from domain.credentials import account_stream, organization_stream
from domain.errors import NotFound
from domain.fact import Fact
from domain.notification import Kind, Notification, notification_stream, renews
from domain.organization import Organization, organization_from
from domain.organization_facts import Profile
from domain.user_account import UserAccount, account_from

State = TypeVar("State")
Result = TypeVar("Result")

ATTEMPTS = 10  # decisions on one command before the conflict is told


class Loaded(NamedTuple, Generic[State]):
    state: State
    stream: UUID
    version: int

    def changes(self, facts: Sequence[Fact]) -> Changes:
        return Changes(self.stream, self.version, facts)


def decide(attempt: Callable[[], Result]) -> Result:
    """Load, decide, save - and again where somebody else wrote in between, up to a bound."""
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except Conflict:
            continue
    return attempt()


def find_account(store: FactStore, user_id: str) -> Loaded[UserAccount] | None:
    """The account of exactly this ID (R2.2), or None."""
    stream = account_stream(user_id)
    facts = store.load(stream)
    state = account_from(facts)
    return Loaded(state, stream, len(facts)) if state is not None and state.user_id == user_id else None


def load_account(store: FactStore, user_id: str) -> Loaded[UserAccount]:
    found = find_account(store, user_id)
    if found is None:
        raise NotFound("user")
    return found


def load_staff(store: FactStore, user_id: str) -> Loaded[UserAccount]:
    found = find_account(store, user_id)
    if found is None or not found.state.is_staff:
        raise NotFound("member of staff")
    return found


def find_organization(store: FactStore, code: str) -> Loaded[Organization] | None:
    """Written in any case: a code is unique without regard to it (R7.1)."""
    stream = organization_stream(code)
    facts = store.load(stream)
    return Loaded(organization_from(facts), stream, len(facts)) if facts else None


def load_organization(store: FactStore, code: str) -> Loaded[Organization]:
    found = find_organization(store, code)
    if found is None:
        raise NotFound("organization")
    return found


def load_certificate(store: FactStore, stream: UUID) -> Loaded[Certificate] | None:
    facts = store.load(stream)
    state = certificate_from(facts)
    return Loaded(state, stream, len(facts)) if state is not None else None


def certificates_of(store: FactStore, account: UserAccount) -> Iterator[Loaded[Certificate]]:
    """Newest issue first; numbers that never came to a plan are passed over."""
    for number in range(account.issues, 0, -1):
        found = load_certificate(store, certificate_stream(account.user_id, number))
        if found is not None:
            yield found


def live_certificates(store: FactStore, account: UserAccount, now: datetime) -> Iterator[Loaded[Certificate]]:
    """Those neither revoked nor past their last day, newest issue first."""
    return (found for found in certificates_of(store, account) if found.state.state(now) == "live")


def newest_live(store: FactStore, account: UserAccount, now: datetime) -> Certificate | None:
    """The one with the highest issue number that has not ended (R4.2)."""
    return next((found.state for found in live_certificates(store, account, now)), None)


def is_renewed(store: FactStore, account: UserAccount, certificate: Certificate) -> bool:
    """Whether a later certificate of the account spares its user the mails about this one's end (R8.2)."""
    older = certificate.validity
    if older is None or account.issues == certificate.number:
        return False  # the newest, as nearly always: nothing is asked
    later = takewhile(lambda found: found.state.number > certificate.number, certificates_of(store, account))
    return any(found.state.validity is not None and renews(found.state.revoked_at, older.not_after) for found in later)


def mail(kind: Kind, user_id: str, cause: Changes, fact: Fact) -> Changes:
    """Ask for one mail, caused by `fact` of `cause`; its stream is new, so asking twice is one conflict (R8.3)."""
    version = cause.version + 1 + next(place for place, found in enumerate(cause.facts) if found is fact)
    asked = Notification.request(kind, user_id, cause.stream, version, fact.by, fact.at)
    return Changes(notification_stream(kind, cause.stream, version), 0, asked)


def organization_of(store: FactStore, account: UserAccount, bank_name: str) -> tuple[str, Profile]:
    """Whose name the account's certificates carry as O, and how its p12 is packed; staff carry the bank's name."""
    if account.organization is None:
        return bank_name, "modern"
    organization = load_organization(store, account.organization).state
    return organization.name, organization.p12_profile
