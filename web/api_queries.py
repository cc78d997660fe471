"""What can be asked of the JSON API: addresses, filters, and what each answers (screens.md, Machine; R9.1)."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.replay import check_past
from domain.certificate import written_serial
from domain.errors import InvalidInput
from domain.fact_kinds import KINDS
from domain.user_account_facts import STAFF, Role
from domain.validity import instant_from
from projections.answers import (
    EXPIRING_WITHIN,
    PAGE,
    AccountKey,
    AccountPage,
    AccountRow,
    AccountSort,
    AccountState,
    CertificateKey,
    CertificatePage,
    CertificateRow,
    CertificateSort,
    EventKey,
    EventPage,
    EventRow,
    EventSort,
    MailKey,
    MailPage,
    MailRow,
    MailSort,
    MailState,
    OrganizationKey,
    OrganizationPage,
    OrganizationRow,
    OrganizationSort,
    Page,
    UserKey,
    UserPage,
    UserRow,
    UserSort,
)
from web.views import Views

# Half-width, and nothing a database would choke on. `\Z`, for `$` lets a line feed through.
Name = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z]{1,12}\Z")]
TypedSerial = Annotated[str, Meta(pattern=r"\A[0-9A-Fa-f]{1,40}\Z")]
Cursor = Annotated[str, Meta(max_length=200)]
Limit = Annotated[int, Meta(ge=1, le=500)]
Days = Annotated[int, Meta(ge=1, le=366)]
INSTANT = timedelta(microseconds=1)  # the shortest
LONGEST_NAME = 30  # characters; serials have some 40, all other names fewer
UNKNOWN = "unknown"

Placed = TypeVar("Placed", AccountKey, CertificateKey, OrganizationKey, UserKey, MailKey, EventKey)
# An instant as a person writes it.
Typed = Annotated[str, Meta(max_length=40, extra_json_schema={"format": "date-time"})]
KindName = Annotated[str, Meta(max_length=40, extra_json_schema={"enum": sorted(KINDS)})]
# IDs, codes, serials, `command-line`. No name or mail address: what was asked for is recorded.
Whose = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z-]{1,40}\Z")]

CertificateFilter = Literal["live", "expiring", "expired", "revoked", "superseded", "unused"]


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Filters are UNSET, not None, where a word may stand: msgspec takes "null" for None."""

    cursor: Cursor | None = None
    limit: Limit = PAGE


class LockStatusQuery(Query, frozen=True):
    state: AccountState | UnsetType = UNSET
    organization: Name | None = None
    user_id: Name | None = None
    sort: AccountSort = "user_id"


class CertificatesQuery(Query, frozen=True):
    """`state=unused` says the same as `unused=true`, as the bank's list has it."""

    state: CertificateFilter | UnsetType = UNSET
    within: Days = EXPIRING_WITHIN
    unused: bool = False
    user_id: Name | None = None
    organization: Name | None = None
    serial: TypedSerial | None = None
    sort: CertificateSort = "end"


class OrganizationsQuery(Query, frozen=True):
    code: Name | None = None
    sort: OrganizationSort = "code"


class UsersQuery(Query, frozen=True):
    organization: Name | None = None
    role: Role | UnsetType = UNSET
    user_id: Name | None = None
    sort: UserSort = "user_id"


class MailsQuery(Query, frozen=True):
    state: MailState | UnsetType = UNSET
    user_id: Name | None = None
    sort: MailSort = "newest"


class EventsQuery(Query, frozen=True, rename={"since": "from", "until": "to"}):
    """From an instant to before another, or all by `as_of`; each as domain/validity.instant_from reads it."""

    since: Typed | None = None
    until: Typed | None = None
    as_of: Typed | None = None
    kind: KindName | None = None
    actor: Whose | None = None
    subject: Whose | None = None
    sort: EventSort = "newest"

    @property
    def named(self) -> str | None:
        """The subject as it is kept: a serial may be typed without its leading zero."""
        is_serial = self.subject is not None and len(self.subject) > LONGEST_NAME
        return written_serial(self.subject) if is_serial and self.subject else self.subject


def moment(**given: str | None) -> datetime | None:
    """Of one field, by its name. Raises InvalidInput."""
    ((name, text),) = given.items()
    if text is None:
        return None
    try:
        return instant_from(text)
    except ValueError:
        raise InvalidInput(**{name: "malformed"}) from None


def period(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Raises InvalidInput, also where its end lies before its beginning."""
    begin, end = moment(**{"from": since}), moment(to=until)
    if begin is not None and end is not None and end < begin:
        raise InvalidInput(to="malformed")
    return begin, end


def given(value: Any) -> Any:
    return None if value is UNSET else value


def placed(after: Placed | None, sort: str) -> Placed | None:
    """A row's place in another order is none in this one. Raises InvalidInput."""
    if after is not None and after.sort != sort:
        raise InvalidInput(cursor="of_another_order")
    return after


def lock_status(views: Views, asked: LockStatusQuery, after: AccountKey | None, now: datetime) -> AccountPage:
    return views.lock_status(
        now,
        state=given(asked.state),
        organization=asked.organization,
        user_id=asked.user_id,
        sort=asked.sort,
        after=placed(after, asked.sort),
        limit=asked.limit,
    )


def certificates(
    views: Views, asked: CertificatesQuery, after: CertificateKey | None, now: datetime
) -> CertificatePage:
    return views.certificates(
        now,
        state=None if asked.state is UNSET or asked.state == "unused" else asked.state,
        within=asked.within,
        unused=asked.unused or asked.state == "unused",
        user_id=asked.user_id,
        organization=asked.organization,
        serial=asked.serial and written_serial(asked.serial),
        sort=asked.sort,
        after=placed(after, asked.sort),
        limit=asked.limit,
    )


def organizations(
    views: Views, asked: OrganizationsQuery, after: OrganizationKey | None, now: datetime
) -> OrganizationPage:
    return views.organizations(code=asked.code, sort=asked.sort, after=placed(after, asked.sort), limit=asked.limit)


def users(views: Views, asked: UsersQuery, after: UserKey | None, now: datetime) -> UserPage:
    return views.users(
        organization=asked.organization,
        role=given(asked.role),
        user_id=asked.user_id,
        sort=asked.sort,
        after=placed(after, asked.sort),
        limit=asked.limit,
    )


def mails(views: Views, asked: MailsQuery, after: MailKey | None, now: datetime) -> MailPage:
    return views.mails(
        state=given(asked.state),
        user_id=asked.user_id,
        sort=asked.sort,
        after=placed(after, asked.sort),
        limit=asked.limit,
    )


def events(views: Views, asked: EventsQuery, after: EventKey | None, now: datetime) -> EventPage:
    """Raises InvalidInput, also for a moment to come."""
    if asked.kind is not None and asked.kind not in KINDS:
        raise InvalidInput(kind="malformed")
    since, until = period(asked.since, asked.until)
    as_of = moment(as_of=asked.as_of)
    if as_of is not None:
        check_past(as_of, now)
        until = min(as_of + INSTANT, until or now + INSTANT)
    return views.events(
        since=since,
        until=until,
        kind=asked.kind,
        actor=asked.actor,
        subject=asked.named,
        sort=asked.sort,
        after=placed(after, asked.sort),
        limit=asked.limit,
    )


def recordable(views: Views, asked: EventsQuery) -> dict[str, str]:
    """The filters as the record of the reading keeps them for ever: instants, and names that the log knows.

    What was typed and names nobody may be anything: a password too, that went into the wrong field.
    """
    since, until = period(asked.since, asked.until)
    actors = views.events(actor=asked.actor, limit=1).items if asked.actor else []
    subjects = views.events(subject=asked.named, limit=1).items if asked.named else []
    names = {
        "from": since.isoformat() if since else None,
        "to": until.isoformat() if until else None,
        "kind": asked.kind,
        "actor": _known(asked.actor, (row.actor for row in actors)),
        "subject": _known(asked.named, (name for row in subjects for name in row.subjects)),
    }
    return {filter_: name for filter_, name in names.items() if name is not None}


def _known(asked: str | None, names: Iterable[str]) -> str | None:
    if asked is None:
        return None
    return next((name for name in names if name.lower() == asked.lower()), UNKNOWN)


class Resource(msgspec.Struct, frozen=True):
    """`key` is what a cursor holds; `answer` asks the read models; `roles` may ask."""

    path: str
    summary: str
    query: type[Query]
    row: type[msgspec.Struct]
    key: Any
    answer: Callable[[Views, Any, Any, datetime], Page[Any, Any]]
    roles: tuple[Role, ...] = STAFF


RESOURCES = (
    Resource("/api/v1/lock-status", "Accounts and their locks", LockStatusQuery, AccountRow, AccountKey, lock_status),
    Resource("/api/v1/certificates", "Certificates", CertificatesQuery, CertificateRow, CertificateKey, certificates),
    Resource(
        "/api/v1/organizations", "Organizations", OrganizationsQuery, OrganizationRow, OrganizationKey, organizations
    ),
    Resource("/api/v1/users", "Registered users, closed ones too", UsersQuery, UserRow, UserKey, users),
    Resource("/api/v1/mails", "Mails", MailsQuery, MailRow, MailKey, mails),
    Resource("/api/v1/events", "Facts, for auditors", EventsQuery, EventRow, EventKey, events, ("auditor",)),
)
